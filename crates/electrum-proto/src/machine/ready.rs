//! A link on which requests can be sent: what waits on it, and what replies lead to.

use alloc::vec::Vec;
use core::time::Duration;

use super::answer_sizes::Expected;
use super::in_flight::{InFlight, Waiting};
use super::keepalive::Keepalive;
use super::negotiation::Agreed;
use super::nudge::Nudge;
use super::shared::Shared;
use super::stream::{Piece, Received, Stream, TextEvent};
use super::subscriptions::Outcome;
use super::timers::{TimerKind, earliest};
use super::window::AIM;
use crate::error::{DownCause, RejectReason, RequestError};
use crate::event::RequestId;
use crate::json::{RawJson, ReplyId, ServerError};
use crate::time::Timestamp;

/// How long subscriptions wait that a busy server put off. The pause doubles while it stays busy, up to [`LONGEST_PAUSE`].
const BUSY_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// An answer is not slow before it takes so many times as long as one that the server had nothing else to do for.
const SLOWER: u32 = 3;

/// The state that exists only while requests can be sent.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) agreed: Agreed,
    pub(super) since: Timestamp,
    pub(super) requests: InFlight<Owner>,
    /// Where the requests begin that were cancelled while they waited for a padded write. They are withdrawn all at once,
    /// before the next one begins.
    pub(super) cancelled: Vec<u64>,
    pub(super) keepalive: Keepalive,
    pub(super) nudge: Nudge,
    /// When a server that holds answers back is pushed again.
    pub(super) nudge_at: Option<Timestamp>,
    /// When subscriptions that a busy server put off are tried again.
    pub(super) resubscribe_at: Option<Timestamp>,
    /// When a subscription or an end of one was last answered, and the id under which that was asked for.
    pub(super) last_subscribed: (Timestamp, u64),
    /// An answer that takes longer than this is slow.
    aim: Duration,
    /// How long the next pause is after the server was too busy for a subscription.
    busy_pause: Duration,
    /// Answers in a row that say only that the server is busy.
    busy_replies: usize,
}

/// Who a request in flight belongs to, which decides what its answer leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The caller, who gets exactly one reply.
    Caller,
    /// No caller any more: it had its reply, and the server's answer is still to come.
    Abandoned,
    Ping,
    Nudge,
    Subscribe(u32),
    Unsubscribe(u32),
}

impl Ready {
    /// What exists from now on, after the server took so long to answer alone what was last asked.
    pub(super) fn new(agreed: Agreed, took: Duration, shared: &Shared) -> Self {
        Self {
            agreed,
            since: shared.now,
            requests: InFlight::after(shared.last_id),
            cancelled: Vec::new(),
            keepalive: Keepalive::new(shared.now),
            nudge: Nudge::default(),
            nudge_at: None,
            resubscribe_at: None,
            last_subscribed: (shared.now, 0),
            aim: took.saturating_mul(SLOWER).max(AIM).min(shared.config.timeouts.request / 3),
            busy_pause: BUSY_PAUSE,
            busy_replies: 0,
        }
    }

    /// The next moment at which something is to be done on this link, and what.
    pub(super) fn next_timer(&self, stream: &Stream, shared: &Shared) -> Option<(Timestamp, TimerKind)> {
        let timeouts = &shared.config.timeouts;
        earliest([
            (self.requests.next_deadline(), TimerKind::Request),
            (self.keepalive.ping_at(stream, timeouts), TimerKind::Ping),
            (self.keepalive.pong_by(stream, shared), TimerKind::Pong),
            (self.resubscribe_at, TimerKind::Resubscribe),
            (shared.subscriptions.next_later(), TimerKind::Resubscribe),
            (self.nudge_at, TimerKind::Nudge),
        ])
    }

