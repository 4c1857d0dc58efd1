//! Servers that lie: nothing false gets into an update.

use std::net::SocketAddr;

use bdk_chain::bitcoin::Txid;
use electrum_bdk::sync::{Options, SyncError};
use electrum_testkit::chain::Chain;
use electrum_testkit::prelude::{Server, script as testkit_script};
use serde_json::{Value, json};

use super::proxy::Proxy;
use super::wallet::{Wallet, server, txid};

/// A server with a confirmed payment to the script 0 in a block with others, and some blocks above.
fn paid() -> (Server, Txid) {
    let server = server();
    for index in 100..103 {
        server.pay(&testkit_script(index), 3_000);
    }
    let paid = server.pay(&testkit_script(0), 10_000);
    server.mine(30);
    (server, txid(paid))
}

/// Scans through a proxy that edits answers.
fn scan(server: SocketAddr, edit: impl FnMut(&str, &Value, &mut Value) + Send + 'static) -> Result<Wallet, SyncError> {
    let proxy = Proxy::start(server, edit);
    let mut wallet = Wallet::new();
    let syncer = proxy.syncer().with_options(Options { restarts: 1, prev_txouts: true, ..Options::default() });
    let update = syncer.full_scan(wallet.full_scan(), 5).wait()?;
    wallet.apply_scan(update);
    Ok(wallet)
}

fn untrue(result: Result<Wallet, SyncError>) -> String {
    match result {
        Err(SyncError::Untrue { what }) => what,
        Err(error) => panic!("{error:?}"),
        Ok(wallet) => panic!("the wallet believes {:?}", wallet.canonical()),
    }
}

#[test]
fn an_honest_server_is_believed() {
    let (server, paid) = paid();
    let wallet = scan(server.addr(), |_, _, _| ()).unwrap();
    wallet.assert_equals(&server, 5);
    assert_eq!(wallet.canonical().into_iter().collect::<Vec<_>>(), [(paid, Some(111))]);
}

#[test]
fn a_proof_that_does_not_lead_to_the_header_gives_no_anchor() {
    let (server, _) = paid();
    let what = untrue(scan(server.addr(), |method, _, result| {
        if method == "transaction.get_merkle" {
            result["merkle"][0] = json!("ab".repeat(32));
        }
    }));
    assert!(what.contains("its proof for"), "{what}");
}

#[test]
fn a_proof_at_another_position_gives_no_anchor() {
    let (server, _) = paid();
    untrue(scan(server.addr(), |method, _, result| {
        if method == "transaction.get_merkle" {
            result["pos"] = json!(result["pos"].as_u64().unwrap() ^ 1);
        }
    }));
}

#[test]
fn a_history_with_another_height_gives_no_anchor() {
    let (server, _) = paid();
    untrue(scan(server.addr(), |method, _, result| {
        if method.ends_with("get_history") {
            let text = result.to_string().replace("\"height\":111", "\"height\":112");
            *result = serde_json::from_str(&text).unwrap();
        }
    }));
}

#[test]
fn a_height_above_the_tip_gives_no_anchor() {
    let (server, _) = paid();
    let result = scan(server.addr(), |method, _, result| {
        if method.ends_with("get_history") {
            let text = result.to_string().replace("\"height\":111", "\"height\":4111");
            *result = serde_json::from_str(&text).unwrap();
        }
    });
    assert!(matches!(result, Err(SyncError::Unsettled { .. })));
}

#[test]
fn a_history_that_lists_a_transaction_of_others_is_not_believed() {
    let (server, paid) = paid();
    let foreign = server.chain(|chain| chain.block(111).unwrap().transactions[1].txid()).to_string();
    assert_ne!(foreign, paid.to_string());
    let what = untrue(scan(server.addr(), move |method, _, result| {
        if method.ends_with("get_history") {
            let text = result.to_string().replace(&paid.to_string(), &foreign);
            *result = serde_json::from_str(&text).unwrap();
        }
    }));
    assert!(what.contains("does not touch"), "{what}");
}

