//! `bdk_electrum` and a wallet on the drop-in client, against fake servers.

#[allow(dead_code)]
#[path = "../examples/drop_in.rs"]
mod drop_in;

use std::collections::BTreeSet;

use bdk_core::spk_client::{FullScanRequest, FullScanResponse, SyncRequest};
use bdk_core::{BlockId, CheckPoint};
use bdk_electrum::BdkElectrumClient;
use bdk_electrum::electrum_client::{ElectrumApi, Error};
use bdk_wallet::bitcoin::bip32::{Xpriv, Xpub};
use bdk_wallet::bitcoin::secp256k1::Secp256k1;
use bdk_wallet::bitcoin::{BlockHash, Network, ScriptBuf, Txid};
use bdk_wallet::{KeychainKind, Wallet};
use electrum_bdk::Client;
use electrum_testkit::prelude::*;

/// The descriptors of receiving and of change.
fn descriptors() -> [String; 2] {
    let secp = Secp256k1::new();
    let key = Xpriv::new_master(Network::Regtest, &[7; 32]).unwrap();
    let key = Xpub::from_priv(&secp, &key);
    [0, 1].map(|keychain| format!("wpkh({key}/{keychain}/*)"))
}

fn scripts() -> impl Iterator<Item = (u32, ScriptBuf)> {
    (0..).map(|index| (index, ScriptBuf::from_bytes(script(index))))
}

fn genesis() -> CheckPoint {
    let hash = bdk_wallet::bitcoin::constants::genesis_block(Network::Regtest).block_hash();
    CheckPoint::new(BlockId { height: 0, hash })
}

fn scan(client: &BdkElectrumClient<Client>) -> Result<FullScanResponse<u8>, Error> {
    let request = FullScanRequest::builder().chain_tip(genesis()).spks_for_keychain(0, scripts());
    client.full_scan(request, 5, 10, true)
}

/// Returns the transactions that a scan found, and their anchors.
fn found(scan: &FullScanResponse<u8>) -> (BTreeSet<String>, BTreeSet<(u32, String)>) {
    let txids = scan.tx_update.txs.iter().map(|tx| tx.compute_txid().to_string()).collect();
    let anchors = scan.tx_update.anchors.iter();
    (txids, anchors.map(|(anchor, txid)| (anchor.block_id.height, txid.to_string())).collect())
}

#[test]
fn a_full_scan_finds_all_on_every_family_of_servers() {
    for family in Family::ALL {
        let server = Server::start(family);
        let paid: Vec<String> =
            (0..30).map(|index| server.pay(&script(index), 10_000 + u64::from(index)).to_string()).collect();
        let block = server.mine(1);
        let height = server.chain(|chain| chain.height());
        let waiting = server.pay(&script(3), 5_000).to_string();
        let scan = scan(&BdkElectrumClient::new(Client::new(&server.url()).unwrap())).unwrap();
        let anchors = paid.iter().map(|txid| (height, txid.clone())).collect();
        let txids = paid.into_iter().chain([waiting]).collect();
        assert_eq!(found(&scan), (txids, anchors), "{}", family.name());
        assert_eq!(scan.last_active_indices[&0], 29);
        let tip = scan.chain_update.unwrap().block_id();
        assert_eq!((tip.height, tip.hash.to_string()), (height, block.to_string()));
    }
}

#[test]
fn a_sync_goes_on_over_lost_connections() {
    let server = Server::start(Family::ElectrumX2_0);
    let paid: Vec<Txid> = (0..5).map(|index| server.pay(&script(index), 10_000).to_string().parse().unwrap()).collect();
    server.mine(1);
    let client = BdkElectrumClient::new(Client::new(&server.url()).unwrap());
    for txid in paid {
        server.kill_connections();
        let spks: Vec<ScriptBuf> = scripts().take(5).map(|(_, script)| script).collect();
        let request = SyncRequest::builder().chain_tip(genesis()).spks(spks);
        let response = client.sync(request, 2, false).unwrap();
        assert!(response.tx_update.txs.iter().any(|tx| tx.compute_txid() == txid));
        assert_eq!(response.tx_update.anchors.len(), 5);
    }
}

#[test]
fn the_example_prints_a_balance() {
    let server = Server::start(Family::Fulcrum2_1);
    let [external, internal] = descriptors();
    let wallet = Wallet::create(external.clone(), internal.clone())
        .network(Network::Regtest)
        .create_wallet_no_persist()
        .unwrap();
    let spk = wallet.peek_address(KeychainKind::External, 7).script_pubkey();
    server.pay(spk.as_bytes(), 70_000);
    server.mine(1);
    server.pay(spk.as_bytes(), 5_000);
    let balance = drop_in::run(&server.url(), external, internal).unwrap();
    assert_eq!((balance.confirmed.to_sat(), balance.untrusted_pending.to_sat()), (70_000, 5_000));
}