    /// Does what a timer of this link was set for.
    pub(super) fn timer_due(
        &mut self,
        kind: TimerKind,
        stream: &mut Stream,
        shared: &mut Shared,
    ) -> Result<(), DownCause> {
        match kind {
            TimerKind::Request => self.fail_overdue(stream, shared)?,
            TimerKind::Ping => self.ping(stream, shared),
            TimerKind::Resubscribe => {
                self.resubscribe_at = self.resubscribe_at.filter(|at| *at > shared.now);
                shared.subscriptions.wake(shared.now);
            }
            TimerKind::Nudge => {
                self.nudge_at = None;
                self.nudge.lag_over(self.requests.len() > 0);
            }
            // The padded write begins at the end of the turn.
            TimerKind::Padding => {}
            TimerKind::Pong | TimerKind::Connect | TimerKind::Handshake | TimerKind::Retry => {
                if !self.keepalive.spare(stream, shared.now) {
                    return Err(DownCause::Timeout { waited_for: kind });
                }
            }
        }
        Ok(())
    }

    /// Writes a request of the caller, which `write` appends under an id and says where it begins.
    #[inline]
    pub(super) fn send(
        &mut self,
        deadline: Timestamp,
        method: &[u8],
        stream: &mut Stream,
        shared: &mut Shared,
        write: impl FnOnce(&mut Stream, u64) -> u64,
    ) -> Result<RequestId, RejectReason> {
        let limits = shared.config.limits;
        if !shared.has_room(self.requests.outstanding()) {
            shared.refused.in_flight = true;
            return Err(RejectReason::InFlight { limit: self.requests.len() });
        }
        let now = shared.now;
        if deadline <= now {
            // Nothing is sent after its deadline.
            let id = self.requests.draw_id();
            self.requests.add(Owner::Caller, now, deadline, u64::MAX, Expected::default());
            return Ok(RequestId(id));
        }
        let (before, last_sent) = (stream.outbox.len(), stream.last_sent);
        let id = self.requests.draw_id();
        let begin = write(stream, id);
        if stream.outbox.len() > limits.outgoing {
            let bytes = stream.outbox.len() - before;
            stream.outbox.undo(begin);
            stream.last_sent = last_sent;
            if bytes > limits.outgoing {
                return Err(RejectReason::TooLong { bytes, limit: limits.outgoing });
            }
            shared.refused.bytes = Some(shared.refused.bytes.map_or(bytes, |least| least.min(bytes)));
            return Err(RejectReason::Outgoing { limit: limits.outgoing });
        }
        self.requests.add(Owner::Caller, now, deadline, begin, shared.servers.window().expects(method));
        self.nudge.wrote_request();
        Ok(RequestId(id))
    }

