//! What the application can wish for.

use alloc::vec::Vec;

use super::client::Client;
use super::link::Owner;
use super::phase::{Change, Phase};
use super::subscriptions::topic::{SubId, Topic};
use super::ticket::Ticket;
use crate::error::{RejectReason, Rejected, RequestError};
use crate::event::{Action, RequestId};
use crate::request::Request;
use crate::time::Timestamp;

impl Client {
    /// Sends a request that must be answered within [`Timeouts::request`](crate::Timeouts::request).
    ///
    /// Exactly one [`Event::Reply`](crate::Event::Reply) with the ticket's id will come, whatever happens.
    /// The request is sent at most once.
    ///
    /// # Errors
    /// [`Rejected`] hands the request back if the client is not ready, the negotiated version has no such operation,
    /// or a limit is reached.
    pub fn request<R: Request>(&mut self, now: Timestamp, request: R) -> Result<Ticket<R>, Rejected<R>> {
        self.pass_time(now);
        let deadline = self.now + self.config.timeouts.request;
        self.request_until(now, deadline, request)
    }

    /// Sends a request that must be answered by `deadline`.
    ///
    /// # Errors
    /// As with [`request`](Self::request).
    pub fn request_until<R: Request>(
        &mut self,
        now: Timestamp,
        deadline: Timestamp,
        request: R,
    ) -> Result<Ticket<R>, Rejected<R>> {
        self.pass_time(now);
        match self.send(deadline, &request, self.outgoing().len()) {
            Ok((id, _)) => Ok(Ticket { id, request }),
            Err((reason, bytes)) => Err(self.reject(request, reason, 1, bytes)),
        }
    }

    /// Sends several requests in one write: all of them, or none. Each is answered by itself.
    ///
    /// They go as lines of their own, not as one JSON-RPC batch, which several servers answer badly or not at all.
    ///
    /// # Errors
    /// As with [`request`](Self::request); one that cannot be sent keeps the others from being sent.
    pub fn batch<R: Request>(
        &mut self,
        now: Timestamp,
        deadline: Timestamp,
        requests: Vec<R>,
    ) -> Result<Vec<Ticket<R>>, Rejected<Vec<R>>> {
        self.pass_time(now);
        let (count, limit) = (requests.len(), self.config.limits.in_flight);
        if count > limit && self.version().is_some() {
            return Err(Rejected { wish: requests, reason: RejectReason::TooMany { requests: count, limit } });
        }
        let before = self.outgoing().len();
        let noted = self.link.as_ref().map(|link| (link.last_sent, link.nudge.clone()));
        let mut sent = Vec::with_capacity(count);
        for request in &requests {
            match self.send(deadline, request, before) {
                Ok(one) => sent.push(one),
                Err((reason, bytes)) => {
                    for (id, _) in &sent {
                        self.requests.remove(id.0);
                    }
                    if let (Some(link), Some((_, begin)), Some(noted)) = (self.link.as_mut(), sent.first(), noted) {
                        link.outbox.take_back(*begin);
                        (link.last_sent, link.nudge) = noted;
                    }
                    return Err(self.reject(requests, reason, count, bytes));
                }
            }
        }
        Ok(sent.into_iter().zip(requests).map(|((id, _), request)| Ticket { id, request }).collect())
    }

    /// Takes a request back: its reply will be [`RequestError::Cancelled`]. The server may have seen it all the same.
    /// Tells whether it was waiting.
    pub fn cancel(&mut self, id: RequestId) -> bool {
        match self.requests.get_mut(id.0) {
            Some(waiting) if waiting.owner == Owner::Caller => {
                // The place is free again when the answer comes, or is not expected any more.
                let grace = self.now + self.config.timeouts.request;
                self.requests.pass_to(id.0, Owner::Nobody, grace);
                self.failed.push_back((id, RequestError::Cancelled));
                true
            }
            _ => false,
        }
    }

