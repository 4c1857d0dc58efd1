//! Decides which server to try next, and when.

use alloc::vec::Vec;
use core::time::Duration;

use super::negotiation::Question;
use super::pong_wait::PongWait;
use super::random::Random;
use super::window::Window;
use crate::config::{Backoff, LEAST};
use crate::event::ServerIndex;
use crate::time::Timestamp;

/// All servers, each with its record.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    records: Vec<Record>,
    /// The server that was ready last.
    last_good: Option<usize>,
    current: usize,
}

#[derive(Clone, Debug, Default)]
struct Record {
    /// How often the server could not be reached since it was last ready for long enough.
    unopened: u32,
    /// How often it soon ended a connection since then.
    cut: u32,
    /// The earliest time of the next attempt.
    not_before: Timestamp,
    /// Until when other servers are preferred, since this one failed or was left for another one.
    avoided_until: Timestamp,
    /// Whether others are preferred for longer, since the last attempt with this server failed.
    has_failed: bool,
    /// The index of the configured offer to make next.
    offer: usize,
    /// Whether the server has accepted that offer before.
    accepted: bool,
    /// How to find out which chain the server serves.
    question: Question,
    /// How many requests the server is sent at once.
    window: Window,
    /// How long the server has to answer a ping.
    pong_wait: PongWait,
}

impl Servers {
    pub(crate) fn new(count: usize) -> Self {
        Self { records: alloc::vec![Record::default(); count.max(1)], last_good: None, current: 0 }
    }

    /// Returns the server that is being used or tried.
    pub(crate) fn current(&self) -> ServerIndex {
        ServerIndex(self.current)
    }

    /// Returns the index of the configured offer for the current server.
    pub(crate) fn offer(&self) -> usize {
        self.records[self.current].offer
    }

    /// Returns how long an attempt with the current server may take, at most `full`. If there are other servers it is a
    /// share of `request`, the time-out of requests, so that waiting requests get to a server that works; it doubles
    /// each time that the server fails.
    pub(crate) fn attempt_time(&self, full: Duration, request: Duration) -> Duration {
        let others = self.records.len().saturating_sub(1).min(MOST_OTHERS);
        let record = &self.records[self.current];
        let failures = record.unopened.saturating_add(record.cut).min(31);
        match u32::try_from(others) {
            Ok(others @ 1..) => full.min((request / (others + 2)).max(LEAST).saturating_mul(1 << failures)),
            _ => full,
        }
    }

    /// Returns the window of the current server: how many requests it is sent at once.
    pub(crate) fn window(&self) -> &Window {
        &self.records[self.current].window
    }

    /// Returns the window of the current server, mutably.
    pub(crate) fn window_mut(&mut self) -> &mut Window {
        &mut self.records[self.current].window
    }

    /// Returns the estimate of how long the current server takes to answer a ping.
    pub(crate) fn pong_wait(&self) -> &PongWait {
        &self.records[self.current].pong_wait
    }

    /// Returns that estimate, mutably.
    pub(crate) fn pong_wait_mut(&mut self) -> &mut PongWait {
        &mut self.records[self.current].pong_wait
    }

    /// Whether the current server has accepted the current offer before.
    pub(crate) fn accepted_offer(&self) -> bool {
        self.records[self.current].accepted
    }

    /// Returns how to find out which chain the current server serves.
    pub(super) fn question(&self) -> Question {
        self.records[self.current].question
    }

    /// Notes that the current server did not say which chain it serves when asked by `question`: it is asked by the
    /// other one next time. Some servers never answer `server.features`, or end the connection.
    pub(super) fn question_failed(&mut self, question: Question) {
        self.records[self.current].question = question.other();
    }

    /// Notes that the current server is ready: it is preferred from now on, with the offer that it accepted.
    pub(crate) fn was_ready(&mut self) {
        self.last_good = Some(self.current);
        let record = &mut self.records[self.current];
        record.accepted = true;
        if core::mem::take(&mut record.has_failed) {
            record.avoided_until = Timestamp::ZERO;
        }
    }

    /// Notes that the current server refused the offer: the next one of `offers` is made next time. Returns whether
    /// there is one that was not made yet.
    pub(crate) fn next_offer(&mut self, offers: usize) -> bool {
        let record = &mut self.records[self.current];
        (record.offer, record.accepted) = (record.offer + 1, false);
        if record.offer < offers {
            return true;
        }
        record.offer = 0;
        false
    }

