//! What subscribers are notified, in the order and form of each family. Without sockets, in virtual time.

use crate::client::Client;
use electrum_testkit::prelude::*;
use serde_json::{Value, json};

fn status_of(client: &Client, n: u32) -> Value {
    json!(client.host.status(&Hash256::of_script(&script(n))))
}

fn hash(n: u32) -> String {
    Hash256::of_script(&script(n)).to_string()
}

fn methods(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["method"].as_str().unwrap()).collect()
}

const HEADERS: &str = "blockchain.headers.subscribe";
const SCRIPTHASH: &str = "blockchain.scripthash.subscribe";
const SCRIPT: &str = "blockchain.scriptpubkey.subscribe";
const OUTPOINT: &str = "blockchain.outpoint.subscribe";

#[test]
fn the_header_comes_before_the_statuses_and_only_the_last_one() {
    for family in [Family::ElectrumX1_16, Family::Fulcrum2_1, Family::ElectrsEsplora] {
        let mut client = Client::ready(family, "1.4");
        client.call(HEADERS, json!([]));
        client.call(SCRIPTHASH, json!([hash(1)]));
        let paid = client.change(|chain| chain.pay(&script(1), 5000));
        assert_eq!(methods(&paid), [SCRIPTHASH], "{family}");
        let mined = client.change(|chain| chain.mine(3));
        assert_eq!(methods(&mined), [HEADERS, SCRIPTHASH], "{family}");
        assert_eq!(mined[0]["params"][0]["height"], 113);
        assert_eq!(mined[1]["params"], json!([hash(1), status_of(&client, 1)]));
    }
}

#[test]
fn a_script_subscribed_in_1_7_is_named_by_its_scripthash() {
    for family in [Family::ElectrumX2_0, Family::Libbitcoin4] {
        let mut client = Client::ready(family, "1.7");
        let hex = electrum_testkit::hash::to_hex(&script(1));
        assert_eq!(client.call(SCRIPT, json!([hex])), Value::Null);
        let paid = client.change(|chain| chain.pay(&script(1), 5000));
        assert_eq!(methods(&paid), [SCRIPT]);
        assert_eq!(paid[0]["params"], json!([hash(1), status_of(&client, 1)]));
        assert_eq!(client.call("blockchain.scriptpubkey.unsubscribe", json!([hex])), true);
        assert_eq!(client.call("blockchain.scriptpubkey.unsubscribe", json!([hex])), false);
        assert!(client.change(|chain| chain.pay(&script(1), 5000)).is_empty());
    }
}

#[test]
fn an_outpoint_is_notified_when_it_is_made_mined_spent() {
    let mut client = Client::ready(Family::ElectrumX2_0, "1.7");
    let mut preview = client.host.chain().clone();
    let txid = preview.pay(&script(1), 5000);
    let params = json!([txid.to_string(), 0, ""]);
    assert_eq!(client.call(OUTPOINT, params.clone()), json!({}));
    let sent = |lines: &[Value]| {
        let sent = lines.iter().find(|line| line["method"] == OUTPOINT).unwrap();
        assert_eq!(sent["params"][0], json!(txid.to_string()));
        assert_eq!(sent["params"][1], 0);
        sent["params"][2].clone()
    };
    let lines = client.change(|chain| chain.pay(&script(1), 5000));
    assert_eq!(sent(&lines), json!({"funder_height": 0}));
    let lines = client.change(|chain| chain.mine(1));
    assert_eq!(sent(&lines), json!({"funder_height": 111}));
    let lines = client.change(|chain| chain.spend(OutPoint::new(txid, 0), &script(2)));
    let spent = sent(&lines);
    assert_eq!((&spent["funder_height"], &spent["spender_height"]), (&json!(111), &json!(0)));
    assert_eq!(client.call("blockchain.outpoint.get_status", params), spent);
}

#[test]
fn electrumx_does_not_see_a_tip_that_is_not_higher() {
    let mut client = Client::ready(Family::ElectrumX1_16, "1.4");
    let before = client.call(HEADERS, json!([]));
    client.call(SCRIPTHASH, json!([hash(1)]));
    assert!(client.change(|chain| chain.reorganise(1, 1)).is_empty());
    assert_eq!(client.call(HEADERS, json!([])), before, "the stale header");
    assert!(client.change(|chain| chain.reorganise(2, 0)).is_empty());
    let now = client.change(|chain| chain.mine(4));
    assert_eq!(methods(&now), [HEADERS]);
    assert_eq!(now[0]["params"][0]["height"], 112);

    // What is broadcast meanwhile is not lost.
    let mut client = Client::ready(Family::ElectrumX1_16, "1.4");
    let paid = client.host.change(std::time::Duration::ZERO, |chain| {
        let paid = chain.pay(&script(1), 5000);
        chain.mine(1);
        chain.reorganise(1, 1);
        chain.mine_with(&[paid]);
        chain.reorganise(1, 1);
        paid
    });
    let spend = Transaction::spending(OutPoint::new(paid, 0), 4000, script(2));
    client.call("blockchain.transaction.broadcast", json!([spend.to_hex()]));
    assert!(client.host.chain().transaction(&spend.txid()).is_some());

    let mut client = Client::ready(Family::Fulcrum2_1, "1.4");
    client.call(HEADERS, json!([]));
    let lower = client.change(|chain| chain.reorganise(2, 1));
    assert_eq!(lower[0]["params"][0]["height"], 109, "others notify of a lower tip");
}

