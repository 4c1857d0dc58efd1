//! What wakes the machine up, and which of several moments comes first.

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
    /// Nothing was sent or answered for so long that a ping is due.
    Ping,
    /// The server must have answered the ping by then.
    Pong,
    /// The next attempt to connect is due.
    Retry,
    /// Subscriptions that the server put off are asked for again.
    Resubscribe,
    /// A server that holds answers back is pushed again.
    Nudge,
    /// Requests that waited for others are written, [padded](crate::Config::padding).
    Padding,
}

/// The first of the moments, and what it is for.
pub(crate) fn earliest<const N: usize>(timers: [(Option<Timestamp>, TimerKind); N]) -> Option<(Timestamp, TimerKind)> {
    timers.into_iter().filter_map(|(at, kind)| Some((at?, kind))).min_by_key(|(at, _)| *at)
}

/// What is to be done now, if its moment has come.
pub(crate) fn due(timer: Option<(Timestamp, TimerKind)>, now: Timestamp) -> Option<TimerKind> {
    let (at, kind) = timer?;
    if at > now { None } else { Some(kind) }
}
