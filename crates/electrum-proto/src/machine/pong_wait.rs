//! Estimates how long to wait for a sign of life of a server, from the delays of its answers.

use core::time::Duration;

use crate::config::Timeouts;

/// The maximum delay that is counted.
const LONGEST: Duration = Duration::from_secs(3600);

/// The wait for the pong of one server, estimated like the retransmission time-out of TCP (RFC 6298): from the smoothed
/// delay of its answers and their mean deviation, doubled each time that no answer came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PongWait {
    smoothed: Duration,
    deviation: Duration,
    /// How many times in a row no answer came in time.
    missed: u32,
}

impl PongWait {
    /// Returns how long to wait: at least [`Timeouts::pong`], and at most as long as for any request.
    pub(crate) fn duration(&self, timeouts: &Timeouts) -> Duration {
        let margin = self.deviation.saturating_mul(4).max(self.smoothed / 2);
        let seen = self.smoothed.saturating_add(margin).max(timeouts.pong);
        seen.saturating_mul(1 << self.missed.min(16)).min(timeouts.request.max(timeouts.pong))
    }

    /// Learns from an answer that came `delay` after its request.
    pub(crate) fn seen(&mut self, delay: Duration) {
        let delay = delay.min(LONGEST);
        if self.smoothed == Duration::ZERO {
            (self.smoothed, self.deviation) = (delay, delay / 2);
            return;
        }
        self.deviation = (self.deviation * 3 + delay.abs_diff(self.smoothed)) / 4;
        self.smoothed = (self.smoothed * 7 + delay) / 8;
    }

    /// Learns from an answer that came `delay` after a ping, while the ping was in flight.
    pub(crate) fn answered(&mut self, delay: Duration) {
        self.missed = 0;
        self.seen(delay);
    }

    /// Notes that the server answered nothing in time.
    pub(crate) fn missed(&mut self) {
        self.missed = self.missed.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUTS: Timeouts = Timeouts {
        connect: Duration::from_secs(10),
        handshake: Duration::from_secs(15),
        request: Duration::from_secs(60),
        ping_idle: Duration::from_secs(60),
        pong: Duration::from_secs(5),
    };

    #[test]
    fn a_quick_server_has_as_long_as_is_configured() {
        let mut wait = PongWait::default();
        assert_eq!(wait.duration(&TIMEOUTS), TIMEOUTS.pong);
        (0..10).for_each(|_| wait.answered(Duration::from_millis(50)));
        assert_eq!(wait.duration(&TIMEOUTS), TIMEOUTS.pong);
    }

    #[test]
    fn a_slow_one_has_what_it_needs_and_half_as_much_again() {
        let mut wait = PongWait::default();
        wait.answered(Duration::from_secs(12));
        assert_eq!(wait.duration(&TIMEOUTS), Duration::from_secs(36), "the first delay says little about the next");
        wait.answered(Duration::from_secs(12));
        assert_eq!(wait.duration(&TIMEOUTS), Duration::from_secs(30), "the deviation of 6 s falls by a quarter");
        (0..50).for_each(|_| wait.answered(Duration::from_secs(12)));
        assert_eq!(wait.duration(&TIMEOUTS).as_secs(), 18);
        (0..50).for_each(|_| wait.answered(Duration::from_secs(1)));
        assert_eq!(wait.duration(&TIMEOUTS), TIMEOUTS.pong, "it is quick again");
    }

    #[test]
    fn it_doubles_while_no_answer_comes_up_to_the_wait_for_a_request() {
        let mut wait = PongWait::default();
        let waits = [5, 10, 20, 40, 60, 60].map(|_| {
            let seconds = wait.duration(&TIMEOUTS).as_secs();
            wait.missed();
            seconds
        });
        assert_eq!(waits, [5, 10, 20, 40, 60, 60]);
        wait.answered(Duration::from_secs(1));
        assert_eq!(wait.duration(&TIMEOUTS), TIMEOUTS.pong);
    }

    #[test]
    fn no_delay_overflows() {
        let mut wait = PongWait::default();
        (0..3).for_each(|_| wait.answered(Duration::MAX));
        (0..100).for_each(|_| wait.missed());
        assert_eq!(wait.duration(&TIMEOUTS), TIMEOUTS.request);
    }
}
