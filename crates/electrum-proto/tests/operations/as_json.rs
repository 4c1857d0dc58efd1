//! Values as JSON: their fields by name, hashes and headers as hex, amounts and heights as numbers.

use electrum_proto::operations::{HistogramBin, RecentTransaction};
use electrum_proto::types::{
    Amount, FeeRate, HistoryEntry, MerkleProof, OutPoint, OutPointStatus, RawHeader, ScriptBalance, ServerHost,
    SignedAmount, Spender, Tip, TxHeight, UnspentOutput,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::all::txid;

fn check(value: impl Serialize, expected: Value) {
    assert_eq!(serde_json::to_value(value).unwrap(), expected);
}

#[test]
fn values_are_written_by_their_fields() {
    let (id, value, height) = (txid().to_string(), Amount::from_sat(7).unwrap(), TxHeight::Confirmed(5));
    let unconfirmed = SignedAmount::from_sat(-7).unwrap();
    check(ScriptBalance { confirmed: value, unconfirmed }, json!({"confirmed": 7, "unconfirmed": -7}));
    check(HistoryEntry { txid: txid(), height, fee: None }, json!({"txid": id, "height": 5, "fee": null}));
    check(
        UnspentOutput { txid: txid(), vout: 1, height: TxHeight::UnconfirmedParent, value },
        json!({"txid": id, "vout": 1, "height": -1, "value": 7}),
    );
    check(OutPoint { txid: txid(), vout: 1 }, json!({"txid": id, "vout": 1}));
    let spender = Some(Spender { txid: txid(), height });
    check(
        OutPointStatus { funder_height: Some(TxHeight::Unconfirmed), spender },
        json!({"funder_height": 0, "spender": {"txid": id, "height": 5}}),
    );
    let header = RawHeader::from_bytes([0xab; 80]);
    check(Tip { height: 5, header }, json!({"height": 5, "header": "ab".repeat(80)}));
    let branch = vec![txid().into()];
    check(MerkleProof { height: 5, position: 1, branch }, json!({"height": 5, "position": 1, "branch": [id]}));
    let host = ServerHost { host: "x".into(), ssl_port: Some(2), ..ServerHost::default() };
    check(host, json!({"host": "x", "tcp_port": null, "ssl_port": 2, "ws_port": null, "wss_port": null}));
    check(HistogramBin { rate: FeeRate::from_sat_per_kvb(1500), vsize: 9 }, json!({"rate": 1500, "vsize": 9}));
    check(RecentTransaction { txid: txid(), fee: value, vsize: 9 }, json!({"txid": id, "fee": 7, "vsize": 9}));
}
