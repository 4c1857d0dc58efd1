//! A request that waits to be sent or for its answer, and its history of failed attempts.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use electrum_proto::json::ServerError;
use electrum_proto::{Effect, Timestamp};

use crate::error::CallError;
use crate::pending::{Outcome, PendingCall};
use crate::server_set::ServerSet;
use crate::trace::{self, Span};

/// The pause before a request is sent again after the first answer of a busy server. It doubles with each one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The maximum of that pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A request that waits to be sent, or for its answer.
pub(crate) struct Queued {
    pub(crate) call: Arc<dyn PendingCall>,
    pub(crate) index: u32,
    pub(crate) deadline: Timestamp,
    /// When it was sent last.
    pub(crate) sent: Timestamp,
    pub(crate) effect: Effect,
    pub(crate) history: History,
    /// The span from its sending to its answer.
    pub(crate) span: Span,
}

/// The failed attempts of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// How often it was the oldest request in flight, or the oldest suspect, when the connection ended.
    pub(crate) losses: u8,
    /// How often it was the likeliest cause of that: the oldest of the suspects that had just been sent.
    pub(crate) likeliest: u8,
    /// Whether it was in flight when a connection ended, and was not answered since.
    pub(crate) is_suspect: bool,
    /// How often it was in flight with other suspects when a connection ended. After the first time it is sent alone.
    pub(crate) overlaps: u8,
    /// The servers that the client left because they did not answer it.
    pub(crate) unanswered_by: ServerSet,
    /// The servers that were too busy for it.
    pub(crate) busy_servers: ServerSet,
    /// How many connections it was sent on that ended before the answer came.
    pub(crate) lost: u8,
    /// How often a server was too busy for it.
    busy_count: u8,
    /// The last answer of a server that was too busy for it.
    pub(crate) busy: Option<Box<ServerError>>,
}

impl History {
    /// Counts an answer of a busy server. Returns how long to wait before the request is sent again.
    pub(crate) fn refused(&mut self, error: &ServerError) -> Duration {
        self.busy = Some(Box::new(error.clone()));
        let pause = FIRST_PAUSE.saturating_mul(1 << self.busy_count.min(5)).min(LONGEST_PAUSE);
        self.busy_count = self.busy_count.saturating_add(1);
        pause
    }

    /// Whether the request should go to another server: after every second answer of a busy server.
    pub(crate) const fn should_move(&self) -> bool {
        self.busy_count % 2 == 0
    }
}

impl Queued {
    pub(crate) fn new(call: Arc<dyn PendingCall>, index: u32, deadline: Timestamp, effect: Effect) -> Self {
        Self { call, index, deadline, sent: Timestamp::ZERO, effect, history: History::default(), span: Span::none() }
    }

    /// Delivers an error. Returns the waker to call when no lock is held.
    pub(crate) fn fail(self, error: CallError) -> Option<Waker> {
        self.finish(Outcome::Failed(error.into()))
    }

    /// Delivers the outcome.
    pub(crate) fn finish(self, outcome: Outcome<'_>) -> Option<Waker> {
        self.span.in_scope(|| trace::ended(&outcome));
        self.call.finish(self.index, outcome)
    }
}
