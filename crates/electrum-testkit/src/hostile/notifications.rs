//! Servers that tell what nobody wants to hear.

use super::honest::{chain, scripthash, status, tip};
use super::{Ask, Entry, Expect, RIGHT, Timeout, after_handshake, once, right};
use crate::scripted::Step;

const SCRIPT: &str = "blockchain.scripthash.subscribe";
const HEADERS: &str = "blockchain.headers.subscribe";

pub(super) const ALL: &[Entry] = &[
    entry("news_for_nobody", "tells of 200 000 changes that were not subscribed", Ask::Balance, || {
        let strange = news(SCRIPT, &format!("[\"{}\",null]", "0".repeat(64)));
        once([Step::Repeat(strange.repeat(100).into_bytes(), 2000), right()])
    }),
    entry("news_without_method", "tells of methods that do not exist, at length", Ask::Balance, || {
        let odd = [news("", "[]"), news("\\u0000", "null"), news(&"x".repeat(1_000_000), "{}")];
        once([Step::send(odd.concat()), right()])
    }),
    Entry {
        expect: Expect::Overrun("did not answer in time"),
        short: &[Timeout::Answer],
        ..entry("news_without_end", "tells of changes without an end instead of answering", Ask::Balance, || {
            once([Step::Flood(news(SCRIPT, "[\"x\",null]").repeat(1000).into_bytes())])
        })
    },
    entry("changes_of_odd_shape", "tells of the script's changes in all wrong shapes", Ask::WatchScript, || {
        let ours = scripthash();
        let shapes = ["null", "{}", "5", "[]", "[[]]", "[null,null]", "\"x\"", "{\"scripthash\":1}"].map(str::to_owned);
        let statuses = ["5", "\"abcd\"", "[]", "{}", "true", "\"é\"", "1e999999999"];
        let statuses = statuses.map(|status| format!("[\"{ours}\",{status}]"));
        let alone = [format!("[\"{ours}\"]"), format!("[\"{}\",null]", &ours[1..])];
        let all = shapes.iter().chain(&statuses).chain(&alone);
        once([right(), Step::send(all.map(|params| news(SCRIPT, params)).collect::<String>() + BARE)])
    }),
    entry("changes_by_the_hundred_thousand", "tells of 200 000 changes of the script", Ask::WatchScript, || {
        let change = |digit: &str| news(SCRIPT, &format!("[\"{}\",\"{}\"]", scripthash(), digit.repeat(64)));
        let flood = (change("a") + &change("b")).repeat(100);
        let last = news(SCRIPT, &format!("[\"{}\",\"{}\"]", scripthash(), status()));
        once([right(), Step::Repeat(flood.into_bytes(), 1000), Step::send(last)])
    }),
    entry(
        "change_before_the_answer",
        "tells of a change before it answers with what was before it",
        Ask::WatchScript,
        || {
            let change = news(SCRIPT, &format!("[\"{}\",\"{}\"]", scripthash(), status()));
            let stale = format!("{{\"id\":$id,\"result\":\"{}\"}}", "0".repeat(64));
            once([Step::send(change), Step::SendLine(stale)])
        },
    ),
    entry("blocks_of_odd_shape", "tells of blocks in all wrong shapes", Ask::WatchTip, || {
        let hex = chain().tip().to_hex();
        let header = |hex: &str, height: &str| format!("[{{\"hex\":\"{hex}\",\"height\":{height}}}]");
        let heights = ["-1", "4294967296", "1e999999999", "9223372036854775808", "\"1\"", "null", "0.5"];
        let heights = heights.map(|height| header(&hex, height));
        let headers = ["", "00", "é", &hex[2..], &hex.repeat(2)].map(|hex| header(hex, "112"));
        let others = ["[]", "null", "[5]", "[[]]", "{}", "[{\"height\":112}]"].map(str::to_owned);
        let all = heights.iter().chain(&headers).chain(&others);
        once([right(), Step::send(all.map(|params| news(HEADERS, params)).collect::<String>())])
    }),
    entry("blocks_by_the_hundred_thousand", "tells of 100 000 blocks", Ask::WatchTip, || {
        let hex = chain().tip().to_hex();
        let block = |height: u32| news(HEADERS, &format!("[{{\"hex\":\"{hex}\",\"height\":{height}}}]"));
        let flood = (0..100).map(block).collect::<String>();
        once([right(), Step::Repeat(flood.into_bytes(), 1000), Step::send(news(HEADERS, &format!("[{}]", tip())))])
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
            let refusal = Step::error(1, &format!("so long{}", "!".repeat(1_000_000)));
            let refusals = (0..100).flat_map(|_| [Step::Line, refusal.clone()]);
            after_handshake(refusals.chain([Step::Serve]))
        })
    },
    entry("news_of_12_megabytes", "tells of six million zeros at once", Ask::WatchNews, || {
        let zeros = format!("[{}]", vec!["0"; 6_000_000].join(","));
        after_handshake([
            Step::Line,
            Step::SendLine(NEWS.into()),
            Step::send(news("hostile.news", &zeros)),
            Step::Serve,
        ])
    }),
    entry("long_news", "tells of 400 things of 300 kB each", Ask::WatchNews, || {
        let long = news("hostile.news", &format!("[\"{}\"]", "x".repeat(300_000)));
        after_handshake([Step::Line, Step::SendLine(NEWS.into()), Step::Repeat(long.into_bytes(), 400), Step::Serve])
    }),
    entry("array_of_news", "tells of 50 000 changes in one array", Ask::Balance, || {
        let strange = format!("{{\"method\":\"{SCRIPT}\",\"params\":[\"{}\",null]}},", "0".repeat(64));
        once([Step::SendLine(format!("[{}{RIGHT}]", strange.repeat(50_000)))])
    }),
];

/// A notification without parameters.
const BARE: &str = "{\"jsonrpc\":\"2.0\",\"method\":\"blockchain.scripthash.subscribe\"}\n";
/// The answer to the server's own subscription.
const NEWS: &str = r#"{"id":$id,"result":"subscribed"}"#;

const fn entry(name: &'static str, does: &'static str, ask: Ask, script: fn() -> Vec<Step>) -> Entry {
    Entry { name, does, ask, expect: Expect::Answer, short: &[], script }
}

fn news(method: &str, params: &str) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{method}\",\"params\":{params}}}\n")
}
