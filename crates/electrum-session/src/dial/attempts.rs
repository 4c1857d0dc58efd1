//! Happy Eyeballs (RFC 8305) without I/O: decides when each address of a server is tried.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// The connection attempt delay: how long after one attempt the next address is tried beside it (RFC 8305, section 5).
pub(super) const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The addresses of one name, untried, being tried or failed. Times are counted from the start of the first attempt.
#[derive(Debug)]
pub(super) struct Attempts {
    untried: VecDeque<SocketAddr>,
    running: Vec<SocketAddr>,
    failed: Vec<(SocketAddr, String)>,
    /// When the next address is tried even if no other has failed.
    next_at: Duration,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Try this address now.
    Start(SocketAddr),
    /// Wait for an attempt to end, with a time until this at the latest.
    Wait(Option<Duration>),
    /// All addresses failed.
    Failed,
}

impl Attempts {
    /// Orders addresses so that IPv6 and IPv4 alternate, beginning with the family of the first one. The operating
    /// system has sorted them by preference (RFC 6724).
    pub(super) fn new(sorted: impl IntoIterator<Item = SocketAddr>) -> Self {
        let mut all: Vec<SocketAddr> = Vec::new();
        for address in sorted {
            if !all.contains(&address) {
                all.push(address);
            }
        }
        let is_preferred = |address: &SocketAddr| all.first().is_some_and(|first| first.is_ipv6() == address.is_ipv6());
        let (preferred, others): (Vec<_>, Vec<_>) = all.iter().copied().partition(is_preferred);
        let mut others = others.into_iter();
        let mut untried = VecDeque::with_capacity(all.len());
        for address in preferred {
            untried.push_back(address);
            untried.extend(others.next());
        }
        untried.extend(others);
        Self { untried, running: Vec::new(), failed: Vec::new(), next_at: Duration::ZERO }
    }

    /// Returns what to do at the time `now`. A returned address counts as being tried.
    pub(super) fn next(&mut self, now: Duration) -> Next {
        if self.untried.is_empty() {
            return if self.running.is_empty() { Next::Failed } else { Next::Wait(None) };
        }
        if !self.running.is_empty() && now < self.next_at {
            return Next::Wait(Some(self.next_at));
        }
        let Some(address) = self.untried.pop_front() else { return Next::Failed };
        self.running.push(address);
        self.next_at = now + ATTEMPT_DELAY;
        Next::Start(address)
    }

    /// Notes a failed attempt. The next address is due at once.
    pub(super) fn failed(&mut self, address: SocketAddr, error: String) {
        self.running.retain(|running| *running != address);
        self.failed.push((address, error));
        self.next_at = Duration::ZERO;
    }

    /// Describes every address that did not connect, and why.
    pub(super) fn failures(&self) -> String {
        let failed = self.failed.iter().map(|(address, error)| format!("{address}: {error}"));
        let running = self.running.iter().map(|address| format!("{address}: no answer in time"));
        let untried = self.untried.iter().map(|address| format!("{address}: not tried in time"));
        failed.chain(running).chain(untried).collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn attempts(addresses: &[&str]) -> Attempts {
        Attempts::new(addresses.iter().map(|text| address(text)))
    }

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn families_alternate_and_the_preferred_one_comes_first() {
        let mut attempts = attempts(&["[::1]:1", "[::2]:1", "[::3]:1", "127.0.0.1:1", "[::1]:1"]);
        let mut tried = Vec::new();
        while let Next::Start(address) = attempts.next(tried.len() as u32 * ATTEMPT_DELAY) {
            tried.push(address.to_string());
        }
        assert_eq!(tried, ["[::1]:1", "127.0.0.1:1", "[::2]:1", "[::3]:1"]);
    }

    #[test]
    fn an_attempt_that_takes_long_does_not_hold_up_the_next() {
        let mut attempts = attempts(&["[::1]:1", "127.0.0.1:1"]);
        assert_eq!(attempts.next(Duration::ZERO), Next::Start(address("[::1]:1")));
        assert_eq!(attempts.next(Duration::ZERO), Next::Wait(Some(ATTEMPT_DELAY)));
        assert_eq!(attempts.next(ATTEMPT_DELAY - MS), Next::Wait(Some(ATTEMPT_DELAY)));
        assert_eq!(attempts.next(ATTEMPT_DELAY), Next::Start(address("127.0.0.1:1")));
        assert_eq!(attempts.next(ATTEMPT_DELAY), Next::Wait(None));
    }

    #[test]
    fn a_failed_attempt_is_followed_by_the_next_at_once() {
        let mut attempts = attempts(&["[::1]:1", "127.0.0.1:1"]);
        assert_eq!(attempts.next(Duration::ZERO), Next::Start(address("[::1]:1")));
        attempts.failed(address("[::1]:1"), "refused".into());
        assert_eq!(attempts.next(MS), Next::Start(address("127.0.0.1:1")));
        assert_eq!(attempts.next(MS), Next::Wait(None));
        attempts.failed(address("127.0.0.1:1"), "unreachable".into());
        assert_eq!(attempts.next(2 * MS), Next::Failed);
        assert_eq!(attempts.failures(), "[::1]:1: refused; 127.0.0.1:1: unreachable");
    }

    #[test]
    fn no_address_is_left_out_of_the_error() {
        let mut attempts = attempts(&["[::1]:1", "127.0.0.1:1", "127.0.0.2:1"]);
        assert_eq!(attempts.next(Duration::ZERO), Next::Start(address("[::1]:1")));
        attempts.failed(address("[::1]:1"), "refused".into());
        assert_eq!(attempts.next(Duration::ZERO), Next::Start(address("127.0.0.1:1")));
        let failures = "[::1]:1: refused; 127.0.0.1:1: no answer in time; 127.0.0.2:1: not tried in time";
        assert_eq!(attempts.failures(), failures);
    }

    #[test]
    fn a_name_without_addresses_fails_at_once() {
        assert_eq!(attempts(&[]).next(Duration::ZERO), Next::Failed);
    }
}
