//! Decoding is total: whatever a server answers to whatever operation on whatever version, nothing panics.

use electrum_proto::json::RawJson;
use electrum_proto::{ProtocolVersion, Request};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::all::{Visitor, visit_all};
use crate::versions::VERSIONS;

/// With one that no document lists.
fn versions() -> impl Iterator<Item = ProtocolVersion> {
    VERSIONS.into_iter().chain([ProtocolVersion::new(1, 5, 0)])
}

/// Keys that some operation looks for.
const KEYS: &[&str] = &[
    "confirmed",
    "unconfirmed",
    "tx_hash",
    "height",
    "fee",
    "history",
    "utxos",
    "tx_pos",
    "value",
    "hex",
    "count",
    "max",
    "headers",
    "branch",
    "root",
    "header",
    "block_height",
    "pos",
    "merkle",
    "txid",
    "wtxid",
    "allowed",
    "reason",
    "success",
    "errors",
    "error",
    "data",
    "genesis_hash",
    "hosts",
    "pruning",
    "server_version",
    "protocol_min",
    "protocol_max",
    "funder_height",
    "spender_txhash",
    "spender_height",
    "version",
    "prev_block_hash",
    "merkle_root",
    "timestamp",
    "bits",
    "nonce",
    "vsize",
    "minrelaytxfee",
    "mempoolminfee",
    "incrementalrelayfee",
    "tcp_port",
];

const TEXTS: &[&str] = &[
    "",
    "00",
    "0",
    "zz",
    "\u{0}",
    "é",
    "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc38\
     88a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c",
];

fn number() -> impl Strategy<Value = String> {
    let extremes = [
        "0",
        "-0",
        "-1",
        "1",
        "5",
        "2100000000000000",
        "2100000000000001",
        "4294967296",
        "-2147483649",
        "18446744073709551616",
        "99999999999999999999999999999999999999999",
        "1e-05",
        "1E400",
        "-1e-400",
        "0.000000000000000000000000000000000000000000001",
        "1e99999999999999999999",
    ];
    prop_oneof![
        select(extremes.to_vec()).prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_filter("JSON has no such number", |n| n.is_finite()).prop_map(|number| number.to_string()),
    ]
}

/// The text of a JSON value that resembles results.
fn json() -> impl Strategy<Value = String> {
    let quoted = |text: &str| Value::from(text).to_string();
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        number(),
        select(TEXTS.to_vec()).prop_map(quoted),
        any::<String>().prop_map(move |text| quoted(&text)),
    ];
    let key = || prop_oneof![9 => select(KEYS.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        let member = (key(), inner.clone()).prop_map(|(key, value)| format!("{}:{value}", Value::from(key)));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|list| format!("[{}]", list.join(","))),
            prop::collection::vec(member, 0..8).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

struct Decode<'a>(&'a str);

impl Visitor for Decode<'_> {
    fn visit<R: Request<Response: Send> + Send + 'static>(&mut self, _: &'static str, request: R) {
        for version in versions() {
            // Refused or not: what matters is that it comes back.
            let _ = request.decode(version, RawJson::new(self.0));
        }
    }
}

/// What all operations accept must be JSON.
struct AcceptsOnlyJson<'a>(&'a str);

impl Visitor for AcceptsOnlyJson<'_> {
    fn visit<R: Request<Response: Send> + Send + 'static>(&mut self, name: &'static str, request: R) {
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(self.0).is_ok();
        for version in versions() {
            let accepted = request.decode(version, RawJson::new(self.0)).is_ok();
            // What is passed over is not read closely: the inside of strings may be anything there.
            assert!(
                is_json || !accepted || self.0.contains('\\') || self.0.contains(char::is_control),
                "{name}: {}",
                self.0
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json(text in json()) {
        visit_all(&mut Decode(&text));
    }

    #[test]
    fn json_with_a_fault(text in json(), at in 0.0..1.0, piece in select(vec!["", "\"", "}", "[", ",", "1", "\\", ":"])) {
        let mut at = (text.len() as f64 * at) as usize;
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let (start, end) = text.split_at(at);
        visit_all(&mut AcceptsOnlyJson(&format!("{start}{piece}{end}")));
        visit_all(&mut AcceptsOnlyJson(start));
    }

    #[test]
    fn any_text(text in any::<String>()) {
        visit_all(&mut AcceptsOnlyJson(&text));
    }
}

#[test]
fn brackets_without_end_do_not_exhaust_the_stack() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{\"history\":[{\"x\":", "}]}")] {
        let deep = format!("{}1{}", open.repeat(20_000), close.repeat(20_000));
        visit_all(&mut Decode(&deep));
        visit_all(&mut Decode(&open.repeat(20_000)));
    }
}
