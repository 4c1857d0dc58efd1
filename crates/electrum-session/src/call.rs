//! A call on its way: what to send, and where to leave the answer.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use electrum_proto::{Client, Effect, RejectReason, Reply, Request, RequestId, Timestamp};

use crate::error::CallError;
use crate::slot::{Slot, lock};

/// A request with somebody who waits for its result, whatever its type.
pub(crate) trait Call: Send {
    /// Sends it.
    fn send(&self, client: &mut Client, now: Timestamp, deadline: Timestamp) -> Result<RequestId, RejectReason>;

    /// Whether it may be sent again.
    fn effect(&self) -> Effect;

    /// Whether anybody still waits.
    fn is_awaited(&self) -> bool;

    /// Notes under which id it was sent, so that the waiter can take it back.
    fn sent_as(&self, id: Option<RequestId>);

    /// Leaves the outcome.
    fn finish(self: Box<Self>, outcome: Result<Reply<'_>, CallError>);
}

/// One call and its waiter.
pub(crate) struct Single<R: Request> {
    pub(crate) request: R,
    pub(crate) waiter: Arc<Waiter<R::Response>>,
}

/// Where the result of one call is left.
#[derive(Debug)]
pub(crate) struct Waiter<T> {
    pub(crate) result: Slot<Result<T, CallError>>,
    pub(crate) sent_as: Mutex<Option<RequestId>>,
}

impl<T> Waiter<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { result: Slot::new(), sent_as: Mutex::new(None) })
    }
}

fn send<R: Request>(
    request: &R,
    client: &mut Client,
    now: Timestamp,
    deadline: Timestamp,
) -> Result<RequestId, RejectReason> {
    client.request_until(now, deadline, request).map(|ticket| ticket.id).map_err(|rejected| rejected.reason)
}

fn read<R: Request>(request: &R, outcome: Result<Reply<'_>, CallError>) -> Result<R::Response, CallError> {
    outcome.and_then(|reply| Ok(request.decode(reply.version, reply.result)?))
}

impl<R: Request<Response: Send> + Send> Call for Single<R> {
    fn send(&self, client: &mut Client, now: Timestamp, deadline: Timestamp) -> Result<RequestId, RejectReason> {
        send(&self.request, client, now, deadline)
    }

    fn effect(&self) -> Effect {
        self.request.effect()
    }

    fn is_awaited(&self) -> bool {
        self.waiter.result.is_awaited()
    }

    fn sent_as(&self, id: Option<RequestId>) {
        *lock(&self.waiter.sent_as) = id;
    }

    fn finish(self: Box<Self>, outcome: Result<Reply<'_>, CallError>) {
        self.waiter.result.fill(read(&self.request, outcome));
    }
}

/// One of several calls whose results are awaited together.
pub(crate) struct Member<R: Request> {
    pub(crate) request: R,
    pub(crate) index: usize,
    pub(crate) group: Arc<Group<R::Response>>,
}

/// Where the results of several calls are gathered.
#[derive(Debug)]
pub(crate) struct Group<T> {
    gathered: Mutex<Gathered<T>>,
    all: Slot<Vec<Result<T, CallError>>>,
}

#[derive(Debug)]
struct Gathered<T> {
    results: Vec<Option<Result<T, CallError>>>,
    missing: usize,
    sent_as: Vec<Option<RequestId>>,
}

impl<T> Group<T> {
    pub(crate) fn new(count: usize) -> Arc<Self> {
        let group = Self {
            gathered: Mutex::new(Gathered {
                results: (0..count).map(|_| None).collect(),
                missing: count,
                sent_as: vec![None; count],
            }),
            all: Slot::new(),
        };
        if count == 0 {
            group.all.fill(Vec::new());
        }
        Arc::new(group)
    }

    fn gather(&self, index: usize, result: Result<T, CallError>) {
        let mut gathered = lock(&self.gathered);
        if gathered.results[index].replace(result).is_none() {
            gathered.missing -= 1;
        }
        if gathered.missing == 0 {
            let results = std::mem::take(&mut gathered.results);
            drop(gathered);
            self.all.fill(results.into_iter().flatten().collect());
        }
    }

    pub(crate) fn poll_take(&self, context: &Context<'_>) -> Poll<Vec<Result<T, CallError>>> {
        self.all.poll_take(context)
    }

    /// Nobody will come for the results: gives the ids of those that were sent and not answered.
    pub(crate) fn abandon(&self) -> Vec<RequestId> {
        if !self.all.abandon() {
            return Vec::new();
        }
        let gathered = lock(&self.gathered);
        let unanswered = gathered.results.iter().zip(&gathered.sent_as).filter(|(result, _)| result.is_none());
        unanswered.filter_map(|(_, id)| *id).collect()
    }
}

impl<R: Request<Response: Send> + Send> Call for Member<R> {
    fn send(&self, client: &mut Client, now: Timestamp, deadline: Timestamp) -> Result<RequestId, RejectReason> {
        send(&self.request, client, now, deadline)
    }

    fn effect(&self) -> Effect {
        self.request.effect()
    }

    fn is_awaited(&self) -> bool {
        self.group.all.is_awaited()
    }

    fn sent_as(&self, id: Option<RequestId>) {
        lock(&self.group.gathered).sent_as[self.index] = id;
    }

    fn finish(self: Box<Self>, outcome: Result<Reply<'_>, CallError>) {
        self.group.gather(self.index, read(&self.request, outcome));
    }
}
