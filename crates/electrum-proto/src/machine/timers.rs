//! The kinds of timers that wake the machine up.

use crate::time::Timestamp;

/// The kind of a timer: what the machine waits for.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::TimerKind;
///
/// # let (mut client, _) = ready_client();
/// let Action::Wait(wait) = client.poll() else { panic!("there is nothing else to do") };
/// let what = match wait.until {
///     Some((_, TimerKind::Ping)) => "the link is idle; a ping comes next",
///     Some((_, TimerKind::Request)) => "requests wait for an answer",
///     Some((_, TimerKind::Retry)) => "the next attempt to connect is due",
///     _ => "something else",
/// };
/// assert_eq!(what, "the link is idle; a ping comes next");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimerKind {
    /// The link must be open by then.
    Connect,
    /// The handshake must be over by then.
    Handshake,
    /// One or more requests must be answered by then.
    Request,
    /// Nothing was sent or answered for so long that a ping is due.
    Ping,
    /// The server must have answered the ping by then.
    Pong,
    /// The next attempt to connect is due.
    Retry,
    /// Subscriptions for which the server was too busy are due again.
    Resubscribe,
    /// A nudge is due for a server that holds answers back.
    Nudge,
    /// Requests that have waited for others are written, [padded](crate::Config::padding).
    Padding,
}

/// Returns the timer that expires first.
pub(crate) fn earliest<const N: usize>(timers: [(Option<Timestamp>, TimerKind); N]) -> Option<(Timestamp, TimerKind)> {
    timers.into_iter().filter_map(|(at, kind)| Some((at?, kind))).min_by_key(|(at, _)| *at)
}

/// Returns the kind of the timer, if it has expired.
pub(crate) fn due(timer: Option<(Timestamp, TimerKind)>, now: Timestamp) -> Option<TimerKind> {
    let (at, kind) = timer?;
    if at > now { None } else { Some(kind) }
}
