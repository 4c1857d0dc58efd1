//! Pads messages with spaces to writes of few sizes.
//!
//! The sizes are those of Electrum: powers of two from 1024 bytes on. An observer of an encrypted connection, who sees
//! the lengths of writes, learns little about the messages in them.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;
use memchr::{memchr, memrchr};

use super::KEPT_CAPACITY;

/// The size of the smallest write.
pub(crate) const LEAST: usize = 1024;

/// The current padded write.
#[derive(Clone, Default)]
pub(crate) struct Packet {
    bytes: Vec<u8>,
    /// How many of `bytes` were written.
    written: usize,
    /// The range of the spaces that belong to no message.
    padding: Range<usize>,
    /// Its offset in the stream of messages.
    begin: u64,
}

impl Packet {
    /// Takes the next messages of `waiting`, which begins at the offset `begin` in the stream of messages and ends with
    /// a complete message.
    pub(super) fn fill(&mut self, begin: u64, waiting: &[u8]) {
        let Plan { taken, padding } = plan(waiting);
        // Spaces are allowed before the last bracket of JSON.
        let Some((messages, end)) = waiting.get(..taken).and_then(|taken| taken.split_last_chunk::<2>()) else {
            return;
        };
        self.bytes.clear();
        self.bytes.reserve(taken + padding);
        self.bytes.extend_from_slice(messages);
        self.bytes.resize(messages.len() + padding, b' ');
        self.bytes.extend_from_slice(end);
        (self.written, self.padding, self.begin) = (0, messages.len()..messages.len() + padding, begin);
    }

    /// Returns the bytes that are not written yet.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    /// Reports that `count` more bytes were written. Returns how many of them belong to messages.
    pub(super) fn wrote(&mut self, count: usize) -> usize {
        let from = self.written;
        self.written += count.min(self.bytes.len() - from);
        let padding = self.padding.end.min(self.written).saturating_sub(self.padding.start.max(from));
        let messages = self.written - from - padding;
        if self.written == self.bytes.len() {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT_CAPACITY);
            self.written = 0;
        }
        messages
    }

    /// Empties this packet if all its messages became spaces and no byte was written. Returns the length of the
    /// messages.
    pub(super) fn drop_blank(&mut self) -> Option<usize> {
        let is_blank = self.written == 0 && self.bytes.last() == Some(&b' ');
        is_blank.then(|| {
            let length = self.bytes.len() - self.padding.len();
            self.bytes.clear();
            length
        })
    }

    /// Replaces the message at the offset `begin`, of which no byte was written, with spaces, so that the size stays.
    /// If it was the last one, the newline of the message before it moves to the end, unless that was written already.
    /// Returns whether the message is in this packet.
    pub(super) fn blank(&mut self, begin: u64) -> bool {
        let at = begin.checked_sub(self.begin).and_then(|at| usize::try_from(at).ok());
        // Every message in the packet begins before the padding, which is inside the last one.
        let Some(at) = at.filter(|at| *at < self.padding.start) else { return false };
        let Some(rest) = self.bytes.get_mut(at..) else { return false };
        let Some(end) = memchr(b'\n', rest) else { return false };
        rest[..=end].fill(b' ');
        let last = self.bytes.len() - 1;
        if at + end == last {
            let before = self.bytes.get(self.written..at).unwrap_or_default();
            if let Some(newline) = memrchr(b'\n', before) {
                self.bytes.swap(self.written + newline, last);
            }
        }
        true
    }
}

/// Shows no bytes, since they may contain secrets.
impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet").field("len", &self.bytes().len()).finish_non_exhaustive()
    }
}

/// How many bytes of messages go into a write, and how many spaces.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    taken: usize,
    padding: usize,
}

