//! The fields of `--json`: `docs/json.md` is generated from what the commands print and the descriptions here, and
//! compared. `UPDATE_DOCS=1 cargo test -p electrum-cli --test cli json_fields` writes it.

use std::collections::{BTreeMap, BTreeSet};

use crate::scripts::{KEY, SCRIPTS};
use crate::tool::{Tool, configured, file_in, run};
use crate::transactions::payment;
use electrum_testkit::hash::{from_hex, to_hex};
use electrum_testkit::prelude::*;
use serde_json::Value;

/// What a field means: by command and path, or by path alone where it means the same in all commands.
const MEANINGS: &[(&str, &str)] = &[
    ("address", "the address of the script on the server's network, if it has one"),
    ("at_once", "how many calls were made at once"),
    ("bits", "the compact target, in hexadecimal digits"),
    ("block_hash", "the hash of the block"),
    ("branch[]", "the hashes of the merkle branch"),
    ("calls", "how many calls were made one after the other"),
    ("cause", "the cause in one word"),
    ("code", "the server's own code, if it said one"),
    ("config file", "where the configuration file is looked for"),
    ("confirmations", "how many blocks there are from the block to the tip, both included; with --headers"),
    ("confirmed", "in satoshi, in blocks"),
    ("error", "the failure; see [causes](causes.md)"),
    ("error.cause", "the cause, as in [causes](causes.md)"),
    ("error.code", "the server's own code, if it said one"),
    ("error.hint", "what to do about it"),
    ("error.kind", "where the failure comes from: connection, request, check or local"),
    ("error.message", "the server's message if it refused, otherwise this client's"),
    ("error.phase", "what the connection was doing: connecting, handshaking or ready; absent without a server"),
    ("estimates[].blocks", "within how many blocks"),
    ("estimates[].rate", "the estimate, in satoshi per 1000 virtual bytes; null if there is none"),
    ("event", "connecting, ready, down or update"),
    ("fetched", "how many headers were fetched"),
    ("file", "the file"),
    ("file_exists", "whether it is there"),
    ("findings[].check", "what was looked at"),
    ("findings[].fault", "the fault in one word"),
    ("findings[].grade", "good, note or fault"),
    ("findings[].hint", "what to do about the fault"),
    ("findings[].message", "what was found"),
    ("fingerprint", "the SHA-256 of the certificate; null without TLS"),
    ("first", "the fault to fix first, or null"),
    ("from", "the height of the first header in the file"),
    ("funder_height", "where the transaction stands that made the output: a height, or 0 or -1 in the mempool"),
    ("genesis_hash", "the hash of the first block of the server's chain"),
    ("handshake_ms", "how long the handshake took, in milliseconds"),
    ("hash", "the hash of the header"),
    ("hash_function", "sha256"),
    ("height", "the height of the block"),
    ("hex", "in hexadecimal digits"),
    ("hint", "what to do about it"),
    (
        "histogram",
        "fee rates of the mempool, in satoshi per 1000 virtual bytes, with the sizes that pay them; null if there is none",
    ),
    ("histogram[].rate", "in satoshi per 1000 virtual bytes"),
    ("histogram[].vsize", "how many virtual bytes pay this rate or more, and less than the one before"),
    ("histogram_dropped", "how many bins could not be read"),
    ("history", "the transactions of the script"),
    ("history[].fee", "in satoshi, where the server says it"),
    ("history[].height", "the height of the block, or 0 or -1 in the mempool"),
    ("history[].txid", "the transaction's id"),
    ("hosts[].host", "the name of a host of the server"),
    ("hosts[].ssl_port", "its port for TLS"),
    ("hosts[].tcp_port", "its port without TLS"),
    ("hosts[].ws_port", "its port for WebSockets"),
    ("hosts[].wss_port", "its port for WebSockets with TLS"),
    ("inputs[].sequence", "the sequence number"),
    ("inputs[].spent.address", "with --inputs: the address of the output that is spent"),
    ("inputs[].spent.script", "with --inputs: its script"),
    ("inputs[].spent.value", "with --inputs: its value in satoshi"),
    ("inputs[].txid", "the transaction whose output is spent"),
    ("inputs[].vout", "the index of that output"),
    ("known", "whether the server can say what becomes of the output"),
    ("lock_time", "the lock time"),
    ("measured[].at_once", "how many calls were made at once"),
    ("measured[].calls", "how many calls were made one after the other"),
    ("measured[].median_ms", "the median of their times, in milliseconds"),
    ("measured[].nudge", "whether the client pushed answers that the server held back"),
    ("measured[].per_second", "how many calls were answered in a second when many were made at once"),
    ("measured[].slowest_ms", "the longest of their times, in milliseconds"),
    ("merkle_root", "the merkle root of the block"),
    ("message", "why, in words"),
    ("method", "the method that was called"),
    ("more", "what else the server says, as it says it"),
    ("network", "the network of the chain of headers; with --headers"),
    ("nonce", "the nonce"),
    ("origin", "subscribed (the first value), live, or resumed (after a reconnection)"),
    ("outcome", "accepted, already_in_mempool, already_in_chain, rejected, not_sent or may_have_been_sent"),
    ("outputs[].address", "the address on the server's network, if the script has one"),
    ("outputs[].script", "the script, in hexadecimal digits"),
    ("outputs[].value", "in satoshi"),
    ("peers", "other servers"),
    ("dropped", "how many entries could not be read"),
    ("pin", "why the certificate was accepted; null without TLS"),
    ("position", "the transaction's place in the block"),
    ("prev_hash", "the hash of the header before"),
    ("probe cause", "connect, closed, reset, refused, malformed, out_of_range, timeout, wrong_chain or busy"),
    ("probe outcome", "ready or down"),
    ("protocol_max", "the last protocol version"),
    ("protocol_min", "the first protocol version"),
    (
        "proven",
        "whether the header is of a chain whose work was checked (--headers); else the branch is only consistent with it",
    ),
    ("pruning", "how many blocks the server keeps, if not all"),
    ("range", "the versions that were offered"),
    ("relay", "the least rate that is relayed, in satoshi per 1000 virtual bytes"),
    ("replaced", "how many headers of the file were replaced after a reorganisation"),
    ("result", "the server's result, with its own digits and order"),
    ("retry_in_ms", "when the next attempt is made"),
    ("route", "direct, or the proxy"),
    ("script", "the script: as it was written, or in hexadecimal digits"),
    ("scripthash", "the hash of the script"),
    ("server", "the server"),
    ("server_version", "the software"),
    ("scripts[].name", "a name for scripts in the configuration file"),
    ("scripts[].scripts[]", "what it stands for"),
    ("descriptor", "the descriptor, as it was written"),
    ("scripts[].confirmed", "in satoshi, in blocks"),
    ("scripts[].index", "the index in the range of the descriptor"),
    ("scripts[].script", "the address on the server's network, or the script"),
    ("scripts[].scripthash", "the hash of the script"),
    ("scripts[].unconfirmed", "in satoshi, what the mempool changes"),
    ("scripts[].history", "as for one script"),
    ("scripts[].unspent", "as for one script"),
    ("servers[].name", "a name in the configuration file"),
    ("servers[].servers[]", "the servers of that name"),
    ("settings[].name", "a setting"),
    ("settings[].source", "command line, environment, configuration file or default"),
    ("settings[].value", "what holds"),
    ("size", "in bytes"),
    ("software", "what the server calls itself"),
    ("spender", "what spends the output; null if nothing does, or if that is not known"),
    ("spender.height", "where the spender stands: a height, or 0 or -1 in the mempool"),
    ("spender.txid", "the spender's id"),
    ("status", "the status of the script: null without a history"),
    ("time", "the time of the block in seconds since 1970"),
    ("time_utc", "the same as a date and time"),
    ("tls", "the version of TLS; null without"),
    ("to", "the height of the last header in the file"),
    ("topic", "headers, script:HEX or scripthash:HEX"),
    ("tx fee", "in satoshi; with --inputs"),
    ("txid", "the transaction's id"),
    ("unconfirmed", "in satoshi, what the mempool changes"),
    ("unspent", "the unspent outputs of the script"),
    ("unspent[].height", "the height of the block, or 0 or -1 in the mempool"),
    ("unspent[].txid", "the transaction's id"),
    ("unspent[].value", "in satoshi"),
    ("unspent[].vout", "the index of the output"),
    ("value", "in satoshi"),
    ("version", "the protocol version that was agreed on"),
    ("header version", "the version of the block"),
    ("tx version", "the version of the transaction"),
    ("virtual_size", "its size for fee rates, in virtual bytes"),
    ("vout", "the index of the output"),
    ("work", "how many hashes it takes on average to make the block and those on it; with --headers"),
    ("work_checked", "whether work and difficulty were checked, which takes a network that is known"),
];

