//! Leaves authorization secrets out of a transcript.

use electrum_smol::proto::json::spellings;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The replacement of a secret.
const LEFT_OUT: &str = "left out";
/// The minimum number of bytes at the beginning of a secret that are also left out: servers may quote it cut off.
const LEAST: usize = 8;
/// The member of requests with a secret.
const MEMBER: &str = "authorization";

/// A request with an authorization.
#[derive(Deserialize)]
struct Authorized<'a> {
    #[serde(borrow)]
    authorization: Option<&'a RawValue>,
}

/// The known secrets, each in every spelling that JSON allows.
#[derive(Debug, Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// Finds the secrets of a line, and leaves out all known ones.
    pub(super) fn leave_out(&mut self, line: &str) -> String {
        let one = serde_json::from_str(line).map(|message: Authorized<'_>| vec![message]);
        match one.or_else(|_| serde_json::from_str(line)) {
            Ok(messages) => {
                for written in messages.iter().filter_map(|message| message.authorization) {
                    self.learn(written.get().trim_matches('"'));
                    self.learn_value(&serde_json::from_str(written.get()).unwrap_or_default());
                }
            }
            // The line is not valid JSON, so secrets in it cannot be found: everything after the member's name is left
            // out.
            Err(_) if line.contains(MEMBER) && !line.contains("\"result\"") && !line.contains("\"error\"") => {
                let (before, _) = line.split_once(MEMBER).unwrap_or_default();
                return format!("{}{MEMBER} {LEFT_OUT}", self.without(before));
            }
            Err(_) => {}
        }
        self.without(line)
    }

    /// Adds the strings of a value as secrets.
    fn learn_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.learn(text),
            Value::Array(values) => values.iter().for_each(|value| self.learn_value(value)),
            Value::Object(members) => members.values().for_each(|value| self.learn_value(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Adds a secret, and the part after its scheme.
    pub(super) fn learn(&mut self, text: &str) {
        let text = text.trim();
        let alone = text.split_once(' ').map_or(text, |(_, secret)| secret.trim());
        for secret in [text, alone] {
            for written in spellings(secret) {
                if written != "null" && !self.0.contains(&written) {
                    self.0.push(written);
                }
            }
        }
    }

    /// Returns a text without the secrets, and without beginnings of them.
    fn without(&self, text: &str) -> String {
        let (mut left, mut rest) = (String::with_capacity(text.len()), text);
        while let Some(next) = rest.chars().next() {
            let known = self.0.iter().filter_map(|secret| begun(rest, secret)).max();
            match known {
                Some(_) => left.push_str(LEFT_OUT),
                None => left.push(next),
            }
            rest = &rest[known.unwrap_or_else(|| next.len_utf8())..];
        }
        left
    }
}

/// Returns how many bytes of a secret a text begins with, if they are at least [`LEAST`].
fn begun(text: &str, secret: &str) -> Option<usize> {
    // The scheme is not secret.
    let scheme = secret.split_once(' ').map_or(0, |(scheme, _)| scheme.len() + 1);
    let same = text.chars().zip(secret.chars()).take_while(|(one, other)| one == other);
    let length = same.map(|(same, _)| same.len_utf8()).sum();
    (length >= secret.len().min(scheme + LEAST)).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: &str = r#"{"method":"server.ping","params":[],"id":1,"authorization":"Bearer ab.c-d\u00e9/efghijkl"}"#;

    #[test]
    fn a_secret_is_left_out_wherever_and_however_it_stands() {
        let mut secrets = Secrets::default();
        let shown = secrets.leave_out(ASKED);
        assert_eq!(shown, r#"{"method":"server.ping","params":[],"id":1,"authorization":"left out"}"#);
        for (line, shown) in [
            ("{\"error\":\"expired: Bearer ab.c-d\u{e9}/efghijkl!\"}", r#"{"error":"expired: left out!"}"#),
            ("{\"error\":\"expired: ab.c-d\u{e9}/efghijkl!\"}", r#"{"error":"expired: left out!"}"#),
            ("{\"error\":\"expired: ab.c-d\u{e9}\\/efghijkl!\"}", r#"{"error":"expired: left out!"}"#),
            ("{\"error\":\"expired: ab.c-d\u{e9}/ef...\"}", r#"{"error":"expired: left out..."}"#),
            (r#"{"error":"expired: ab.c-d\u00e9/efghijkl!"}"#, r#"{"error":"expired: left out!"}"#),
            (r#"{"error":"a Bearer is needed"}"#, r#"{"error":"a Bearer is needed"}"#),
        ] {
            assert_eq!(secrets.leave_out(line), shown, "{line}");
        }
    }

    #[test]
    fn secrets_are_found_in_batches_and_in_members_and_what_cannot_be_read_is_cut() {
        for line in [
            &format!("[{ASKED},{{\"method\":\"x\"}}]"),
            r#"{"authorization":{"user":"me","token":"ab.c-d"},"id":1}"#,
            r#"{"authorization":"ab.c-d","id":1"#,
            r#"{"authorization":"ab.c-d","authorization":"ab.c-d"}"#,
            r#"{"id":1, authorization: ab.c-d}"#,
        ] {
            let mut secrets = Secrets::default();
            let shown = secrets.leave_out(line);
            assert!(!shown.contains("c-d") && shown.contains(LEFT_OUT), "{shown}");
        }
        let mut known = Secrets::default();
        known.learn("Bearer k\u{e9}y/efghijkl");
        assert_eq!(known.leave_out(r#"{"error":"k\u00e9y\/efghijkl"}"#), r#"{"error":"left out"}"#);
        let mut secrets = Secrets::default();
        secrets.learn("token");
        assert_eq!(secrets.leave_out("a token, tokens"), "a left out, left outs");
    }
}