/// Plans a write: all messages with padding up to the next power of two, or, if that needs less padding, as many
/// messages as fit into half of it.
fn plan(waiting: &[u8]) -> Plan {
    let whole = (waiting.len() + 1).next_power_of_two().max(LEAST);
    let all = Plan { taken: waiting.len(), padding: whole - waiting.len() };
    let half = (whole / 2).max(LEAST);
    let fitting = &waiting[..half.min(waiting.len())];
    match memrchr(b'\n', fitting) {
        Some(end) if half - (end + 1) < all.padding => Plan { taken: end + 1, padding: half - (end + 1) },
        _ => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    /// Messages of these lengths, line ends included.
    fn messages(lengths: &[usize]) -> Vec<u8> {
        lengths.iter().flat_map(|length| [&vec![b'{'; length - 2][..], b"}\n"].concat()).collect()
    }

    #[test]
    fn sizes_are_powers_of_two_and_the_smaller_one_where_it_wastes_less() {
        for (lengths, taken, padding) in [
            (&[80][..], 80, 944),
            (&[1023], 1023, 1),
            (&[1024], 1024, 0),
            (&[1025], 1025, 1023),
            // 948 spaces for both, or 24 for the first alone.
            (&[1000, 100], 1000, 24),
            // 948 spaces for both, or 924 for the first alone.
            (&[100, 1000], 100, 924),
            // As many spaces either way: everything goes.
            (&[512, 1024], 1536, 512),
            // 511 spaces for both, or 512 for the first alone.
            (&[512, 1025], 1537, 511),
            // 512 spaces for both, or 511 for the first alone.
            (&[513, 1023], 513, 511),
            (&[4000, 1000], 4000, 96),
            (&[5000], 5000, 3192),
        ] {
            let expected = Plan { taken, padding };
            assert_eq!(plan(&messages(lengths)), expected, "{lengths:?}");
            let size = expected.taken + expected.padding;
            assert!(size.is_power_of_two() && size >= LEAST, "{lengths:?}");
        }
    }

    #[test]
    fn a_write_takes_the_memory_of_its_bytes_and_no_more_of_them_leave_than_there_are() {
        let mut packet = Packet::default();
        packet.fill(0, &messages(&[1300]));
        assert!(packet.bytes().len() == 2048 && packet.bytes.capacity() < 2 * 2048);
        assert_eq!(packet.wrote(48), 48);
        assert_eq!(alloc::format!("{packet:?}"), "Packet { len: 2000, .. }", "they are not shown");
        assert_eq!((packet.wrote(usize::MAX), packet.bytes()), (1252, &b""[..]));
    }

    #[test]
    fn padding_counts_for_no_message() {
        let waiting = messages(&[30, 40]);
        for size in [1, 7, 100, 2000] {
            let mut packet = Packet::default();
            packet.fill(500, &waiting);
            let (mut written, mut counted) = (vec![], 0);
            while let bytes @ [_, ..] = packet.bytes() {
                let piece = bytes[..size.min(bytes.len())].to_vec();
                counted += packet.wrote(piece.len());
                written.extend(piece);
            }
            assert_eq!((written.len(), counted), (LEAST, 70), "in pieces of {size}");
            written.retain(|byte| *byte != b' ');
            assert_eq!(written, waiting);
        }
    }

    #[test]
    fn a_message_becomes_spaces_and_the_size_stays() {
        for (begin, rest) in [(500, 40), (530, 30)] {
            let mut packet = Packet::default();
            packet.fill(500, &messages(&[30, 40]));
            assert!(packet.blank(begin));
            assert_eq!(packet.bytes().len(), LEAST);
            assert_eq!(packet.bytes().iter().filter(|byte| **byte != b' ').count(), rest);
            assert!(!packet.blank(499) && !packet.blank(570) && !packet.blank(2000), "those around it");
            assert_eq!(packet.bytes().last(), Some(&b'\n'), "the end is that of a message");
            assert_eq!(packet.drop_blank(), None);
            // Without the other one it is a message no more.
            assert!(packet.blank(if begin == 500 { 530 } else { 500 }));
            assert_eq!((packet.drop_blank(), packet.bytes()), (Some(70), &b""[..]));
        }
    }

    #[test]
    fn a_newline_that_was_written_stays_where_it_was() {
        let mut packet = Packet::default();
        packet.fill(0, &messages(&[30, 40]));
        packet.wrote(30);
        assert!(packet.blank(30) && packet.bytes().iter().all(|byte| *byte == b' '));
        assert_eq!((packet.bytes().len(), packet.drop_blank()), (LEAST - 30, None), "the size stays");
    }
}
