//! Methods and versions: against the protocol's own list, and as the table in the documentation.

use std::fmt::Write as _;
use std::path::Path;

use electrum_proto::operations::{METHODS, OPERATIONS};
use electrum_proto::types::ScriptRef;
use electrum_proto::{Method, NotInVersion, ProtocolVersion, Request, VersionRange};

use crate::all::{Visitor, script, visit_all, visit_with_script};
use crate::versions::VERSIONS;

/// The versions that the table shows.
fn shown() -> impl Iterator<Item = ProtocolVersion> {
    VERSIONS.into_iter().filter(|version| VersionRange::ALL.contains(*version))
}

/// The protocol's methods with their first version and, if they were removed, the first one without them;
/// transcribed from the protocol documentation.
const PROTOCOL: &str = "
    server.version 1.0
    server.banner 1.0
    server.donation_address 1.0
    server.features 1.1
    server.add_peer 1.1
    server.peers.subscribe 1.0
    server.ping 1.2
    blockchain.headers.subscribe 1.0
    blockchain.block.header 1.3
    blockchain.block.headers 1.2
    blockchain.block.get_header 1.0 1.4
    blockchain.block.get_chunk 1.0 1.4
    blockchain.estimatefee 1.0
    blockchain.relayfee 1.0 1.6
    mempool.get_info 1.6
    mempool.get_fee_histogram 1.2
    mempool.recent 1.7
    blockchain.scripthash.get_balance 1.1 1.7
    blockchain.scripthash.get_history 1.1 1.7
    blockchain.scripthash.get_mempool 1.1 1.7
    blockchain.scripthash.listunspent 1.1 1.7
    blockchain.scripthash.subscribe 1.1 1.7
    blockchain.scripthash.unsubscribe 1.4.2 1.7
    blockchain.scriptpubkey.get_balance 1.7
    blockchain.scriptpubkey.get_history 1.7
    blockchain.scriptpubkey.get_mempool 1.7
    blockchain.scriptpubkey.listunspent 1.7
    blockchain.scriptpubkey.subscribe 1.7
    blockchain.scriptpubkey.unsubscribe 1.7
    blockchain.outpoint.subscribe 1.7
    blockchain.outpoint.get_status 1.7
    blockchain.outpoint.unsubscribe 1.7
    blockchain.transaction.get 1.0
    blockchain.transaction.get_merkle 1.0
    blockchain.transaction.id_from_pos 1.4
    blockchain.transaction.broadcast 1.0
    blockchain.transaction.broadcast_package 1.6
    blockchain.transaction.testmempoolaccept 1.7
    blockchain.address.get_balance 1.0 1.3
    blockchain.address.get_history 1.0 1.3
    blockchain.address.get_mempool 1.0 1.3
    blockchain.address.listunspent 1.0 1.3
    blockchain.address.subscribe 1.0 1.3
    blockchain.utxo.get_address 1.0 1.1
    blockchain.numblocks.subscribe 1.0 1.1
";

#[test]
fn methods_are_those_of_the_protocol() {
    let line = |method: &Method| {
        let until = method.until.map_or(String::new(), |until| format!(" {until}"));
        format!("{} {}{until}", method.name, method.since)
    };
    let mut found: Vec<String> = METHODS.iter().map(line).collect();
    let mut expected: Vec<&str> = PROTOCOL.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    found.sort();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn every_method_serves_an_operation_within_its_versions() {
    for operation in OPERATIONS {
        for used in operation.methods {
            let method = METHODS.iter().find(|method| method.name == used.name).expect(used.name);
            // An operation may need what a method can do only later.
            assert!(used.since >= method.since && used.until == method.until, "{}", operation.name);
        }
    }
    for method in METHODS.iter().filter(|method| method.name != "server.version") {
        let serves = OPERATIONS.iter().any(|operation| operation.methods.iter().any(|used| used.name == method.name));
        assert!(serves, "{} serves nothing", method.name);
    }
}

/// What every operation answers for its method on every version, beside the table.
#[derive(Default)]
struct Compare {
    names: Vec<&'static str>,
}

impl Visitor for Compare {
    fn visit<R: Request<Response: Send> + Send + 'static>(&mut self, name: &'static str, request: R) {
        let operation = OPERATIONS.iter().find(|operation| operation.name == name).expect(name);
        for version in shown() {
            match (request.method(version), operation.method(version)) {
                (Ok(method), Some(expected)) => assert_eq!(method, expected, "{name} on {version}"),
                (Err(NotInVersion { available, .. }), None) => {
                    for method in operation.methods {
                        assert!(available.contains(&method.to_string()), "{name} on {version}: {available}");
                    }
                }
                (found, expected) => panic!("{name} on {version}: {found:?}, {expected:?} in the table"),
            }
        }
        self.names.push(name);
    }
}

#[test]
fn operations_and_table_agree_and_refusals_name_the_versions() {
    let mut compare = Compare::default();
    visit_all(&mut compare);
    let listed: Vec<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
    assert_eq!(compare.names, listed);
}

struct OnlyTheHash;

impl Visitor for OnlyTheHash {
    fn visit<R: Request<Response: Send> + Send + 'static>(&mut self, name: &'static str, request: R) {
        let refused = request.method(ProtocolVersion::V1_7).unwrap_err().to_string();
        assert!(refused.contains("scripthash"), "{name}: {refused}");
        assert!(refused.contains("before 1.7"), "{name}: {refused}");
        assert!(request.method(ProtocolVersion::V1_6).is_ok(), "{name}");
    }
}

#[test]
fn a_mere_scripthash_is_refused_from_1_7_on_with_the_reason() {
    visit_with_script(&mut OnlyTheHash, &ScriptRef::Hash(script().scripthash()));
}

/// Compares the table in the documentation; with `UPDATE_DOCS` set, writes it.
#[test]
fn the_documented_table_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/docs/operations.md");
    let expected = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "docs/operations.md is not up to date: run the tests with UPDATE_DOCS=1");
}

fn document() -> String {
    let mut out = String::from(
        "# Operations and the methods that serve them\n\n\
         Which method is sent for an operation on each protocol version; – where there is none, and the operation is refused before\n\
         anything is written. This page is written by a test from the same constants as the operations themselves\n\
         (`UPDATE_DOCS=1 cargo test -p electrum-proto --test operations`). Versions in between are served as the one before them: 1.4.1 as 1.4,\n\
         1.4.3 and 1.5 as 1.4.2. A script of which only the hash is known is served up to 1.6.\n\n",
    );
    out.push_str("| operation |");
    for version in shown() {
        write!(out, " {version} |").unwrap();
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(shown().count()));
    out.push('\n');
    for operation in OPERATIONS {
        write!(out, "| `{}` |", operation.name).unwrap();
        let mut before = None;
        for version in shown() {
            let method = operation.method(version);
            match method {
                None => out.push_str(" – |"),
                Some(_) if method == before => out.push_str(" ← |"),
                Some(name) => write!(out, " `{name}` |").unwrap(),
            }
            before = method;
        }
        out.push('\n');
    }
    out.push_str(
        "\n← is the method to its left. `Raw` sends what it is given on every version, and `server.version` is sent by the client itself,\n\
         once on every connection and before anything else.\n",
    );
    out
}
