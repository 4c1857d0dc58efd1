//! Quirks that a test turns on, one by one.

use std::time::Duration;

use electrum_testkit::Family;
use electrum_testkit::chain::{OutPoint, Transaction, script};
use electrum_testkit::hash::Hash256;
use electrum_testkit::session::{BIP30_PAIRS, Busy, Cost, OnPair, Quirks};
use serde_json::{Value, json};

use crate::client::Client;

const HISTORY: &str = "blockchain.scripthash.get_history";
const OUTPUTS: &str = "blockchain.scripthash.listunspent";
const BALANCE: &str = "blockchain.scripthash.get_balance";
const SUBSCRIBE: &str = "blockchain.scripthash.subscribe";

/// A client of a server with these quirks, and the hash of a script that was paid twice in the block at the tip.
fn client(family: Family, quirks: Quirks) -> (Client, Value) {
    let mut client = Client::connect(family);
    client.host.set_quirks(quirks);
    client.change(|chain| {
        chain.pay(&script(1), 70_000);
        chain.pay(&script(1), 5_000);
        chain.mine(1)
    });
    let range = client.call("server.version", json!(["my wallet 1.0", "1.4"]));
    assert_eq!(range[1], "1.4");
    (client, json!([Hash256::of_script(&script(1)).to_string()]))
}

#[test]
fn after_a_block_transactions_and_outputs_are_listed_twice() {
    let quirks = Quirks { lists_tip_twice: true, ..Quirks::default() };
    let (mut client, hash) = client(Family::Fulcrum2_1, quirks);
    for method in [HISTORY, OUTPUTS] {
        let listed = client.call(method, hash.clone());
        let heights: Vec<_> =
            listed.as_array().unwrap().iter().map(|entry| entry["height"].as_u64().unwrap()).collect();
        assert_eq!(heights, [111, 111, 0, 0], "{method}");
        assert_eq!(listed[0]["tx_hash"], listed[2]["tx_hash"], "{method}");
    }
    client.host.set_quirks(Quirks::default());
    assert_eq!(client.call(HISTORY, hash).as_array().unwrap().len(), 2, "it is over");
}

#[test]
fn histories_can_list_the_coinbases_that_exist_twice() {
    let pairs = BIP30_PAIRS.iter().flat_map(|(txid, heights)| heights.map(|height| (txid.parse().unwrap(), height)));
    let (mut client, hash) = client(Family::Fulcrum2_1, Quirks { more_history: pairs.collect(), ..Quirks::default() });
    let listed = client.call(HISTORY, hash);
    let heights: Vec<_> = listed.as_array().unwrap().iter().map(|entry| entry["height"].as_u64().unwrap()).collect();
    assert_eq!(heights, [111, 111, 91_722, 91_812, 91_842, 91_880]);
    assert_eq!(listed[3]["tx_hash"], listed[4]["tx_hash"]);
}

#[test]
fn servers_of_one_version_refuse_a_pair_or_close() {
    for (on_pair, closes) in [(OnPair::Refuse, false), (OnPair::Close, true)] {
        let mut client = Client::connect(Family::Electrs);
        client.host.set_quirks(Quirks { single_version: Some(on_pair), ..Quirks::default() });
        let asked = "{\"id\":1,\"method\":\"server.version\",\"params\":[\"me\",[\"1.4\",\"1.4\"]]}\n";
        let answer = client.send(asked);
        assert_eq!((answer.len(), client.closed), (usize::from(!closes), closes));
        if !closes {
            assert_eq!(answer[0]["error"]["code"], 1);
            assert_eq!(client.call("server.version", json!(["me", "1.4"]))[1], "1.4");
        }
    }
}

#[test]
fn an_early_electrs_names_ids_and_hosts_in_its_own_way() {
    let (mut client, _) = client(Family::Electrs, Quirks { early_electrs: true, ..Quirks::default() });
    const METHOD: &str = "blockchain.transaction.id_from_pos";
    assert_eq!(client.error(METHOD, json!([111, 0])), -32602);
    let id = client.host.chain().id_from_pos(111, 0).unwrap().0.to_string();
    assert_eq!(client.call(METHOD, json!([111, 0, false])), json!({ "tx_id": id }));
    assert_eq!(client.call(METHOD, json!([111, 0, true]))["tx_id"], json!(id));
    assert_eq!(client.call("server.features", json!([]))["hosts"], json!({"tcp_port": 50001}));
}

#[test]
fn beyond_max_history_nothing_is_listed_and_balances_are_partial() {
    let (mut client, hash) = client(Family::Fulcrum2_1, Quirks { max_history: Some(1), ..Quirks::default() });
    assert_ne!(client.call(SUBSCRIBE, hash.clone()), Value::Null, "the status knows better");
    assert_eq!(client.call(HISTORY, hash.clone()), json!([]));
    assert_eq!(client.call(OUTPUTS, hash.clone()), json!([]));
    let balance = client.call(BALANCE, hash)["confirmed"].as_u64().unwrap();
    assert!([70_000, 5_000].contains(&balance), "{balance}");
}

#[test]
fn a_client_that_does_not_read_is_disconnected() {
    // What is handed over here counts as unread, for the host is not notified of writes.
    let (mut client, _) = client(Family::Fulcrum2_1, Quirks { max_buffer: Some(100_000), ..Quirks::default() });
    let headers = "{\"id\":1,\"method\":\"blockchain.block.headers\",\"params\":[0,100]}\n";
    let answers: usize = (0..10).map(|_| client.send(headers).len()).sum();
    assert_eq!((answers, client.closed), (6, true), "16 kB each");
}

