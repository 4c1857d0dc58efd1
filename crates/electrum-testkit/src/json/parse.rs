//! Reading JSON, strictly or with the extras that Python accepts.

use std::fmt;

use super::Json;

/// Deeper nesting than this is refused, so that a hostile line cannot exhaust the stack.
const MAX_DEPTH: usize = 120;

/// What is accepted beyond the standard.
///
/// # Example
/// ```
/// use electrum_testkit::json::{Json, Leniency, parse};
///
/// assert!(parse("[NaN]", Leniency::Strict).is_err());
/// assert_eq!(parse("[NaN]", Leniency::Python), Ok(Json::array([Json::number("NaN")])));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leniency {
    /// Nothing.
    Strict,
    /// `NaN`, `Infinity` and `-Infinity`, as Python's reader does.
    Python,
}

/// The error of a text that is not JSON.
///
/// # Example
/// ```
/// use electrum_testkit::json::{Leniency, parse};
///
/// let error = parse("[1,]", Leniency::Strict).unwrap_err();
/// assert_eq!(error.at, 3);
/// assert_eq!(error.to_string(), "not JSON at byte 3");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseError {
    /// Where in the text reading stopped.
    pub at: usize,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not JSON at byte {}", self.at)
    }
}

impl std::error::Error for ParseError {}

/// Reads one value that fills the text, white space around it apart.
pub fn parse(text: &str, leniency: Leniency) -> Result<Json, ParseError> {
    let mut reader = Reader { text, at: 0, leniency };
    let value = reader.value(0).and_then(|value| {
        reader.space();
        (reader.at == text.len()).then_some(value)
    });
    value.ok_or(ParseError { at: reader.at })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    leniency: Leniency,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Json> {
        self.space();
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(Json::Text),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            b'N' => self.extra("NaN"),
            b'I' => self.extra("Infinity"),
            b'-' if self.text[self.at..].starts_with("-I") => self.extra("-Infinity"),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        let mut members = Vec::new();
        self.list(depth, b'}', |reader| {
            reader.space();
            let name = reader.string()?;
            reader.space();
            reader.byte(b':')?;
            members.push((name, reader.value(depth + 1)?));
            Some(())
        })?;
        Some(Json::Object(members))
    }

    fn array(&mut self, depth: usize) -> Option<Json> {
        let mut items = Vec::new();
        self.list(depth, b']', |reader| {
            items.push(reader.value(depth + 1)?);
            Some(())
        })?;
        Some(Json::Array(items))
    }

    /// The opening bracket, items between commas, and the closing bracket.
    fn list(&mut self, depth: usize, close: u8, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        if depth >= MAX_DEPTH {
            return None;
        }
        self.at += 1;
        self.space();
        if self.peek()? == close {
            self.at += 1;
            return Some(());
        }
        loop {
            item(self)?;
            self.space();
            match self.peek()? {
                b',' => self.at += 1,
                byte if byte == close => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        self.byte(b'"')?;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c| c == '"' || c == '\\' || c < ' ')?;
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(out);
                }
                b'\\' => out.push(self.escape()?),
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        self.at += 1;
        let kind = self.peek()?;
        self.at += 1;
        Some(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                if !(0xd800..0xdc00).contains(&first) {
                    // A lone low surrogate cannot be held in a string of ours; no server test needs it.
                    return Some(char::from_u32(first).unwrap_or('\u{fffd}'));
                }
                self.byte(b'\\')?;
                self.byte(b'u')?;
                let second = self.unit()?;
                let low = second.checked_sub(0xdc00)?;
                char::from_u32(0x10000 + ((first - 0xd800) << 10) + low)?
            }
            _ => return None,
        })
    }

    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u32::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) -> Option<Json> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.digits()? {
            (first, n) if first == b'0' && n > 1 => return None,
            _ => {}
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(Json::Number(self.text[start..self.at].to_owned()))
    }

    /// The first digit and how many there are; at least one.
    fn digits(&mut self) -> Option<(u8, usize)> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        let first = *self.text.as_bytes().get(start)?;
        (self.at > start).then_some((first, self.at - start))
    }

    fn extra(&mut self, word: &str) -> Option<Json> {
        if self.leniency == Leniency::Strict {
            return None;
        }
        self.word(word, Json::number(word))
    }

    fn word(&mut self, word: &str, value: Json) -> Option<Json> {
        if !self.text[self.at..].starts_with(word) {
            return None;
        }
        self.at += word.len();
        Some(value)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn byte(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_standard_has() {
        let text = r#" {"b":[1,-2.50e+3,true,null],"a":"\u2603\ud83d\ude00\"\n"} "#;
        assert_eq!(
            parse(text, Leniency::Strict).unwrap(),
            Json::object([
                ("b", Json::array([Json::number("1"), Json::number("-2.50e+3"), Json::Bool(true), Json::Null])),
                ("a", Json::text("☃😀\"\n")),
            ])
        );
        assert_eq!(parse("[]", Leniency::Strict).unwrap(), Json::array([]));
    }

    #[test]
    fn refuses_what_it_has_not() {
        let deep = "[".repeat(100_000);
        for text in ["", "{", "[1,]", "{'a':1}", "01", "1 2", "\"\n\"", "NaN", "\"\\ud83d\"", "1.", "-", &deep] {
            assert!(parse(text, Leniency::Strict).is_err(), "{text:.20}");
        }
    }

    #[test]
    fn agrees_with_serde_json_on_every_prefix() {
        let text = r#"{"id":1.5e3,"method":"a\tb","params":[true,{"x":[]},-0.0]}"#;
        for end in 0..=text.len() {
            let prefix = &text[..end];
            let theirs = serde_json::from_str::<serde_json::Value>(prefix).is_ok();
            assert_eq!(parse(prefix, Leniency::Strict).is_ok(), theirs, "{prefix}");
        }
    }

    #[test]
    fn python_reads_more() {
        assert_eq!(parse("-Infinity", Leniency::Python).unwrap(), Json::number("-Infinity"));
        assert_eq!(parse("[NaN]", Leniency::Python).unwrap(), Json::array([Json::number("NaN")]));
    }
}