#[test]
fn electrumx_repeats_a_status_that_a_reorganisation_left_as_it_was() {
    let mut client = Client::ready(Family::ElectrumX1_16, "1.4");
    client.change(|chain| {
        chain.pay(&script(1), 5000);
        chain.mine(1);
    });
    let status = client.call(SCRIPTHASH, json!([hash(1)]));
    let lines = client.change(|chain| {
        chain.reorganise(1, 0);
        chain.mine(2);
    });
    assert_eq!(status_of(&client, 1), status, "mined at the same height again");
    assert_eq!(lines[0]["params"], json!([hash(1), status]));
    assert!(client.change(|chain| chain.pay(&script(2), 5000)).is_empty(), "but only once");
}

#[test]
fn electrs_is_wrong_for_a_moment_after_a_block() {
    let mut client = Client::ready(Family::Electrs, "1.4");
    client.call(HEADERS, json!([]));
    client.call(SCRIPTHASH, json!([hash(1)]));
    client.change(|chain| chain.pay(&script(1), 5000));
    let lines = client.change(|chain| chain.mine(1));
    assert_eq!(methods(&lines), [SCRIPTHASH, HEADERS, SCRIPTHASH]);
    assert_ne!(lines[0]["params"][1], lines[2]["params"][1]);
    assert_eq!(lines[2]["params"], json!([hash(1), status_of(&client, 1)]));
}

#[test]
fn electrumx_2_0_makes_noise_after_a_quiet_block() {
    let mut client = Client::ready(Family::ElectrumX2_0, "1.7");
    client.call(HEADERS, json!([]));
    let lines = client.change(|chain| chain.mine(1));
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["method"], "server.ping");
    assert_eq!(lines[1]["params"][0].as_str().map(str::len), Some(128));

    for n in [1, 2] {
        client.call(SCRIPT, json!([electrum_testkit::hash::to_hex(&script(n))]));
        client.change(|chain| chain.pay(&script(n), 5000));
    }
    let busy = client.change(|chain| chain.mine(1));
    assert_eq!(methods(&busy), [HEADERS, SCRIPT, SCRIPT], "no noise where there are changes");
}

#[test]
fn a_header_is_deserialized_before_1_3_and_on_request() {
    let mut client = Client::ready(Family::ElectrumX1_10, "1.2");
    let tip = client.call(HEADERS, json!([]));
    assert_eq!((&tip["block_height"], &tip["bits"]), (&json!(110), &json!(0x207f_ffff)));
    let mined = client.change(|chain| chain.mine(1));
    assert_eq!(mined[0]["params"][0]["block_height"], 111);
    assert_eq!(client.call(HEADERS, json!([true]))["height"], 111);

    let mut client = Client::ready(Family::Libbitcoin4, "1.3");
    assert_eq!(client.call(HEADERS, json!([]))["height"], 110);
    assert_eq!(client.call(HEADERS, json!([false]))["block_height"], 110);
}

#[test]
fn an_address_is_named_by_itself_or_by_its_scripthash() {
    let address = electrum_testkit::address::of_script(&script(1)).unwrap();
    for (family, name) in [(Family::ElectrumX1_10, address.clone()), (Family::Libbitcoin4, hash(1))] {
        let mut client = Client::ready(family, "1.2");
        assert_eq!(client.call("blockchain.address.subscribe", json!([address])), Value::Null);
        let paid = client.change(|chain| chain.pay(&script(1), 5000));
        assert_eq!(methods(&paid), ["blockchain.address.subscribe"]);
        assert_eq!(paid[0]["params"], json!([name, status_of(&client, 1)]));
        let balance = client.call("blockchain.address.get_balance", json!([address]));
        assert_eq!(balance, json!({"confirmed": 0, "unconfirmed": 5000}));
    }
}

#[test]
fn fulcrum_notifies_of_a_transaction_and_where_it_is() {
    const TRANSACTION: &str = "blockchain.transaction.subscribe";
    let mut client = Client::ready(Family::Fulcrum2_1, "1.4");
    let txid = client.host.chain().clone().pay(&script(1), 5000).to_string();
    assert_eq!(client.call(TRANSACTION, json!([txid])), Value::Null);
    let waits = client.change(|chain| chain.pay(&script(1), 5000));
    assert_eq!(waits[0]["params"], json!([txid, 0]));
    let mined = client.change(|chain| chain.mine(1));
    assert_eq!((&mined[0]["method"], &mined[0]["params"]), (&json!(TRANSACTION), &json!([txid, 111])));
    assert_eq!(client.call("blockchain.transaction.get_height", json!([txid])), 111);
    let block = client.call("blockchain.transaction.get_confirmed_blockhash", json!([txid]));
    let hash_of_tip = client.host.chain().tip().hash().to_string();
    assert_eq!(block, json!({"block_hash": hash_of_tip, "block_height": 111}));
    let header = client.call("blockchain.header.get", json!([hash_of_tip]));
    assert_eq!(header, client.call("blockchain.headers.get_tip", json!([])));
    let info = client.call("blockchain.utxo.get_info", json!([txid, 0]));
    assert_eq!(info, json!({"confirmed_height": 111, "scripthash": hash(1), "value": 5000}));
    let first = client.call("blockchain.scripthash.get_first_use", json!([hash(1)]));
    assert_eq!((&first["tx_hash"], &first["height"]), (&json!(txid), &json!(111)));
    let status = client.call("blockchain.scripthash.get_status", json!([hash(1)]));
    assert_eq!(status, status_of(&client, 1));
    assert_eq!(client.call("blockchain.transaction.unsubscribe", json!([txid])), true);
    assert!(client.change(|chain| chain.reorganise(1, 0)).is_empty());
    let mut other = Client::ready(Family::ElectrumX1_16, "1.4");
    assert_eq!(other.error("blockchain.headers.get_tip", json!([])), -32601);
}
