//! Checks the commands of the application and their results.

use electrum_proto::{Phase, RejectReason, RequestId, SubId, Timestamp, Topic};

use super::{Pending, Probe, SubLog};
use crate::methods::AnyRequest;

impl Probe {
    /// Makes a request that must be answered by `deadline`; with `None` within the configured time-out.
    ///
    /// # Errors
    /// Those of the client.
    pub fn request(
        &mut self,
        now: Timestamp,
        deadline: Option<Timestamp>,
        request: AnyRequest,
    ) -> Result<RequestId, RejectReason> {
        self.note(now, || format!("{request:?}, by {deadline:?}"));
        self.now = self.now.max(now);
        self.wait = None;
        let before = self.client.outgoing().len();
        let outcome = match deadline {
            None => self.client.request(now, request.clone()),
            Some(deadline) => self.client.request_until(now, deadline, request.clone()),
        };
        match outcome {
            Ok(ticket) => {
                self.accepted(ticket.id, request, deadline.unwrap_or(self.now + self.config.timeouts.request));
                Ok(ticket.id)
            }
            Err(rejected) => {
                if rejected.item != request {
                    self.violate(3, "a request that is refused is not handed back");
                }
                self.refused(request, &rejected.reason, before);
                Err(rejected.reason)
            }
        }
    }

    fn accepted(&mut self, id: RequestId, request: AnyRequest, deadline: Timestamp) {
        let pending = Pending { id, request, begin: u64::MAX, deadline, cancelled: false };
        if self.pending.insert(id.number(), pending).is_some() {
            self.violate(3, format!("{id:?} was given twice"));
        }
        // Requests whose deadline has passed have failed, even if that was not emitted yet.
        let waiting = self.pending.values().filter(|pending| pending.deadline > self.now).count();
        let limit = self.config.limits.in_flight;
        if waiting > limit && self.is_ready() && self.cancelled() == 0 {
            self.violate(6, format!("{waiting} requests wait, {limit} are allowed"));
        }
        if !self.is_ready() {
            self.violate(2, format!("a request is accepted while {}", self.phase));
        }
        self.check_outgoing();
        // A request that is late already is never written, and one that is padded waits.
        if !self.config.padding
            && deadline > self.now
            && self.pending.get(&id.number()).is_some_and(|pending| pending.begin == u64::MAX)
        {
            self.violate(3, format!("{id:?} was accepted and is not outgoing"));
        }
    }

    fn refused(&mut self, request: AnyRequest, reason: &RejectReason, before: usize) {
        let now = self.now;
        self.note(now, || format!("    refused: {reason}"));
        if let RejectReason::InFlight { .. } | RejectReason::Outgoing { .. } = reason {
            self.refused = Some((request, false));
        }
        if self.client.outgoing().len() != before {
            self.violate(3, "a request that was refused left bytes behind");
        }
        let is_expected = match reason {
            RejectReason::NotReady(_) => !self.is_ready(),
            RejectReason::Closed => self.phase == Phase::Closed,
            _ => self.is_ready(),
        };
        if !is_expected {
            self.violate(3, format!("refused while {}: {reason}", self.phase));
        }
    }

    /// Cancels a request.
    pub fn cancel(&mut self, id: RequestId) -> bool {
        let now = self.now;
        self.wait = None;
        let was_waiting = self.client.cancel(id);
        self.note(now, || format!("cancel {id:?}: {was_waiting}"));
        match self.pending.get_mut(&id.number()) {
            Some(pending) => pending.cancelled |= was_waiting,
            None if was_waiting => self.violate(3, format!("{id:?} was answered, and is cancelled")),
            None => {}
        }
        self.check_outgoing();
        was_waiting
    }

    /// Subscribes to a topic.
    ///
    /// # Errors
    /// Those of the client.
    pub fn subscribe(&mut self, now: Timestamp, topic: Topic) -> Result<SubId, RejectReason> {
        self.note(now, || format!("subscribe {topic:?}"));
        self.now = self.now.max(now);
        self.wait = None;
        let outcome = self.client.subscribe(now, topic.clone()).map_err(|rejected| rejected.reason);
        match &outcome {
            Ok(sub) => {
                if self.subs.insert(*sub, SubLog { topic, last: None, refused: false, was_refused: false }).is_some() {
                    self.violate(9, format!("{sub:?} was given twice"));
                }
                let (count, limit) = (self.subs.len(), self.config.limits.subscriptions);
                if count > limit {
                    self.violate(6, format!("{count} subscriptions, {limit} are allowed"));
                }
            }
            Err(RejectReason::Subscribed(sub)) if !self.subs.contains_key(sub) => {
                self.violate(9, format!("{topic:?} is not subscribed as {sub:?}"));
            }
            Err(_) => {}
        }
        self.check_outgoing();
        outcome
    }

    /// Ends a subscription.
    pub fn unsubscribe(&mut self, now: Timestamp, sub: SubId) -> bool {
        self.note(now, || format!("unsubscribe {sub:?}"));
        self.now = self.now.max(now);
        self.wait = None;
        let was_wanted = self.client.unsubscribe(now, sub);
        if self.subs.remove(&sub).is_some() != was_wanted {
            self.violate(9, format!("{sub:?} was ended: {was_wanted}"));
        }
        self.check_outgoing();
        was_wanted
    }

    /// Closes the client.
    pub fn close(&mut self, now: Timestamp) {
        self.note(now, || "close".into());
        self.now = self.now.max(now);
        self.wait = None;
        self.client.close(now);
        self.phase = Phase::Closed;
        self.subs.clear();
        if !self.client.outgoing().is_empty() {
            self.violate(14, "bytes are outgoing after the end");
        }
        if let Some(link) = &mut self.link {
            link.outgoing.clear();
            link.over = true;
        }
    }

    fn cancelled(&self) -> usize {
        self.pending.values().filter(|pending| pending.cancelled).count()
    }
}