#[test]
fn what_does_not_exist_is_an_error_of_the_protocol() {
    for family in Family::ALL {
        let server = Server::start(family);
        let paid = server.pay(&script(1), 10_000).to_string().parse().unwrap();
        let client = Client::new(&server.url()).unwrap();
        let unknown: Txid = "77".repeat(32).parse().unwrap();
        let error = client.transaction_get(&unknown).unwrap_err();
        assert!(matches!(error, Error::Protocol(_)), "{}: {error:?}", family.name());
        // A member that fails makes its batch fail, and nothing else.
        let error = client.batch_transaction_get([&paid, &unknown, &paid]).unwrap_err();
        assert!(matches!(error, Error::Protocol(_)), "{}: {error:?}", family.name());
        assert_eq!(client.batch_transaction_get([&paid, &paid]).unwrap().len(), 2);
        // An operation that the version lacks is reported like an unknown method.
        if client.protocol_version().unwrap().as_str() < "1.6" {
            assert!(matches!(client.mempool_get_info(), Err(Error::Protocol(_))), "{}", family.name());
        }
        assert!(client.relay_fee().unwrap() > 0.0, "{}", family.name());
    }
}

#[test]
fn a_server_that_is_gone_is_an_error_of_the_transport() {
    let mut server = Server::start(Family::Fulcrum2_1);
    let mut config = electrum_bdk::electrum_blocking::Config::new([server.url().parse().unwrap()]);
    config.protocol.timeouts.request = std::time::Duration::from_millis(300);
    server.stop();
    assert!(matches!(Client::with_config(config.clone()), Err(Error::IOError(_))));
    server.restart();
    config.protocol.timeouts.request = std::time::Duration::from_secs(60);
    let client = Client::with_config(config).unwrap();
    client.ping().unwrap();
    client.inner().close();
    assert!(matches!(client.ping(), Err(Error::IOError(_))));
    assert!(matches!(client.block_headers_subscribe(), Err(Error::IOError(_))));
}

#[test]
fn the_answers_of_single_calls_are_those_of_the_chain() {
    let server = Server::start(Family::ElectrumX2_0);
    let txid: Txid = server.pay(&script(1), 10_000).to_string().parse().unwrap();
    let tip: BlockHash = server.mine(1).to_string().parse().unwrap();
    let height = server.chain(|chain| chain.height());
    let client = Client::new(&server.url()).unwrap();
    assert_eq!(client.protocol_version().unwrap(), "1.6");
    let script = ScriptBuf::from_bytes(script(1));
    let header = client.block_header(height as usize).unwrap();
    assert_eq!(header.block_hash(), tip);
    let headers = client.block_headers(height as usize - 1, 2).unwrap();
    assert_eq!((headers.count, headers.headers[1]), (2, header));
    assert_eq!(client.script_get_balance(&script).unwrap().confirmed, 10_000);
    assert_eq!(client.batch_script_get_balance([script.as_script()]).unwrap()[0].confirmed, 10_000);
    let unspent = client.script_list_unspent(&script).unwrap();
    assert_eq!((unspent[0].tx_hash, unspent[0].value, unspent[0].height), (txid, 10_000, height as usize));
    let history = client.script_get_history(&script).unwrap();
    assert_eq!((history[0].tx_hash, history[0].height), (txid, i32::try_from(height).unwrap()));
    let proof = client.transaction_get_merkle(&txid, height as usize).unwrap();
    assert!(bdk_electrum::electrum_client::utils::validate_merkle_proof(&txid, &header.merkle_root, &proof));
    let at = client.txid_from_pos_with_merkle(height as usize, proof.pos).unwrap();
    assert_eq!((at.tx_hash, at.merkle), (txid, proof.merkle));
    assert_eq!(client.txid_from_pos(height as usize, proof.pos).unwrap(), txid);
    let features = client.server_features().unwrap();
    assert_eq!(features.genesis_hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), {
        genesis().hash().to_string()
    });
    // A batch of any calls, and a raw one.
    let mut batch = bdk_electrum::electrum_client::Batch::default();
    batch.script_get_balance(&script);
    batch.block_header(height);
    let raw = client.batch_call(&batch).unwrap();
    assert_eq!(raw[0]["confirmed"], 10_000);
    assert_eq!(client.raw_call("server.ping", []).unwrap(), serde_json::Value::Null);
    let calls = client.calls_made().unwrap();
    client.ping().unwrap();
    assert_eq!(client.clone().calls_made().unwrap(), calls + 1);
}
