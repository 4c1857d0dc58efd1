//! Servers that are hostile before a version is agreed on.

use std::time::Duration;

use super::entry::{Ask, Entry, Expect, RIGHT, Timeout, after_handshake, entry};
use crate::scripted::Step;

const UNANSWERED: Expect = Expect::NeverReady("timeout", "did not answer the handshake in time");
const NO_PROTOCOL: Expect = Expect::NeverReady("malformed", "does not speak the protocol");
const OUT_OF_RANGE: Expect = Expect::NeverReady("out_of_range", "the server settled on protocol");

pub(super) const ALL: &[Entry] = &[
    silent("mute", "reads and never says a word", || vec![Step::Silence]),
    silent("deaf", "neither reads nor says a word", || vec![Step::Stall]),
    entry("closing", "closes without a byte", Expect::NeverReady("closed", "closed the connection instead"), || {
        vec![Step::Close]
    }),
    entry("resetting", "resets the connection when it is asked", Expect::NeverReady("reset", "broke"), || {
        vec![Step::Line, Step::Reset]
    }),
    entry("refusing", "refuses every version", Expect::NeverReady("refused", "unsupported protocol version"), || {
        vec![Step::Line, Step::error(1, "unsupported protocol version"), Step::Silence]
    }),
    entry("refusing_in_a_string", "refuses with a bare string", Expect::NeverReady("refused", "go away"), || {
        vec![Step::Line, Step::SendLine(r#"{"id":$id,"error":"go away"}"#.into()), Step::Silence]
    }),
    entry("refusing_at_length", "refuses in 60 kB of words", Expect::NeverReady("refused", "no no no"), || {
        vec![Step::Line, Step::error(1, &"no ".repeat(20_000)), Step::Silence]
    }),
    entry("busy", "is too busy for any client", Expect::NeverReady("busy", "server busy"), || {
        vec![Step::Line, Step::error(-102, "server busy"), Step::Silence]
    }),
    entry("older_version", "settles on 1.2, whatever is offered", OUT_OF_RANGE, || result(r#"["Hostile","1.2"]"#)),
    entry("newer_version", "settles on 9.9, whatever is offered", OUT_OF_RANGE, || result(r#"["Hostile","9.9"]"#)),
    entry("no_version", "settles on \"latest\"", NO_PROTOCOL, || result(r#"["Hostile","latest"]"#)),
    entry(
        "version_as_number",
        "gives the version as a number",
        Expect::NeverReady("numeric_version", "as the JSON number 1.4"),
        || result(r#"["Hostile",1.4]"#),
    ),
    entry("huge_version", "gives a version of many digits", NO_PROTOCOL, || {
        result(r#"["Hostile","1.99999999999999999999999999"]"#)
    }),
    entry("version_as_null", "answers null", NO_PROTOCOL, || result("null")),
    entry("third_value", "gives a third value beside software and version", NO_PROTOCOL, || {
        result(r#"["Hostile","1.4",1e999]"#)
    }),
    silent("wrong_id", "answers under another id", || answer(r#"{"id":77777,"result":["Hostile","1.4"]}"#)),
    silent("id_as_string", "answers under the id as a string", || answer(r#"{"id":"$id","result":["Hostile","1.4"]}"#)),
    silent("id_null", "answers under the id null", || answer(r#"{"id":null,"result":["Hostile","1.4"]}"#)),
    silent("late", "answers when it is too late", || {
        vec![Step::Line, Step::Wait(Duration::from_secs(5)), Step::SendLine(RIGHT.into()), Step::Silence]
    }),
    Entry {
        name: "early",
        does: "notifies and answers before it is asked",
        ask: Ask::Balance,
        expect: Expect::Answer,
        short: &[],
        script: || {
            let mut steps = vec![
                Step::send("{\"method\":\"blockchain.headers.subscribe\"}\n"),
                Step::send("{\"id\":99999,\"result\":[\"Hostile\",\"1.7\"]}\n"),
            ];
            steps.extend(after_handshake([Step::Serve]));
            steps
        },
    },
    entry("http", "is a web server", Expect::NeverReady("malformed", "no JSON"), || {
        vec![Step::Line, Step::send("HTTP/1.1 400 Bad Request\r\nContent-Length: 18446744073709551615\r\n\r\n")]
    }),
    entry("endless_greeting", "sends a first line without an end", Expect::NeverReady("malformed", "longer"), || {
        vec![Step::Line, Step::Flood(vec![b'x'; 4096])]
    }),
    silent("chattering", "notifies of blocks without an end instead of answering", || {
        vec![Step::Line, Step::Flood(b"{\"method\":\"blockchain.headers.subscribe\",\"params\":[]}\n".repeat(50))]
    }),
    silent("dripping_greeting", "sends a space now and then instead of an answer", || {
        vec![Step::Line, Step::Drip(vec![b' '; 1000], Duration::from_millis(20))]
    }),
];

/// One that leaves the handshake without an answer.
const fn silent(name: &'static str, does: &'static str, script: fn() -> Vec<Step>) -> Entry {
    Entry { short: &[Timeout::Handshake], ..entry(name, does, UNANSWERED, script) }
}

fn answer(text: &str) -> Vec<Step> {
    vec![Step::Line, Step::SendLine(text.to_owned()), Step::Silence]
}

fn result(json: &str) -> Vec<Step> {
    vec![Step::Line, Step::result(json), Step::Silence]
}