    /// Returns when to make another offer to the current server. Refusals count as failures, so that a server that
    /// refuses every offer is tried ever more rarely.
    pub(crate) fn again(&mut self, now: Timestamp, backoff: &Backoff, random: &mut Random) -> Timestamp {
        let record = &mut self.records[self.current];
        record.cut = record.cut.saturating_add(1);
        now + wait_after(record.cut, backoff.initial, backoff, random)
    }

    /// Notes that the current server was left for another one.
    pub(crate) fn was_left(&mut self, now: Timestamp) {
        self.records[self.current].avoided_until = now + AVOIDED_FOR;
    }

    /// Notes that the current server failed. Chooses the next one and returns when to try it.
    pub(crate) fn failed(
        &mut self,
        now: Timestamp,
        failure: Failure,
        backoff: &Backoff,
        random: &mut Random,
    ) -> Timestamp {
        let alone = self.records.len() == 1;
        let record = &mut self.records[self.current];
        let wait = match failure {
            Failure::Lost { ready_for } if ready_for >= backoff.stable_after => {
                (record.unopened, record.cut) = (0, 0);
                spread(random)
            }
            Failure::Lost { .. } | Failure::Cut => {
                record.cut = record.cut.saturating_add(1);
                wait_after(record.cut, backoff.initial, backoff, random)
            }
            Failure::Unopened => {
                record.unopened = record.unopened.saturating_add(1);
                wait_after(record.unopened, backoff.reconnect, backoff, random)
            }
            Failure::Unusable => {
                record.cut = record.cut.saturating_add(1);
                let least = if alone { Duration::ZERO } else { backoff.set_aside };
                wait_after(record.cut, backoff.initial, backoff, random).max(least)
            }
        };
        if !matches!(failure, Failure::Lost { .. }) {
            (record.has_failed, record.avoided_until) = (true, now + AVOIDED_FOR);
        }
        record.not_before = now + wait;
        self.choose(now)
    }

    /// Chooses the server that can be tried first, and returns when. Of those that can be tried at once, it is the one
    /// that was ready last, otherwise the next in the list after the one that failed. A server that was recently left,
    /// or that failed the last time, is tried only if there would be no connection for long without it. Of these the
    /// order is: those that were ready the last time, then the one that is due first, and of those that are due the one
    /// that was left, or failed, first.
    fn choose(&mut self, now: Timestamp) -> Timestamp {
        let count = self.records.len();
        let due = |i: usize| self.records[i].not_before.max(now);
        let after_current = (1..=count).map(|step| (self.current + step) % count);
        let avoided_until = |i: usize| self.records[i].avoided_until.max(now);
        let rank = |i: usize| {
            let preferred_until = if self.records[i].has_failed { Timestamp::MAX } else { avoided_until(i) };
            due(i).max(preferred_until.min(now + LONGEST_DETOUR))
        };
        let is_doubtful = |i: usize| self.records[i].has_failed || i == self.current;
        let next = after_current
            .min_by_key(|i| (rank(*i), is_doubtful(*i), due(*i), avoided_until(*i), Some(*i) != self.last_good))
            .unwrap_or(self.current);
        self.current = next;
        self.records[next].not_before.max(now)
    }
}

/// How a connection to a server failed or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection could be opened: the server may be restarting.
    Unopened,
    /// The server accepted the connection, and it ended before it was ready, perhaps in a layer below the protocol.
    Cut,
    /// The link ended after it was ready for this time.
    Lost { ready_for: Duration },
    /// The server cannot be used: it refuses the client's versions or serves another chain.
    Unusable,
}

/// Returns the wait after `failures` failures in a row: it doubles from `first` up to the cap, and jitter shortens it.
fn wait_after(failures: u32, first: Duration, backoff: &Backoff, random: &mut Random) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    let full = first.saturating_mul(1 << doublings).min(backoff.cap);
    let shorter = random.permille() * backoff.jitter_permille.min(1000) / 1000;
    (full.saturating_mul(1000 - shorter) / 1000).max(LEAST)
}

/// Returns the wait before the first attempt after a link that lasted: too short to be noticed, but long enough that
/// the clients of one server do not all reconnect at the same moment.
fn spread(random: &mut Random) -> Duration {
    (LONGEST_SPREAD * random.permille() / 1000).max(LEAST)
}

