//! Splits received bytes into lines.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use core::{fmt, mem};
use memchr::memchr;

use super::KEPT_CAPACITY;

/// The length from which a line is moved out of the buffer.
const LONG: usize = 64 * 1024;

/// The buffer of received text. It is checked to be UTF-8 once, when it is received.
#[derive(Clone, Default)]
pub(crate) struct Inbox {
    text: String,
    /// The bytes after `text`: the beginning of an incomplete character, or bytes that are not UTF-8.
    odd: Vec<u8>,
    /// The position in `odd` before which no line ends.
    odd_scanned: usize,
    /// The position of the first unused byte.
    start: usize,
    /// The position before which no line ends.
    scanned: usize,
    /// The content of `text` when the last long line was found, which is most of it.
    detached: Option<Arc<String>>,
}

/// Why no more bytes can be stored, or no more lines found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overflow {
    /// A line is over the limit.
    Line,
    /// More bytes are unread than the limit allows, since the driver does not poll.
    Undrained,
    /// A line is not UTF-8.
    NotText,
}

impl Inbox {
    /// Stores `bytes`. Unread bytes stay below `limit` plus one read.
    pub(crate) fn push(&mut self, bytes: &[u8], limit: usize) -> Result<(), Overflow> {
        if self.len() > limit {
            let has_line = memchr(b'\n', &self.text.as_bytes()[self.start..]).is_some();
            return Err(if has_line { Overflow::Undrained } else { Overflow::Line });
        }
        self.make_room();
        if self.odd.is_empty() {
            let text = leading_text(bytes);
            self.text.push_str(text);
            self.odd.extend_from_slice(&bytes[text.len()..]);
        } else {
            self.odd.extend_from_slice(bytes);
            let text = leading_text(&self.odd);
            let length = text.len();
            self.text.push_str(text);
            if length > 0 {
                self.odd.drain(..length);
                self.odd_scanned = 0;
            }
        }
        Ok(())
    }

    /// Returns the next complete line without its end, as a range for [`text`](Self::text). It counts as used from now
    /// on.
    #[inline]
    pub(crate) fn next_line(&mut self, limit: usize) -> Result<Option<Range<usize>>, Overflow> {
        let Some(found) = memchr(b'\n', &self.text.as_bytes()[self.scanned..]) else { return self.no_line(limit) };
        let end = self.scanned + found;
        let line = self.start..end;
        if line.len() > limit {
            return Err(Overflow::Line);
        }
        self.start = end + 1;
        self.scanned = self.start;
        Ok(Some(line))
    }

    /// Handles a text in which no line ends.
    fn no_line(&mut self, limit: usize) -> Result<Option<Range<usize>>, Overflow> {
        self.scanned = self.text.len();
        let (length, ends) = match memchr(b'\n', &self.odd[self.odd_scanned..]) {
            Some(end) => (self.text.len() - self.start + self.odd_scanned + end, true),
            None => {
                self.odd_scanned = self.odd.len();
                (self.len(), false)
            }
        };
        match (length > limit, ends) {
            (true, _) => Err(Overflow::Line),
            (false, true) => Err(Overflow::NotText),
            (false, false) => Ok(None),
        }
    }

    /// Moves the line that was found last out of the buffer if it is long, so that it can be kept without a copy. It is
    /// then at the same range of [`detached`](Self::detached). Returns whether it was long.
    #[inline]
    pub(crate) fn detach(&mut self, line: &Range<usize>) -> bool {
        line.len() >= LONG && self.detach_long(line.len())
    }

    fn detach_long(&mut self, length: usize) -> bool {
        // The bytes after the line are copied; those before it stay with it.
        let is_most = length >= self.text.len() / 2;
        if is_most {
            let rest = self.text.split_off(self.start);
            self.detached = Some(Arc::new(mem::replace(&mut self.text, rest)));
            (self.start, self.scanned) = (0, 0);
        }
        is_most
    }

    /// Returns the text that contains the last long line, at least until [`shrink`](Self::shrink) is called.
    pub(crate) const fn detached(&self) -> Option<&Arc<String>> {
        self.detached.as_ref()
    }

