//! Congestion window: limits how many requests, and how many expected bytes of answers, a server has in flight.

use core::time::Duration;

use super::answer_sizes::{AnswerSizes, Expected};

/// The window of one server. It has no bound until the server shows one, by cutting the connection, by being too busy
/// or by answering slowly, and grows again as the server answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    requests: Bound,
    /// Bytes of expected answers.
    bytes: Bound,
    sizes: AnswerSizes,
    /// How many requests that were sent before the window last shrank are not answered yet.
    earlier: usize,
    /// How many requests turned out to be too many as it last shrank.
    too_many: u64,
}

/// What waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outstanding {
    /// How many requests.
    pub(crate) requests: usize,
    /// How many bytes their answers are expected to have.
    pub(crate) bytes: u64,
    /// How many of the requests have waited for so long that they do not count against the window any more.
    pub(crate) stale: usize,
}

/// A bound on something. It doubles, or grows by a step if that is less, each time that as much was answered as it
/// holds; by a small step near what was too much.
#[derive(Clone, Debug, Default)]
struct Bound {
    most: Option<u64>,
    /// How much was answered since the bound was set or raised.
    answered: u64,
    /// How much was outstanding when a connection was lost, until the bound has grown beyond it without another loss.
    cut: Option<u64>,
}

/// The parameters by which a bound changes.
struct Rule {
    /// The minimum of the bound.
    least: u64,
    /// The maximum by which the bound grows at a time.
    step: u64,
    /// The bound is dropped when it grows to this.
    most: u64,
}

/// A small step is this part of a step.
const SMALL: u64 = 16;
/// By how many small steps a bound grows beyond what was outstanding when a connection was lost, before that is no longer
/// taken for the cause.
const TRIALS: u64 = 4;
const KIB: u64 = 1024;
/// The rule for requests. The minimum is more than one, since sending one request at a time takes too long.
const REQUESTS: Rule = Rule { least: 4, step: 16, most: 100_000 };
const BYTES: Rule = Rule { least: 256 * KIB, step: 128 * KIB, most: 1024 * 1024 * KIB };
/// With so few requests in flight, their number is not the cause of a lost connection or of a slow answer.
const FEW: usize = 8;
/// With so few bytes of expected answers, their number is not the cause.
const FEW_BYTES: u64 = 512 * KIB;
/// The time that an answer should take at most, unless the link is slower by itself. An answer that takes longer
/// divides the window by the ratio of the two, and at least by two.
pub(crate) const AIM: Duration = Duration::from_millis(1500);

impl Window {
    /// Returns how many requests may be in flight, at most `limit`.
    pub(crate) fn size(&self, limit: usize) -> usize {
        self.requests.most.map_or(limit, |most| limit.min(most as usize))
    }

    /// Returns the expected length of the answer to a method.
    pub(crate) fn expects(&self, method: &[u8]) -> Expected {
        self.sizes.expected(method)
    }

    /// Returns the expected number of bytes of these answers, by what has been learned since.
    pub(crate) fn expects_of(&self, answers: impl Iterator<Item = Expected>) -> u64 {
        answers.map(|answer| u64::from(self.sizes.again(answer).bytes)).sum()
    }

    /// Whether another request may be sent besides the outstanding ones, of which there are at most `limit`. The bound
    /// on bytes may be exceeded by one answer.
    pub(crate) fn has_room(&self, outstanding: Outstanding, limit: usize) -> bool {
        outstanding.requests < limit
            && self.requests.most.is_none_or(|most| ((outstanding.requests - outstanding.stale) as u64) < most)
            && self.bytes.most.is_none_or(|most| outstanding.bytes < most)
    }

    /// Learns from a connection that was lost with these requests outstanding.
    pub(crate) fn lost(&mut self, outstanding: Outstanding) {
        self.earlier = 0;
        if outstanding.requests >= FEW {
            self.requests.halve(&REQUESTS, outstanding.requests as u64);
        }
        if outstanding.bytes >= FEW_BYTES {
            self.bytes.halve(&BYTES, outstanding.bytes);
        }
    }

    /// Learns from an answer after `took` that the server is too busy, with `in_flight` requests including that one.
    pub(crate) fn busy(&mut self, in_flight: usize, took: Duration) {
        self.shrink(in_flight, took, AIM, REQUESTS.least);
    }

    /// Learns from an answer that took longer than `aim`.
    pub(crate) fn slow(&mut self, answer: Expected, bytes: usize, in_flight: usize, took: Duration, aim: Duration) {
        self.sizes.seen(answer, bytes);
        if in_flight >= FEW || self.earlier > 0 {
            self.shrink(in_flight, took, aim, FEW as u64);
        }
    }

