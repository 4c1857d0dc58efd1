//! What the application can wish for.

use alloc::vec::Vec;

use super::Client;
use super::link::Owner;
use crate::action::{Action, RequestId};
use crate::error::{RejectReason, Rejected, RequestError};
use crate::phase::{Change, Phase};
use crate::request::Request;
use crate::subscription::{SubId, Topic};
use crate::ticket::Ticket;
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
        let deadline = now + self.config.timeouts.request;
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
        match self.send(deadline, &request) {
            Ok((id, _)) => Ok(Ticket { id, request }),
            Err(reason) => Err(self.reject(request, reason)),
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
        let mut sent = Vec::with_capacity(requests.len());
        for request in &requests {
            match self.send(deadline, request) {
                Ok(one) => sent.push(one),
                Err(reason) => {
                    for (id, _) in &sent {
                        self.requests.remove(id.0);
                    }
                    if let (Some(link), Some((_, begin))) = (self.link.as_mut(), sent.first()) {
                        link.outbox.take_back(*begin);
                    }
                    return Err(self.reject(requests, reason));
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
                waiting.owner = Owner::Nobody;
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
            return Err(self.reject(topic, RejectReason::Subscriptions { limit }));
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

    /// Writes a request; tells its id and where in the stream it begins.
    fn send<R: Request>(&mut self, deadline: Timestamp, request: &R) -> Result<(RequestId, u64), RejectReason> {
        let limits = self.config.limits;
        let Some(version) = self.version() else {
            return Err(match self.phase {
                Phase::Closed => RejectReason::Closed,
                phase => RejectReason::NotReady(phase),
            });
        };
        let Some(link) = self.link.as_mut() else { return Err(RejectReason::NotReady(self.phase)) };
        let method = request.method(version)?;
        if self.requests.len() >= limits.in_flight {
            return Err(RejectReason::InFlight { limit: limits.in_flight });
        }
        let id = self.requests.draw_id();
        let before = link.outbox.len();
        let begin = link.write(id, &method, |params| request.params(version, params));
        if link.outbox.len() > limits.outgoing {
            let bytes = link.outbox.len() - before;
            link.outbox.take_back(begin);
            let limit = limits.outgoing;
            return Err(if bytes > limit {
                RejectReason::TooLong { bytes, limit }
            } else {
                RejectReason::Outgoing { limit }
            });
        }
        self.requests.add(Owner::Caller, deadline, begin);
        link.last_sent = self.now;
        link.nudge.wrote_request();
        Ok((RequestId(id), begin))
    }

    fn reject<T>(&mut self, wish: T, reason: RejectReason) -> Rejected<T> {
        self.wanted_room.requests |= matches!(reason, RejectReason::InFlight { .. } | RejectReason::Outgoing { .. });
        self.wanted_room.topics |= matches!(reason, RejectReason::Subscriptions { .. });
        Rejected { wish, reason }
    }
}
