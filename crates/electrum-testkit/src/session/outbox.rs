//! Outgoing bytes: writes are padded, and small answers held back, by families that do so.

use std::time::Duration;

use crate::family::Padding;

/// The least size of a padded write; less than this waits for more.
const LEAST: usize = 1024;

/// Lines that are not yet written.
#[derive(Debug)]
pub(super) struct Outbox {
    padding: Padding,
    /// The longest time that an answer is held back.
    hold: Duration,
    buffer: Vec<u8>,
    last_write: Duration,
    /// Bytes of lines so far, without padding.
    pushed: usize,
}

impl Outbox {
    pub(super) const fn new(padding: Padding, hold: Duration, now: Duration) -> Self {
        Self { padding, hold, buffer: Vec::new(), last_write: now, pushed: 0 }
    }

    /// Adds a line, its end included, and returns what to write now.
    pub(super) fn push(&mut self, now: Duration, line: &[u8]) -> Option<Vec<u8>> {
        self.buffer.extend_from_slice(line);
        // The line that ends the warm-up is still written at once.
        let warming_up = self.padding == Padding::AfterWarmUp && self.pushed < LEAST;
        self.pushed += line.len();
        match self.padding {
            Padding::None => Some(std::mem::take(&mut self.buffer)),
            _ if warming_up || self.due(now) => self.padded(now),
            _ => None,
        }
    }

    /// Returns what to write because its time has come.
    pub(super) fn wake(&mut self, now: Duration) -> Option<Vec<u8>> {
        if self.buffer.is_empty() || !self.due(now) {
            return None;
        }
        self.padded(now)
    }

    /// Returns when [`Outbox::wake`] will return something.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        (!self.buffer.is_empty()).then(|| self.last_write + self.hold)
    }

    /// Returns everything that is held back, padded.
    pub(super) fn flush(&mut self, now: Duration) -> Option<Vec<u8>> {
        if self.buffer.is_empty() {
            return None;
        }
        let whole = self.buffer.len();
        self.write(now, whole, packet_size(whole))
    }

    fn due(&self, now: Duration) -> bool {
        self.buffer.len() >= LEAST || now >= self.last_write + self.hold
    }

    /// Returns a packet whose size is a power of two: with the whole buffer, or, if that takes less padding, half as
    /// large and with those lines only that fit. The rest stays in the buffer.
    fn padded(&mut self, now: Duration) -> Option<Vec<u8>> {
        let whole = self.buffer.len();
        let large = packet_size(whole);
        let small = LEAST.max(large / 2);
        let lines = self.buffer[..whole.min(small)].iter().rposition(|b| *b == b'\n');
        match lines.map(|end| end + 1) {
            Some(part) if small - part < large - whole => self.write(now, part, small),
            _ => self.write(now, whole, large),
        }
    }

    /// Removes this many bytes, which end a line, and pads them with spaces before its last bracket.
    fn write(&mut self, now: Duration, bytes: usize, size: usize) -> Option<Vec<u8>> {
        let rest = self.buffer.split_off(bytes);
        let mut packet = std::mem::replace(&mut self.buffer, rest);
        let bracket = packet.len().saturating_sub(2);
        let spaces = std::iter::repeat_n(b' ', size.saturating_sub(packet.len()));
        packet.splice(bracket..bracket, spaces);
        self.last_write = now;
        Some(packet)
    }
}

/// Returns the next power of two above a length, at least [`LEAST`].
fn packet_size(payload: usize) -> usize {
    LEAST.max((payload + 1).next_power_of_two())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn line(bytes: usize) -> Vec<u8> {
        format!("{{{}}}\n", "x".repeat(bytes - 3)).into_bytes()
    }

    #[test]
    fn without_padding_lines_go_as_they_are() {
        let mut outbox = Outbox::new(Padding::None, SECOND, ms(0));
        assert_eq!(outbox.push(ms(0), b"{}\n"), Some(b"{}\n".to_vec()));
        assert_eq!(outbox.wake_at(), None);
    }

    #[test]
    fn from_the_start_a_small_answer_waits_a_second_since_the_last_write() {
        let mut outbox = Outbox::new(Padding::FromStart, SECOND, ms(500));
        assert_eq!(outbox.push(ms(600), &line(60)), None);
        assert_eq!(outbox.wake_at(), Some(ms(1500)));
        assert_eq!(outbox.wake(ms(1499)), None);
        let packet = outbox.wake(ms(1500)).unwrap();
        assert_eq!(packet.len(), 1024);
        assert!(packet.starts_with(&line(60)[..58]) && packet.ends_with(b"  }\n"));
        assert_eq!(outbox.wake_at(), None);
        // A second after the last write nothing is held back any more.
        assert!(outbox.push(ms(2500), &line(60)).is_some());
    }

    #[test]
    fn enough_together_goes_at_once_and_only_the_end_is_padded() {
        let mut outbox = Outbox::new(Padding::FromStart, SECOND, ms(0));
        assert_eq!(outbox.push(ms(1), &line(600)), None);
        let packet = outbox.push(ms(1), &line(1300)).unwrap();
        assert_eq!(packet.len(), 2048);
        assert_eq!(packet[..600], line(600));
    }

    #[test]
    fn half_a_packet_is_taken_when_it_wastes_less() {
        let mut outbox = Outbox::new(Padding::FromStart, SECOND, ms(0));
        assert_eq!(outbox.push(ms(1), &line(1000)), None);
        let packet = outbox.push(ms(1), &line(100)).unwrap();
        assert_eq!(packet.len(), 1024);
        assert!(packet.starts_with(&line(1000)[..998]));
        assert_eq!(outbox.wake_at(), Some(ms(1001)), "the second line still waits");
    }

    #[test]
    fn the_first_kilobyte_is_immediate_after_a_warm_up() {
        let mut outbox = Outbox::new(Padding::AfterWarmUp, SECOND, ms(0));
        for _ in 0..11 {
            assert_eq!(outbox.push(ms(0), &line(100)).unwrap().len(), 1024);
        }
        assert_eq!(outbox.push(ms(0), &line(100)), None);
        assert_eq!(outbox.flush(ms(0)).unwrap().len(), 1024);
        assert_eq!(outbox.flush(ms(0)), None);
    }

    #[test]
    fn without_a_hold_all_is_padded_and_nothing_waits() {
        let mut outbox = Outbox::new(Padding::FromStart, Duration::ZERO, ms(0));
        assert_eq!(outbox.push(ms(0), &line(60)).unwrap().len(), 1024);
        assert_eq!(outbox.wake_at(), None);
    }

    #[test]
    fn a_payload_of_a_power_of_two_is_doubled() {
        assert_eq!(packet_size(1023), 1024);
        assert_eq!(packet_size(1024), 2048);
    }
}
