//! Configurations, requests and topics, drawn from a trace.

use std::time::Duration;

use electrum_proto::operations::Raw;
use electrum_proto::types::OutPoint;
use electrum_proto::{Backoff, Config, Limits, Offer, Script, Timeouts, Topic, VersionRange};
use serde_json::Value;

use super::methods::{AnyRequest, RAW_PREFIX};
use super::trace::Trace;

/// The hash of the first block of every simulated server's chain, except for servers of another chain.
pub const GENESIS: &str = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";

/// The versions that ranges are made of.
pub(super) const VERSIONS: [&str; 7] = ["1.4", "1.7", "1.1", "1.2", "1.3", "1.4.2", "1.6"];

/// Draws a range of versions.
pub(super) fn range(trace: &mut Trace) -> VersionRange {
    let (a, b) = (trace.pick(&VERSIONS), trace.pick(&VERSIONS[1..]));
    // All of these are versions, and one of the two orders is right.
    let parse = |a: &str, b: &str| format!("{a}..{b}").parse().ok();
    parse(a, b).or_else(|| parse(b, a)).unwrap_or_default()
}

/// Draws an offer: a range, or one version.
fn offer(trace: &mut Trace) -> Offer {
    let range = range(trace);
    if trace.chance(300) { Offer::Single(range.max()) } else { Offer::Range(range) }
}

/// Draws a configuration with any sensible values.
#[must_use]
pub fn config(trace: &mut Trace) -> Config {
    let mut config = Config { seed: u64::from(trace.below(u32::MAX)), ..Config::default() };
    if trace.chance(400) {
        config.versions = range(trace);
    }
    if trace.chance(150) {
        config.offers = (0..1 + trace.below(2)).map(|_| offer(trace)).collect();
    }
    if trace.chance(250) {
        config.genesis_hash = GENESIS.parse().ok();
    }
    config.servers = 1 + trace.index(3);
    if trace.chance(500) {
        config.timeouts = timeouts(trace);
    }
    if trace.chance(500) {
        config.limits = limits(trace);
    }
    if trace.chance(500) {
        config.backoff = backoff(trace);
    }
    config.resubscribe_window = trace.pick(&[500, 1, 2]);
    config.nudge = !trace.chance(200);
    config.padding = trace.chance(200);
    config
}

fn timeouts(trace: &mut Trace) -> Timeouts {
    let mut time = |choices: &[u64]| Duration::from_millis(trace.pick(choices));
    Timeouts {
        connect: time(&[10_000, 1, 1_000]),
        handshake: time(&[15_000, 100, 2_000]),
        request: time(&[30_000, 100, 2_000, 90_000]),
        ping_idle: time(&[60_000, 500, 5_000]),
        pong: time(&[20_000, 200, 2_000, 70_000]),
    }
}

fn limits(trace: &mut Trace) -> Limits {
    Limits {
        line: trace.pick(&[16 << 20, 2_000, 10_000]),
        line_before_ready: trace.pick(&[64 << 10, 1_000]),
        outgoing: trace.pick(&[32 << 20, 400, 2_000]),
        in_flight: trace.pick(&[100_000, 1, 3, 10]),
        subscriptions: trace.pick(&[100_000, 1, 3]),
        unknown_replies: trace.pick(&[1_000, 0, 3]),
        busy_replies: trace.pick(&[16, 0, 2]),
    }
}

fn backoff(trace: &mut Trace) -> Backoff {
    let mut time = |choices: &[u64]| Duration::from_millis(trace.pick(choices));
    Backoff {
        reconnect: time(&[50, 1, 500]),
        initial: time(&[500, 1, 3_000]),
        cap: time(&[60_000, 1, 3_000]),
        stable_after: time(&[60_000, 1, 5_000]),
        set_aside: time(&[600_000, 1, 5_000]),
        jitter_permille: trace.pick(&[250, 0, 1000]),
    }
}

/// Draws a request. Raw ones carry `serial`, so that no two are equal.
pub fn request(trace: &mut Trace, serial: u32) -> AnyRequest {
    match trace.below(8) {
        5 => AnyRequest::Ping,
        6 => AnyRequest::Banner,
        7 => AnyRequest::Features,
        odd => {
            let mut params = vec![Value::from(serial)];
            if odd > 1 {
                params.push(value(trace, 2));
            }
            let name = trace.pick(&["get", "é\n\"x\"\\", "a b\u{1}", ""]);
            AnyRequest::Raw(Raw::new(format!("{RAW_PREFIX}{name}"), params))
        }
    }
}

/// Draws any JSON value, at most `depth` levels deep.
pub fn value(trace: &mut Trace, depth: u32) -> Value {
    match trace.below(if depth > 0 { 8 } else { 6 }) {
        0 => Value::Null,
        1 => Value::Bool(trace.chance(500)),
        2 => Value::from(i64::from(trace.below(u32::MAX)) - (1 << 30)),
        3 => Value::from("\n\r\u{2028}\"\\\u{0}é"),
        4 => Value::from("x".repeat(trace.index(300))),
        5 => Value::from(f64::from(trace.below(u32::MAX)) / 7.0),
        6 => (0..trace.below(3)).map(|_| value(trace, depth - 1)).collect(),
        _ => Value::Object((0..trace.below(3)).map(|i| (format!("{i}\n"), value(trace, depth - 1))).collect()),
    }
}

/// The number of topics.
pub(super) const TOPICS: usize = 7;

/// The transaction whose first output is a topic.
pub(super) const TXID: &str = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";

/// Returns the topic at `index`. The topic 5 is the hash of the script of topic 4.
pub(super) fn topic(index: usize) -> Topic {
    match index {
        0 => Topic::Script(script(0)),
        1 => Topic::Headers,
        2 => Topic::Raw { method: format!("{RAW_PREFIX}changes"), params: vec!["a".into()] },
        5 => Topic::ScriptHash(script(4).scripthash()),
        6 => match TXID.parse() {
            Ok(txid) => Topic::OutPoint { outpoint: OutPoint { txid, vout: 0 }, script: script(6) },
            Err(_) => Topic::Headers,
        },
        _ => Topic::Script(script(index as u8)),
    }
}

/// Returns a script that contains this number.
pub(super) fn script(index: u8) -> Script {
    Script::new([0x51, index])
}
