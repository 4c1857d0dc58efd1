//! The state of a link on which requests can be sent, and how replies are handled.

use alloc::vec::Vec;
use core::time::Duration;

use super::answer_sizes::Expected;
use super::in_flight::{InFlight, Waiting};
use super::keepalive::Keepalive;
use super::negotiation::Agreed;
use super::nudge::Nudge;
use super::phase::Phase;
use super::shared::Shared;
use super::stream::{Piece, Received, Stream, TextEvent};
use super::subscriptions::{Outcome, Subscriptions};
use super::timers::{TimerKind, earliest};
use super::window::AIM;
use crate::error::{DownCause, RejectReason, RequestError};
use crate::event::RequestId;
use crate::json::{RawJson, ReplyId, ServerError};
use crate::time::Timestamp;

/// The pause of subscriptions after the server was too busy for one. It doubles while the server stays busy, up to
/// [`LONGEST_PAUSE`].
const BUSY_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Requests in flight stop counting against the window after this part of the request time-out, if others wait for room
/// and none could be sent: those in flight may never be answered.
const STUCK: u32 = 3;
/// How many times as long as an answer in the handshake, without other requests, an answer may take before it counts as
/// slow.
const SLOWER: u32 = 3;

/// The part of the state that exists only while requests can be sent.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) agreed: Agreed,
    pub(super) since: Timestamp,
    pub(super) requests: InFlight<Owner>,
    /// The ids and offsets of requests that were cancelled before any byte of them was written. They are withdrawn all
    /// at once, at the end of the turn.
    pub(super) cancelled: Vec<(u64, u64)>,
    pub(super) keepalive: Keepalive,
    pub(super) nudge: Nudge,
    /// Whether a request was refused for want of room, and none was accepted since.
    pub(super) requests_wait: bool,
    /// When requests in flight stop counting against the window, if others still wait for room then.
    pub(super) room_at: Option<Timestamp>,
    /// When to nudge a server again that holds answers back.
    pub(super) nudge_at: Option<Timestamp>,
    /// When to try subscriptions again for which the server was too busy.
    pub(super) resubscribe_at: Option<Timestamp>,
    /// When a subscription or an end of one was last answered, and the id of its request.
    pub(super) last_subscribed: (Timestamp, u64),
    /// The time from which an answer counts as slow.
    aim: Duration,
    /// The next pause after the server is too busy for a subscription.
    busy_pause: Duration,
    /// How many answers in a row say only that the server is busy.
    busy_replies: usize,
    /// The id of the last request that was sent before the last busy answer. Subscriptions are sent all at once, so
    /// those of one burst count once.
    busy_burst: u64,
}

/// The owner of a request in flight, which decides how its answer is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The caller, which gets exactly one reply.
    Caller,
    /// No caller: it has had its reply, and the server's answer may still come.
    Abandoned,
    Ping,
    Nudge,
    Subscribe(u32),
    Unsubscribe(u32),
}

impl Ready {
    /// Makes the state of a link that has become ready. `took` is how long the server took to answer the last request
    /// of the handshake.
    pub(super) fn new(agreed: Agreed, took: Duration, shared: &Shared) -> Self {
        Self {
            agreed,
            since: shared.now,
            requests: InFlight::after(shared.last_id),
            cancelled: Vec::new(),
            keepalive: Keepalive::new(shared.now),
            nudge: Nudge::default(),
            requests_wait: false,
            room_at: None,
            nudge_at: None,
            resubscribe_at: None,
            last_subscribed: (shared.now, 0),
            aim: took.saturating_mul(SLOWER).max(AIM).min(shared.config.timeouts.request / 3),
            busy_pause: BUSY_PAUSE,
            busy_replies: 0,
            busy_burst: 0,
        }
    }

    /// Returns the next timer of this link.
    pub(super) fn next_timer(&self, stream: &Stream, shared: &Shared) -> Option<(Timestamp, TimerKind)> {
        let timeouts = &shared.config.timeouts;
        earliest([
            (self.requests.next_deadline(), TimerKind::Request),
            (self.room_at, TimerKind::Request),
            (self.keepalive.ping_at(stream, timeouts), TimerKind::Ping),
            (self.keepalive.pong_by(stream, shared), TimerKind::Pong),
            (self.resubscribe_at, TimerKind::Resubscribe),
            (shared.subscriptions.next_later(), TimerKind::Resubscribe),
            (self.nudge_at, TimerKind::Nudge),
        ])
    }

