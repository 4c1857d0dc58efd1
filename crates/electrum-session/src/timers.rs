//! Deadlines of callers that wait for anything but the result of a call.

use std::collections::BTreeMap;
use std::task::Waker;

use electrum_proto::Timestamp;

/// Identifies a timer that was set.
pub(crate) type TimerKey = (Timestamp, u64);

/// The wakers to call when their time has come.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    waiting: BTreeMap<TimerKey, Waker>,
    last: u64,
}

impl Timers {
    pub(crate) fn add(&mut self, at: Timestamp, waker: Waker) -> TimerKey {
        self.last += 1;
        self.waiting.insert((at, self.last), waker);
        (at, self.last)
    }

    /// Replaces the waker of a timer. Returns the waker to drop when no lock is held: the former one, or `waker` itself
    /// if there is no such timer.
    pub(crate) fn replace(&mut self, key: TimerKey, waker: Waker) -> Option<Waker> {
        match self.waiting.get_mut(&key) {
            Some(registered) => Some(std::mem::replace(registered, waker)),
            None => Some(waker),
        }
    }

    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<Waker> {
        self.waiting.remove(&key)
    }

    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }

    /// Removes the timers that are due, and adds their wakers to `wakers`.
    pub(crate) fn fire(&mut self, now: Timestamp, wakers: &mut Vec<Waker>) {
        while let Some(entry) = self.waiting.first_entry().filter(|entry| entry.key().0 <= now) {
            wakers.push(entry.remove());
        }
    }
}
