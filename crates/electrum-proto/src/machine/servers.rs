//! Which server to try next, and when.

use alloc::vec::Vec;
use core::time::Duration;

use super::random::Random;
use crate::config::{Backoff, LEAST};
use crate::event::ServerIndex;
use crate::time::Timestamp;

/// The record of each server.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    records: Vec<Record>,
    /// The last one that was ready.
    last_good: Option<usize>,
    current: usize,
}

#[derive(Clone, Debug, Default)]
struct Record {
    /// Failures since it was last ready for long enough.
    failures: u32,
    /// It is not tried before this.
    not_before: Timestamp,
    /// Which of the configured offers comes next.
    offer: usize,
}

impl Servers {
    pub(crate) fn new(count: usize) -> Self {
        Self { records: alloc::vec![Record::default(); count.max(1)], last_good: None, current: 0 }
    }

    /// The server that is being used or tried.
    pub(crate) fn current(&self) -> ServerIndex {
        ServerIndex(self.current)
    }

    /// Which of the configured offers the current server is to be made.
    pub(crate) fn offer(&self) -> usize {
        self.records[self.current].offer
    }

    /// The current server agreed: it is the one to come back to, with the offer that it took.
    pub(crate) fn was_ready(&mut self) {
        self.last_good = Some(self.current);
    }

    /// The current server refused what it was offered: the next of `offers` is made next time. Returns whether there
    /// is one that it was not made yet.
    pub(crate) fn next_offer(&mut self, offers: usize) -> bool {
        let record = &mut self.records[self.current];
        record.offer += 1;
        if record.offer < offers {
            return true;
        }
        record.offer = 0;
        false
    }

    /// The current server is to be made another offer: says when.
    pub(crate) fn again(&self, now: Timestamp, backoff: &Backoff, random: &mut Random) -> Timestamp {
        now + wait_after(1, backoff, random)
    }

    /// The current server failed after it had been ready for `ready_for`. Chooses the next one and says when it is due.
    pub(crate) fn failed(
        &mut self,
        now: Timestamp,
        ready_for: Option<Duration>,
        set_aside: bool,
        backoff: &Backoff,
        random: &mut Random,
    ) -> Timestamp {
        let alone = self.records.len() == 1;
        let record = &mut self.records[self.current];
        if ready_for.is_some_and(|time| time >= backoff.stable_after) {
            record.failures = 0;
        }
        record.failures = record.failures.saturating_add(1);
        let least = if set_aside && !alone { backoff.set_aside } else { Duration::ZERO };
        let wait = wait_after(record.failures, backoff, random).max(least);
        record.not_before = now + wait;
        self.choose(now)
    }

    /// The server that can be tried first: of those that can be tried at once the last good one,
    /// else the next in the list after the one that failed.
    fn choose(&mut self, now: Timestamp) -> Timestamp {
        let count = self.records.len();
        let due = |i: usize| self.records[i].not_before.max(now);
        let after_current = (1..=count).map(|step| (self.current + step) % count);
        let next = after_current.min_by_key(|i| (due(*i), Some(*i) != self.last_good)).unwrap_or(self.current);
        self.current = next;
        self.records[next].not_before.max(now)
    }
}

/// The wait after so many failures in a row: it doubles up to the cap, and is shortened at random.
pub(crate) fn wait_after(failures: u32, backoff: &Backoff, random: &mut Random) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    let full = backoff.initial.saturating_mul(1 << doublings).min(backoff.cap);
    let shorter = random.permille() * backoff.jitter_permille.min(1000) / 1000;
    (full.saturating_mul(1000 - shorter) / 1000).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        initial: Duration::from_secs(1),
        cap: Duration::from_secs(60),
        jitter_permille: 0,
        stable_after: Duration::from_secs(30),
        set_aside: Duration::from_secs(600),
    };

    fn seconds(s: u64) -> Timestamp {
        Timestamp::from_millis(s * 1000)
    }

    #[test]
    fn the_wait_doubles_to_its_cap_and_jitter_only_shortens_it() {
        let waits: Vec<_> = (1..=8).map(|n| wait_after(n, &BACKOFF, &mut Random::new(0)).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(wait_after(u32::MAX, &BACKOFF, &mut Random::new(0)), BACKOFF.cap);
        let mut random = Random::new(1);
        let jittered = Backoff { jitter_permille: 250, ..BACKOFF };
        let mut shortest = Duration::MAX;
        for failures in 1..100 {
            let (full, wait) =
                (wait_after(failures, &BACKOFF, &mut random), wait_after(failures, &jittered, &mut random));
            assert!(full * 3 / 4 <= wait && wait <= full, "{wait:?} of {full:?}");
            shortest = shortest.min(wait * 1000 / u32::try_from(full.as_millis()).unwrap());
        }
        assert!(shortest < Duration::from_millis(800), "many clients must not come back together: {shortest:?}");
    }

    #[test]
    fn only_a_link_that_lasted_starts_over() {
        let mut servers = Servers::new(1);
        let mut random = Random::new(0);
        let mut fail = |now, ready_for| servers.failed(seconds(now), ready_for, false, &BACKOFF, &mut random);
        assert_eq!(fail(0, None), seconds(1));
        assert_eq!(fail(10, Some(Duration::from_secs(29))), seconds(12));
        assert_eq!(fail(50, Some(Duration::from_secs(30))), seconds(51));
    }

    #[test]
    fn others_are_tried_at_once_and_the_last_good_one_first() {
        let mut servers = Servers::new(3);
        let mut random = Random::new(0);
        let mut fail = |servers: &mut Servers, now, aside| {
            let due = servers.failed(seconds(now), None, aside, &BACKOFF, &mut random);
            (servers.current().0, due)
        };
        assert_eq!(fail(&mut servers, 0, false), (1, seconds(0)));
        assert_eq!(fail(&mut servers, 0, true), (2, seconds(0)));
        servers.was_ready();
        assert_eq!(fail(&mut servers, 5, false), (0, seconds(5)));
        assert_eq!(fail(&mut servers, 9, false), (2, seconds(9)), "the last good one before the one set aside");
        assert_eq!(fail(&mut servers, 9, false), (2, seconds(11)), "its second failure in a row");
    }

    #[test]
    fn a_server_alone_is_never_set_aside() {
        let mut servers = Servers::new(1);
        assert_eq!(servers.failed(seconds(0), None, true, &BACKOFF, &mut Random::new(0)), seconds(1));
    }
}