#[test]
fn requests_cost_and_delay_answers_until_the_connection_ends() {
    let seconds = Duration::from_secs;
    let cost = Cost { soft: 2, hard: 6, sleep: seconds(4), concurrent: 10, patience: seconds(30) };
    let (mut client, _) = client(Family::ElectrumX1_16, Quirks { cost: Some(cost), ..Quirks::default() });
    let mut delays = Vec::new();
    for _ in 0..6 {
        let before = client.now;
        assert_eq!(client.call("server.ping", json!([])), Value::Null);
        delays.push((client.now - before).as_secs());
    }
    assert_eq!(delays, [0, 0, 1, 2, 3, 4]);
    assert_eq!(client.error("server.ping", json!([])), -101);
    assert!(client.closed);
}

#[test]
fn what_comes_at_once_can_be_too_much() {
    let ping = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.ping\"}\n";
    let (mut busy, _) = client(Family::ElectrumX1_16, Quirks { max_in_flight: Some(3), ..Quirks::default() });
    let codes: Vec<_> = busy.send(&ping.repeat(5)).iter().map(|reply| reply["error"]["code"].as_i64()).collect();
    assert_eq!(codes, [None, None, None, Some(-102), Some(-102)]);
    assert!(!busy.closed);
    let (mut cut, _) = client(Family::ElectrumX1_16, Quirks { max_burst: Some(3), ..Quirks::default() });
    assert_eq!(cut.send(&ping.repeat(3)).len(), 3);
    assert!(cut.send(&ping.repeat(4)).is_empty() && cut.closed);
}

#[test]
fn a_busy_server_serves_later() {
    for (code, closes) in [(-102, false), (-101, true)] {
        let busy = Busy { requests: 1, code, message: "busy".into(), closes };
        let (mut client, _) = client(Family::ElectrumX1_16, Quirks { busy: Some(busy), ..Quirks::default() });
        assert_eq!(client.error("server.ping", json!([])), code);
        assert_eq!(client.closed, closes);
        if !closes {
            assert_eq!(client.call("server.ping", json!([])), Value::Null);
        }
    }
}

#[test]
fn a_method_can_end_the_connection() {
    let (mut client, _) =
        client(Family::ElectrumX1_16, Quirks { closes_at: Some("server.banner"), ..Quirks::default() });
    assert_eq!(client.call("server.ping", json!([])), Value::Null);
    assert!(client.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.banner\"}\n").is_empty() && client.closed);
}

#[test]
fn only_pings_are_answered() {
    let (mut client, hash) = client(Family::ElectrumX1_16, Quirks { answers_only_pings: true, ..Quirks::default() });
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": BALANCE, "params": hash});
    assert!(client.send(&format!("{call}\n")).is_empty());
    assert_eq!(client.call("server.ping", json!([])), Value::Null);
}

#[test]
fn subscriptions_are_refused_for_a_moment() {
    let (mut client, hash) = client(Family::Electrs, Quirks { refused_subscriptions: 2, ..Quirks::default() });
    for _ in 0..2 {
        let reply = client.reply(SUBSCRIBE, hash.clone());
        assert_eq!(reply["error"], json!({"code": -32603, "message": "unavailable index"}));
    }
    assert_ne!(client.call(SUBSCRIBE, hash), Value::Null);
}

#[test]
fn a_liar_proves_what_is_in_no_block() {
    let (mut client, _) = client(Family::Fulcrum2_1, Quirks { forges_proofs: true, ..Quirks::default() });
    let txid = "aa".repeat(31) + "01";
    let proof = client.call("blockchain.transaction.get_merkle", json!([txid, 7]));
    assert_eq!(proof, json!({"block_height": 7, "merkle": [], "pos": 0}));
    let header = client.call("blockchain.block.header", json!([7]));
    let root = "01".to_owned() + &"aa".repeat(31);
    assert_eq!(header, json!("0".repeat(72) + &root + &"0".repeat(24)), "the root in the order of the wire");
}

#[test]
fn a_name_that_is_taken_for_an_old_electrum_gets_a_page_for_its_broadcast() {
    for (family, name, is_misread) in [
        (Family::Fulcrum2_1, "wallet/0.1.0", true),
        (Family::Fulcrum2_1, "wallet/3.3.3", true),
        (Family::Fulcrum2_1, "wallet/3.3.4", false),
        (Family::Fulcrum2_1, "wallet", false),
        (Family::Fulcrum2_1, "my wallet 1.0", false),
        (Family::Fulcrum2_1, "0.1.0", false),
        (Family::ElectrumX1_16, "0.1.0", true),
        (Family::ElectrumX1_16, "3.3.3", false),
        (Family::ElectrumX1_16, "wallet/0.1.0", false),
        (Family::Electrs, "wallet/0.1.0", false),
    ] {
        let mut client = Client::connect(family);
        client.call("server.version", json!([name, "1.4"]));
        let mut paid = None;
        client.change(|chain| {
            paid = Some(chain.pay(&script(1), 70_000));
            chain.mine(1)
        });
        let tx = Transaction::spending(OutPoint::new(paid.unwrap(), 0), 60_000, script(2));
        let answer = client.call("blockchain.transaction.broadcast", json!([tx.to_hex()]));
        let answer = answer.as_str().unwrap();
        match is_misread {
            true => assert!(answer.contains("VULNERABLE"), "{family}, {name}: {answer}"),
            false => assert_eq!(answer, tx.txid().to_string(), "{family}, {name}"),
        }
        assert!(client.host.chain().transaction(&tx.txid()).is_some(), "it was broadcast: {family}, {name}");
    }
}
