//! The states of the client's link, each with the data that exists only in it.

use alloc::format;

use super::negotiation::{ChainAsked, Question, VersionAsked};
use super::phase::{Phase, Transition};
use super::ready::Ready;
use super::shared::Shared;
use super::stream::Stream;
use super::timers::TimerKind;
use crate::config::Limits;
use crate::error::{DownCause, Side};
use crate::event::{Action, CloseCause, ConnId};
use crate::time::Timestamp;
use crate::version::Offer;

/// The state of the link.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a client has one link")]
pub(super) enum Link {
    /// The driver is opening a connection.
    Opening(Opening),
    /// The connection is open.
    Open(Connection),
    /// There is no connection. The next one is opened at this time.
    Waiting { retry_at: Timestamp },
    /// The client was closed.
    Closed,
}

/// A connection that the driver was asked to open.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    pub(super) conn: ConnId,
    pub(super) offer: Offer,
    pub(super) deadline: Timestamp,
    pub(super) closed: Option<CloseCause>,
}

/// An open connection, and its stage.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) stage: Stage,
}

/// The stage of an open connection.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a client has one link")]
pub(super) enum Stage {
    /// `server.version` was written. Nothing else is written before its answer.
    VersionAsked(VersionAsked),
    /// A version was agreed on, and the server was asked which chain it serves.
    ChainAsked(ChainAsked),
    /// Requests can be sent.
    Ready(Ready),
}

impl Link {
    /// Makes a new link, and asks the driver to open a connection.
    pub(super) fn open(shared: &mut Shared) -> Self {
        let (conn, offer) = (shared.next_conn(), shared.config.offer(shared.servers.offer()));
        shared.push(Action::Connect(conn, shared.servers.current()));
        let deadline = shared.now + shared.attempt_time(shared.config.timeouts.connect);
        Self::Opening(Opening { conn, offer, deadline, closed: None })
    }

    pub(super) const fn phase(&self) -> Phase {
        match self {
            Self::Opening(_) => Phase::Connecting,
            Self::Open(connection) => connection.stage.phase(),
            Self::Waiting { .. } => Phase::Backoff,
            Self::Closed => Phase::Closed,
        }
    }

    /// Changes the state to `to`, to which the transition `by` leads. Returns the old state.
    pub(super) fn change(&mut self, by: Transition, to: Self) -> Self {
        self.phase().note_transition(by, to.phase());
        core::mem::replace(self, to)
    }

    /// Returns the current connection, open or being opened.
    pub(super) const fn conn(&self) -> Option<ConnId> {
        match self {
            Self::Opening(opening) => Some(opening.conn),
            Self::Open(connection) => Some(connection.stream.conn),
            Self::Waiting { .. } | Self::Closed => None,
        }
    }

    /// Returns the connection that the driver must close, unless the driver has reported its end.
    pub(super) const fn open_conn(&self) -> Option<ConnId> {
        match self {
            Self::Opening(opening) if opening.closed.is_none() => Some(opening.conn),
            Self::Open(connection) if !connection.stream.is_closed() => Some(connection.stream.conn),
            _ => None,
        }
    }

    /// Returns the stream and the state of a connection on which requests can be sent.
    pub(super) const fn ready(&self) -> Option<(&Stream, &Ready)> {
        match self {
            Self::Open(Connection { stream, stage: Stage::Ready(ready) }) => Some((stream, ready)),
            _ => None,
        }
    }

    /// Returns the stream and the state of a connection on which requests can be sent, mutably.
    pub(super) const fn ready_mut(&mut self) -> Option<(&mut Stream, &mut Ready)> {
        match self {
            Self::Open(Connection { stream, stage: Stage::Ready(ready) }) => Some((stream, ready)),
            _ => None,
        }
    }

    /// Whether versions were offered to the server, and it has not answered yet.
    pub(super) const fn is_offered(&self) -> bool {
        matches!(self, Self::Open(Connection { stage: Stage::VersionAsked(_), .. }))
    }

    /// Returns how the server was asked for its chain, if its answer is awaited.
    pub(super) const fn question(&self) -> Option<Question> {
        match self {
            Self::Open(Connection { stage: Stage::ChainAsked(asked), .. }) => Some(asked.question),
            _ => None,
        }
    }

    /// Returns why the link ended, if the driver reported its end or a buffer overflowed.
    pub(super) fn end(&mut self) -> Option<DownCause> {
        let during = self.phase();
        match self {
            Self::Opening(opening) => opening.failure(),
            Self::Open(connection) => connection.stream.end(during),
            Self::Waiting { .. } | Self::Closed => None,
        }
    }

    /// Returns when the next padded write begins.
    pub(super) fn next_packet(&self) -> Option<(Timestamp, TimerKind)> {
        match self {
            Self::Open(connection) => Some((connection.stream.packet_at()?, TimerKind::Padding)),
            Self::Opening(_) | Self::Waiting { .. } | Self::Closed => None,
        }
    }

    /// Returns the next timer.
    pub(super) fn next_timer(&self, shared: &Shared) -> Option<(Timestamp, TimerKind)> {
        match self {
            Self::Opening(opening) => Some((opening.deadline, TimerKind::Connect)),
            Self::Open(Connection { stream, stage }) => match stage {
                Stage::VersionAsked(asked) => Some((asked.deadline, TimerKind::Handshake)),
                Stage::ChainAsked(asked) => Some((asked.deadline, TimerKind::Handshake)),
                Stage::Ready(ready) => ready.next_timer(stream, shared),
            },
            Self::Waiting { retry_at } => Some((*retry_at, TimerKind::Retry)),
            Self::Closed => None,
        }
    }
}

impl Stage {
    pub(super) const fn phase(&self) -> Phase {
        match self {
            Self::VersionAsked(_) | Self::ChainAsked(_) => Phase::Handshaking,
            Self::Ready(_) => Phase::Ready,
        }
    }
}

impl Opening {
    /// Returns why the connection could not be opened, if the driver reported that.
    fn failure(&self) -> Option<DownCause> {
        let mut failed_layer = None;
        let (side, message) = match self.closed.clone()? {
            CloseCause::End => (Side::Network, "it was closed at once".into()),
            CloseCause::Failed(message) | CloseCause::Left(message) => (Side::Network, message),
            CloseCause::Layer { layer, side, message } => {
                failed_layer = layer;
                (side, message)
            }
            CloseCause::TooLong { bytes } => {
                (Side::Server, format!("the server sent too long a message: {bytes} bytes or more"))
            }
            CloseCause::Malformed(message) => (Side::Server, message),
        };
        Some(DownCause::Connect { side, layer: failed_layer, message })
    }
}

impl Connection {
    /// Returns the limit on the length of a line.
    pub(super) const fn line_limit(&self, limits: &Limits) -> usize {
        match self.stage {
            Stage::Ready(_) => limits.line,
            Stage::VersionAsked(_) | Stage::ChainAsked(_) => limits.line_before_ready,
        }
    }
}
