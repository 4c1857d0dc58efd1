//! Rewrites the client's name where servers would take it for an old version of Electrum.

use alloc::borrow::Cow;
use alloc::format;

/// Servers warn the users of Electrum before this version, or refuse to serve them.
const FIXED_ELECTRUM: [u32; 3] = [3, 3, 4];

/// Returns the form in which a name is sent to servers.
///
/// Fulcrum 1.9 to 2.1 takes what stands behind a slash for a version of Electrum; ElectrumX does so for a name that is
/// nothing but a version. Where that version is below 3.3.4, both answer a broadcast with a warning about a vulnerable
/// wallet instead of the txid. Such a slash is sent as a space, and `client` is put before such a version.
pub(super) fn sendable(name: &str) -> Cow<'_, str> {
    let mut sent = Cow::Borrowed(name);
    while let Some(slash) = sent.match_indices('/').map(|(at, _)| at).find(|at| begins_old(&sent[at + 1..])) {
        sent.to_mut().replace_range(slash..=slash, " ");
    }
    if begins_old(&sent) { Cow::Owned(format!("client {}", sent.trim_start())) } else { sent }
}

/// Whether `text` begins with a version below 3.3.4.
fn begins_old(text: &str) -> bool {
    let text = text.trim_start();
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return false;
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let mut version = [0; 3];
    for (component, digits) in version.iter_mut().zip(text[..end].split('.')) {
        // A component that does not fit is a high number.
        *component = if digits.is_empty() { 0 } else { digits.parse().unwrap_or(u32::MAX) };
    }
    version < FIXED_ELECTRUM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_be_misread_are_sent_otherwise_and_no_others() {
        for (name, sent) in [
            ("electrum-proto/0.1.0", "electrum-proto 0.1.0"),
            ("a/b/1.2", "a/b 1.2"),
            ("wallet/v2", "wallet v2"),
            ("wallet/3.3", "wallet 3.3"),
            ("x/1/2", "x 1 2"),
            ("0.1.0", "client 0.1.0"),
            ("/0.1", "client 0.1"),
            ("3.3.3", "client 3.3.3"),
            ("wallet/3.3.4", "wallet/3.3.4"),
            ("wallet/99999999999.1", "wallet/99999999999.1"),
            ("electrum-proto", "electrum-proto"),
            ("my wallet 1.0", "my wallet 1.0"),
            ("4.5.6", "4.5.6"),
            ("a/b", "a/b"),
            ("/", "/"),
            ("", ""),
        ] {
            assert_eq!(sendable(name), sent, "{name:?}");
            assert_eq!(sendable(sent), sent, "it is stable");
        }
    }
}
