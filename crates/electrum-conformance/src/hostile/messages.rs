//! The catalogue for adapters whose platform implements WebSockets, such as browsers: they see whole messages only.

use electrum_testkit::hostile::{Entry, Expect, Group, Timeout};

/// The servers with a hostile WebSocket that show in messages, or in how the WebSocket ends.
const HANDED_OVER: &[&str] = &[
    "control_frames_in_between",
    "frames_of_letters",
    "binary_answer",
    "lines_in_a_message",
    "closes_in_order",
    "closes_without_a_code",
    "closes_for_a_reason",
    "closes_for_a_fault",
    "speaks_after_the_end",
];

/// Returns why a server tests nothing about an adapter whose platform implements WebSockets, or `None` if it does.
pub(super) fn not_seen(entry: &Entry) -> Option<&'static str> {
    let is_in_frames = Group::WebSocket.entries().iter().any(|other| other.name == entry.name);
    let is_hidden = is_in_frames && !HANDED_OVER.contains(&entry.name);
    is_hidden.then_some("the platform opens the WebSocket and reads its frames, and reports only that it ended")
}

/// Returns the entry with the expected behaviour of a client that reaches the server through such a WebSocket.
pub(super) fn seen_as_messages(entry: &Entry) -> Entry {
    let (expect, short): (_, &[_]) = match entry.name {
        // A message without an end is never reported.
        "endless_line" | "endless_space" => (Expect::Overrun("did not answer in time"), &[Timeout::Answer]),
        "endless_greeting" => {
            (Expect::NeverReady("timeout", "did not answer the handshake in time"), &[Timeout::Handshake])
        }
        // Text that is no UTF-8 ends the WebSocket.
        "bad_utf8" | "bad_utf8_at_the_end" => (Expect::Dropped("reset", "without a closing message"), entry.short),
        _ => (entry.expect, entry.short),
    };
    Entry { expect, short, ..*entry }
}

/// How much a platform may store of the 16 MB that a server does not read: each message and its frames, twice, since
/// the memory of a lost connection may be freed only after the next connection has stored as much.
const UNREAD: u64 = 2 * 2 * 16 * 1024 * 1024;

/// Returns how much memory client and platform may use in one process, if a client may use `client`. A platform may use
/// any amount for a message that does not end, or ends late.
pub(super) fn memory(entry: &Entry, client: u64) -> u64 {
    match entry.name {
        "endless_line" | "endless_space" | "endless_greeting" | "line_of_64_megabytes" => u64::MAX,
        "never_reads" => client + UNREAD,
        _ => client,
    }
}

#[cfg(test)]
mod tests {
    use electrum_testkit::hostile::{Group, catalogue, find};

    use super::{HANDED_OVER, memory, not_seen, seen_as_messages};

    #[test]
    fn what_differs_is_in_the_catalogue() {
        let differs = catalogue().filter(|entry| seen_as_messages(entry).expect != entry.expect).count();
        let with_limit = |limit| catalogue().filter(|entry| memory(entry, 1) == limit).count();
        assert_eq!((differs, with_limit(u64::MAX), with_limit(1 + (64 << 20))), (5, 4, 1));
        assert_eq!(with_limit(1) + 5, catalogue().count());
        let hidden = catalogue().filter(|entry| not_seen(entry).is_some()).count();
        assert_eq!(hidden + HANDED_OVER.len(), Group::WebSocket.entries().len());
        assert!(not_seen(find("masked_frame").unwrap()).is_some() && not_seen(find("endless_line").unwrap()).is_none());
        // All that is said of others is that of the catalogue.
        let other = find("dripping").unwrap();
        assert_eq!(seen_as_messages(other).expect, other.expect);
    }
}
