//! One request of every operation.

use electrum_proto::Request;
use electrum_proto::operations::legacy::{
    AddressBalance, AddressHistory, AddressMempool, AddressSubscribe, AddressUnspent, GetChunk, GetHeader,
    NumblocksSubscribe, UtxoGetAddress,
};
use electrum_proto::operations::{
    AddPeer, Balance, Banner, Broadcast, BroadcastPackage, BroadcastPackageVerbose, DonationAddress, EstimateFee,
    EstimateMode, Features, FeeHistogram, Header, Headers, HeadersSubscribe, History, Mempool, MempoolInfo,
    MempoolRecent, OutPointGetStatus, OutPointSubscribe, OutPointUnsubscribe, PaddedPing, Peers, Ping, ProvenHeader,
    ProvenHeaders, ProvenTransactionIdAt, RelayFee, ScriptSubscribe, ScriptUnsubscribe, TestMempoolAccept,
    TransactionGet, TransactionGetVerbose, TransactionIdAt, TransactionMerkle, Unspent,
};
use electrum_proto::types::{OutPoint, RawTransaction, Script, ScriptRef, Txid};

/// Something that is done with every operation.
pub(crate) trait Visitor {
    fn visit<R: Request<Response: Send> + Send + 'static>(&mut self, name: &'static str, request: R);
}

pub(crate) fn script() -> Script {
    Script::from_hex("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac").unwrap()
}

pub(crate) fn txid() -> Txid {
    "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b".parse().unwrap()
}

/// Shows every operation to `visitor`, in the order of the table.
pub(crate) fn visit_all(visitor: &mut impl Visitor) {
    visit_with_script(visitor, &script().into());
    let (txid, script) = (txid(), script());
    let outpoint = OutPoint { txid, vout: 1 };
    let v = visitor;
    v.visit("OutPointGetStatus", OutPointGetStatus { outpoint, script: script.clone() });
    v.visit("OutPointSubscribe", OutPointSubscribe { outpoint, script });
    v.visit("OutPointUnsubscribe", OutPointUnsubscribe { outpoint });
    v.visit("Header", Header { height: 5 });
    v.visit("ProvenHeader", ProvenHeader { height: 5, checkpoint: 9 });
    v.visit("Headers", Headers::new(5, 2));
    v.visit("ProvenHeaders", ProvenHeaders { start: 5, count: 2, checkpoint: 9 });
    v.visit("HeadersSubscribe", HeadersSubscribe);
    v.visit("TransactionGet", TransactionGet::new(txid));
    v.visit("TransactionGetVerbose", TransactionGetVerbose { txid });
    v.visit("TransactionMerkle", TransactionMerkle { txid, height: 5 });
    v.visit("TransactionIdAt", TransactionIdAt { height: 5, position: 0 });
    v.visit("ProvenTransactionIdAt", ProvenTransactionIdAt { height: 5, position: 1 });
    let transaction = RawTransaction::new([1, 2, 3]);
    let transactions = vec![transaction.clone()];
    v.visit("Broadcast", Broadcast { transaction });
    v.visit("BroadcastPackage", BroadcastPackage { transactions: transactions.clone() });
    v.visit("BroadcastPackageVerbose", BroadcastPackageVerbose { transactions: transactions.clone() });
    v.visit("TestMempoolAccept", TestMempoolAccept { transactions });
    v.visit("EstimateFee", EstimateFee { blocks: 6, mode: Some(EstimateMode::Economical) });
    v.visit("RelayFee", RelayFee);
    v.visit("MempoolInfo", MempoolInfo);
    v.visit("FeeHistogram", FeeHistogram);
    v.visit("MempoolRecent", MempoolRecent);
    v.visit("Ping", Ping);
    v.visit("PaddedPing", PaddedPing { pong_len: 3, data: vec![0xab] });
    v.visit("Banner", Banner);
    v.visit("DonationAddress", DonationAddress);
    v.visit("Features", Features);
    v.visit("Peers", Peers);
    let features = serde_json::value::RawValue::from_string("{}".to_owned()).unwrap();
    v.visit("AddPeer", AddPeer { features });
    visit_legacy(v);
}

/// Shows the operations about a script to `visitor`.
pub(crate) fn visit_with_script(v: &mut impl Visitor, script: &ScriptRef) {
    v.visit("Balance", Balance::new(script.clone()));
    v.visit("History", History::new(script.clone()));
    v.visit("Mempool", Mempool::new(script.clone()));
    v.visit("Unspent", Unspent::new(script.clone()));
    v.visit("ScriptSubscribe", ScriptSubscribe { script: script.clone() });
    v.visit("ScriptUnsubscribe", ScriptUnsubscribe { script: script.clone() });
}

fn visit_legacy(v: &mut impl Visitor) {
    let address = || "1".to_owned();
    v.visit("legacy::AddressBalance", AddressBalance { address: address() });
    v.visit("legacy::AddressHistory", AddressHistory { address: address() });
    v.visit("legacy::AddressMempool", AddressMempool { address: address() });
    v.visit("legacy::AddressUnspent", AddressUnspent { address: address() });
    v.visit("legacy::AddressSubscribe", AddressSubscribe { address: address() });
    v.visit("legacy::GetHeader", GetHeader { height: 5 });
    v.visit("legacy::GetChunk", GetChunk { index: 0 });
    v.visit("legacy::UtxoGetAddress", UtxoGetAddress { outpoint: OutPoint { txid: txid(), vout: 0 } });
    v.visit("legacy::NumblocksSubscribe", NumblocksSubscribe);
}
