//! Transactions: found, proved, tried and broadcast.

use electrum_testkit::prelude::*;
use serde_json::{Value, json};

use crate::client::Client;
use crate::methods::each;

#[test]
fn transactions_are_found_and_proved_and_broadcast() {
    each("1.4", "9", |client, family, _| {
        let mut paid = None;
        client.change(|chain| {
            paid = Some(chain.pay(&script(1), 70_000));
            chain.mine(1);
        });
        let paid = paid.unwrap();
        let raw = client.host.chain().transaction(&paid).unwrap().to_hex();
        let id = paid.to_string();
        assert_eq!(client.call("blockchain.transaction.get", json!([id])), json!(raw));
        let proof = client.call("blockchain.transaction.get_merkle", json!([id, 111]));
        assert_eq!((&proof["block_height"], &proof["pos"]), (&json!(111), &json!(1)));
        let branch = client.call("blockchain.transaction.id_from_pos", json!([111, 1, true]));
        assert_eq!(branch, json!({"tx_hash": id, "merkle": proof["merkle"]}));
        let spend = Transaction::spending(OutPoint::new(paid, 0), 60_000, script(2));
        let sent = client.call("blockchain.transaction.broadcast", json!([spend.to_hex()]));
        assert_eq!(sent, json!(spend.txid().to_string()), "{family}");
        assert_eq!(client.host.chain().mempool()[0].txid, spend.txid());
        let greedy = Transaction::spending(OutPoint::new(paid, 7), 1, script(2));
        let refused = client.reply("blockchain.transaction.broadcast", json!([greedy.to_hex()]));
        assert!(!refused["error"].is_null(), "{refused}");
    });
}

#[test]
fn verbose_transactions_say_where_they_are() {
    let mut client = Client::ready(Family::Fulcrum2_1, "1.4");
    let mut paid = None;
    client.change(|chain| paid = Some(chain.pay(&script(1), 70_000)));
    let id = paid.unwrap().to_string();
    let waiting = client.call("blockchain.transaction.get", json!([id, true]));
    assert_eq!((&waiting["txid"], &waiting["confirmations"]), (&json!(id), &Value::Null));
    assert_eq!(waiting["vout"][0]["value"].to_string(), "0.0007");
    client.change(|chain| chain.mine(2));
    let mined = client.call("blockchain.transaction.get", json!([id, true]));
    assert_eq!(mined["confirmations"], 2);
    let mut client = Client::ready(Family::ElectrsEsplora, "1.4");
    let coinbase = client.host.chain().block(5).unwrap().txids[0].to_string();
    let refused = client.reply("blockchain.transaction.get", json!([coinbase, true]));
    assert_eq!(refused["error"], "verbose transactions are currently unsupported");
}

#[test]
fn packages_succeed_or_say_what_failed() {
    let mut client = Client::ready(Family::ElectrumX2_0, "1.7");
    let mut paid = None;
    client.change(|chain| {
        paid = Some(chain.pay(&script(1), 70_000));
        chain.mine(1);
    });
    let spend = |outpoint, value| {
        let outputs = vec![Output { value, script: script(2) }];
        Transaction::new(vec![Input::spending(outpoint)], outputs)
    };
    let parent = spend(OutPoint::new(paid.unwrap(), 0), 69_000);
    let child = spend(OutPoint::new(parent.txid(), 0), 68_000);
    let package = json!([[parent.to_hex(), child.to_hex()]]);
    let trial = client.call("blockchain.transaction.testmempoolaccept", package.clone());
    assert_eq!((&trial[0]["allowed"], &trial[1]["allowed"]), (&json!(true), &json!(true)));
    assert!(client.host.chain().mempool().is_empty(), "a trial takes nothing");
    let sent = client.call("blockchain.transaction.broadcast_package", package);
    assert_eq!(sent, json!({"success": true}));
    let orphan = spend(OutPoint::new(parent.txid(), 9), 1).to_hex();
    let failed = client.call("blockchain.transaction.broadcast_package", json!([[orphan]]));
    assert_eq!(failed["success"], false);
    assert_eq!(failed["errors"][0]["error"], "bad-txns-inputs-missingorspent");
}
