//! Formats JSON as text: numbers keep their digits and members their order, since nothing is parsed into values.

/// Removes white space between the tokens of a JSON text, so that it fits on a line.
pub(crate) fn compact(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for token in Tokens(text) {
        shown.push_str(token);
    }
    shown
}

/// Formats a JSON text with a line for each member, for people.
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

/// An iterator over the tokens of valid JSON: brackets, commas, colons, strings, numbers and words.
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

/// Returns the length of a string after its first quote, including the last one.
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
}
