//! The named moments at which the machine wants to be woken.

use crate::time::Timestamp;

/// What a wake-up is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimerKind {
    /// The link must be open by then.
    Connect,
    /// The handshake must be over by then.
    Handshake,
    /// A request, or several, must be answered by then.
    Request,
    /// Nothing was sent or answered for so long that a sign of life is asked for.
    Ping,
    /// The server must have answered by then.
    Pong,
    /// The next attempt to connect is due.
    Retry,
    /// Subscriptions that a busy server put off are tried again.
    Resubscribe,
    /// A server that holds answers back is pushed again.
    Nudge,
}

const COUNT: usize = 8;
const ALL: [TimerKind; COUNT] = [
    TimerKind::Connect,
    TimerKind::Handshake,
    TimerKind::Request,
    TimerKind::Ping,
    TimerKind::Pong,
    TimerKind::Retry,
    TimerKind::Resubscribe,
    TimerKind::Nudge,
];

/// At most one moment for each kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timers([Option<Timestamp>; COUNT]);

impl Timers {
    /// Sets the moment of `kind`, or clears it.
    pub(crate) fn set(&mut self, kind: TimerKind, at: Option<Timestamp>) {
        self.0[kind as usize] = at;
    }

    /// The moment of `kind`.
    pub(crate) fn get(&self, kind: TimerKind) -> Option<Timestamp> {
        self.0[kind as usize]
    }

    /// Clears all.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The earliest moment and what it is for.
    pub(crate) fn next(&self) -> Option<(Timestamp, TimerKind)> {
        ALL.into_iter().filter_map(|kind| Some((self.get(kind)?, kind))).min_by_key(|(at, _)| *at)
    }

    /// A kind whose moment has come by `now`, which is cleared.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<TimerKind> {
        let (at, kind) = self.next()?;
        if at > now {
            return None;
        }
        self.set(kind, None);
        Some(kind)
    }
}