#[test]
fn a_transaction_that_is_not_the_one_asked_for_is_refused() {
    let (server, paid) = paid();
    let other = server.chain(|chain| chain.block(111).unwrap().transactions[1].to_hex());
    let what = untrue(scan(server.addr(), move |method, params, result| {
        if method == "transaction.get" && params[0] == paid.to_string() {
            *result = json!(other);
        }
    }));
    assert!(what.contains("was asked for"), "{what}");
}

#[test]
fn a_previous_transaction_that_is_not_the_one_asked_for_is_refused() {
    let (server, paid) = paid();
    let other = server.chain(|chain| chain.block(111).unwrap().transactions[1].to_hex());
    untrue(scan(server.addr(), move |method, params, result| {
        if method == "transaction.get" && params[0] != paid.to_string() {
            *result = json!(other);
        }
    }));
}

/// Replaces the headers from a height on by those of another chain.
fn replace_headers(other: Chain, from: u32, to: u32) -> impl FnMut(&str, &Value, &mut Value) + Send + 'static {
    move |method, params, result| {
        if method != "block.headers" {
            return;
        }
        let start = params[0].as_u64().unwrap() as u32;
        for (height, header) in (start..).zip(result["headers"].as_array_mut().unwrap()) {
            if (from..=to).contains(&height) {
                *header = json!(other.header(height).unwrap().to_hex());
            }
        }
    }
}

#[test]
fn a_header_off_the_chain_gives_no_anchor() {
    let (server, _) = paid();
    // The same payment, in a block of a branch that was given up: its header and the proof fit together.
    let mut other = server.chain(|chain| chain.clone());
    other.reorganise(30, 0);
    other.mine(31);
    assert_ne!(other.header(111), server.chain(|chain| chain.header(111).cloned()).as_ref());
    let proofs = other.clone();
    let mut headers = replace_headers(other, 111, 111);
    let result = scan(server.addr(), move |method, params, result| {
        headers(method, params, result);
        if method == "transaction.get_merkle" {
            let id = params[0].as_str().unwrap().parse().unwrap();
            if let Some((position, branch)) = proofs.merkle(&id, 111) {
                result["pos"] = json!(position);
                result["merkle"] = json!(branch.iter().map(ToString::to_string).collect::<Vec<_>>());
            }
        }
    });
    untrue(result);
}

#[test]
fn headers_without_work_give_no_anchor() {
    let (server, _) = paid();
    let result = scan(server.addr(), |method, _, result| {
        if method == "block.headers" {
            for header in result["headers"].as_array_mut().unwrap() {
                // The target of the main network, which these hashes do not meet.
                let digits = header.as_str().unwrap();
                *header = json!(format!("{}ffff001d{}", &digits[..144], &digits[152..]));
            }
        }
    });
    untrue(result);
}

#[test]
fn a_harder_easiest_target_refuses_the_whole_chain() {
    let (server, _) = paid();
    let proxy = Proxy::start(server.addr(), |_, _, _| ());
    let easiest_target = Some(electrum_bdk::proto::proof::Target::MAINNET_LIMIT);
    let options = Options { restarts: 0, easiest_target, ..Options::default() };
    let error = proxy.syncer().with_options(options).full_scan(Wallet::new().full_scan(), 5).wait().unwrap_err();
    assert!(matches!(error, SyncError::Untrue { .. }), "{error}");
}

#[test]
fn endless_histories_end_at_the_memory_limit() {
    let (server, _) = paid();
    let proxy = Proxy::start(server.addr(), |method, params, result| {
        if method.ends_with("get_history") {
            let key = params[0].as_str().unwrap();
            let entry = |index: u64| json!({"height": 0, "fee": 1, "tx_hash": format!("{index:032x}{:0<32.32}", key)});
            *result = json!({"history": (0..500).map(entry).collect::<Vec<_>>()});
        }
    });
    let options = Options { memory: 100_000, ..Options::default() };
    let error = proxy.syncer().with_options(options).full_scan(Wallet::new().full_scan(), 5).wait().unwrap_err();
    assert_eq!(error, SyncError::TooLarge);
}
