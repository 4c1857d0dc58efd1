//! The ways in which JSON writes one text.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Returns a text as it is, and as programs write it in JSON strings, without the quotes: those that escape only what they
/// must, and those that escape `/`, characters beyond ASCII, or both. Each form comes once; an empty text has none.
///
/// Use it to find a text, such as a secret, in JSON that others wrote.
///
/// # Example
/// ```
/// use electrum_proto::json::spellings;
///
/// assert_eq!(spellings("token"), ["token"]);
/// assert_eq!(spellings("a/\u{e9}"), ["a/\u{e9}", "a\\/\u{e9}", "a/\\u00e9", "a\\/\\u00e9"]);
/// ```
#[must_use]
pub fn spellings(text: &str) -> Vec<String> {
    let mut forms = Vec::from([String::from(text)]);
    for (with_slash, as_ascii) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut form = String::new();
        for character in text.chars() {
            match character {
                '"' | '\\' => form.extend(['\\', character]),
                '\n' => form.push_str("\\n"),
                '\r' => form.push_str("\\r"),
                '\t' => form.push_str("\\t"),
                '/' if with_slash => form.push_str("\\/"),
                _ if character < ' ' || as_ascii && !character.is_ascii() => {
                    let mut units = [0; 2];
                    for unit in character.encode_utf16(&mut units) {
                        form.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                _ => form.push(character),
            }
        }
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms.retain(|form| !form.is_empty());
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_escaped_is_in_every_form_but_the_first() {
        assert_eq!(spellings("a\"b\\c\n\u{1}"), ["a\"b\\c\n\u{1}", r#"a\"b\\c\n\u0001"#]);
        assert_eq!(spellings(""), [""; 0]);
    }

    #[test]
    fn a_character_of_two_units_is_escaped_as_two() {
        assert_eq!(spellings("\u{1f511}"), ["\u{1f511}", r"\ud83d\udd11"]);
    }

    #[test]
    fn each_form_is_read_as_the_text() {
        let text = "Bearer \"a\\b\"/\u{e9}\u{1f511}\t\u{7f}";
        for form in &spellings(text)[1..] {
            assert_eq!(serde_json::from_str::<String>(&format!("\"{form}\"")).unwrap(), text, "{form}");
        }
    }
}
