//! JSON as text: values of servers are shown with their own digits and keys in their own order, never through floats.

use crate::output::is_visible;

/// JSON text in which everything that is not plainly visible is escaped; still the same JSON.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        // Between strings there is nothing beyond ASCII, and no control character but white space.
        if is_visible(c) || matches!(c, '\n' | '\r' | '\t' | ' ') {
            shown.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    shown
}

/// JSON text without white space between its parts, so that it fits on a line.
pub(crate) fn compact(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for token in Tokens(text) {
        shown.push_str(token);
    }
    shown
}

/// JSON text with a line for each member, for people.
pub(crate) fn pretty(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut tokens = Tokens(text).peekable();
    while let Some(token) = tokens.next() {
        match token {
            "{" | "[" => {
                shown.push_str(token);
                if let Some(end) = tokens.next_if(|next| matches!(*next, "}" | "]")) {
                    shown.push_str(end);
                } else {
                    depth += 1;
                    new_line(&mut shown, depth);
                }
            }
            "}" | "]" => {
                depth = depth.saturating_sub(1);
                new_line(&mut shown, depth);
                shown.push_str(token);
            }
            "," => {
                shown.push(',');
                new_line(&mut shown, depth);
            }
            ":" => shown.push_str(": "),
            _ => shown.push_str(token),
        }
    }
    shown
}

fn new_line(shown: &mut String, depth: usize) {
    shown.push('\n');
    shown.extend(std::iter::repeat_n("  ", depth));
}

/// The parts of a text that is known to be JSON: brackets, commas, colons, and whole strings, numbers and words.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let len = match text.as_bytes() {
            [] => return None,
            [b'"', inside @ ..] => string_len(inside) + 1,
            [b'{' | b'}' | b'[' | b']' | b',' | b':', ..] => 1,
            _ => text.find([',', ':', ']', '}', '[', '{', '"', ' ', '\n', '\r', '\t']).unwrap_or(text.len()),
        };
        let (token, rest) = text.split_at(len);
        self.0 = rest;
        Some(token)
    }
}

/// The length of a string from behind its first quote, with its last one.
fn string_len(inside: &[u8]) -> usize {
    let mut is_escaped = false;
    for (at, byte) in inside.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    inside.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const SAMPLE: &str =
        r#" { "b" : [ 1e-05, 18446744073708651616, "a\\\" , [x] : é" , [ ] , {} ] ,"a":null,"n":-0.10}"#;

    #[test]
    fn compact_keeps_digits_order_and_strings() {
        assert_eq!(compact(SAMPLE), r#"{"b":[1e-05,18446744073708651616,"a\\\" , [x] : é",[],{}],"a":null,"n":-0.10}"#);
    }

    #[test]
    fn pretty_is_the_same_json_with_a_member_a_line() {
        assert_eq!(
            pretty(r#"{"a":[1,{"b":[]}],"c":"x"}"#),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": \"x\"\n}"
        );
        assert_eq!(compact(&pretty(SAMPLE)), compact(SAMPLE));
        assert_eq!(pretty("3"), "3");
    }

    #[test]
    fn printable_is_the_same_json() {
        let text = "{\"a\":\"\u{9b}2J \u{202e}é\u{e0001}\x7f\"}";
        let shown = printable(text);
        assert_eq!(shown, r#"{"a":"\u009b2J \u202eé\udb40\udc01\u007f"}"#);
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }
}