    /// Returns the topics that may have ended the link: the one whose subscription was sent and has waited longest for
    /// an answer, if nothing else has waited longer, and the same of the topics that were put off for such ends.
    pub(super) fn suspects(&self, stream: &Stream, topics: &Subscriptions) -> [Option<u32>; 2] {
        let oldest = |is_meant: &dyn Fn(Owner) -> bool| {
            let oldest = self.requests.oldest_of(is_meant)?;
            match oldest.owner {
                Owner::Subscribe(place) if stream.outbox.has_begun(oldest.begin) => Some(place),
                _ => None,
            }
        };
        let (first, was_put_off) = (
            oldest(&|_| true),
            oldest(&|owner| matches!(owner, Owner::Subscribe(place) if topics.is_suspicious(place))),
        );
        [first, was_put_off.filter(|place| first != Some(*place))]
    }

    /// Handles a timer of this link that has expired.
    pub(super) fn timer_due(
        &mut self,
        kind: TimerKind,
        stream: &mut Stream,
        shared: &mut Shared,
    ) -> Result<(), DownCause> {
        match kind {
            TimerKind::Request => {
                if self.room_at.take_if(|at| *at <= shared.now).is_some() {
                    self.requests.set_stale(shared.now, shared.config.timeouts.request / STUCK);
                }
                self.fail_overdue(stream, shared)?;
            }
            TimerKind::Ping => self.ping(stream, shared),
            TimerKind::Resubscribe => {
                self.resubscribe_at = self.resubscribe_at.filter(|at| *at > shared.now);
                shared.subscriptions.wake(shared.now);
            }
            TimerKind::Nudge => {
                self.nudge_at = None;
                self.nudge.lag_over(self.requests.len() > 0);
            }
            TimerKind::Pong => {
                if !self.keepalive.spare(stream, shared.now) {
                    return Err(DownCause::Timeout { waited_for: kind });
                }
            }
            TimerKind::Padding | TimerKind::Connect | TimerKind::Handshake | TimerKind::Retry => {
                debug_assert!(false, "{kind:?} is no timer of `next_timer`");
            }
        }
        Ok(())
    }

    /// Sends a request of the caller. `write` appends it under an id, and returns its offset in the stream.
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
            (shared.refused.in_flight, self.requests_wait) = (true, true);
            if self.requests.len() < limits.in_flight {
                self.room_at.get_or_insert(shared.now + shared.config.timeouts.request / STUCK);
            }
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
        (self.requests_wait, self.room_at) = (false, None);
        self.nudge.wrote_request();
        Ok(RequestId(id))
    }

    /// Pauses subscriptions, since the server is too busy. Further busy answers do not extend a pause.
    fn put_off_subscriptions(&mut self, now: Timestamp) {
        if self.resubscribe_at.is_none() {
            let until = now + self.busy_pause;
            debug!(%until, "topics paused");
            self.resubscribe_at = Some(until);
            self.busy_pause = (self.busy_pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Removes the request that a reply answers, if there is one.
    #[inline]
    pub(super) fn take_answered(
        &mut self,
        id: ReplyId,
        outcome: &Result<RawJson<'_>, ServerError>,
    ) -> Option<Waiting<Owner>> {
        match id {
            ReplyId::Number(id) => self.requests.remove(id),
            // An error without an id can be assigned only if a single request is in flight.
            ReplyId::Null if outcome.is_err() => self.requests.only().and_then(|only| self.requests.remove(only.id)),
            ReplyId::Null | ReplyId::Foreign => None,
        }
    }

    /// Learns from an answer how many requests the server can take. `waited` is how long ago it was pinged, if it was.
    #[inline]
    fn learn(&self, waiting: &Waiting<Owner>, bytes: usize, waited: Option<Duration>, shared: &mut Shared) {
        let took = shared.now.since(waiting.sent);
        if waited.is_some() || took >= shared.slow {
            self.learn_from_late(waiting, bytes, took, waited, shared);
        } else {
            shared.servers.window_mut().answered(waiting.answer, bytes);
        }
    }

    /// Learns from an answer that was slow, or that came `waited` after a ping.
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

    /// Handles the answer to a request. It is in the buffer at `piece`, and its text is `text`.
    #[inline]
    pub(super) fn answered(
        &mut self,
        waiting: Waiting<Owner>,
        outcome: Result<RawJson<'_>, ServerError>,
        text: &str,
        piece: &Piece,
        shared: &mut Shared,
    ) -> Result<Received, DownCause> {
        let waited = self.keepalive.answered(shared.now, waiting.owner == Owner::Ping);
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

    /// Handles an error that answers a request.
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
            if waiting.owner == Owner::Caller || waiting.id > self.busy_burst {
                self.busy_replies += 1;
                self.busy_burst = self.requests.last_id();
            }
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
        too_busy.map_or(Ok(Received::Message), |error| Err(DownCause::Busy { during: Phase::Ready, error }))
    }

    /// Handles the answer to a request that the machine sent by itself, or that was abandoned.
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
