//! Servers that send notifications which no client subscribed to.

use super::entry::{Ask, Entry, Expect, RIGHT, Timeout, after_handshake, once, refuses, right};
use super::honest::{chain, scripthash, status, tip};
use crate::scripted::Step;

const SCRIPT: &str = "blockchain.scripthash.subscribe";
const HEADERS: &str = "blockchain.headers.subscribe";

pub(super) const ALL: &[Entry] = &[
    entry("unsubscribed_notifications", "notifies of 200 000 changes that were not subscribed", Ask::Balance, || {
        let strange = notification(SCRIPT, &format!("[\"{}\",null]", "0".repeat(64)));
        once([Step::Repeat(strange.repeat(100).into_bytes(), 2000), right()])
    }),
    entry("notifications_without_method", "notifies of methods that do not exist, at length", Ask::Balance, || {
        let odd = [notification("", "[]"), notification("\\u0000", "null"), notification(&"x".repeat(1_000_000), "{}")];
        once([Step::send(odd.concat()), right()])
    }),
    Entry {
        expect: Expect::Overrun("did not answer in time"),
        short: &[Timeout::Answer],
        ..entry(
            "notifications_without_end",
            "notifies of changes without an end instead of answering",
            Ask::Balance,
            || once([Step::Flood(notification(SCRIPT, "[\"x\",null]").repeat(1000).into_bytes())]),
        )
    },
    entry("changes_of_odd_shape", "notifies of the script's changes in all wrong shapes", Ask::WatchScript, || {
        let ours = scripthash();
        let shapes = ["null", "{}", "5", "[]", "[[]]", "[null,null]", "\"x\"", "{\"scripthash\":1}"].map(str::to_owned);
        let statuses = ["5", "\"abcd\"", "[]", "{}", "true", "\"é\"", "1e999999999"];
        let statuses = statuses.map(|status| format!("[\"{ours}\",{status}]"));
        let alone = [format!("[\"{ours}\"]"), format!("[\"{}\",null]", &ours[1..])];
        let all = shapes.iter().chain(&statuses).chain(&alone);
        once([right(), Step::send(all.map(|params| notification(SCRIPT, params)).collect::<String>() + BARE)])
    }),
    entry("changes_by_the_hundred_thousand", "notifies of 200 000 changes of the script", Ask::WatchScript, || {
        let change = |digit: &str| notification(SCRIPT, &format!("[\"{}\",\"{}\"]", scripthash(), digit.repeat(64)));
        let flood = (change("a") + &change("b")).repeat(100);
        let last = notification(SCRIPT, &format!("[\"{}\",\"{}\"]", scripthash(), status()));
        once([right(), Step::Repeat(flood.into_bytes(), 1000), Step::send(last)])
    }),
    entry(
        "change_before_the_answer",
        "notifies of a change before it answers with what was before it",
        Ask::WatchScript,
        || {
            let change = notification(SCRIPT, &format!("[\"{}\",\"{}\"]", scripthash(), status()));
            let stale = format!("{{\"id\":$id,\"result\":\"{}\"}}", "0".repeat(64));
            once([Step::send(change), Step::SendLine(stale)])
        },
    ),
    entry("blocks_of_odd_shape", "notifies of blocks in all wrong shapes", Ask::WatchTip, || {
        let hex = chain().tip().to_hex();
        let header = |hex: &str, height: &str| format!("[{{\"hex\":\"{hex}\",\"height\":{height}}}]");
        let heights = ["-1", "4294967296", "1e999999999", "9223372036854775808", "\"1\"", "null", "0.5"];
        let heights = heights.map(|height| header(&hex, height));
        let headers = ["", "00", "é", &hex[2..], &hex.repeat(2)].map(|hex| header(hex, "112"));
        let others = ["[]", "null", "[5]", "[[]]", "{}", "[{\"height\":112}]"].map(str::to_owned);
        let all = heights.iter().chain(&headers).chain(&others);
        once([right(), Step::send(all.map(|params| notification(HEADERS, params)).collect::<String>())])
    }),
    entry("blocks_by_the_hundred_thousand", "notifies of 100 000 blocks", Ask::WatchTip, || {
        let hex = chain().tip().to_hex();
        let block = |height: u32| notification(HEADERS, &format!("[{{\"hex\":\"{hex}\",\"height\":{height}}}]"));
        let flood = (0..100).map(block).collect::<String>();
        once([
            right(),
            Step::Repeat(flood.into_bytes(), 1000),
            Step::send(notification(HEADERS, &format!("[{}]", tip()))),
        ])
    }),
    Entry {
        expect: Expect::Error("subscribe elsewhere"),
        ..entry("subscription_refused", "refuses the subscription", Ask::WatchScript, || {
            once([Step::error(1, "subscribe elsewhere")])
        })
    },
    Entry {
        expect: Expect::Error("so long"),
        ..entry("refusals_at_length", "refuses a hundred subscriptions in 1 MB of words each", Ask::WatchMany, || {
            refuses(100, &Step::error(1, &format!("so long{}", "!".repeat(1_000_000))))
        })
    },
    entry("notification_of_12_megabytes", "notifies of six million zeros at once", Ask::WatchRaw, || {
        let zeros = format!("[{}]", vec!["0"; 6_000_000].join(","));
        after_handshake([
            Step::Line,
            Step::SendLine(SUBSCRIBED.into()),
            Step::send(notification("hostile.event", &zeros)),
            Step::Serve,
        ])
    }),
    entry("long_notifications", "notifies of 400 things of 300 kB each", Ask::WatchRaw, || {
        let long = notification("hostile.event", &format!("[\"{}\"]", "x".repeat(300_000)));
        after_handshake([
            Step::Line,
            Step::SendLine(SUBSCRIBED.into()),
            Step::Repeat(long.into_bytes(), 400),
            Step::Serve,
        ])
    }),
    entry("array_of_notifications", "notifies of 50 000 changes in one array", Ask::Balance, || {
        let strange = format!("{{\"method\":\"{SCRIPT}\",\"params\":[\"{}\",null]}},", "0".repeat(64));
        once([Step::SendLine(format!("[{}{RIGHT}]", strange.repeat(50_000)))])
    }),
];

/// A notification without parameters.
const BARE: &str = "{\"jsonrpc\":\"2.0\",\"method\":\"blockchain.scripthash.subscribe\"}\n";
/// The answer to the server's own subscription.
const SUBSCRIBED: &str = r#"{"id":$id,"result":"subscribed"}"#;

const fn entry(name: &'static str, does: &'static str, ask: Ask, script: fn() -> Vec<Step>) -> Entry {
    Entry { name, does, ask, expect: Expect::Answer, short: &[], script }
}

fn notification(method: &str, params: &str) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{method}\",\"params\":{params}}}\n")
}
