//! The page with the figures, `docs/bdk.md`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use real_servers::Kind;

use crate::chain::WalletChain;
use crate::proxy::Counts;
use crate::rival::Rival;

/// One rival on one wallet and one server.
#[derive(Debug)]
pub(crate) struct Row {
    scripts: u32,
    transactions: u32,
    kind: Kind,
    round_trip: Duration,
    pub(crate) rival: Rival,
    /// The first scan, the sync with nothing new, the sync after one transaction.
    pub(crate) cells: Vec<Cell>,
}

#[derive(Debug)]
pub(crate) enum Cell {
    Done {
        counts: Counts,
        seconds: f64,
        peak: u64,
    },
    /// It took too long, and had asked for so many transactions by then.
    Stopped {
        transactions: u64,
    },
}

impl Row {
    pub(crate) const fn new(chain: &WalletChain, kind: Kind, round_trip: Duration, rival: Rival) -> Self {
        Self { scripts: chain.scripts, transactions: chain.transactions, kind, round_trip, rival, cells: Vec::new() }
    }
}

const INTRODUCTION: &str = "\
# Syncing BDK wallets

One run of `cargo run --release -p real-servers --example bdk_comparison`, which wrote this page: wallets on bitcoind and ElectrumX on the
same machine, with nothing between but a proxy that counts. Each way to sync runs in a process of its own. After each step all of them had the
same transactions, byte by byte, the same anchors and the same tip; otherwise the run fails. The wallet asks for no previous
outputs; the stop gap is 20, and `bdk_electrum` asks for 100 histories at once.

A round trip begins with a request that was sent after an answer of the round trip before it had come. On one machine answers come
while others are still asked for, so that the figure of a client that keeps requests in flight is too high; it is right where the server
is some milliseconds away, for which the proxy holds all bytes back. `server.version` is not counted. Memory is the peak of the process since
its start, the wallet's own included.

The scripts of a followed wallet end with the stop gap, counted from the last one that is used or was revealed when the request was made. A
wallet that hands out more addresses says so with `Follow::reveal`, which subscribes every script up to that one, and the gap after it: the
server must serve as many subscriptions. A keychain of which the request lists only a part ends with that part.
";

/// The three steps.
const STEPS: [&str; 3] = ["first scan", "sync, nothing new", "sync, one new transaction"];

/// Writes the page.
pub(crate) fn write(rows: &[Row], limit: u64) {
    let mut text = INTRODUCTION.to_owned();
    let mut heading = String::new();
    for row in rows {
        let distance = match row.round_trip.as_millis() {
            0 => String::new(),
            milliseconds => format!(", {milliseconds} ms away"),
        };
        let next = format!(
            "\n## {} scripts, {} transactions, {}{distance}\n\n{}\n\n",
            grouped(row.scripts.into()),
            grouped(row.transactions.into()),
            row.kind.software(),
            if row.kind.pads() { "It holds small answers back." } else { "It answers at once." },
        );
        if next != heading {
            text.push_str(&next);
            text.push_str("| | step | seconds | requests | kB sent | kB received | round trips | peak MB |\n");
            text.push_str("|---|---|---:|---:|---:|---:|---:|---:|\n");
            heading = next;
        }
        for (step, cell) in STEPS.iter().zip(&row.cells) {
            let name = row.rival.name();
            match cell {
                Cell::Done { counts, seconds, peak } => writeln!(
                    text,
                    "| {name} | {step} | {seconds:.3} | {} | {} | {} | {} | {} |",
                    grouped(counts.requests),
                    grouped(counts.sent.div_ceil(1000)),
                    grouped(counts.received.div_ceil(1000)),
                    grouped(counts.round_trips),
                    peak.div_ceil(1_000_000),
                ),
                Cell::Stopped { transactions } if *transactions > 0 => writeln!(
                    text,
                    "| {name} | {step} | more than {limit}: stopped, with {} transactions | | | | | |",
                    grouped(*transactions),
                ),
                Cell::Stopped { .. } => writeln!(text, "| {name} | {step} | not run | | | | | |"),
            }
            .expect("a string takes all");
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/bdk.md");
    fs::write(path, text).expect("the page can be written");
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
