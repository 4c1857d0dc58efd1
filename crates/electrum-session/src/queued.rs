//! A request that waits to be sent or for its answer, and its history of failed attempts.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use electrum_proto::json::ServerError;
use electrum_proto::{Effect, EncodedRequests, Timestamp};

use crate::error::CallError;
use crate::pending::{EncodeError, Outcome, PendingCall};
use crate::server_set::ServerSet;
use crate::trace::{self, Span};

/// The pause before a request is sent again after the first answer of a busy server. It doubles with each one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The maximum of that pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A request that waits to be sent, or for its answer.
pub(crate) struct Queued {
    pub(crate) call: Arc<dyn PendingCall>,
    part: Part,
    pub(crate) deadline: Timestamp,
    /// When it was sent last.
    pub(crate) sent: Timestamp,
    pub(crate) history: KeptHistory,
    /// The span from its sending to its answer.
    pub(crate) span: Span,
}

/// One request of a call: its index, and its effect. Both are in one word, since each request in flight is copied several
/// times, and a copy of words does not wait for the fields to be written.
#[derive(Clone, Copy)]
pub(crate) struct Part(u64);

impl Part {
    pub(crate) fn new(index: u32, effect: Effect) -> Self {
        Self(u64::from(index) << 1 | u64::from(effect == Effect::Reads))
    }

    fn index(self) -> u32 {
        (self.0 >> 1) as u32
    }

    fn reads(self) -> bool {
        self.0 & 1 == 1
    }
}

/// The history of a request, allocated when there is something to keep: most requests are answered at once, and many
/// of them in flight take less memory.
#[derive(Debug, Default)]
pub(crate) struct KeptHistory(Option<Box<History>>);

impl Deref for KeptHistory {
    type Target = History;

    fn deref(&self) -> &History {
        self.0.as_deref().unwrap_or(&History::NONE)
    }
}

impl DerefMut for KeptHistory {
    fn deref_mut(&mut self) -> &mut History {
        self.0.get_or_insert_with(|| Box::new(History::NONE))
    }
}

/// The failed attempts of a request.
#[derive(Debug)]
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
    const NONE: Self = Self {
        losses: 0,
        likeliest: 0,
        is_suspect: false,
        overlaps: 0,
        unanswered_by: ServerSet::NONE,
        busy_servers: ServerSet::NONE,
        lost: 0,
        busy_count: 0,
        busy: None,
    };

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
    pub(crate) fn new(call: Arc<dyn PendingCall>, part: Part, deadline: Timestamp) -> Self {
        let (sent, history, span) = (Timestamp::ZERO, KeptHistory::default(), Span::none());
        Self { call, part, deadline, sent, history, span }
    }

    /// Whether the request only reads, so that it can be sent again.
    pub(crate) fn reads(&self) -> bool {
        self.part.reads()
    }

    /// Encodes the request. Runs code of the caller: no lock may be held.
    pub(crate) fn encode(&self, requests: &mut EncodedRequests) -> Result<(), Box<EncodeError>> {
        self.call.encode(self.part.index(), requests)
    }

    /// Delivers an error. Returns the waker to call when no lock is held.
    pub(crate) fn fail(self, error: CallError) -> Option<Waker> {
        self.finish(Outcome::Failed(error.into()))
    }

    /// Delivers the outcome.
    pub(crate) fn finish(&self, outcome: Outcome<'_>) -> Option<Waker> {
        self.span.in_scope(|| trace::ended(&outcome));
        self.call.finish(self.part.index(), outcome)
    }
}
