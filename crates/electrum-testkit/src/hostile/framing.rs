//! Servers whose bytes are no messages.

use std::time::Duration;

use super::entry::{
    Ask, CANNOT_BE, CLOSED, Entry, Expect, NO_JSON_ARRAY, RIGHT, SILENT, TOO_LONG, Timeout, after_handshake, entry,
    line, once, right,
};
use crate::scripted::Step;

const NO_JSON: Expect = Expect::Dropped("malformed", "no JSON");
const NOT_UTF8: Expect = Expect::Dropped("malformed", "not UTF-8");
const MEGABYTE: usize = 1 << 20;

pub(super) const ALL: &[Entry] = &[
    entry("endless_line", "answers with a line without an end", TOO_LONG, || once([Step::Flood(vec![b'x'; 65_536])])),
    entry("endless_space", "sends spaces without an end", TOO_LONG, || once([Step::Flood(vec![b' '; 65_536])])),
    entry("line_of_64_megabytes", "answers with one string of 64 MB", TOO_LONG, || {
        once([
            Step::SendText(r#"{"id":$id,"result":""#.into()),
            Step::Repeat(vec![b'a'; MEGABYTE], 64),
            Step::send("\"}\n"),
        ])
    }),
    entry("padded_to_14_megabytes", "pads its answer with 14 MB of spaces", Expect::Answer, || {
        once([
            Step::SendText(r#"{"id":$id,"result":$result"#.into()),
            Step::Repeat(vec![b' '; MEGABYTE], 14),
            Step::send("}\n"),
        ])
    }),
    entry("deep_nesting", "answers with a million arrays inside each other", CANNOT_BE, || {
        let (open, close) = ("[".repeat(1_000_000), "]".repeat(1_000_000));
        line(format!("{{\"id\":$id,\"result\":{open}{close}}}"))
    }),
    entry(
        "deep_nesting_aside",
        "hides a million objects inside each other in a member that is not read",
        Expect::Error("nested too deeply"),
        || {
            let (open, close) = ("{\"a\":".repeat(1_000_000), "}".repeat(1_000_000));
            line(format!("{{\"id\":$id,\"result\":{{\"confirmed\":1,\"unconfirmed\":0,\"x\":{open}0{close}}}}}"))
        },
    ),
    entry("deep_nesting_cut", "opens a million arrays and closes none", NO_JSON_ARRAY, || line("[".repeat(1_000_000))),
    entry("bad_utf8", "answers with bytes that are no UTF-8", NOT_UTF8, || {
        once([Step::send(*b"{\"id\":1,\"result\":\"\xff\xfe\xc0\x80\"}\n")])
    }),
    entry("bad_utf8_at_the_end", "sends 15 MB of text and then bytes that are no UTF-8", NOT_UTF8, || {
        once([Step::Repeat(vec![b'a'; MEGABYTE], 15), Step::send(*b"\xed\xa0\x80\n")])
    }),
    entry("nul_bytes", "sends NUL bytes between its lines", NO_JSON, || once([Step::send([0; 64]), right()])),
    entry("byte_order_mark", "begins its line with a byte order mark", NO_JSON, || line(format!("\u{feff}{RIGHT}"))),
    entry("two_in_a_line", "puts two messages on one line", NO_JSON, || line(format!("{RIGHT}{RIGHT}"))),
    entry("cut_line", "closes in the middle of its answer", Expect::Dropped("closed", "closed the connection"), || {
        after_handshake([Step::Line, Step::SendText(r#"{"id":$id,"result":{"conf"#.into()), Step::Close])
    }),
    entry(
        "reset_in_a_line",
        "resets the connection in the middle of its answer",
        Expect::Dropped("reset", "broke"),
        || after_handshake([Step::Line, Step::SendText(r#"{"id":$id,"result":{"conf"#.into()), Step::Reset]),
    ),
    entry("last_words", "closes after its answer, and leaves the line without an end", CLOSED, || {
        after_handshake([Step::Line, Step::SendText(RIGHT.into()), Step::Close])
    }),
    entry("cut_character", "pauses in the middle of a character", Expect::Answer, || {
        let pause = Step::Wait(Duration::from_millis(50));
        let begin = Step::SendText(r#"{"id":$id,"result":$result,"x":""#.into());
        once([begin, Step::send([0xe2]), pause.clone(), Step::send([0x82]), pause, Step::send(*b"\xac\"}\n")])
    }),
    entry("dripping", "sends the bytes of its answer one by one", Expect::Answer, || {
        let (before, after) = (vec![b' '; 50], vec![b' '; 50]);
        let apart = Duration::from_millis(2);
        once([Step::Drip(before, apart), right(), Step::Drip(after, apart)])
    }),
    Entry {
        short: &[Timeout::Silence],
        ..entry("dripping_for_ever", "sends a space now and then instead of an answer", SILENT, || {
            once([Step::Drip(vec![b' '; 10_000], Duration::from_millis(50))])
        })
    },
    entry("empty_lines", "sends a million empty lines before its answer", Expect::Answer, || {
        once([Step::Repeat(vec![b'\n'; 1000], 1000), right()])
    }),
    entry("blank_lines", "ends lines with CR LF, and sends blank ones in between", Expect::Answer, || {
        once([Step::Repeat(b"\r\n  \t \r\n".to_vec(), 1000), Step::SendText(format!("\t {RIGHT} \r\n"))])
    }),
    Entry {
        ask: Ask::Banner,
        ..entry(
            "control_characters",
            "puts bare control characters into a string",
            Expect::Error("control character"),
            || line("{\"id\":$id,\"result\":\"a\u{0}b\u{1}\u{1b}[2J\"}"),
        )
    },
];