    /// Returns the text of a range, which stays valid until the next [`push`](Self::push).
    pub(crate) fn text(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// Returns the unread text.
    pub(crate) fn unread(&self) -> &str {
        &self.text[self.start..]
    }

    /// Whether no line has begun that is not complete.
    pub(crate) fn is_between_lines(&self) -> bool {
        self.odd.is_empty() && (self.unread().is_empty() || self.text.ends_with('\n'))
    }

    /// Returns the length of the next line, as far as it was received.
    pub(crate) fn line_len(&self) -> usize {
        memchr(b'\n', self.unread().as_bytes()).unwrap_or_else(|| self.len())
    }

    /// Returns the line that is [not UTF-8](Overflow::NotText).
    pub(crate) fn odd_line(&self) -> Vec<u8> {
        let end = memchr(b'\n', &self.odd).unwrap_or(self.odd.len());
        [&self.text.as_bytes()[self.start..], &self.odd[..end]].concat()
    }

    /// Returns the number of unread bytes.
    pub(crate) fn len(&self) -> usize {
        self.text.len() - self.start + self.odd.len()
    }

    /// Releases memory while there is nothing to read, but only once little of it was used since the last call: large
    /// answers often come one after the other, and new memory costs more than they do.
    pub(crate) fn shrink(&mut self) {
        if self.start < self.text.len() {
            self.detached = None;
            return;
        }
        // The memory of a long line is used again, unless a caller still keeps the line.
        match self.detached.take().map(Arc::try_unwrap) {
            Some(Ok(text)) => self.text = text,
            Some(Err(kept)) => self.detached = Some(kept),
            None => {}
        }
        let used = self.text.len();
        self.text.clear();
        (self.start, self.scanned) = (0, 0);
        if used > 0 && self.text.capacity() > KEPT_CAPACITY.max(4 * used) {
            self.text.shrink_to(KEPT_CAPACITY);
        }
    }

    /// Moves the unread bytes to the front when most of the buffer is used, so that each byte moves at most once on
    /// average.
    fn make_room(&mut self) {
        let unused = self.text.len() - self.start;
        if self.start >= unused {
            self.text.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
        }
    }
}

/// Shows no text, since a server may repeat secrets in it.
impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Returns the longest beginning of `bytes` that is UTF-8.
fn leading_text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).or_else(|error| core::str::from_utf8(&bytes[..error.valid_up_to()])).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn lines(inbox: &mut Inbox, limit: usize) -> Vec<String> {
        core::iter::from_fn(|| inbox.next_line(limit).unwrap().map(|line| inbox.text(line).into())).collect()
    }

    #[test]
    fn lines_come_out_whole_however_they_went_in() {
        let text = b"one\n\ntwo\r\nthree\nrest";
        for size in 1..=text.len() {
            let mut inbox = Inbox::default();
            let mut found = vec![];
            for chunk in text.chunks(size) {
                inbox.push(chunk, 100).unwrap();
                found.append(&mut lines(&mut inbox, 100));
            }
            assert_eq!(found, ["one", "", "two\r", "three"], "in pieces of {size}");
            assert_eq!(inbox.len(), 4);
        }
    }

    #[test]
    fn a_line_is_begun_by_its_first_byte_whatever_that_is() {
        let mut inbox = Inbox::default();
        for (piece, is_between) in
            [(&b""[..], true), (b"one", false), (b"\n", true), (b"two\nthr", false), (b"ee\n", true), (b"\xe2", false)]
        {
            inbox.push(piece, 100).unwrap();
            assert_eq!(inbox.is_between_lines(), is_between, "{piece:?}");
        }
        inbox.push(b"\x82\xac\n", 100).unwrap();
        assert_eq!(lines(&mut inbox, 100), ["one", "two", "three", "\u{20ac}"]);
        for _ in 0..2 {
            assert!(inbox.is_between_lines());
            inbox.shrink();
        }
    }

    #[test]
    fn its_length_is_shown_and_no_text() {
        let mut inbox = Inbox::default();
        inbox.push(b"secret", 100).unwrap();
        assert_eq!(alloc::format!("{inbox:?}"), "Inbox { len: 6, .. }");
    }

    #[test]
    fn characters_may_be_cut_anywhere() {
        let text = "a\u{e9}\n\u{20ac}\u{1d11e}\nz";
        for size in 1..=text.len() {
            let mut inbox = Inbox::default();
            let mut found = vec![];
            for chunk in text.as_bytes().chunks(size) {
                inbox.push(chunk, 100).unwrap();
                found.append(&mut lines(&mut inbox, 100));
            }
            assert_eq!(found, ["a\u{e9}", "\u{20ac}\u{1d11e}"], "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_text_is_reported_once_its_line_ends() {
        // A byte that is in no text, a character cut short by the end of its line, one that goes on for too long.
        for line in [&b"zzzz\xff\n"[..], b"\xe2\x82\n", b"\x80\xe2\n"] {
            for size in 1..=line.len() {
                let mut inbox = Inbox::default();
                inbox.push(b"one\n", 100).unwrap();
                for chunk in line.chunks(size) {
                    inbox.push(chunk, 100).unwrap();
                }
                assert_eq!(inbox.next_line(100), Ok(Some(0..3)), "what came before counts");
                assert_eq!(inbox.next_line(100), Err(Overflow::NotText), "{line:?} in pieces of {size}");
                assert_eq!(inbox.odd_line(), line[..line.len() - 1]);
                assert_eq!(inbox.next_line(line.len() - 1), Err(Overflow::NotText), "as long as it may be");
                assert_eq!(inbox.next_line(line.len() - 2), Err(Overflow::Line), "its length counts first");
            }
            let mut inbox = Inbox::default();
            inbox.push(&line[..line.len() - 1], 100).unwrap();
            assert_eq!(inbox.next_line(100), Ok(None), "{line:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_looked_through_once_however_it_comes() {
        let mut inbox = Inbox::default();
        inbox.push(b"one\n\xff", 1000).unwrap();
        assert_eq!(inbox.next_line(1000), Ok(Some(0..3)));
        for length in 1..=100 {
            assert_eq!(inbox.next_line(1000), Ok(None));
            inbox.push(b"x", 1000).unwrap();
            assert_eq!(inbox.odd_scanned, length, "what was looked at is not looked at again");
        }
        inbox.push(b"y\nz\n", 1000).unwrap();
        for _ in 0..2 {
            assert_eq!(inbox.next_line(1000), Err(Overflow::NotText));
            assert_eq!(inbox.odd_line(), [&b"\xff"[..], &[b'x'; 100], b"y"].concat());
        }
        // The end of a character may be what was waited for.
        let mut inbox = Inbox::default();
        for piece in [&b"\xe2"[..], b"\x82", b"\xac", b"\xe2\x82\xac\n"] {
            assert_eq!(inbox.next_line(1000), Ok(None));
            inbox.push(piece, 1000).unwrap();
        }
        assert_eq!(lines(&mut inbox, 1000), ["\u{20ac}\u{20ac}"]);
    }

    #[test]
    fn memory_is_given_back_after_a_peak() {
        let mut inbox = Inbox::default();
        inbox.push(&[b'x'; 4 * KEPT_CAPACITY], usize::MAX).unwrap();
        inbox.shrink();
        assert_eq!(inbox.len(), 4 * KEPT_CAPACITY);
        inbox.push(b"\n", usize::MAX).unwrap();
        assert!(inbox.next_line(usize::MAX).unwrap().is_some());
        inbox.shrink();
        inbox.shrink();
        assert!(inbox.text.capacity() >= 4 * KEPT_CAPACITY, "the next one may be as large");
        inbox.push(&[b'x'; 2 * KEPT_CAPACITY], usize::MAX).unwrap();
        inbox.push(b"\n", usize::MAX).unwrap();
        assert!(inbox.next_line(usize::MAX).unwrap().is_some());
        inbox.shrink();
        assert!(inbox.text.capacity() >= 4 * KEPT_CAPACITY, "half of it was used");
        inbox.push(b"small\n", usize::MAX).unwrap();
        assert!(inbox.next_line(usize::MAX).unwrap().is_some());
        inbox.shrink();
        assert!(inbox.text.capacity() <= KEPT_CAPACITY);
        assert!(inbox.text.capacity() >= 2 * 64 * 1024, "two reads of a usual driver fit");
    }

    #[test]
    fn memory_is_kept_while_a_quarter_of_it_is_used() {
        let mut inbox = Inbox { text: String::with_capacity(4 * KEPT_CAPACITY), ..Inbox::default() };
        let capacity = inbox.text.capacity();
        for (used, kept) in [(capacity / 4, true), (capacity / 4 - 1, false)] {
            inbox.push(&[&vec![b'x'; used - 1][..], b"\n"].concat(), usize::MAX).unwrap();
            assert!(inbox.next_line(usize::MAX).unwrap().is_some());
            inbox.shrink();
            assert_eq!(inbox.text.capacity() == capacity, kept, "{used} bytes of {capacity}");
        }
    }

    #[test]
    fn what_was_used_takes_no_memory_though_a_line_is_always_begun() {
        let mut inbox = Inbox::default();
        inbox.push(b"the beginning", 100).unwrap();
        for round in 0..10_000 {
            inbox.push(b" of a line\nthe beginning", 100).unwrap();
            assert_eq!(lines(&mut inbox, 100), ["the beginning of a line"]);
            inbox.shrink();
            assert!(inbox.text.len() < 100, "{} bytes in round {round}", inbox.text.len());
        }
    }

    #[test]
    fn a_line_as_long_as_the_limit_may_come_in_pieces() {
        let mut inbox = Inbox::default();
        inbox.push(b"12345", 5).unwrap();
        assert_eq!(inbox.next_line(5), Ok(None));
        inbox.push(b"\n", 5).unwrap();
        assert_eq!(lines(&mut inbox, 5), ["12345"]);
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
        let mut inbox = Inbox::default();
        inbox.push(b"12345\n123456", 5).unwrap();
        assert_eq!(inbox.next_line(5), Ok(Some(0..5)));
        assert_eq!(inbox.next_line(5), Err(Overflow::Line), "before its end is seen");
        let mut inbox = Inbox::default();
        inbox.push(b"123456\n", 5).unwrap();
        assert_eq!(inbox.next_line(5), Err(Overflow::Line), "with its end in the same read");
    }

    #[test]
    fn what_waits_is_bounded_even_if_the_caller_does_not_poll() {
        let mut inbox = Inbox::default();
        inbox.push(b"123456", 5).unwrap();
        assert_eq!(inbox.push(b"7", 5), Err(Overflow::Line));
        let mut inbox = Inbox::default();
        inbox.push(b"1\n2\n3\n", 5).unwrap();
        assert_eq!(inbox.push(b"4", 5), Err(Overflow::Undrained));
    }

    #[test]
    fn much_is_not_moved_to_make_room_of_little() {
        let mut inbox = Inbox::default();
        inbox.push(b"1\n", 10_000).unwrap();
        inbox.push(&[b'x'; 1000], 10_000).unwrap();
        assert_eq!(lines(&mut inbox, 10_000), ["1"]);
        inbox.push(b"y", 10_000).unwrap();
        assert_eq!(inbox.start, 2);
    }

    /// Pushes a line of `length` bytes with more behind it, and takes it out.
    fn detached(inbox: &mut Inbox, length: usize, behind: &str) -> Option<Arc<String>> {
        inbox.push(&[&vec![b'x'; length][..], b"\n", behind.as_bytes()].concat(), usize::MAX).unwrap();
        let line = inbox.next_line(usize::MAX).unwrap().unwrap();
        assert_eq!(inbox.text(line.clone()).len(), length);
        let is_long = inbox.detach(&line);
        assert_eq!(is_long, inbox.detached().is_some());
        inbox.detached().inspect(|text| assert_eq!(text[line].len(), length)).cloned()
    }

    #[test]
    fn a_long_line_can_be_kept_and_what_follows_it_is_read() {
        let mut inbox = Inbox::default();
        assert!(detached(&mut inbox, LONG - 1, "").is_none());
        inbox.shrink();
        let kept = detached(&mut inbox, LONG, "one\ntw").unwrap();
        assert_eq!(lines(&mut inbox, 100), ["one"]);
        inbox.push(b"o\n", 100).unwrap();
        assert_eq!(lines(&mut inbox, 100), ["two"]);
        inbox.shrink();
        assert!(inbox.text.capacity() < LONG, "the memory belongs to the line that was kept");
        assert_eq!(kept.len(), LONG + 1);
        drop(kept);
        inbox.shrink();
        assert!(inbox.text.is_empty() && inbox.text.capacity() > LONG, "it is used again");
    }

    #[test]
    fn the_memory_of_a_long_line_that_was_not_kept_is_used_again() {
        let mut inbox = Inbox::default();
        drop(detached(&mut inbox, 4 * KEPT_CAPACITY, ""));
        inbox.shrink();
        assert!(inbox.text.is_empty() && inbox.text.capacity() >= 4 * KEPT_CAPACITY);
    }

    #[test]
    fn a_long_line_with_as_much_behind_it_stays_in_the_buffer() {
        let mut inbox = Inbox::default();
        assert!(detached(&mut inbox, LONG, &"y\n".repeat(LONG)).is_none());
    }
}