    /// The server is too busy: subscriptions that are due wait. Further answers of the same kind prolong no pause.
    fn put_off_subscriptions(&mut self, now: Timestamp) {
        if self.resubscribe_at.is_none() {
            self.resubscribe_at = Some(now + self.busy_pause);
            self.busy_pause = (self.busy_pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Takes out the request that a reply answers, if there is one.
    #[inline]
    pub(super) fn take_answered(
        &mut self,
        id: ReplyId,
        outcome: &Result<RawJson<'_>, ServerError>,
    ) -> Option<Waiting<Owner>> {
        match id {
            ReplyId::Number(id) => self.requests.remove(id),
            // An error without an id can only be meant for a request that waits alone.
            ReplyId::Null if outcome.is_err() => self.requests.only().and_then(|only| self.requests.remove(only.id)),
            ReplyId::Null | ReplyId::Foreign => None,
        }
    }

    /// Learns from an answer how much the server takes. `waited` says how long ago it was pinged, if it was.
    #[inline]
    fn learn(&self, waiting: &Waiting<Owner>, bytes: usize, waited: Option<Duration>, shared: &mut Shared) {
        let took = shared.now.since(waiting.sent);
        if waited.is_some() || took >= shared.slow {
            self.learn_from_late(waiting, bytes, took, waited, shared);
        } else {
            shared.servers.window_mut().answered(waiting.answer, bytes);
        }
    }

    /// Learns from an answer that took long, or for which the server was pinged as long ago as `waited`.
    #[cold]
    fn learn_from_late(
        &self,
        waiting: &Waiting<Owner>,
        bytes: usize,
        took: Duration,
        waited: Option<Duration>,
        shared: &mut Shared,
    ) {
        let timeouts = shared.config.timeouts;
        match waited {
            Some(waited) => shared.servers.pong_wait_mut().answered(waited),
            None if took >= timeouts.pong / 2 => shared.servers.pong_wait_mut().seen(took),
            None => {}
        }
        let window = shared.servers.window_mut();
        if took >= self.aim {
            window.slow(waiting.answer, bytes, self.requests.len() + 1, took, self.aim);
        } else {
            window.answered(waiting.answer, bytes);
        }
    }

    /// Does what follows from the answer to a request, which stands in `piece`, whose text is `text`.
    #[inline]
    pub(super) fn answered(
        &mut self,
        waiting: Waiting<Owner>,
        outcome: Result<RawJson<'_>, ServerError>,
        text: &str,
        piece: &Piece,
        shared: &mut Shared,
    ) -> Result<Received, DownCause> {
        let waited = self.keepalive.answered(shared.now);
        let result = match outcome {
            Ok(result) => result,
            Err(error) => return self.answered_with_error(&waiting, error, piece.len(), waited, shared),
        };
        self.busy_replies = 0;
        self.learn(&waiting, piece.len(), waited, shared);
        if waiting.owner == Owner::Caller {
            let reply = TextEvent::Reply(RequestId(waiting.id), self.agreed.version);
            return Ok(Received::Text(reply, piece.part(text, result)));
        }
        self.own_request_answered(&waiting, Ok(result), shared);
        Ok(Received::Message)
    }

    /// Does what follows from an error that answers a request.
    #[cold]
    fn answered_with_error(
        &mut self,
        waiting: &Waiting<Owner>,
        error: ServerError,
        bytes: usize,
        waited: Option<Duration>,
        shared: &mut Shared,
    ) -> Result<Received, DownCause> {
        let took = shared.now.since(waiting.sent);
        if error.is_busy() {
            self.busy_replies += 1;
            shared.servers.window_mut().busy(self.requests.len() + 1, took);
        } else {
            self.busy_replies = 0;
            self.learn(waiting, bytes, waited, shared);
        }
        let too_busy = (self.busy_replies > shared.config.limits.busy_replies).then(|| error.clone());
        match waiting.owner {
            Owner::Caller => shared.fail(waiting.id, RequestError::Server(error)),
            _ if too_busy.is_some() => {}
            _ => self.own_request_answered(waiting, Err(error), shared),
        }
        too_busy.map_or(Ok(Received::Message), |error| Err(DownCause::Busy { error }))
    }

    /// Does what follows from the answer to a request that the machine sent by itself, or whose caller is gone.
    fn own_request_answered(
        &mut self,
        waiting: &Waiting<Owner>,
        outcome: Result<RawJson<'_>, ServerError>,
        shared: &mut Shared,
    ) {
        match waiting.owner {
            Owner::Subscribe(place) => {
                if outcome.is_ok() {
                    self.busy_pause = BUSY_PAUSE;
                }
                self.last_subscribed = (shared.now, waiting.id);
                match shared.subscriptions.answered(shared.now, place, outcome) {
                    Outcome::Nothing => {}
                    Outcome::Event(event) => shared.emit(event),
                    Outcome::Busy => self.put_off_subscriptions(shared.now),
                }
            }
            Owner::Unsubscribe(place) => {
                self.last_subscribed = (shared.now, waiting.id);
                shared.subscriptions.ended(place);
            }
            Owner::Nudge => self.nudge_at = self.nudge.answered(shared.now, self.requests.len() > 0),
            Owner::Caller | Owner::Ping | Owner::Abandoned => {}
        }
    }
}
