//! Cost accounting of one connection, as ElectrumX does it: requests cost, and costs delay requests.

use std::time::Duration;

use super::quirks::Cost;

/// This many bytes of an answer cost as much as a request.
const BYTES_PER_UNIT: usize = 5_000;

/// The costs and delays of one connection.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    /// The cost of all requests so far.
    cost: u32,
    /// When each of the tasks that serve requests concurrently is free again.
    free_at: Vec<Duration>,
    /// When the answer to the last request is sent.
    due: Duration,
}

/// The outcome of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is served, and its answer is sent when it is due.
    Served,
    /// It would wait for too long: it times out instead.
    TimedOut,
    /// The connection has reached the hard limit.
    Excessive,
}

impl Throttle {
    /// Adds a request.
    pub(super) fn admit(&mut self, now: Duration, cost: &Cost) -> Admission {
        self.cost += 1;
        if self.cost > cost.hard {
            self.due = now;
            return Admission::Excessive;
        }
        self.free_at.resize(cost.concurrent.max(1), Duration::ZERO);
        let serving = cost.serving(self.cost);
        let free_at = self.free_at[..serving].iter_mut().min().expect("one at least serves");
        let due = now.max(*free_at) + cost.delay(self.cost);
        if due > now + cost.patience {
            self.due = now + cost.patience;
            return Admission::TimedOut;
        }
        (*free_at, self.due) = (due, due);
        Admission::Served
    }

    /// Returns when an answer of this many bytes to the last request is sent.
    pub(super) fn due(&mut self, bytes: usize) -> Duration {
        self.cost += u32::try_from(bytes / BYTES_PER_UNIT).unwrap_or(u32::MAX);
        self.due
    }
}

impl Cost {
    /// Returns how far a cost lies from the soft limit to the hard one, as a fraction.
    fn beyond(&self, cost: u32) -> (u32, u32) {
        let range = self.hard.saturating_sub(self.soft).max(1);
        (cost.saturating_sub(self.soft).min(range), range)
    }

    /// Returns for how long a request is held up at this cost.
    fn delay(&self, cost: u32) -> Duration {
        let (beyond, range) = self.beyond(cost);
        self.sleep * beyond / range
    }

    /// Returns how many requests are served concurrently at this cost.
    fn serving(&self, cost: u32) -> usize {
        let (beyond, range) = self.beyond(cost);
        (self.concurrent * (range - beyond) as usize).div_ceil(range as usize).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: Cost =
        Cost { soft: 10, hard: 30, sleep: Duration::from_secs(4), concurrent: 4, patience: Duration::from_secs(30) };

    #[test]
    fn what_comes_at_once_waits_its_turn() {
        let mut throttle = Throttle::default();
        let now = Duration::from_secs(100);
        for _ in 0..10 {
            assert_eq!(
                (throttle.admit(now, &COST), throttle.due(100)),
                (Admission::Served, now),
                "up to the soft limit"
            );
        }
        // A fifth of a second more for each, and four concurrently in the first quarter of the range.
        let due = (0..5).map(|_| {
            assert_eq!(throttle.admit(now, &COST), Admission::Served);
            (throttle.due(100) - now).as_millis()
        });
        assert_eq!(due.collect::<Vec<_>>(), [200, 400, 600, 800, 1200]);
    }

    #[test]
    fn what_would_wait_too_long_is_not_served_and_what_costs_too_much_ends_it() {
        let cost = Cost { patience: Duration::from_secs(9), ..COST };
        let mut throttle = Throttle::default();
        let admissions: Vec<_> = (0..31).map(|_| throttle.admit(Duration::ZERO, &cost)).collect();
        let served = admissions.iter().position(|admission| *admission != Admission::Served).unwrap();
        assert!((15..30).contains(&served), "{served}");
        assert_eq!(admissions[29], Admission::TimedOut);
        assert_eq!(admissions[30], Admission::Excessive);
        throttle.cost = 0;
        assert_eq!(throttle.due(15_000), Duration::ZERO);
        assert_eq!(throttle.cost, 3, "answers cost too");
    }
}
