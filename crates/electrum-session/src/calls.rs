//! Tracks the calls of a client, queued or in flight: when each is sent, sent again, or fails.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::Duration;

use electrum_proto::json::ServerError;
use electrum_proto::{Client, DownCause, EncodedRequest, RejectReason, Reply, RequestError, RequestId, Timestamp};

use electrum_transport::ServerAddr;

use crate::error::{CallError, NoAnswer};
use crate::ids::IdMap;
use crate::moves::Moves;
use crate::pending::Outcome;
use crate::queued::Queued;
use crate::retry::{self, Paused, Suspects};
use crate::server_set::ServerSet;
use crate::trace::{self, Span};

/// The maximum number of requests that the driver encodes at a time.
const MOST_AT_ONCE: usize = 256;

/// All calls that have no result yet.
pub(crate) struct Calls {
    in_flight: IdMap<RequestId, Queued>,
    /// Requests that wait to be sent, the next one first.
    queue: VecDeque<Queued>,
    /// Requests that were in flight when a connection ended.
    suspects: Suspects,
    /// Requests that were refused by a busy server, and are sent again later.
    paused: Paused,
    limit: usize,
    /// Whether callers of queued requests may have dropped their futures.
    pub(crate) has_abandoned: bool,
    /// A lower bound of the deadlines of waiting requests.
    earliest: Option<Timestamp>,
    /// Whether the machine accepts no request now: it is not ready, or has no room.
    is_blocked: bool,
    /// Whether the driver is encoding the next requests of the queue, which no other request may overtake.
    is_encoding: bool,
    /// How many requests to encode next: about as many as the machine had room for the last time.
    encode_at_once: usize,
    /// How the last connection ended.
    loss: Option<Loss>,
    /// A request that was the oldest in flight when this many connections ended is taken for their cause.
    most_losses: usize,
    /// Decides when calls without an answer should go to another server.
    moves: Moves,
    /// By when to move to another server because of a call for which these servers are too busy.
    leave_by: Option<(Timestamp, ServerSet)>,
    /// Whether the connection is being given up for another server.
    is_leaving: bool,
}

/// How a connection ended, and which of its requests are suspected of having caused it.
struct Loss {
    cause: String,
    /// Whether a request may have caused it.
    is_suspicious: bool,
    /// Whether the first of its requests was reported, which tells whether the oldest one in flight was that of a caller.
    has_first: bool,
    /// The number of suspects that were in flight. If there were any, only they can be the cause.
    suspects: usize,
    /// Whether the request that was the oldest in flight is counted.
    has_culprit: bool,
    /// Whether the suspect that is the likeliest cause is counted.
    has_likeliest: bool,
}

impl Calls {
    /// Makes the calls of a client with `servers` servers, of which at most `limit` wait to be sent.
    pub(crate) fn new(limit: usize, servers: usize) -> Self {
        Self {
            in_flight: IdMap::default(),
            queue: VecDeque::new(),
            suspects: Suspects::default(),
            paused: Paused::default(),
            limit,
            has_abandoned: false,
            earliest: None,
            is_blocked: true,
            is_encoding: false,
            encode_at_once: MOST_AT_ONCE,
            loss: None,
            moves: Moves::new(servers),
            most_losses: retry::most_losses(servers),
            leave_by: None,
            is_leaving: false,
        }
    }

    /// Sends a new request if it can be sent now, otherwise queues it. `encoded` is its text for the current version,
    /// if it was encoded for that.
    #[inline]
    pub(crate) fn submit(
        &mut self,
        machine: &mut Client,
        now: Timestamp,
        request: Queued,
        encoded: Option<EncodedRequest<'_>>,
    ) -> Option<Waker> {
        let must_wait = self.is_blocked || self.is_encoding || self.suspects.is_trial() || !self.queue.is_empty();
        let request = match encoded.filter(|_| !must_wait) {
            Some(encoded) => match self.send(machine, now, request, encoded) {
                Sent::Done(waker) => return waker,
                Sent::NoRoom(request) => request,
            },
            None => request,
        };
        self.enqueue(request)
    }

    /// Takes the requests that can be sent next. They must be encoded without a lock and given to
    /// [`send_encoded`](Self::send_encoded).
    pub(crate) fn take_sendable(&mut self, machine: &Client, now: Timestamp) -> Vec<Queued> {
        if self.is_blocked || self.is_encoding {
            return Vec::new();
        }
        let room = machine.config().limits.in_flight.saturating_sub(self.in_flight.len()).clamp(1, self.encode_at_once);
        let mut taken = self.suspects.take(now, room);
        let room = if self.suspects.is_trial() { 0 } else { room };
        while let Some(request) = (taken.len() < room).then(|| self.queue.pop_front()).flatten() {
            if request.call.is_awaited() {
                taken.push(request);
            }
        }
        if self.queue.is_empty() && self.suspects.is_empty() && self.paused.is_empty() && taken.is_empty() {
            self.earliest = None;
        }
        self.is_encoding = !taken.is_empty();
        taken
    }

