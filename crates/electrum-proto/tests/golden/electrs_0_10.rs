//! What electrs up to 0.10.10 writes otherwise than the recorded 0.11.1: ports without a host, and objects with `tx_id`.

use electrum_proto::ProtocolVersion;
use serde_json::{Value, json};

use crate::recording::Exchange;
use crate::{check_request, operations, replies};

const TXID: &str = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";
const SIBLING: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn exchange(method: &str, params: Value, result: &str) -> Exchange {
    Exchange {
        what: format!("electrs 0.10.10: {method} {params}"),
        version: ProtocolVersion::V1_4,
        method: method.to_owned(),
        params,
        reply: Some(format!(r#"{{"id":0,"jsonrpc":"2.0","result":{result}}}"#)),
    }
}

#[test]
fn its_answers_are_read_as_they_are() {
    let features = r#"{"genesis_hash":"0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
        "hash_function":"sha256","hosts":{"tcp_port":60403},"protocol_max":"1.4","protocol_min":"1.4","pruning":null,
        "server_version":"electrs/0.10.10"}"#;
    let by_position = "blockchain.transaction.id_from_pos";
    for exchange in [
        exchange("server.features", json!([]), features),
        // It refuses two parameters.
        exchange(by_position, json!([100, 0, false]), &format!(r#"{{"tx_id":"{TXID}"}}"#)),
        exchange(by_position, json!([100, 1, true]), &format!(r#"{{"merkle":["{SIBLING}"],"tx_id":"{TXID}"}}"#)),
    ] {
        let cases = operations::cases(&exchange).unwrap_or_default();
        let reply = exchange.reply.as_deref().unwrap();
        let (result, value) = replies::check_envelope(reply, &exchange.what).unwrap();
        assert_eq!(cases.len(), 1);
        assert!(!cases[0].respelled, "{}", exchange.what);
        check_request(&cases[0], &exchange);
        (cases[0].check)(exchange.version, result, Some(&value)).unwrap();
    }
}
