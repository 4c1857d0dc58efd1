//! What is so: as the server answers a fresh connection that knows nothing of this project's code.

use real_servers::{Bitcoind, Wire, scripthash, to_hex};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::known_chain::KnownChain;
use crate::plan::Plan;
use crate::process::Report;

const AT_ONCE: usize = 100;

/// In what the clients' last values differ from what is so.
pub(crate) fn differences(report: &Report, bitcoind: &Bitcoind, port: u16, plan: &Plan) -> Vec<String> {
    let height = bitcoind.height();
    let tip = json!({"height": height, "header": bitcoind.header(height)});
    let statuses = statuses(port, plan.scripts);
    let mut differences = Vec::new();
    for (name, client) in report.clients() {
        let mut compare = |topic: String, emitted: &Value, so: &Value| {
            if emitted != so {
                differences.push(format!("{name}, {topic}: emitted {emitted}, and it is {so}"));
            }
        };
        compare("phase".into(), &client["phase"], &json!("ready"));
        compare("tip".into(), &client["tip"], &tip);
        for (number, status) in statuses.iter().enumerate() {
            compare(format!("script {number}"), &client["statuses"][number], status);
        }
    }
    differences
}

/// The status of every script on a fresh connection, which must be the digest of its history there.
fn statuses(port: u16, scripts: u32) -> Vec<Value> {
    let mut wire = Wire::negotiated(port, "1.4");
    let hashes: Vec<_> = (0..scripts).map(|number| json!([scripthash(&KnownChain::script(number))])).collect();
    let mut statuses = Vec::new();
    for hashes in hashes.chunks(AT_ONCE) {
        let emitted = wire.calls("blockchain.scripthash.subscribe", hashes);
        let histories = wire.calls("blockchain.scripthash.get_history", hashes);
        for (status, history) in emitted.into_iter().zip(histories) {
            let status = status.expect("a status");
            assert_eq!(status, digest(&history.expect("a history")));
            statuses.push(status);
        }
    }
    statuses
}

/// As the protocol's documentation says: SHA-256 of `txid:height:` for each transaction.
fn digest(history: &Value) -> Value {
    let entry = |entry: &Value| format!("{}:{}:", entry["tx_hash"].as_str().expect("an id"), entry["height"]);
    let text: String = history.as_array().expect("a list").iter().map(entry).collect();
    json!(to_hex(&Sha256::digest(text)))
}
