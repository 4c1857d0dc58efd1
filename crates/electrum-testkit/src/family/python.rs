//! Values as Python prints them: ElectrumX quotes what it was sent that way.

use crate::json::Json;

/// `str(value)`
pub(crate) fn text(value: &Json) -> String {
    match value {
        Json::Text(text) => text.clone(),
        other => repr(other),
    }
}

/// `repr(value)`
pub(crate) fn repr(value: &Json) -> String {
    match value {
        Json::Null => "None".to_owned(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::Number(digits) if digits == "NaN" => "nan".to_owned(),
        Json::Number(digits) => digits.clone(),
        Json::Text(text) => quoted(text),
        Json::Array(items) => {
            format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", "))
        }
        Json::Object(members) => {
            let member = |(name, value): &(String, Json)| format!("{}: {}", quoted(name), repr(value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Digits in groups of three, as `f'{number:,d}'` writes them.
pub(crate) fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let mut out = String::from(sign);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if c < ' ' || c == '\u{7f}' => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Leniency, parse};

    #[test]
    fn values_look_as_python_prints_them() {
        for (json, python) in [
            (r#"["2.0","3.0"]"#, "['2.0', '3.0']"),
            (r#"{"min":"1.4","max":1.6}"#, "{'min': '1.4', 'max': 1.6}"),
            (r#"[null,true,[]]"#, "[None, True, []]"),
            (r#"["it's"]"#, r#"["it's"]"#),
            (r#"["a\n"]"#, r"['a\n']"),
        ] {
            assert_eq!(text(&parse(json, Leniency::Strict).unwrap()), python);
        }
        assert_eq!(text(&Json::text("1.4")), "1.4");
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(grouped("1163"), "1,163");
        assert_eq!(grouped("-100"), "-100");
        assert_eq!(grouped("1000000"), "1,000,000");
    }
}