fn meaning(command: &str, path: &str) -> &'static str {
    let find = |wanted: &str| MEANINGS.iter().find(|(name, _)| *name == wanted).map(|(_, meaning)| *meaning);
    let own = find(&format!("{command} {path}"));
    own.or_else(|| find(path)).unwrap_or_else(|| panic!("{command}: {path} has no meaning here"))
}

/// The paths in a value with the kinds of what is there; what a server adds of its own, and results of any method, are not
/// looked into.
fn collect(value: &Value, path: &str, fields: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    let is_opaque = matches!(path, "result" | "more");
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(items) if !is_opaque && !items.is_empty() => {
            items.iter().for_each(|item| collect(item, &format!("{path}[]"), fields));
            return;
        }
        Value::Array(_) => "list",
        Value::Object(members) if !is_opaque && !members.is_empty() => {
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(member, &path, fields);
            }
            return;
        }
        Value::Object(_) => "object",
    };
    fields.entry(path.to_owned()).or_default().insert(kind);
}

#[test]
fn every_field_is_in_the_table() {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().expect("a port");
    let url = server.url();
    let paid = server.pay(&script(1), 70_000).to_string();
    server.mine(1);
    let spent = server.pay(&script(1), 60_000);
    let spender = server.spend(OutPoint::new(spent, 0), &script(2)).to_string();
    let digits = to_hex(&script(1));
    let descriptor = format!("wpkh({KEY}/0/*)");
    server.pay(&from_hex(SCRIPTS[0]).expect("hex"), 50_000);
    let folder = configured("servers = { home = 'tcp://127.0.0.1:1' }\nscripts = { savings = 'script:51' }");
    let file = &file_in(&folder, "headers");
    let transaction = payment(&server).to_hex();
    let outpoints = [format!("{paid}:0"), format!("{spent}:0")];
    let commands: Vec<Vec<&str>> = vec![
        vec!["probe", &url, "tcp://127.0.0.1:1"],
        vec!["call", &url, "server.banner"],
        vec!["call", &url, "no.such"],
        vec!["watch", &url, &descriptor, "--for", "3"],
        vec!["watch", "tcp://127.0.0.1:1", "--for", "1"],
        vec!["balance", &url, &digits],
        vec!["balance", &url, &descriptor],
        vec!["history", &url, &digits],
        vec!["unspent", &url, &digits],
        vec!["tx", &url, &spender, "--inputs"],
        vec!["header", &url, "1"],
        vec!["header", &url, "999999"],
        vec!["headers", &url, file],
        vec!["merkle", &url, &paid, "111", "--headers", file],
        vec!["fees", &url],
        vec!["features", &url],
        vec!["peers", &url],
        vec!["broadcast", &url, &transaction],
        vec!["outpoint", &url, &outpoints[0]],
        vec!["outpoint", &url, &outpoints[1]],
        vec!["doctor", &url, "tcp://127.0.0.1:1"],
        vec!["bench", &url, "--calls", "1"],
        vec!["config", &url],
    ];
    let mut tables: BTreeMap<&str, BTreeMap<String, BTreeSet<&'static str>>> = BTreeMap::new();
    let mut order = Vec::new();
    for command in &commands {
        let name = command[0];
        let variables = [("XDG_CONFIG_HOME", folder.path())];
        let done = Tool::start_with(&[&command[..], &["--json"]].concat(), &variables).finish();
        assert!(!done.lines.is_empty(), "{command:?}: {}", done.errors);
        if !order.contains(&name) {
            order.push(name);
        }
        for object in done.objects() {
            collect(&object, "", tables.entry(name).or_default());
        }
    }
    // What failed is the same for all commands.
    let failed = run(&["header", &url, "999999", "--json"]).objects()[0].clone();
    let mut errors = BTreeMap::new();
    collect(&failed, "", &mut errors);

    let mut page =
        "# Fields of `--json`\n\nWith `--json` each command prints one JSON object per line. Amounts are in \
                    satoshi. Generated from what the commands print, by their tests: \
                    `UPDATE_DOCS=1 cargo test -p electrum-cli --test cli json_fields`.\n"
            .to_owned();
    let mut section = |title: &str, command: &str, fields: &BTreeMap<String, BTreeSet<&'static str>>| {
        page += &format!("\n## {title}\n\n| field | kind | meaning |\n|---|---|---|\n");
        for (path, kinds) in fields {
            let kinds = kinds.iter().copied().collect::<Vec<_>>().join(" or ");
            page += &format!("| `{path}` | {kinds} | {} |\n", meaning(command, path));
        }
    };
    section("What failed", "", &errors);
    for name in order {
        let own: BTreeMap<_, _> = tables[name]
            .iter()
            .filter(|(path, _)| !path.starts_with("error."))
            .map(|(path, kinds)| (path.clone(), kinds.clone()))
            .collect();
        section(&format!("`{name}`"), name, &own);
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &page).expect("the folder of the docs");
    }
    let written = std::fs::read_to_string(path).expect("the page");
    let differing = written.lines().zip(page.lines()).find(|(written, now)| written != now);
    assert_eq!(differing, None);
    assert_eq!(written.len(), page.len());
}
