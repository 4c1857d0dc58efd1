//! How bytes become lines, with a limit that is easily reached.

use electrum_proto::json::Message;
use electrum_proto::{Config, Limits};

use crate::session::Session;
use crate::strict;

/// The first byte and one are the limit, the rest is the server's. Nothing was asked, so each line is unknown, or the end.
pub fn line(data: &[u8]) {
    let [limit, bytes @ ..] = data else { return };
    let limit = usize::from(*limit) + 1;
    let limits = Limits { line: limit, unknown_replies: usize::MAX, ..Limits::default() };
    let mut session = Session::ready(Config { limits, ..Config::default() }, "1.4");
    let emitted = session.read(bytes);

    let expected = Expected::of(bytes, limit);
    let unknown = emitted.iter().filter(|word| word.starts_with("unknown ")).count();
    let ends = emitted.iter().filter(|word| word.starts_with("down ")).count();
    if expected.is_open {
        assert!(unknown >= expected.unknown && ends <= 1, "{emitted:#?}");
    } else {
        assert_eq!((unknown, ends), (expected.unknown, usize::from(expected.ends)), "{emitted:#?}");
    }
}

/// What must come of the bytes, found by splitting them at newlines.
#[derive(Default)]
struct Expected {
    /// Messages that were not asked for.
    unknown: usize,
    /// The link does not outlive them.
    ends: bool,
    /// An array that is no JSON to the letter: how many of its elements count is for the machine to say.
    is_open: bool,
}

impl Expected {
    fn of(bytes: &[u8], limit: usize) -> Self {
        let mut expected = Self::default();
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        let rest = lines.pop().unwrap_or_default();
        for line in lines {
            if expected.ends || expected.is_open {
                return expected;
            }
            match std::str::from_utf8(line) {
                Ok(text) if line.len() <= limit => expected.line(text),
                _ => expected.ends = true,
            }
        }
        expected.ends |= rest.len() > limit;
        expected
    }

    fn line(&mut self, line: &str) {
        let text = line.trim_matches([' ', '\t', '\r']);
        if text.starts_with('[') {
            match strict::elements(text) {
                Some(elements) => elements.into_iter().for_each(|element| self.message(element)),
                None => self.is_open = true,
            }
        } else if !text.is_empty() {
            self.message(text);
        }
    }

    fn message(&mut self, text: &str) {
        if self.ends {
        } else if Message::parse(text.as_bytes()).is_ok() {
            self.unknown += 1;
        } else {
            self.ends = true;
        }
    }
}
