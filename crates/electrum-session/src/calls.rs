//! The calls of a client: queued, or in flight.

use std::collections::VecDeque;
use std::sync::Arc;

use electrum_proto::{Client, Effect, Reply, RequestError, RequestId, Timestamp};

use crate::error::CallError;
use crate::ids::IdMap;
use crate::pending::PendingCall;

/// All calls without a result yet.
pub(crate) struct Calls {
    sent: IdMap<RequestId, Waiting>,
    /// In the order of sending.
    unsent: VecDeque<Waiting>,
    limit: usize,
    /// Callers of some in `unsent` may have dropped their futures.
    pub(crate) has_abandoned: bool,
    /// No call in `unsent` has a deadline before this.
    earliest: Option<Timestamp>,
}

struct Waiting {
    call: Arc<dyn PendingCall>,
    index: usize,
    deadline: Timestamp,
}

impl Waiting {
    fn finish(self, outcome: Result<Reply<'_>, CallError>) {
        self.call.finish(self.index, outcome);
    }
}

impl Calls {
    pub(crate) fn new(limit: usize) -> Self {
        Self { sent: IdMap::default(), unsent: VecDeque::new(), limit, has_abandoned: false, earliest: None }
    }

    /// Sends the requests of a new call, or queues them.
    pub(crate) fn submit(
        &mut self,
        client: &mut Client,
        now: Timestamp,
        deadline: Timestamp,
        call: &Arc<dyn PendingCall>,
        count: usize,
    ) {
        for index in 0..count {
            let waiting = Waiting { call: Arc::clone(call), index, deadline };
            if !self.unsent.is_empty() {
                self.wait(waiting);
            } else if let Err(waiting) = self.send(client, now, waiting) {
                self.wait(waiting);
            }
        }
    }

    /// Cancels calls whose futures were dropped.
    pub(crate) fn cancel_abandoned(&mut self, client: &mut Client) {
        let mut dropped: Vec<_> =
            self.sent.iter().filter(|(_, waiting)| !waiting.call.is_awaited()).map(|(id, _)| *id).collect();
        dropped.sort_unstable();
        self.has_abandoned = true;
        for id in dropped {
            client.cancel(id);
        }
    }

    /// Sends queued calls, as far as there is room.
    pub(crate) fn send_waiting(&mut self, client: &mut Client, now: Timestamp) {
        while let Some(waiting) = self.unsent.pop_front() {
            if !waiting.call.is_awaited() {
                continue;
            }
            if let Err(waiting) = self.send(client, now, waiting) {
                self.unsent.push_front(waiting);
                return;
            }
        }
        self.earliest = None;
    }

    /// Handles the outcome of a request in flight.
    pub(crate) fn answered(&mut self, id: RequestId, result: Result<Reply<'_>, RequestError>) {
        let Some(waiting) = self.sent.remove(&id) else { return };
        match result {
            Ok(reply) => waiting.finish(Ok(reply)),
            Err(RequestError::Lost { written }) if !written || waiting.call.effect(waiting.index) == Effect::Reads => {
                waiting.call.sent_as(None);
                // They are lost in the order in which they were sent, before anything else can be sent.
                // Having been accepted once, they need no room in the queue again.
                self.push(waiting);
            }
            Err(error) => waiting.finish(Err(CallError::from_request(error))),
        }
    }

    /// The next moment at which [`expire`](Self::expire) has something to do.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.earliest
    }

    /// Fails queued calls whose deadline has passed with the error that `why` makes.
    pub(crate) fn expire(&mut self, now: Timestamp, why: impl Fn() -> CallError) {
        if self.earliest.is_none_or(|earliest| earliest > now) {
            return;
        }
        for waiting in std::mem::take(&mut self.unsent) {
            if waiting.deadline <= now {
                waiting.finish(Err(why()));
            } else if waiting.call.is_awaited() {
                self.unsent.push_back(waiting);
            }
        }
        self.earliest = self.unsent.iter().map(|waiting| waiting.deadline).min();
    }

    /// Fails all calls, since the client was closed.
    pub(crate) fn close(&mut self) {
        for waiting in self.unsent.drain(..).chain(self.sent.drain().map(|(_, waiting)| waiting)) {
            waiting.finish(Err(CallError::Closed));
        }
        self.earliest = None;
    }

    fn wait(&mut self, waiting: Waiting) {
        if self.unsent.len() >= self.limit && std::mem::take(&mut self.has_abandoned) {
            // Cancelled calls take no room.
            self.unsent.retain(|waiting| waiting.call.is_awaited());
        }
        if self.unsent.len() >= self.limit {
            return waiting.finish(Err(CallError::QueueFull { limit: self.limit }));
        }
        self.push(waiting);
    }

    fn push(&mut self, waiting: Waiting) {
        self.earliest = Some(self.earliest.map_or(waiting.deadline, |earliest| earliest.min(waiting.deadline)));
        self.unsent.push_back(waiting);
    }

    /// Sends a call or fails it. Returns it if it must wait.
    fn send(&mut self, client: &mut Client, now: Timestamp, waiting: Waiting) -> Result<(), Waiting> {
        match waiting.call.send(waiting.index, client, now, waiting.deadline) {
            Ok(id) => {
                waiting.call.sent_as(Some(id));
                self.sent.insert(id, waiting);
            }
            Err(reason) => match CallError::from_reject(reason) {
                Some(error) => waiting.finish(Err(error)),
                None => return Err(waiting),
            },
        }
        Ok(())
    }
}

impl std::fmt::Debug for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calls").field("sent", &self.sent.len()).field("unsent", &self.unsent.len()).finish()
    }
}
