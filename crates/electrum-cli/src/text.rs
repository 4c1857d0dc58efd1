//! Escapes text of servers for terminals: control characters, and characters that hide or reorder text.

use std::borrow::Cow;

/// Escapes everything in a text that is not plainly visible: control characters, which terminals obey, and characters
/// that change the direction of text or hide it.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_visible) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| if is_visible(c) { c.to_string() } else { c.escape_default().to_string() };
    Cow::Owned(text.chars().map(escape).collect())
}

/// Escapes a text like [`printable`], but keeps the ends of lines.
pub(crate) fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// Escapes everything in a JSON text that is not plainly visible. The JSON keeps its meaning.
pub(crate) fn printable_json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        // Outside of strings there is only ASCII, and no control character but white space.
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

fn is_visible(c: char) -> bool {
    // `escape_debug` escapes everything that is not printable, and also quotes and backslashes, which do no harm.
    matches!(c, '"' | '\'' | '\\') || c.escape_debug().len() == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn what_terminals_obey_is_escaped() {
        for (text, shown) in [
            ("ElectrumX 2.0.0", "ElectrumX 2.0.0"),
            ("naïve \"quote\" \\ 電", "naïve \"quote\" \\ 電"),
            ("\x1b[2J\x07", r"\u{1b}[2J\u{7}"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("a\u{202e}b\u{200b}", r"a\u{202e}b\u{200b}"),
            ("a\r\nb\x7f", r"a\r\nb\u{7f}"),
        ] {
            assert_eq!(printable(text), shown);
        }
        assert_eq!(printable_lines("one\r\n\ttwo\n"), "one\n\\ttwo");
    }

    #[test]
    fn printable_is_the_same_json() {
        let text = "{\"a\":\"\u{9b}2J \u{202e}é\u{e0001}\x7f\"}";
        let shown = printable_json(text);
        assert_eq!(shown, r#"{"a":"\u009b2J \u202eé\udb40\udc01\u007f"}"#);
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }
}
