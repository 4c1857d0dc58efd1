//! A secret that each request carries.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use crate::json::spellings;

/// A secret that each request carries as its member `authorization`, such as `Bearer <token>`.
///
/// Servers behind a gateway ask for it; `electrum-client` sends the same member. It goes over the wire as it is: use it
/// with TLS. `Debug` does not show it, nothing logs it, and where a server quotes it in an error or in a text that
/// cannot be understood, it is replaced.
///
/// # Example
/// ```
/// use electrum_proto::{Authorization, Config};
///
/// let authorization = Authorization::new("Bearer abc.def");
/// assert_eq!(format!("{authorization:?}"), "Authorization([redacted])");
/// let config = Config { authorization: Some(authorization), ..Config::default() };
/// # assert!(!format!("{config:?}").contains("abc"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization(String);

/// What is shown instead of a secret.
const REDACTED: &str = "[redacted]";
/// The length from which the beginning of a secret is replaced too, since servers cut off the end of what they quote.
const LEAST: usize = 8;
/// The same length at the end of a text, where the text itself may have been cut off.
const LEAST_AT_THE_END: usize = 4;

impl Authorization {
    /// Makes an authorization of the text that is to be sent, scheme included.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text that is sent.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The secret alone, without a scheme before it.
    fn secret(&self) -> &str {
        let text = self.0.trim();
        match text.split_once(' ') {
            Some((_, secret)) if !secret.trim().is_empty() => secret.trim(),
            _ => text,
        }
    }

    /// Replaces the secret in a text, in each of its JSON spellings, also where its end was cut off.
    pub(crate) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let written = spellings(self.secret());
        let (mut shown, mut rest) = (String::new(), text);
        while let Some(at) = written.iter().filter_map(|form| rest.find(beginning(form))).min() {
            let (before, found) = rest.split_at(at);
            let length = written.iter().map(|form| in_common(found, form)).max().unwrap_or_default();
            shown.push_str(before);
            shown.push_str(REDACTED);
            rest = found.get(length..).unwrap_or_default();
        }
        let uncut = rest.strip_suffix('…').unwrap_or(rest);
        let begun = |length: &usize| {
            let ends = |form: &String| form.get(..*length).is_some_and(|begin| uncut.ends_with(begin));
            written.iter().any(|form| *length < beginning(form).len() && ends(form))
        };
        if let Some(length) = (LEAST_AT_THE_END..LEAST + 3).rev().find(begun) {
            return Cow::Owned([&shown, &uncut[..uncut.len() - length], REDACTED].concat());
        }
        if shown.is_empty() { text.into() } else { Cow::Owned(shown + rest) }
    }
}

/// Returns the shortest beginning of a secret that is replaced wherever it stands.
fn beginning(secret: &str) -> &str {
    // Where a character ends.
    let least = (LEAST.min(secret.len())..).find(|least| secret.is_char_boundary(*least)).unwrap_or(secret.len());
    &secret[..least]
}

/// How many bytes two texts have in common at their beginning.
fn in_common(one: &str, other: &str) -> usize {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
    same.map(|(same, _)| same.len_utf8()).sum()
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authorization").field(&format_args!("{REDACTED}")).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_replaced_with_and_without_its_scheme() {
        let authorization = Authorization::new("Bearer secret.token");
        for (text, shown) in [
            ("nothing of it", "nothing of it"),
            ("got 'Bearer secret.token', expired", "got 'Bearer [redacted]', expired"),
            ("secret.token secret.token", "[redacted] [redacted]"),
            ("cut: secret.to…", "cut: [redacted]…"),
            ("cut: 'secret.to...', expired", "cut: '[redacted]...', expired"),
            ("cut: secr…", "cut: [redacted]"),
            ("cut: secret.token…", "cut: [redacted]…"),
            ("cut: sec…", "cut: sec…"),
            ("", ""),
        ] {
            assert_eq!(authorization.redact(text), shown);
        }
        assert_eq!(Authorization::new("token").redact("a token, tok"), "a [redacted], tok");
        assert_eq!(Authorization::new("passw\u{f6}\u{f6}rd").redact("passw\u{f6}\u{f6}rt"), "[redacted]t");
        let quoted = Authorization::new("Bearer ab\"c\\d/e\u{e9}fghijk");
        for text in [
            "ab\"c\\d/e\u{e9}fghijk",
            "ab\\\"c\\\\d/e\u{e9}fghijk",
            "ab\\\"c\\\\d\\/e\u{e9}fghijk",
            "ab\\\"c\\\\d/e\\u00e9fghijk",
            "ab\\\"c\\\\d\\/e\\u00e9fghijk",
        ] {
            let shown = quoted.redact(text).into_owned();
            assert_eq!(shown, "[redacted]", "{text}");
        }
        assert_eq!(quoted.redact("cut: ab\\\"c…"), "cut: [redacted]");
        for empty in ["", " ", "Bearer "] {
            assert_eq!(Authorization::new(empty).redact("words"), "words", "{empty:?}");
        }
    }
}