    /// Shrinks the window, since `in_flight` requests were too many. Answers to requests that were sent before the
    /// window last shrank count once in all, by the slowest of them.
    fn shrink(&mut self, in_flight: usize, took: Duration, aim: Duration, least: u64) {
        match self.earlier.checked_sub(1) {
            Some(earlier) => self.earlier = earlier,
            None => {
                self.earlier = in_flight.saturating_sub(1);
                self.too_many = self.requests.most.unwrap_or(u64::MAX).min(in_flight as u64);
            }
        }
        let times = (took.as_millis() / aim.as_millis().max(1)).max(2) as u64;
        self.requests.lower((self.too_many / times).max(least));
    }

    /// Learns from an answer in good time: the window may grow.
    pub(crate) fn answered(&mut self, answer: Expected, bytes: usize) {
        self.sizes.seen(answer, bytes);
        if self.requests.most.is_some() {
            self.earlier = self.earlier.saturating_sub(1);
            self.requests.answered(&REQUESTS, 1);
        }
        if self.bytes.most.is_some() {
            self.bytes.answered(&BYTES, bytes as u64);
        }
    }
}

impl Bound {
    /// Lowers the bound to half of what was outstanding.
    fn halve(&mut self, rule: &Rule, outstanding: u64) {
        self.cut = Some(outstanding);
        let bound = self.most.unwrap_or(outstanding).min(outstanding);
        self.lower((bound / 2).max(rule.least));
    }

    /// Lowers the bound to `bound`, if it is higher.
    fn lower(&mut self, bound: u64) {
        if self.most.is_none_or(|most| bound < most) {
            (self.most, self.answered) = (Some(bound), 0);
        }
    }

