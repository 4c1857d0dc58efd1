//! Collects messages into the bytes to write.

use alloc::vec::Vec;
use core::fmt;
use memchr::memchr;

use super::KEPT_CAPACITY;
use super::packet::{LEAST, Packet};

/// Up to how many bytes the first messages of a link are written without a delay, so that the handshake is quick.
const WARM_UP: u64 = 1024;

/// When the messages that wait for a padded write are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// At once.
    Now,
    /// When enough of them have gathered, or after a while.
    Later,
}

/// The bytes to write, until they are reported as written.
#[derive(Clone, Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    /// How many of `bytes` were written.
    start: usize,
    /// How many bytes of messages were written on this link in total.
    written: u64,
    /// With padding, the current write. Its messages are still in `bytes`.
    packet: Option<Packet>,
}

impl Outbox {
    /// Makes an empty outbox whose messages are padded: they wait for [`fill_packet`](Self::fill_packet).
    pub(crate) fn padded() -> Self {
        Self { packet: Some(Packet::default()), ..Self::default() }
    }

    /// Whether messages are padded.
    pub(crate) const fn is_padded(&self) -> bool {
        self.packet.is_some()
    }

    /// Appends one message, which `write` writes without a line end. Returns its offset in the stream.
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> u64 {
        let begin = self.written + self.len() as u64;
        write(&mut self.bytes);
        self.bytes.push(b'\n');
        begin
    }

    /// Removes what was appended last, from the offset `begin` on. The caller must not have seen any of it.
    pub(crate) fn undo(&mut self, begin: u64) {
        let kept = usize::try_from(begin.saturating_sub(self.written)).unwrap_or(usize::MAX);
        self.bytes.truncate(self.start.saturating_add(kept));
    }

    /// Withdraws the messages at these rising offsets of which no byte was written. Returns for each withdrawn message
    /// its offset, and the length of all of them up to and including it. In a padded write they become spaces, and
    /// nothing moves; if nothing else is in it, and no byte of it was written, it is dropped.
    pub(crate) fn withdraw(&mut self, mut begins: Vec<u64>) -> Vec<(u64, u64)> {
        let (mut withdrawn, mut kept, mut from, mut total) = (Vec::new(), Vec::new(), self.start, 0);
        if let Some(packet) = &mut self.packet {
            begins.retain(|begin| !packet.blank(*begin));
            if let Some(length) = packet.drop_blank() {
                from += length;
                total = length as u64;
                withdrawn.push((self.written, total));
            }
        }
        for begin in &begins {
            let ahead = begin.checked_sub(self.written).and_then(|ahead| usize::try_from(ahead).ok());
            let Some(at) = ahead.and_then(|ahead| self.start.checked_add(ahead)) else { continue };
            let Some(end) = self.bytes.get(at..).and_then(|rest| memchr(b'\n', rest)) else { continue };
            kept.extend_from_slice(&self.bytes[from..at]);
            from = at + end + 1;
            total += end as u64 + 1;
            withdrawn.push((*begin, total));
        }
        if !withdrawn.is_empty() {
            kept.extend_from_slice(&self.bytes[from..]);
            (self.bytes, self.start) = (kept, 0);
        }
        withdrawn
    }

    /// Returns the bytes to write now.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.packet {
            None => &self.bytes[self.start..],
            Some(packet) => packet.bytes(),
        }
    }

    /// Returns when the next padded write is due, if messages wait for one and none is under way: at once if they fill
    /// the smallest one, or if little was sent on this link so far.
    pub(crate) fn waits_for_packet(&self) -> Option<Urgency> {
        let is_idle = self.packet.as_ref().is_some_and(|packet| packet.bytes().is_empty());
        (is_idle && self.len() > 0).then(|| {
            let is_urgent = self.len() >= LEAST || self.written + (self.len() as u64) < WARM_UP;
            if is_urgent { Urgency::Now } else { Urgency::Later }
        })
    }

    /// Begins a padded write with the waiting messages.
    pub(crate) fn fill_packet(&mut self) {
        if let Some(packet) = &mut self.packet {
            packet.fill(self.written, &self.bytes[self.start..]);
        }
    }

    /// Returns how many bytes of messages are not written yet.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Reports that `count` more bytes were written.
    pub(crate) fn wrote(&mut self, count: usize) {
        let count = self.packet.as_mut().map_or(count, |packet| packet.wrote(count)).min(self.len());
        self.start += count;
        self.written += count as u64;
        if self.start == self.bytes.len() {
            self.start = 0;
            self.bytes.clear();
            self.bytes.shrink_to(KEPT_CAPACITY);
        } else if self.start > self.len() {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
    }

    /// Whether any byte of the message at the offset `begin` was written.
    pub(crate) fn has_begun(&self, begin: u64) -> bool {
        self.written > begin
    }
}

/// Shows no bytes, since they may contain secrets.
impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("len", &self.len()).field("written", &self.written).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn what_waits_is_moved_to_the_front_once_most_was_written() {
        let mut outbox = Outbox::default();
        outbox.push(|out| out.extend_from_slice(&[b'x'; 1000]));
        outbox.push(|out| out.extend_from_slice(b"more"));
        outbox.wrote(503);
        assert_eq!(outbox.bytes.len(), 1006, "half of it was written");
        outbox.wrote(302);
        assert_eq!(outbox.bytes.len(), 201, "most of it was written");
        assert_eq!(outbox.bytes(), [&[b'x'; 195][..], b"\nmore\n"].concat());
    }

    #[test]
    fn partial_writes_keep_count_of_what_left() {
        let mut outbox = Outbox::default();
        let first = outbox.push(|out| out.extend_from_slice(b"one"));
        let second = outbox.push(|out| out.extend_from_slice(b"two"));
        assert!(!outbox.has_begun(first));
        outbox.wrote(1);
        assert!(outbox.has_begun(first) && !outbox.has_begun(second));
        assert_eq!(alloc::format!("{outbox:?}"), "Outbox { len: 7, written: 1 }", "what it holds is not shown");
        outbox.wrote(3);
        assert_eq!(outbox.bytes(), b"two\n");
        assert!(!outbox.has_begun(second));
        let third = outbox.push(|out| out.extend_from_slice(b"three"));
        outbox.undo(third);
        assert_eq!(outbox.bytes(), b"two\n");
        outbox.wrote(100);
        assert_eq!(outbox.len(), 0);
        assert!(outbox.has_begun(second));
    }

    #[test]
    fn what_was_not_begun_can_be_withdrawn() {
        let mut outbox = Outbox::default();
        let begins = [&b"one"[..], b"two", b"six", b"seven"].map(|line| outbox.push(|out| out.extend_from_slice(line)));
        outbox.wrote(1);
        assert_eq!(outbox.withdraw(vec![begins[0], begins[1], begins[3]]), [(4, 4), (12, 10)], "the first was begun");
        assert_eq!(outbox.bytes(), b"ne\nsix\n");
        assert_eq!(outbox.withdraw(vec![u64::MAX]), []);
        assert_eq!(outbox.push(|out| out.extend_from_slice(b"x")), 8);
        outbox.wrote(3);
        assert_eq!(outbox.withdraw(vec![4]), [(4, 4)]);
        assert_eq!(outbox.bytes(), b"x\n");
    }
}