    /// Sends requests that [`take_sendable`](Self::take_sendable) returned, each with its text, and puts back those
    /// that cannot be sent. A request has no text if the version has changed since it was encoded.
    pub(crate) fn send_encoded<'a>(
        &mut self,
        machine: &mut Client,
        now: Timestamp,
        requests: impl IntoIterator<Item = (Queued, Option<EncodedRequest<'a>>)>,
        wakers: &mut Vec<Waker>,
    ) {
        self.is_encoding = false;
        let mut unsent = Vec::new();
        let mut sent: usize = 0;
        for (request, encoded) in requests {
            let encoded = encoded.filter(|_| !self.is_blocked && unsent.is_empty() && request.deadline > now);
            match encoded {
                Some(encoded) => match self.send(machine, now, request, encoded) {
                    Sent::Done(waker) => {
                        wakers.extend(waker);
                        sent += 1;
                    }
                    Sent::NoRoom(request) => unsent.push(request),
                },
                None => unsent.push(request),
            }
        }
        self.encode_at_once = if unsent.is_empty() { self.encode_at_once * 2 } else { sent }.clamp(1, MOST_AT_ONCE);
        for request in unsent.into_iter().rev() {
            self.note_deadline(request.deadline);
            if request.history.is_suspect {
                self.suspects.put_back(request);
            } else {
                self.queue.push_front(request);
            }
        }
    }

    /// Cancels calls whose futures were dropped.
    pub(crate) fn cancel_abandoned(&mut self, machine: &mut Client) {
        let mut dropped: Vec<_> =
            self.in_flight.iter().filter(|(_, request)| !request.call.is_awaited()).map(|(id, _)| *id).collect();
        dropped.sort_unstable();
        self.has_abandoned = true;
        for id in dropped {
            machine.cancel(id);
        }
    }

    /// Handles a server becoming ready.
    pub(crate) fn ready(&mut self, now: Timestamp) {
        self.moves.ready();
        self.unblock();
        self.resume(now);
    }

    /// Notes that the machine accepts requests again.
    pub(crate) fn unblock(&mut self) {
        self.is_blocked = false;
    }

    /// Handles the end of a connection: the machine accepts no requests until there is another one.
    pub(crate) fn connection_ended(&mut self, server: &ServerAddr, cause: &DownCause) {
        self.is_blocked = true;
        self.leave_by = None;
        self.moves.connection_ended();
        let suspects = self.suspects.connection_ended();
        let is_suspicious = !std::mem::take(&mut self.is_leaving)
            && matches!(cause, DownCause::Closed { .. } | DownCause::Reset { .. } | DownCause::Malformed { .. });
        let cause = format!("{server}: {cause}");
        let (has_first, has_culprit, has_likeliest) = (false, false, false);
        self.loss = Some(Loss { cause, is_suspicious, has_first, suspects, has_culprit, has_likeliest });
    }

    /// Handles the outcome of a request in flight.
    pub(crate) fn answered(
        &mut self,
        now: Timestamp,
        id: RequestId,
        outcome: Result<Reply<'_>, RequestError>,
    ) -> Option<Waker> {
        let mut request = self.in_flight.remove(&id)?;
        self.suspects.settled(&request);
        let span = std::mem::replace(&mut request.span, Span::none());
        span.in_scope(|| trace::answered(&outcome));
        match outcome {
            Ok(ref reply) => {
                self.moves.answered(now, &request);
                self.moves.served();
                request.finish(Outcome::Reply(reply))
            }
            Err(error) => span.in_scope(|| self.answered_with_error(now, request, error)),
        }
    }

