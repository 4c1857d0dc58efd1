//! Calls that wait: for a connection, or for their answer.

use std::collections::VecDeque;
use std::sync::Arc;

use electrum_proto::{Client, Effect, Reply, RequestError, RequestId, Timestamp};

use crate::call::Call;
use crate::error::CallError;
use crate::ids::IdMap;

/// All calls that were made and not answered.
pub(crate) struct Calls {
    sent: IdMap<RequestId, Waiting>,
    /// In the order in which they are to be sent.
    unsent: VecDeque<Waiting>,
    limit: usize,
    /// Some in `unsent` may have nobody who waits for them.
    pub(crate) has_dropped: bool,
    /// No call in `unsent` has a deadline before this.
    earliest: Option<Timestamp>,
}

struct Waiting {
    call: Arc<dyn Call>,
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
        Self { sent: IdMap::default(), unsent: VecDeque::new(), limit, has_dropped: false, earliest: None }
    }

    /// Sends the requests of a call that was just made, or lets them wait for their turn.
    pub(crate) fn submit(
        &mut self,
        client: &mut Client,
        now: Timestamp,
        deadline: Timestamp,
        call: &Arc<dyn Call>,
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

    /// Those for which nobody waits any more are not to be answered.
    pub(crate) fn take_back(&mut self, client: &mut Client) {
        let mut dropped: Vec<_> =
            self.sent.iter().filter(|(_, waiting)| !waiting.call.is_awaited()).map(|(id, _)| *id).collect();
        dropped.sort_unstable();
        self.has_dropped = true;
        for id in dropped {
            client.cancel(id);
        }
    }

    /// Sends what waits, as far as there is room.
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

    /// An answer came, or will not come any more.
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

    /// When to look for calls whose time is up although they were not sent.
    pub(crate) fn look_at(&self) -> Option<Timestamp> {
        self.earliest
    }

    /// Calls whose time is up although they were not sent fail, for the reason that `why` gives.
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

    /// The client was closed: what was not sent fails too.
    pub(crate) fn close(&mut self) {
        for waiting in self.unsent.drain(..).chain(self.sent.drain().map(|(_, waiting)| waiting)) {
            waiting.finish(Err(CallError::Closed));
        }
        self.earliest = None;
    }

    fn wait(&mut self, waiting: Waiting) {
        if self.unsent.len() >= self.limit && std::mem::take(&mut self.has_dropped) {
            // They take no room.
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

    /// Sends a call, or fails it, or gives it back if its time has not come.
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
