//! What is too much, and what comes of it.

use std::time::Duration;

use electrum_testkit::chain::{Chain, Output};
use electrum_testkit::prelude::*;
use serde_json::json;

use crate::client::Client;

const PING: &str = "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"server.ping\"}\n";

#[test]
fn electrumx_says_nothing_of_a_line_that_is_too_long() {
    let mut client = Client::ready(Family::ElectrumX1_16, "1.4");
    let long = format!("{}\n", "x".repeat(4_900_000));
    assert!(client.send(&long).is_empty());
    assert_eq!(client.send(PING)[0]["id"], 2, "it goes on");
    let endless = "x".repeat(12_000_000);
    assert!(client.send(&endless).is_empty());
    assert!(!client.closed);
}

#[test]
fn electrs_reads_lines_of_any_length() {
    let mut client = Client::ready(Family::Electrs, "1.4");
    let long = format!("{{\"id\":1,\"method\":\"server.ping\",\"params\":[\"{}\"]}}\n", "x".repeat(5_200_000));
    assert_eq!(client.send(&long)[0]["id"], 1);
}

#[test]
fn fulcrum_complains_of_a_flood_after_five_seconds_and_closes() {
    let mut client = Client::ready(Family::Fulcrum2_1, "1.4");
    let before = client.now;
    let lines = client.send(&"x".repeat(8_100_000));
    assert_eq!(client.now - before, Duration::from_secs(5));
    assert_eq!(lines[0]["error"]["code"], 3);
    assert!(lines[0]["id"].is_null());
    assert!(client.closed);
}

#[test]
fn fulcrum_closes_when_errors_outnumber_answers_by_ten() {
    let mut client = Client::ready(Family::Fulcrum2_1, "1.4");
    for _ in 0..10 {
        assert_eq!(client.error("no.such.method", json!([])), -32601);
    }
    let last = "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"no.such.method\"}\n";
    assert!(client.send(last).is_empty());
    assert!(client.closed);
}

#[test]
fn esplora_sends_no_history_of_more_than_500() {
    let mut client = Client::ready(Family::ElectrsEsplora, "1.4");
    let hash = Hash256::of_script(&script(1)).to_string();
    let grow = |count: u32, chain: &mut Chain| {
        for _ in 0..count {
            let last = chain.unspent(&Hash256::of_script(&script(1))).pop();
            match last {
                Some(unspent) => chain.spend(unspent.outpoint, &script(1)),
                None => chain.pay(&script(1), 10_000_000),
            };
            chain.mine(1);
        }
    };
    client.change(|chain| grow(500, chain));
    let history = client.call("blockchain.scripthash.get_history", json!([hash]));
    assert_eq!(history.as_array().map(Vec::len), Some(500));
    client.change(|chain| grow(1, chain));
    let refused = client.reply("blockchain.scripthash.get_history", json!([hash]));
    assert_eq!(refused["error"], "Too many history entries");
}

#[test]
fn a_large_history_is_answered_whole() {
    let mut client = Client::ready(Family::Fulcrum2_1, "1.4");
    let hash = Hash256::of_script(&script(1)).to_string();
    client.change(|chain| {
        let outputs = vec![Output { value: 1_000, script: script(1) }; 2_000];
        let funds = chain.pay(&script(2), 10_000_000);
        let input = Input::spending(OutPoint::new(funds, 0));
        let fan = chain.broadcast(Transaction::new(vec![input], outputs)).unwrap();
        chain.mine(1);
        for index in 0..2_000 {
            chain.spend(OutPoint::new(fan, index), &script(1));
        }
        chain.mine(1);
    });
    let history = client.call("blockchain.scripthash.get_history", json!([hash]));
    assert_eq!(history.as_array().map(Vec::len), Some(2_001));
}

#[test]
fn idle_connections_are_closed_when_their_time_is_up() {
    const MINUTE: Duration = Duration::from_secs(60);
    const SECOND: Duration = Duration::from_secs(1);
    for (family, at_first, later) in [
        (Family::Fulcrum2_1, Some(5), Some(10)),
        (Family::ElectrumX1_16, Some(10), Some(10)),
        (Family::ElectrumX2_0, Some(10), Some(10)),
        (Family::Libbitcoin4, Some(10), Some(10)),
        (Family::Electrs, None, None),
    ] {
        let mut client = Client::connect(family);
        client.wait(MINUTE * at_first.unwrap_or(1000) - SECOND);
        assert!(!client.closed, "{family}");
        client.wait(SECOND);
        assert_eq!(client.closed, at_first.is_some(), "{family}");

        let mut client = Client::ready(family, "1.4");
        for _ in 0..3 {
            client.wait(MINUTE * later.unwrap_or(1000) - 2 * SECOND);
            assert!(!client.closed, "{family}");
            client.call("server.ping", json!([]));
        }
        client.wait(MINUTE * later.unwrap_or(1000));
        assert_eq!(client.closed, later.is_some(), "{family}");
    }
}
