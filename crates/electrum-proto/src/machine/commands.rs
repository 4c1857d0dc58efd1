//! What the application asks for.

use super::client::Client;
use super::link::Link;
use super::phase::{Phase, Transition};
use super::ready::Owner;
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
        self.shared.advance_time(now);
        let deadline = self.shared.now + self.shared.config.timeouts.request;
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
        self.shared.advance_time(now);
        let Some((stream, ready)) = self.link.ready_mut() else {
            let reason = match self.link.phase() {
                Phase::Closed => RejectReason::Closed,
                phase => RejectReason::NotReady(phase),
            };
            return Err(Rejected { item: request, reason });
        };
        match ready.send(deadline, &request, stream, &mut self.shared) {
            Ok(id) => Ok(Ticket { id, request }),
            Err(reason) => Err(Rejected { item: request, reason }),
        }
    }

    /// Cancels a request: its reply will be [`RequestError::Cancelled`]. The server may have seen it all the same.
    /// Returns whether it was waiting for an answer.
    pub fn cancel(&mut self, id: RequestId) -> bool {
        let Some((_, ready)) = self.link.ready_mut() else { return false };
        match ready.requests.get_mut(id.0) {
            Some(waiting) if waiting.owner == Owner::Caller => {
                // The place is free again when the answer comes, or is not expected any more.
                let grace = self.shared.now + self.shared.config.timeouts.request;
                ready.requests.pass_to(id.0, Owner::Abandoned, grace);
                self.shared.fail(id.0, RequestError::Cancelled);
                true
            }
            _ => false,
        }
    }

    /// Subscribes to a topic: every change of it is emitted as [`Event::Update`](crate::Event::Update) until
    /// [`unsubscribe`](Self::unsubscribe), on whatever link.
    ///
    /// # Errors
    /// [`Rejected`] hands the topic back if the client is closed, the topic is subscribed already, or the limit is reached.
    pub fn subscribe(&mut self, now: Timestamp, topic: Topic) -> Result<SubId, Rejected<Topic>> {
        self.shared.advance_time(now);
        if self.link.phase() == Phase::Closed {
            return Err(Rejected { item: topic, reason: RejectReason::Closed });
        }
        let limit = self.shared.config.limits.subscriptions;
        if self.shared.subscriptions.len() >= limit {
            self.shared.refused.subscription = true;
            return Err(Rejected { item: topic, reason: RejectReason::Subscriptions { limit } });
        }
        self.shared
            .subscriptions
            .add(topic)
            .map_err(|(topic, sub)| Rejected { item: topic, reason: RejectReason::Subscribed(sub) })
    }

    /// Ends a subscription. Returns whether there was one.
    pub fn unsubscribe(&mut self, now: Timestamp, sub: SubId) -> bool {
        self.shared.advance_time(now);
        self.shared.subscriptions.remove(sub)
    }

    /// Closes the client: requests in flight are answered with [`RequestError::Closed`], the link is closed,
    /// and [`Action::Finished`] is the last thing that [`poll`](Self::poll) returns.
    pub fn close(&mut self, now: Timestamp) {
        self.shared.advance_time(now);
        if self.link.phase() == Phase::Closed {
            return;
        }
        let link = self.link.change(Transition::Close, Link::Closed);
        self.shared.subscriptions = Default::default();
        // A link that the driver was not even asked to open yet need not be closed.
        if let Some(conn) = link.open_conn() {
            if !self.shared.withdraw_connect(conn) {
                self.shared.push(Action::Disconnect(conn));
            }
        }
        self.fail_all(link, |_| RequestError::Closed);
    }
}
