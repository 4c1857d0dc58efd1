//! Writing JSON the way a server family writes it.

use super::Json;

/// Spacing, order of members and escaping of a server family.
///
/// # Example
/// ```
/// use electrum_testkit::Family;
/// use electrum_testkit::json::{Json, Style};
///
/// let json = Json::object([("b", Json::text("é")), ("a", Json::from(1))]);
/// let python = Style { spaced: true, sorted: false, ascii: true };
/// assert_eq!(python.write(&json), r#"{"b": "\u00e9", "a": 1}"#);
/// assert_eq!(Family::Electrs.profile().style.write(&json), r#"{"a":1,"b":"é"}"#);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// A space after `:` and `,`, as Python's default writer does.
    pub spaced: bool,
    /// Members in alphabetical order.
    pub sorted: bool,
    /// Everything outside ASCII as `\uXXXX`.
    pub ascii: bool,
}

impl Style {
    /// Returns the text of a value.
    pub fn write(self, value: &Json) -> String {
        let mut out = String::new();
        self.value(value, &mut out);
        out
    }

    fn value(self, value: &Json, out: &mut String) {
        match value {
            Json::Null => out.push_str("null"),
            Json::Bool(true) => out.push_str("true"),
            Json::Bool(false) => out.push_str("false"),
            Json::Number(digits) => out.push_str(digits),
            Json::Text(text) => self.string(text, out),
            Json::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    self.comma(i, out);
                    self.value(item, out);
                }
                out.push(']');
            }
            Json::Object(members) => self.object(members, out),
        }
    }

    fn object(self, members: &[(String, Json)], out: &mut String) {
        let mut order: Vec<_> = members.iter().collect();
        if self.sorted {
            order.sort_by(|a, b| a.0.cmp(&b.0));
        }
        out.push('{');
        for (i, (name, value)) in order.into_iter().enumerate() {
            self.comma(i, out);
            self.string(name, out);
            out.push_str(if self.spaced { ": " } else { ":" });
            self.value(value, out);
        }
        out.push('}');
    }

    fn comma(self, index: usize, out: &mut String) {
        if index > 0 {
            out.push_str(if self.spaced { ", " } else { "," });
        }
    }

    fn string(self, text: &str, out: &mut String) {
        out.push('"');
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                c if c < ' ' || (self.ascii && c > '~') => escape(c, out),
                c => out.push(c),
            }
        }
        out.push('"');
    }
}

fn escape(c: char, out: &mut String) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.push_str(&format!("\\u{unit:04x}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPACT: Style = Style { spaced: false, sorted: false, ascii: false };

    fn sample() -> Json {
        Json::object([("b", Json::array([1.into(), Json::Null])), ("a", "x☃\n".into())])
    }

    #[test]
    fn spacing_order_and_escapes_follow_the_style() {
        assert_eq!(COMPACT.write(&sample()), r#"{"b":[1,null],"a":"x☃\n"}"#);
        let python = Style { spaced: true, sorted: false, ascii: true };
        assert_eq!(python.write(&sample()), r#"{"b": [1, null], "a": "x\u2603\n"}"#);
        let sorted = Style { sorted: true, ..COMPACT };
        assert_eq!(sorted.write(&sample()), r#"{"a":"x☃\n","b":[1,null]}"#);
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(COMPACT.write(&Json::number("1e-06")), "1e-06");
    }
}
