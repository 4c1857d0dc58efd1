//! Servers that take too little, give too much, are busy, or never stay.

use std::iter;
use std::time::Duration;

use super::entry::{Ask, Entry, Expect, RIGHT, SILENT, Timeout, after_handshake, once, refuses};
use crate::scripted::Step;

pub(super) const ALL: &[Entry] = &[
    entry("never_reads", "reads nothing more once it has agreed", Ask::Bulk, SILENT, || after_handshake([Step::Stall])),
    entry("falls_mute", "reads, and says nothing more once it has agreed", Ask::Balance, SILENT, || {
        after_handshake([Step::Silence])
    }),
    entry("writes_while_we_write", "writes 32 MB before it reads on", Ask::Bulk, ANSWER, || {
        let notifications = "{\"method\":\"hostile.event\",\"params\":[\"while you write\"]}\n".repeat(1000);
        let count = 32 * 1024 * 1024 / notifications.len();
        after_handshake([
            Step::Line,
            Step::Repeat(notifications.into_bytes(), count),
            Step::SendLine(RIGHT.into()),
            Step::Serve,
        ])
    }),
    entry("reads_late", "reads nothing for a second while much is sent", Ask::Bulk, ANSWER, || {
        after_handshake([Step::Wait(Duration::from_secs(1)), Step::Serve])
    }),
    entry("closes_when_ready", "closes each connection as soon as it has agreed", Ask::Balance, CLOSES, || {
        after_handshake([Step::Close])
    }),
    entry("closes_when_asked", "closes each connection at the first call", Ask::Balance, CLOSES, || {
        after_handshake([Step::Line, Step::Close])
    }),
    entry("resets_when_asked", "resets each connection at the first call", Ask::Balance, RESETS, || {
        after_handshake([Step::Line, Step::Reset])
    }),
    entry(
        "garbage_when_asked",
        "answers the first call on each connection with garbage",
        Ask::Balance,
        GARBAGE,
        || once([Step::send("}{\n")]),
    ),
    entry("closes_on_a_burst", "closes the connection when 20 calls came at once", Ask::Bulk, BURST, || {
        after_handshake(iter::repeat_n(Step::Line, 20).chain([Step::Close]))
    }),
    entry("busy_for_a_call", "says that it is busy instead of answering the first call", Ask::Balance, ANSWER, || {
        once([busy()])
    }),
    entry("busy_for_scripts", "says that it is busy to the first ten subscriptions", Ask::WatchMany, ANSWER, || {
        refuses(10, &busy())
    }),
    entry(
        "not_ready_for_scripts",
        "refuses the first fifty subscriptions for a moment",
        Ask::WatchMany,
        ANSWER,
        || refuses(50, &Step::error(-32603, "unavailable index")),
    ),
    Entry {
        short: &[Timeout::Answer, Timeout::Silence],
        ..entry("no_first_status", "answers everything but the subscription", Ask::WatchScript, UNANSWERED, || once([]))
    },
];

/// The answer of a server that is too busy.
fn busy() -> Step {
    Step::error(-102, "server busy - request timed out")
}

const ANSWER: Expect = Expect::Answer;
const BURST: Expect = Expect::Dropped("closed", "closed the connection");
const UNANSWERED: Expect = Expect::Dropped("timeout", "did not answer in time");

const CLOSES: Expect = Expect::KeepsLosing("closed", "closed the connection");
const RESETS: Expect = Expect::KeepsLosing("reset", "broke");
const GARBAGE: Expect = Expect::KeepsLosing("malformed", "no JSON");

const fn entry(name: &'static str, does: &'static str, ask: Ask, expect: Expect, script: fn() -> Vec<Step>) -> Entry {
    Entry { name, does, ask, expect, short: SILENCE, script }
}

const SILENCE: &[Timeout] = &[Timeout::Silence];