    fn answered(&mut self, rule: &Rule, count: u64) {
        let Some(bound) = self.most else { return };
        self.answered = self.answered.saturating_add(count);
        if self.answered >= bound {
            self.answered = 0;
            let mut larger = bound + bound.min(rule.step);
            if let Some(cut) = self.cut.filter(|cut| larger >= *cut) {
                let small = rule.step / SMALL;
                larger = bound + small;
                self.cut = self.cut.filter(|_| larger <= cut + TRIALS * small);
            }
            self.most = (larger < rule.most).then_some(larger);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: u64 = 0;
    const AT_ONCE: Duration = Duration::ZERO;
    const MIB: u64 = 1024 * KIB;

    fn outstanding(requests: usize, bytes: u64) -> Outstanding {
        Outstanding { requests, bytes, stale: 0 }
    }

    fn method() -> Expected {
        AnswerSizes::default().expected(b"server.banner")
    }

    #[test]
    fn a_window_has_no_bound_until_a_server_shows_one() {
        let mut window = Window::default();
        (0..1000).for_each(|_| window.answered(method(), 100));
        window.lost(outstanding(7, 512 * KIB - 1));
        assert_eq!(window.size(100_000), 100_000);
        assert!(window.has_room(outstanding(99_999, 1 << 40), 100_000));
        window.lost(outstanding(500, NONE));
        assert_eq!((window.size(100_000), window.size(10)), (250, 10));
        assert!(window.has_room(outstanding(249, 1 << 40), 100_000));
        assert!(!window.has_room(outstanding(250, NONE), 100_000));
    }

    #[test]
    fn it_halves_with_every_loss_and_grows_as_answers_come() {
        let mut window = Window::default();
        let sizes = [1000, 500, 250, 125, 62, 31, 15, 8, 4].map(|in_flight| {
            window.lost(outstanding(in_flight, NONE));
            window.size(usize::MAX)
        });
        assert_eq!(sizes, [500, 250, 125, 62, 31, 15, 7, 4, 4], "to the least");
        let mut answers = 0;
        while window.size(usize::MAX) < 100 {
            window.answered(method(), 100);
            answers += 1;
        }
        assert!((100..1000).contains(&answers), "{answers}");
    }

    #[test]
    fn it_stays_for_long_below_the_size_at_which_connections_are_cut() {
        // The server cuts a connection on which more than this is in flight.
        const MOST: usize = 50;
        let mut window = Window::default();
        window.lost(outstanding(150, NONE));
        let answers_by_connection: Vec<_> = (0..10)
            .map(|_| {
                let mut answers = 0;
                while window.size(usize::MAX) <= MOST && answers < 10_000 {
                    window.answered(method(), 100);
                    answers += 1;
                }
                window.lost(outstanding(window.size(usize::MAX), NONE));
                answers
            })
            .collect();
        let settled = &answers_by_connection[3..];
        assert!(settled.iter().all(|answers| *answers > 300), "{answers_by_connection:?}");
    }

    #[test]
    fn many_busy_answers_to_one_burst_shrink_it_once() {
        let mut window = Window::default();
        (1..=100).rev().for_each(|in_flight| window.busy(in_flight, AT_ONCE));
        assert_eq!(window.size(usize::MAX), 50);
        window.busy(20, AT_ONCE);
        assert_eq!(window.size(usize::MAX), 10, "what was sent since");
    }

    #[test]
    fn slow_answers_shrink_it_by_as_much_as_they_are_late() {
        let mut window = Window::default();
        let slow = |window: &mut Window, in_flight, seconds| {
            window.slow(method(), 100, in_flight, Duration::from_secs(seconds), Duration::from_secs(4));
            window.size(1000)
        };
        assert_eq!(slow(&mut window, FEW - 1, 15), 1000, "so few are not the cause");
        assert_eq!(slow(&mut window, 300, 4), 150, "at least twice");
        assert_eq!(slow(&mut window, 299, 12), 100, "three times, by those of the same burst that come later");
        let sizes: Vec<_> = (1..=298).rev().map(|in_flight| slow(&mut window, in_flight, 12)).collect();
        assert!(sizes.into_iter().all(|size| size == 100), "and that once");
        assert_eq!(slow(&mut window, 100, 20), 20, "what was sent since");
        assert!((1..=99).rev().all(|in_flight| slow(&mut window, in_flight, 60) == FEW), "not below what is few");
    }

    #[test]
    fn a_connection_that_is_lost_with_much_to_send_is_asked_for_less() {
        let mut window = Window::default();
        window.lost(outstanding(5, 8 * MIB));
        assert_eq!(window.size(1000), 1000, "their number was not the cause");
        assert!(
            window.has_room(outstanding(999, 4 * MIB - 1), 1000) && !window.has_room(outstanding(1, 4 * MIB), 1000)
        );
        window.lost(outstanding(2, FEW_BYTES));
        window.lost(outstanding(2, FEW_BYTES));
        assert!(window.has_room(outstanding(1, 256 * KIB - 1), 1000), "the least");
        assert!(window.has_room(outstanding(0, 0), 1000), "one is always sent");
        let mut answers = 0;
        while !window.has_room(outstanding(1, 2 * MIB), 1000) {
            window.answered(method(), 100_000);
            answers += 1;
        }
        assert!((20..1000).contains(&answers), "{answers}");
    }

    #[test]
    fn a_bound_on_bytes_grows_by_steps_to_a_gigabyte_and_is_dropped_there() {
        for bound in [4 * MIB, 1024 * MIB - 129 * KIB, 1024 * MIB - 127 * KIB] {
            let mut window = Window::default();
            window.lost(outstanding(1, 2 * bound));
            window.answered(method(), usize::try_from(bound).unwrap() - 1);
            assert!(!window.has_room(outstanding(1, bound), 2));
            window.answered(method(), 1);
            let larger = bound + 128 * KIB;
            assert!(window.has_room(outstanding(1, larger - 1), 2));
            assert_eq!(window.has_room(outstanding(1, larger), 2), larger > 1024 * MIB, "{bound}");
        }
    }

    #[test]
    fn a_bound_grows_by_small_steps_near_what_was_too_much_until_it_is_well_beyond() {
        let mut window = Window::default();
        window.lost(outstanding(100, 8 * MIB));
        let sizes: Vec<_> = (0..12)
            .map(|_| {
                let size = window.size(1000);
                (0..size).for_each(|_| window.answered(method(), 0));
                size
            })
            .collect();
        assert_eq!(
            sizes,
            [50, 66, 82, 98, 99, 100, 101, 102, 103, 104, 105, 121],
            "four beyond a hundred, and one more"
        );
        // A small step is a sixteenth of 128 KiB.
        let mut expected: Vec<_> = (4 * 1024..8 * 1024).step_by(128).collect();
        expected.extend((8 * 1024 - 120..=8 * 1024 + 40).step_by(8));
        expected.push(8 * 1024 + 40 + 128);
        let bounds: Vec<_> = (0..expected.len())
            .map(|_| {
                let bound = window.bytes.most.unwrap();
                window.answered(method(), usize::try_from(bound).unwrap());
                bound / KIB
            })
            .collect();
        assert_eq!(bounds, expected);
    }

    #[test]
    fn a_busy_answer_that_shrinks_nothing_does_not_put_off_growth() {
        let mut window = Window::default();
        window.busy(1, AT_ONCE);
        assert_eq!(window.size(1000), 4, "the least");
        (0..3).for_each(|_| window.answered(method(), 100));
        window.busy(1, AT_ONCE);
        assert_eq!(window.size(1000), 4);
        window.answered(method(), 100);
        assert_eq!(window.size(1000), 8, "as many were answered as it holds");
    }
}