/// How long other servers are preferred to one that was left, and how long to wait for one of them at most.
const AVOIDED_FOR: Duration = Duration::from_secs(60);
const LONGEST_DETOUR: Duration = Duration::from_secs(5);

/// How many other servers should be tried within the time-out of a request.
const MOST_OTHERS: usize = 3;

/// The maximum of [`spread`].
const LONGEST_SPREAD: Duration = Duration::from_millis(25);

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        reconnect: Duration::from_millis(50),
        initial: Duration::from_secs(1),
        cap: Duration::from_secs(60),
        jitter_permille: 0,
        stable_after: Duration::from_secs(30),
        set_aside: Duration::from_secs(600),
    };

    fn seconds(s: u64) -> Timestamp {
        Timestamp::from_millis(s * 1000)
    }

    fn wait(failures: u32, backoff: &Backoff, random: &mut Random) -> Duration {
        wait_after(failures, backoff.initial, backoff, random)
    }

    #[test]
    fn the_wait_doubles_to_its_cap_and_jitter_only_shortens_it() {
        let waits: Vec<_> = (1..=8).map(|n| wait(n, &BACKOFF, &mut Random::new(0)).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(wait(u32::MAX, &BACKOFF, &mut Random::new(0)), BACKOFF.cap);
        let mut random = Random::new(1);
        let jittered = Backoff { jitter_permille: 250, ..BACKOFF };
        let mut shortest = Duration::MAX;
        for failures in 1..100 {
            let (full, wait) = (wait(failures, &BACKOFF, &mut random), wait(failures, &jittered, &mut random));
            assert!(full * 3 / 4 <= wait && wait <= full, "{wait:?} of {full:?}");
            shortest = shortest.min(wait * 1000 / u32::try_from(full.as_millis()).unwrap());
        }
        assert!(shortest < Duration::from_millis(800), "many clients must not come back together: {shortest:?}");
    }

    #[test]
    fn only_a_link_that_lasted_starts_over() {
        let mut servers = Servers::new(1);
        let mut random = Random::new(0);
        let mut fail = |now, ready_for: Option<u64>| {
            let failure =
                ready_for.map_or(Failure::Cut, |seconds| Failure::Lost { ready_for: Duration::from_secs(seconds) });
            servers.failed(seconds(now), failure, &BACKOFF, &mut random)
        };
        assert_eq!(fail(0, None), seconds(1));
        assert_eq!(fail(10, Some(29)), seconds(12));
        let at_once = fail(50, Some(30)).since(seconds(50));
        assert!(at_once <= LONGEST_SPREAD, "{at_once:?}");
        assert_eq!(fail(51, None), seconds(52));
    }

    #[test]
    fn a_server_that_is_away_is_tried_again_soon_and_one_that_hangs_up_is_not() {
        let mut random = Random::new(0);
        let mut waits = |failure| {
            let mut servers = Servers::new(1);
            let mut waits =
                (0..5).map(|_| servers.failed(seconds(0), failure, &BACKOFF, &mut random).since(seconds(0)));
            [(); 5].map(|()| waits.next().unwrap().as_millis())
        };
        assert_eq!(waits(Failure::Unopened), [50, 100, 200, 400, 800]);
        assert_eq!(waits(Failure::Cut), [1000, 2000, 4000, 8000, 16_000]);
        assert_eq!(waits(Failure::Lost { ready_for: Duration::ZERO }), [1000, 2000, 4000, 8000, 16_000]);
    }

    #[test]
    fn a_thousand_clients_of_one_server_do_not_come_back_in_step() {
        let backoff = Backoff::default();
        // All lose it in one moment, and it is away for two seconds: how many come in the same 10 ms?
        let mut arrivals = alloc::vec![0_u32; 1000];
        for seed in 0..1000 {
            let (mut servers, mut random) = (Servers::new(1), Random::new(seed));
            let lasted = Failure::Lost { ready_for: Duration::from_secs(3600) };
            let mut at = servers.failed(seconds(0), lasted, &backoff, &mut random);
            while at < seconds(2) {
                at = servers.failed(at, Failure::Unopened, &backoff, &mut random);
            }
            arrivals[usize::try_from(at.since_epoch().as_millis()).unwrap() / 10] += 1;
        }
        let most = arrivals.iter().max().unwrap();
        // The last wave is 0.8 s wide: 13 on average, some twice as many in its middle.
        assert!(*most <= 50, "{most} of 1000 come within 10 ms");
    }

    #[test]
    fn others_are_tried_at_once_and_the_last_good_one_first() {
        let mut servers = Servers::new(3);
        let mut random = Random::new(0);
        let mut fail = |servers: &mut Servers, now, failure| {
            let due = servers.failed(seconds(now), failure, &BACKOFF, &mut random);
            (servers.current().0, due)
        };
        assert_eq!(fail(&mut servers, 0, Failure::Cut), (1, seconds(0)));
        assert_eq!(fail(&mut servers, 0, Failure::Unusable), (2, seconds(0)));
        servers.was_ready();
        assert_eq!(fail(&mut servers, 5, Failure::Cut), (0, seconds(5)));
        assert_eq!(fail(&mut servers, 9, Failure::Cut), (2, seconds(9)), "the last good one before the one set aside");
        assert_eq!(fail(&mut servers, 9, Failure::Cut), (2, seconds(11)), "its second failure in a row");
    }

    #[test]
    fn a_server_that_was_left_is_avoided_while_another_is_about_to_be_tried() {
        let mut servers = Servers::new(2);
        let mut random = Random::new(0);
        let mut lost = |servers: &mut Servers, now, ready_for| {
            let failure = Failure::Lost { ready_for: Duration::from_secs(ready_for) };
            let at = servers.failed(seconds(now), failure, &BACKOFF, &mut random);
            (servers.current().0, at.since(seconds(now)).as_secs())
        };
        servers.was_left(seconds(0));
        assert_eq!(lost(&mut servers, 0, 10), (1, 0));
        assert_eq!(lost(&mut servers, 1, 1), (1, 1), "its pause is short");
        assert_eq!(lost(&mut servers, 2, 1), (1, 2));
        assert_eq!(lost(&mut servers, 4, 1), (1, 4));
        assert_eq!(lost(&mut servers, 8, 1), (0, 0), "eight seconds are too long to be without a connection");
        // Both were left: the one that was left first is chosen.
        servers.was_left(seconds(9));
        assert_eq!(lost(&mut servers, 20, 1).0, 1);
        servers.was_left(seconds(21));
        assert_eq!(lost(&mut servers, 21, 10).0, 0);
    }

    #[test]
    fn servers_that_fail_whenever_they_are_tried_do_not_keep_one_that_was_left_from_being_tried() {
        let mut servers = Servers::new(3);
        let mut random = Random::new(0);
        servers.was_ready();
        servers.was_left(seconds(0));
        let lasted = Failure::Lost { ready_for: Duration::from_secs(60) };
        let mut tried = [lasted, Failure::Cut, Failure::Unopened].map(|failure| {
            servers.failed(seconds(2), failure, &BACKOFF, &mut random);
            servers.current().0
        });
        assert_eq!(tried, [1, 2, 0]);
        // It was ready, and ends: those that failed are not tried before it is.
        servers.was_ready();
        tried = [lasted, Failure::Unopened, Failure::Cut].map(|failure| {
            servers.failed(seconds(100), failure, &BACKOFF, &mut random);
            servers.current().0
        });
        assert_eq!(tried, [0, 1, 2]);
    }

    #[test]
    fn an_attempt_takes_a_share_of_a_requests_time_if_there_are_other_servers() {
        let seconds = Duration::from_secs;
        let mut random = Random::new(0);
        for (count, share) in [(1, 15_000), (2, 10_000), (3, 7_500), (4, 6_000), (9, 6_000)] {
            let share = Duration::from_millis(share);
            let mut servers = Servers::new(count);
            assert_eq!(servers.attempt_time(seconds(15), seconds(30)), share, "{count} servers");
            assert_eq!(servers.attempt_time(seconds(5), seconds(30)), seconds(5));
            for _ in 0..count {
                servers.failed(Timestamp::ZERO, Failure::Cut, &BACKOFF, &mut random);
            }
            assert_eq!(servers.attempt_time(seconds(15), seconds(30)), (share * 2).min(seconds(15)));
        }
    }

    #[test]
    fn a_server_alone_is_never_set_aside() {
        let mut servers = Servers::new(1);
        assert_eq!(servers.failed(seconds(0), Failure::Unusable, &BACKOFF, &mut Random::new(0)), seconds(1));
    }
}
