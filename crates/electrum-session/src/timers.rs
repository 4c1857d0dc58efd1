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
    /// Whether the client is closed, after which nothing fires timers any more.
    is_closed: bool,
}

impl Timers {
    /// Sets a timer. Returns the waker if the client is closed.
    pub(crate) fn add(&mut self, at: Timestamp, waker: Waker) -> Result<TimerKey, Waker> {
        if self.is_closed {
            return Err(waker);
        }
        self.last += 1;
        self.waiting.insert((at, self.last), waker);
        Ok((at, self.last))
    }

    /// Replaces the waker of a timer. Returns the former one, to be dropped when no lock is held; or `waker` itself, as
    /// the error, if the timer has fired.
    pub(crate) fn replace(&mut self, key: TimerKey, waker: Waker) -> Result<Waker, Waker> {
        match self.waiting.get_mut(&key) {
            Some(registered) => Ok(std::mem::replace(registered, waker)),
            None => Err(waker),
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

    /// Fires all timers, and ends those that are set later at once.
    pub(crate) fn close(&mut self, wakers: &mut Vec<Waker>) {
        self.is_closed = true;
        self.fire(Timestamp::MAX, wakers);
    }
}
