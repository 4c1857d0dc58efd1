//! Servers whose results cannot be right.

use super::entry::{Ask, CANNOT_BE, Entry, Expect, line, once};
use super::honest::{chain, txid};
use crate::chain::script;
use crate::hash::Hash256;
use crate::scripted::Step;

pub(super) const ALL: &[Entry] = &[
    // Balances.
    lie("exponent", "gives an amount as 1e999999999", Ask::Balance, || balance("1e999999999")),
    says("satoshi cannot be", "negative_amount", "gives a confirmed amount below zero", Ask::Balance, || balance("-1")),
    lie("wrapped_amount", "gives an amount that wrapped below zero", Ask::Balance, || balance("18446744073708651616")),
    says(
        "more than all 21 million coins",
        "beyond_supply",
        "gives more satoshi than there can be",
        Ask::Balance,
        || balance("2100000000000001"),
    ),
    lie("fraction", "gives half a satoshi", Ask::Balance, || balance("0.5")),
    lie("amount_as_string", "gives an amount as a string", Ask::Balance, || balance("\"70000\"")),
    lie("amount_as_null", "gives null for an amount", Ask::Balance, || balance("null")),
    lie("ten_million_digits", "gives an amount of ten million digits", Ask::Balance, || {
        balance(&"9".repeat(10_000_000))
    }),
    lie("key_of_10_megabytes", "goes wrong behind a key of 10 MB", Ask::Balance, || {
        result(&format!("{{\"{}\":nul}}", "k".repeat(10_000_000)))
    }),
    lie("half_a_balance", "leaves one of two amounts out", Ask::Balance, || result(r#"{"confirmed":1}"#)),
    lie("text_for_an_object", "answers with what is no JSON inside its brackets", Ask::Balance, || {
        result(r#"{"confirmed":70000,"unconfirmed":nul}"#)
    }),
    Entry {
        expect: Expect::Answer,
        ..lie("member_twice", "gives an amount twice, of which the last counts", Ask::Balance, || {
            result(r#"{"confirmed":1,"confirmed":70000,"unconfirmed":5000}"#)
        })
    },
    // Headers.
    says("there are 1", "four_billion_headers", "claims 4294967295 headers and gives one", Ask::Headers, || {
        headers("4294967295", 1)
    }),
    lie("endless_headers", "claims 1e999999999 headers", Ask::Headers, || headers("1e999999999", 1)),
    lie("fewer_than_none", "claims -1 headers", Ask::Headers, || headers("-1", 1)),
    says("2016 were asked for", "one_too_many", "gives 2017 headers", Ask::Headers, || headers("2017", 2017)),
    says("2016 were asked for", "too_many_headers", "gives 80 000 headers", Ask::Headers, || headers("80000", 80_000)),
    says(
        "as the one before it",
        "unlinked_headers",
        "gives headers that do not follow from each other",
        Ask::Headers,
        || headers("2", 2),
    ),
    says("digits are no whole number of headers", "half_a_header", "cuts a header in two", Ask::Headers, || {
        result(&format!("{{\"count\":1,\"max\":2016,\"hex\":\"{}\"}}", "0".repeat(159)))
    }),
    says(
        "digits are no whole number of headers",
        "no_hex",
        "gives a header in letters that are no digits",
        Ask::Headers,
        || result(&format!("{{\"count\":1,\"max\":2016,\"hex\":\"{}\"}}", "zé".repeat(80))),
    ),
    // Histories.
    says("out of range", "height_beyond_numbers", "gives a height of 2^63", Ask::History, || {
        history(&["9223372036854775808"])
    }),
    says("-2 is no height", "height_below_all", "gives a height of -2", Ask::History, || history(&["-2"])),
    says("height 5 after height 111", "falling_heights", "gives a history that runs backwards", Ask::History, || {
        history(&["111", "5"])
    }),
    says("after unconfirmed transactions", "mempool_first", "gives the mempool before the chain", Ask::History, || {
        history(&["0", "111"])
    }),
    says("comes twice", "transaction_twice", "gives one transaction twice", Ask::History, || {
        result(&format!("[{0},{0}]", history_entry(&txid().to_string(), "111")))
    }),
    lie("short_hash", "gives a transaction id of 63 digits", Ask::History, || {
        result(&format!("[{}]", history_entry(&"0".repeat(63), "111")))
    }),
    lie("history_of_nothing", "gives a history of five million empty objects", Ask::History, || {
        repeat("{}", 5_000_000)
    }),
    lie("history_of_numbers", "gives a history of seven million zeros", Ask::History, || repeat("0", 7_000_000)),
    // Transactions.
    says("was asked for", "another_transaction", "gives another transaction", Ask::Transaction, || {
        let other = chain().block(1).map(|block| block.transactions[0].to_hex()).unwrap_or_default();
        result(&format!("\"{other}\""))
    }),
    says("cut off", "four_billion_inputs", "gives a transaction that claims 2^64 - 1 inputs", Ask::Transaction, || {
        result("\"01000000ffffffffffffffffff00\"")
    }),
    says(
        "the transaction is cut off",
        "transaction_of_garbage",
        "gives 14 MB of hex that are no transaction",
        Ask::Transaction,
        || {
            once([
                Step::SendText("{\"id\":$id,\"result\":\"".into()),
                Step::Repeat("ff".repeat(500_000).into_bytes(), 14),
                Step::send("\"}\n"),
            ])
        },
    ),
    lie("transaction_in_no_hex", "gives a transaction in letters that are no digits", Ask::Transaction, || {
        result("\"not \\u0068ex\"")
    }),
    // Merkle branches.
    says("111 was asked for", "another_height", "proves a transaction for another block", Ask::Merkle, || {
        merkle("5", "1", 1)
    }),
    says("longer than any tree", "long_branch", "gives a branch of 100 000 hashes", Ask::Merkle, || {
        merkle("111", "1", 100_000)
    }),
    says("does not exist", "place_beyond_the_branch", "gives a place that no block has", Ask::Merkle, || {
        merkle("111", "4294967295", 1)
    }),
    lie("place_beyond_numbers", "gives a place of 2^32", Ask::Merkle, || merkle("111", "4294967296", 1)),
    // Lists of small things.
    // One broken peer spoils itself alone.
    Entry {
        expect: Expect::Answer,
        ..lie("peers_of_nothing", "gives a peer with five million empty features", Ask::Peers, || {
            result(&format!("[[\"1.1.1.1\",\"a\",[{}]]]", vec!["\"\""; 5_000_000].join(",")))
        })
    },
    says("there are more than", "million_peers", "gives a million peers and a half", Ask::Peers, || {
        result(&format!("[{}]", vec!["[\"\",\"\",[]]"; 1_200_000].join(",") + ",[\"\"]"))
    }),
    says("there are more than", "features_of_all_kinds", "says a million things of itself", Ask::Features, || {
        let all: Vec<_> = (0..1_000_000).map(|n| format!("\"{n:06}\":0")).collect();
        result(&format!("{{{}}}", all.join(",")))
    }),
    says("there are more than", "million_hosts", "says that it is reached at a million names", Ask::Features, || {
        result(&format!("{{\"hosts\":{{{}}}}}", vec!["\"\":{}"; 1_000_000].join(",")))
    }),
    says(
        "there are more than",
        "flat_histogram",
        "gives a histogram of two million bins and a half",
        Ask::FeeHistogram,
        || result(&format!("[{}]", vec!["[0,0]"; 2_400_000].join(",") + ",[0]")),
    ),
    // Subscriptions.
    lie("short_status", "gives a status of two bytes", Ask::WatchScript, || result("\"abcd\"")),
    lie("status_as_number", "gives a number as status", Ask::WatchScript, || result("1e999999999")),
    lie("tip_below_all", "gives a tip of height -1", Ask::WatchTip, || {
        result(&format!("{{\"hex\":\"{}\",\"height\":-1}}", chain().tip().to_hex()))
    }),
    lie("tip_without_header", "gives a tip without a header", Ask::WatchTip, || result("{\"height\":111}")),
];

const fn lie(name: &'static str, does: &'static str, ask: Ask, script: fn() -> Vec<Step>) -> Entry {
    Entry { name, does, ask, expect: CANNOT_BE, short: &[], script }
}

/// One whose client says more of what is wrong.
const fn says(
    words: &'static str,
    name: &'static str,
    does: &'static str,
    ask: Ask,
    script: fn() -> Vec<Step>,
) -> Entry {
    Entry { expect: Expect::Error(words), ..lie(name, does, ask, script) }
}

fn result(json: &str) -> Vec<Step> {
    line(format!("{{\"id\":$id,\"result\":{json}}}"))
}

fn balance(confirmed: &str) -> Vec<Step> {
    result(&format!("{{\"confirmed\":{confirmed},\"unconfirmed\":5000}}"))
}

/// The first header, so many times.
fn headers(claimed: &str, given: usize) -> Vec<Step> {
    let first = chain().header(0).map(crate::chain::Header::to_hex).unwrap_or_default();
    result(&format!("{{\"count\":{claimed},\"max\":2016,\"hex\":\"{}\"}}", first.repeat(given)))
}

fn history(heights: &[&str]) -> Vec<Step> {
    let entries = heights.iter().zip(2..).map(|(height, n)| {
        let txid = Hash256::of_script(&script(n)).to_string();
        history_entry(&txid, height)
    });
    result(&format!("[{}]", entries.collect::<Vec<_>>().join(",")))
}

fn history_entry(txid: &str, height: &str) -> String {
    format!("{{\"tx_hash\":\"{txid}\",\"height\":{height}}}")
}

fn repeat(element: &str, count: usize) -> Vec<Step> {
    result(&format!("[{}]", vec![element; count].join(",")))
}

fn merkle(height: &str, place: &str, length: usize) -> Vec<Step> {
    let branch = vec![format!("\"{}\"", Hash256::of_script(&script(9))); length].join(",");
    result(&format!("{{\"block_height\":{height},\"pos\":{place},\"merkle\":[{branch}]}}"))
}