    /// Handles a request in flight that got no result: schedules it to be sent again, or fails it.
    fn answered_with_error(&mut self, now: Timestamp, request: Queued, error: RequestError) -> Option<Waker> {
        let reads = request.reads();
        if let (RequestError::Lost { oldest, .. }, Some(loss)) = (&error, &mut self.loss) {
            // If something else was the oldest, such as a subscription, that is the likelier cause.
            let is_first = !std::mem::replace(&mut loss.has_first, true);
            loss.is_suspicious &= *oldest || !is_first;
        }
        match error {
            RequestError::Lost { written, .. } if !written || reads => self.lost(now, request, written),
            RequestError::Lost { .. } => request.fail(CallError::MaybeSent { reason: NoAnswer::ConnectionLost }),
            RequestError::TooLarge { .. } => {
                // The cause is known, since the machine reports this request before the others that are lost.
                self.loss.iter_mut().for_each(|loss| loss.is_suspicious = false);
                request.fail(CallError::from_request(error))
            }
            RequestError::TimedOut if !reads => request.fail(CallError::MaybeSent { reason: NoAnswer::TimedOut }),
            RequestError::Server(error) => {
                self.moves.answered(now, &request);
                if reads && error.is_busy() {
                    self.busy(now, request, error)
                } else {
                    request.fail(CallError::Server(error))
                }
            }
            error => request.fail(CallError::from_request(error)),
        }
    }

