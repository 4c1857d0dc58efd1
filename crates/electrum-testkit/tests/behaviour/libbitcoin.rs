//! The handshake of libbitcoin 4, which no recording shows: as its sources and their tests have it.

use crate::client::Client;
use electrum_testkit::Family;
use serde_json::{Value, json};

fn connect() -> Client {
    Client::connect(Family::Libbitcoin4)
}

#[test]
fn versions_that_are_agreed_on() {
    for (asked, agreed) in [
        (json!(["foobar"]), "1.7"),
        (json!(["foobar", "1.0"]), "1.0"),
        (json!(["foobar", "1.7"]), "1.7"),
        (json!(["foobar", ["1.0", "1.7"]]), "1.7"),
        (json!(["foobar", ["1.4", "2.0"]]), "1.7"),
        (json!(["foobar", ["0.7", "1.7"]]), "1.7"),
        (json!(["foobar", ["1.4", "1.5"]]), "1.4.2"),
        (json!(["foobar", ["1.0", "1.2"]]), "1.2"),
        (json!(["foobar", ["1.3", "1.4"]]), "1.4"),
        (json!({"client_name": "foobar", "protocol_version": "1.6"}), "1.6"),
    ] {
        let mut client = connect();
        assert_eq!(client.call("server.version", asked.clone())[1], agreed, "{asked}");
        assert!(!client.closed);
    }
}

#[test]
fn versions_that_are_refused_with_19_and_a_closed_connection() {
    let long = "x".repeat(1025);
    for asked in [
        json!(["foobar", "1.8"]),
        json!(["foobar", "1.5"]),
        json!(["foobar", "42"]),
        json!(["foobar", "0.0"]),
        json!(["foobar", ["1.4.2", "1.4"]]),
        json!(["foobar", ["2.0", "3.0"]]),
        json!(["foobar", ["1.4", "1.4.2", "extra"]]),
        json!(["foobar", [1.4, 1.4]]),
        json!(["foobar", 1.4]),
        json!(["foobar", "1.4."]),
        json!([long, "1.4"]),
    ] {
        let mut client = connect();
        let reply = client.reply("server.version", asked.clone());
        assert_eq!(reply["error"], json!({"code": 19, "message": "invalid_argument"}), "{asked}");
        assert!(client.closed, "{asked}");
    }
}

#[test]
fn calls_that_are_dropped_without_a_word() {
    for line in [
        r#"{"jsonrpc":"2.0","id":1,"method":"server.version"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"server.version","params":[]}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"server.version","params":["a","1.4","junk"]}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"server.version","params":[42,"1.4"]}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"no.such.method","params":[]}"#,
        r#"{"id":1,"method":"server.version"}"#,
        r#"[{"id":5,"method":"server.version","params":["a","1.4"]}]"#,
        "[]",
        "{",
    ] {
        let mut client = connect();
        assert_eq!(client.send(&format!("{line}\n")), Vec::<Value>::new(), "{line}");
        assert!(client.closed, "{line}");
    }
}

#[test]
fn a_known_method_before_the_version_stalls_the_connection() {
    let mut client = connect();
    let ping = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.ping\"}\n";
    let version = "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"server.version\",\"params\":[\"a\"]}\n";
    assert!(client.send(ping).is_empty());
    assert!(client.send(version).is_empty());
    assert!(!client.closed);
}

#[test]
fn a_second_version_gives_the_first_again() {
    let mut client = Client::ready(Family::Libbitcoin4, "1.4.2");
    assert_eq!(client.call("server.version", json!(["b", "1.4.2"]))[1], "1.4.2");
    assert_eq!(client.call("server.version", json!(["b", "invalid"]))[1], "1.4.2");
}

#[test]
fn json_rpc_1_0_is_answered_in_kind() {
    let mut client = connect();
    client.send("{\"id\":42,\"method\":\"server.version\",\"params\":[\"foobar\",\"1.7\"]}\n");
    let mut client = connect();
    let line = "{\"id\":42,\"method\":\"server.version\",\"params\":[\"foobar\",\"1.7\"]}\n";
    assert_eq!(
        client.send(line),
        [json!({
            "jsonrpc": "1.0", "id": 42, "error": null, "result": ["libbitcoin 4.0.0", "1.7"]
        })]
    );
}

#[test]
fn batches_are_answered_in_order_and_abandoned_at_a_refusal() {
    let element = |id: u32, version: &str| {
        let params = json!(["a", version]);
        json!({"jsonrpc": "2.0", "id": id, "method": "server.version", "params": params})
    };
    let mut client = connect();
    let both = json!([element(1, "1.4"), element(2, "1.4")]);
    let lines = client.send(&format!("{both}\n"));
    assert_eq!(lines[0][0]["result"][1], "1.4");
    assert_eq!((&lines[0][1]["id"], &lines[0][1]["result"][1]), (&json!(2), &json!("1.4")));

    let mut client = connect();
    let refused = json!([element(3, "42"), element(4, "1.4")]);
    let lines = client.send(&format!("{refused}\n"));
    let error = json!({"code": 19, "message": "invalid_argument"});
    assert_eq!(lines, [json!([{"jsonrpc": "2.0", "id": 3, "error": error}])]);
    assert!(client.closed);
}

#[test]
fn a_method_of_another_version_is_26() {
    let mut client = Client::ready(Family::Libbitcoin4, "1.4");
    assert_eq!(client.error("mempool.get_info", json!([])), 26);
    assert_eq!(client.error("blockchain.scriptpubkey.subscribe", json!(["51"])), 26);
    assert_eq!(client.error("mempool.get_fee_histogram", json!([])), 18);
    assert_eq!(client.error("blockchain.block.headers", json!([5000, 1])), 17);
    let mut client = Client::ready(Family::Libbitcoin4, "1.7");
    assert_eq!(client.error("blockchain.relayfee", json!([])), 26);
    client.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.banner\",\"params\":[1]}\n");
    assert!(client.closed, "too many parameters");
}