    /// Wants to be told of every change of a topic, from now until [`unsubscribe`](Self::unsubscribe), on whatever link.
    ///
    /// # Errors
    /// [`Rejected`] hands the topic back if the client is closed, the topic is subscribed already, or the limit is reached.
    pub fn subscribe(&mut self, now: Timestamp, topic: Topic) -> Result<SubId, Rejected<Topic>> {
        self.pass_time(now);
        if self.phase == Phase::Closed {
            return Err(Rejected { wish: topic, reason: RejectReason::Closed });
        }
        let limit = self.config.limits.subscriptions;
        if self.subscriptions.len() >= limit {
            return Err(self.reject(topic, RejectReason::Subscriptions { limit }, 0, 0));
        }
        self.subscriptions
            .add(topic)
            .map_err(|(topic, sub)| Rejected { wish: topic, reason: RejectReason::Subscribed(sub) })
    }

    /// Wants to be told no more. Tells whether there was such a subscription.
    pub fn unsubscribe(&mut self, now: Timestamp, sub: SubId) -> bool {
        self.pass_time(now);
        self.subscriptions.remove(sub)
    }

    /// Ends everything: requests that wait are answered with [`RequestError::Closed`], the link is closed,
    /// and [`Action::Finished`] is the last thing to come.
    pub fn close(&mut self, now: Timestamp) {
        self.pass_time(now);
        if self.phase == Phase::Closed {
            return;
        }
        self.advance(Change::Close);
        self.timers.clear();
        self.subscriptions = Default::default();
        if let Some(link) = self.link.take() {
            // A link that was only asked for a moment ago need not be opened.
            let asked_for =
                self.actions.iter().position(|a| matches!(a, Action::Connect(conn, _) if *conn == link.conn));
            match asked_for {
                Some(at) => {
                    self.actions.remove(at);
                }
                None if link.closed.is_none() => self.actions.push_back(Action::Disconnect(link.conn)),
                None => {}
            }
            self.fail_all(&link, |_| RequestError::Closed);
        }
    }

    /// Writes a request; tells its id and where in the stream it begins. What is outgoing beyond `before` is of the
    /// same wish: a refusal tells how many bytes that would have been.
    fn send<R: Request>(
        &mut self,
        deadline: Timestamp,
        request: &R,
        before: usize,
    ) -> Result<(RequestId, u64), (RejectReason, usize)> {
        let limits = self.config.limits;
        let Some(version) = self.version() else {
            let reason = match self.phase {
                Phase::Closed => RejectReason::Closed,
                phase => RejectReason::NotReady(phase),
            };
            return Err((reason, 0));
        };
        let Some(link) = self.link.as_mut() else { return Err((RejectReason::NotReady(self.phase), 0)) };
        let method = request.method(version).map_err(|error| (error.into(), 0))?;
        if self.requests.len() >= limits.in_flight {
            return Err((RejectReason::InFlight { limit: limits.in_flight }, 0));
        }
        let id = self.requests.draw_id();
        let begin = link.write(id, &method, |params| request.params(version, params));
        if link.outbox.len() > limits.outgoing {
            let bytes = link.outbox.len() - before;
            link.outbox.take_back(begin);
            let limit = limits.outgoing;
            let reason = match bytes {
                _ if bytes <= limit => RejectReason::Outgoing { limit },
                _ => RejectReason::TooLong { bytes, limit },
            };
            return Err((reason, bytes));
        }
        self.requests.add(Owner::Caller, deadline, begin);
        link.last_sent = self.now;
        link.nudge.wrote_request();
        Ok((RequestId(id), begin))
    }

    /// Refuses a wish of so many requests and bytes, and remembers what room it would have needed.
    fn reject<T>(&mut self, wish: T, reason: RejectReason, requests: usize, bytes: usize) -> Rejected<T> {
        let less = |owed: Option<usize>, needed| Some(owed.map_or(needed, |owed: usize| owed.min(needed)));
        match reason {
            RejectReason::InFlight { .. } => self.wanted_room.requests = less(self.wanted_room.requests, requests),
            RejectReason::Outgoing { .. } => self.wanted_room.bytes = less(self.wanted_room.bytes, bytes),
            RejectReason::Subscriptions { .. } => self.wanted_room.topics = true,
            _ => {}
        }
        Rejected { wish, reason }
    }
}