    /// Returns when the driver must come back at the latest: a request expires, is sent again, or its server is left.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        let suspects = self.suspects.next().filter(|_| !self.is_blocked);
        let leave_by = self.leave_by.map(|(leave_by, _)| leave_by);
        [self.earliest, self.paused.next(), self.moves.next(), leave_by, suspects].into_iter().flatten().min()
    }

    /// Sets the server of the current connection, by its index in the list.
    pub(crate) const fn set_server(&mut self, server: usize) {
        self.moves.set_server(server);
    }

    /// Queues requests again whose pause is over, and those that only other servers were too busy for.
    pub(crate) fn resume(&mut self, now: Timestamp) {
        for request in self.paused.take_due(now, self.moves.ready_server()) {
            trace::debug!("pause over");
            self.push_again(request);
        }
    }

    /// Fails waiting requests whose deadline has passed: with the last answer of a busy server, or as never answered, or
    /// with the error that `why` makes if they were never sent.
    pub(crate) fn expire(&mut self, now: Timestamp, why: impl Fn() -> CallError, wakers: &mut Vec<Waker>) {
        if self.earliest.is_none_or(|earliest| earliest > now) {
            return;
        }
        let mut earliest: Option<Timestamp> = None;
        let mut keep = |request: Queued| {
            if request.deadline <= now {
                let error = match &request.history.busy {
                    Some(error) => CallError::Server(ServerError::clone(error)),
                    None if request.history.lost > 0 => CallError::TimedOut,
                    None => why(),
                };
                wakers.extend(request.fail(error));
                return None;
            }
            if !request.call.is_awaited() {
                return None;
            }
            earliest = Some(earliest.map_or(request.deadline, |earliest| earliest.min(request.deadline)));
            Some(request)
        };
        self.queue = std::mem::take(&mut self.queue).into_iter().filter_map(&mut keep).collect();
        self.suspects.retain(&mut keep);
        self.paused.retain(&mut keep);
        self.earliest = earliest;
    }

    /// Fails all calls, since the client was closed.
    pub(crate) fn close(&mut self, wakers: &mut Vec<Waker>) {
        let waiting = self.queue.drain(..).chain(self.suspects.drain()).chain(self.paused.drain());
        let in_flight = self.in_flight.drain().map(|(_, request)| request);
        wakers.extend(waiting.chain(in_flight).filter_map(|request| request.fail(CallError::Closed)));
        self.earliest = None;
    }

    /// Handles a request that was lost with its connection and may be sent again: queues it, or fails it if it is the
    /// likely cause.
    fn lost(&mut self, now: Timestamp, mut request: Queued, written: bool) -> Option<Waker> {
        request.call.set_sent_as(None);
        request.history.lost += u8::from(written);
        let again = || trace::retried("the connection ended", Duration::ZERO);
        if request.history.lost >= retry::MOST_SENDINGS {
            let times = request.history.lost.into();
            let cause = self.loss.as_ref().map(|loss| loss.cause.clone()).unwrap_or_default();
            return request.fail(CallError::ClosesConnection { times, cause });
        }
        let Some(loss) = self.loss.as_mut().filter(|loss| loss.is_suspicious && written) else {
            // The machine reports lost requests in the order of sending, so the queue keeps that order.
            again();
            self.push_again(request);
            return None;
        };
        if request.history.is_suspect && !loss.has_likeliest && now < request.sent + retry::NEXT_GROUP {
            loss.has_likeliest = true;
            request.history.likeliest += 1;
        }
        if request.history.is_suspect && loss.suspects > 1 {
            // Any of the suspects may be the cause.
            request.history.overlaps = request.history.overlaps.saturating_add(1);
        } else if !loss.has_culprit && (request.history.is_suspect || loss.suspects == 0) {
            loss.has_culprit = true;
            request.history.losses += 1;
            if usize::from(request.history.losses) >= self.most_losses {
                let times = request.history.losses.into();
                return request.fail(CallError::ClosesConnection { times, cause: loss.cause.clone() });
            }
        }
        again();
        self.note_deadline(request.deadline);
        self.suspects.push(request);
        None
    }

    /// Handles the answer of a busy server to a request that only reads: pauses it, or fails it.
    fn busy(&mut self, now: Timestamp, mut request: Queued, error: ServerError) -> Option<Waker> {
        request.call.set_sent_as(None);
        let pause = request.history.refused(&error);
        let resume_at = now + pause;
        if resume_at >= request.deadline {
            return request.fail(CallError::Server(error));
        }
        self.moves.busy(&mut request);
        if request.history.should_move() && self.moves.should_leave(request.history.busy_servers) {
            self.leave_by.get_or_insert((now + pause / 2, request.history.busy_servers));
        }
        trace::retried("the server is busy", pause);
        self.note_deadline(request.deadline);
        self.paused.push(resume_at, request);
        None
    }

    /// Returns why the client should move to another server, once: this one is too busy, or does not answer.
    pub(crate) fn why_leave(&mut self, now: Timestamp) -> Option<&'static str> {
        // Requests that the server is working on have half of the pause to be answered.
        let is_due = |(leave_by, _): &mut (Timestamp, _)| *leave_by <= now || self.in_flight.is_empty();
        if self.leave_by.take_if(is_due).is_some_and(|(_, busy)| self.moves.should_leave(busy)) {
            return Some("the server is too busy");
        }
        self.moves.why_leave(now, self.in_flight.values_mut())
    }

    /// Extends the time that the server has to answer by `late`, the time by which the driver came too late.
    pub(crate) fn driver_was_late(&mut self, late: Duration) {
        self.moves.driver_was_late(late);
    }

    /// Notes that the client gives up the connection, so that no request is taken for the cause.
    pub(crate) fn leaves_server(&mut self) {
        self.is_leaving = true;
    }

    /// Queues a new request, or fails it if the queue is full.
    fn enqueue(&mut self, request: Queued) -> Option<Waker> {
        if self.queue.len() >= self.limit && std::mem::take(&mut self.has_abandoned) {
            // Cancelled calls do not count.
            self.queue.retain(|request| request.call.is_awaited());
        }
        if self.queue.len() >= self.limit {
            return request.fail(CallError::QueueFull { limit: self.limit });
        }
        self.push(request);
        None
    }

    /// Queues a request that was sent before, among the suspects if it may have ended a connection.
    fn push_again(&mut self, request: Queued) {
        if request.history.is_suspect {
            self.note_deadline(request.deadline);
            self.suspects.push(request);
        } else {
            self.push(request);
        }
    }

    fn push(&mut self, request: Queued) {
        self.note_deadline(request.deadline);
        self.queue.push_back(request);
    }

    fn note_deadline(&mut self, deadline: Timestamp) {
        self.earliest = Some(self.earliest.map_or(deadline, |earliest| earliest.min(deadline)));
    }

    /// Sends a request or fails it; hands it back if the machine has no room.
    #[inline]
    fn send(&mut self, machine: &mut Client, now: Timestamp, mut request: Queued, encoded: EncodedRequest<'_>) -> Sent {
        request.sent = now;
        match machine.request_encoded(now, request.deadline, encoded) {
            Ok(id) => {
                request.call.set_sent_as(Some(id));
                request.span = Span::call(encoded, id);
                self.moves.sent(&request);
                self.suspects.sent(&request);
                self.in_flight.insert(id, request);
                Sent::Done(None)
            }
            Err(RejectReason::NotInVersion(error)) => Sent::Done(request.fail(CallError::NotInVersion(error))),
            Err(RejectReason::TooLong { bytes, limit }) => {
                Sent::Done(request.fail(CallError::TooLong { bytes, limit }))
            }
            Err(RejectReason::Closed) => Sent::Done(request.fail(CallError::Closed)),
            Err(
                RejectReason::NotReady(_)
                | RejectReason::InFlight { .. }
                | RejectReason::Outgoing { .. }
                | RejectReason::Subscriptions { .. }
                | RejectReason::Subscribed(_),
            ) => {
                self.is_blocked = true;
                Sent::NoRoom(request)
            }
        }
    }
}

/// The result of sending a request.
enum Sent {
    /// The request was sent, or it failed and this waker must be called.
    Done(Option<Waker>),
    /// The machine has no room for the request.
    NoRoom(Queued),
}

impl std::fmt::Debug for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calls").field("in_flight", &self.in_flight.len()).field("queue", &self.queue.len()).finish()
    }
}
