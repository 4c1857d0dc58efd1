//! `tx`, `merkle`, `broadcast` and `outpoint`, where things go wrong too.

use crate::tool::{Tool, file_in, run};
use electrum_testkit::prelude::*;
use serde_json::json;

/// A transaction that the chain would take, which is not on it.
pub(crate) fn payment(server: &Server) -> Transaction {
    let reward = server.chain(|chain| chain.block(1).expect("mined").txids[0]);
    let value = server.chain(|chain| chain.output(&OutPoint::new(reward, 0)).expect("a reward").value);
    Transaction::spending(OutPoint::new(reward, 0), value - 1000, script(7))
}

#[test]
fn a_transaction_is_handed_over_once() {
    for family in [Family::ElectrumX2_0, Family::Electrs, Family::Libbitcoin4] {
        let server = Server::builder(family).prompt().start().expect("a port");
        let transaction = payment(&server);
        let txid = transaction.txid().to_string();
        let done = run(&["broadcast", &server.url(), &transaction.to_hex()]);
        assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{family}");
        assert_eq!(done.lines, [&txid[..]]);
        assert!(server.chain(|chain| chain.mempool().iter().any(|entry| entry.txid == transaction.txid())));
    }
}

#[test]
fn a_transaction_from_stdin() {
    let server = Server::start(Family::Fulcrum2_1);
    let transaction = payment(&server);
    let mut tool = Tool::start(&["broadcast", &server.url(), "-", "--json"]);
    // As other programs print it: in quotes, and wrapped.
    let digits = transaction.to_hex();
    let (first, second) = digits.split_at(64);
    tool.say(&format!("\"{first}\r\n  {second}\"\n"));
    let done = tool.finish().succeeded();
    assert_eq!(done.objects(), [json!({"txid": transaction.txid().to_string(), "outcome": "accepted"})]);
}

#[test]
fn what_the_network_refuses_is_reported_in_its_words() {
    let server = Server::start(Family::Fulcrum2_1);
    let mut transaction = payment(&server);
    transaction.outputs[0].value += 1_000_000;
    let done = run(&["broadcast", &server.url(), &transaction.to_hex(), "--json"]);
    assert_eq!(done.code, Some(1));
    assert!(done.errors.contains(&transaction.txid().to_string()), "{}", done.errors);
    assert!(done.objects()[0]["error"]["code"].is_i64(), "{:?}", done.lines);
    assert_eq!(server.chain(|chain| chain.mempool().len()), 0);
}

#[test]
fn a_transaction_that_no_server_knows_or_that_is_another() {
    let server = Server::start(Family::ElectrumX1_16);
    let unknown = "ab".repeat(32);
    for command in [&["tx", &unknown[..]][..], &["merkle", &unknown, "1"], &["outpoint", &format!("{unknown}:0")]] {
        let done = run(&[&[command[0], &server.url()], &command[1..]].concat());
        assert_eq!((done.code, done.lines.len()), (Some(1), 0), "{command:?}");
        assert!(done.errors.contains(&unknown) && done.errors.contains("hint:"), "{}", done.errors);
    }
    let other = format!("{:?}", payment(&server).to_hex());
    let lying = Scripted::start(Step::session("1.4", &[("blockchain.transaction.get", &other)]));
    let done = run(&["tx", &lying.url(), &unknown]);
    assert_eq!((done.code, done.lines.len()), (Some(1), 0));
    assert!(done.errors.contains("was asked for"), "{}", done.errors);
}

#[test]
fn a_proof_that_does_not_hold_is_refused() {
    let server = Server::start(Family::Fulcrum2_1);
    server.pay(&script(1), 10_000);
    server.mine(1);
    let (txid, header) = server.chain(|chain| (chain.block(111).expect("mined").txids[1], chain.tip().to_hex()));
    let header = format!("{header:?}");
    let proof = format!(r#"{{"block_height":111,"pos":1,"merkle":["{}"]}}"#, "cd".repeat(32));
    let calls = [("blockchain.block.header", &header[..]), ("blockchain.transaction.get_merkle", &proof)];
    let lying = Scripted::start(Step::session("1.4", &calls));
    let done = run(&["merkle", &lying.url(), &txid.to_string(), "111"]);
    assert_eq!((done.code, done.lines.len()), (Some(1), 0));
    assert!(done.errors.contains("leads to"), "{}", done.errors);
    let done = run(&["merkle", &server.url(), &txid.to_string(), "111"]);
    assert_eq!(done.code, Some(0), "{}", done.errors);
    assert_eq!(done.lines[0], "consistent in block 111 at position 1");
    assert!(done.lines.iter().any(|line| line.contains("not proven")), "{:?}", done.lines);
    let folder = tempfile::tempdir().expect("a folder");
    let file = &file_in(&folder, "headers");
    server.mine(3);
    let done = run(&["merkle", &server.url(), &txid.to_string(), "111", "--headers", file, "--json"]).succeeded();
    let found = &done.objects()[0];
    assert_eq!(
        (&found["proven"], &found["confirmations"], &found["network"]),
        (&json!(true), &json!(4), &json!("regtest"))
    );
    let done = run(&["merkle", &server.url(), &txid.to_string(), "111", "--headers", file]);
    assert_eq!(done.lines[0], "proven in block 111 at position 1");
}

#[test]
fn what_the_node_says_of_a_transaction() {
    let server = Server::start(Family::ElectrumX1_16);
    let txid = server.pay(&script(1), 10_000).to_string();
    let done = run(&["tx", &server.url(), &txid, "--verbose", "--json"]).succeeded();
    assert_eq!(done.objects()[0]["verbose"]["txid"], txid);
    let words = run(&["tx", &server.url(), &txid, "--verbose"]).lines.join("\n");
    assert!(words.contains("0.00010000"), "the node's own digits: {words}");
}

#[test]
fn an_output_for_people() {
    let server = Server::start(Family::Electrs);
    let txid = server.pay(&script(1), 10_000);
    server.mine(1);
    let spender = server.spend(OutPoint::new(txid, 0), &script(2)).to_string();
    let words = run(&["outpoint", &server.url(), &format!("{txid}:0")]).lines.join("\n");
    assert!(words.contains("value   0.00010000") && words.contains("made    in block 111"), "{words}");
    assert!(words.contains(&format!("spent   by {spender} in the mempool")), "{words}");
    let done = run(&["outpoint", &server.url(), &format!("{txid}:7")]);
    assert_eq!(done.code, Some(1));
    assert!(done.errors.contains("outputs, counted from 0"), "{}", done.errors);
}
