//! A call on its way: what to send, and where to leave the answer.

use std::sync::{Arc, Mutex};

use electrum_proto::{Client, Effect, RejectReason, Reply, Request, RequestId, Timestamp};

use crate::error::CallError;
use crate::slot::{Slot, lock};

/// One or several requests with somebody who waits for the results, whatever their type. They are told apart by number.
pub(crate) trait Call: Send + Sync {
    /// Sends one.
    fn send(
        &self,
        index: usize,
        client: &mut Client,
        now: Timestamp,
        deadline: Timestamp,
    ) -> Result<RequestId, RejectReason>;

    /// Whether it may be sent again.
    fn effect(&self, index: usize) -> Effect;

    /// Whether anybody still waits.
    fn is_awaited(&self) -> bool;

    /// Notes under which id it was sent, so that who waits for one alone can take it back.
    fn sent_as(&self, id: Option<RequestId>);

    /// Leaves the outcome of one.
    fn finish(&self, index: usize, outcome: Result<Reply<'_>, CallError>);
}

/// One call and its waiter.
pub(crate) struct Single<R: Request> {
    request: Mutex<R>,
    waiter: Arc<Waiter<R::Response>>,
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

impl<R: Request> Single<R> {
    pub(crate) fn new(request: R, waiter: Arc<Waiter<R::Response>>) -> Self {
        Self { request: Mutex::new(request), waiter }
    }
}

impl<R: Request<Response: Send> + Send> Call for Single<R> {
    fn send(
        &self,
        _: usize,
        client: &mut Client,
        now: Timestamp,
        deadline: Timestamp,
    ) -> Result<RequestId, RejectReason> {
        send(&*lock(&self.request), client, now, deadline)
    }

    fn effect(&self, _: usize) -> Effect {
        lock(&self.request).effect()
    }

    fn is_awaited(&self) -> bool {
        self.waiter.result.is_awaited()
    }

    fn sent_as(&self, id: Option<RequestId>) {
        *lock(&self.waiter.sent_as) = id;
    }

    fn finish(&self, _: usize, outcome: Result<Reply<'_>, CallError>) {
        let result = read(&*lock(&self.request), outcome);
        self.waiter.result.fill(result);
    }
}

/// Several calls whose results are awaited together.
pub(crate) struct Several<R: Request> {
    gathered: Mutex<Gathered<R>>,
    all: Arc<All<R::Response>>,
}

/// Where the results of several calls are left, once all are there.
pub(crate) type All<T> = Slot<Vec<Result<T, CallError>>>;

struct Gathered<R: Request> {
    requests: Vec<R>,
    results: Vec<Option<Result<R::Response, CallError>>>,
    missing: usize,
}

impl<R: Request> Several<R> {
    pub(crate) fn new(requests: Vec<R>, all: Arc<All<R::Response>>) -> Self {
        let (missing, results) = (requests.len(), requests.iter().map(|_| None).collect());
        if missing == 0 {
            all.fill(Vec::new());
        }
        Self { gathered: Mutex::new(Gathered { requests, results, missing }), all }
    }
}

impl<R: Request<Response: Send> + Send> Call for Several<R> {
    fn send(
        &self,
        index: usize,
        client: &mut Client,
        now: Timestamp,
        deadline: Timestamp,
    ) -> Result<RequestId, RejectReason> {
        send(&lock(&self.gathered).requests[index], client, now, deadline)
    }

    fn effect(&self, index: usize) -> Effect {
        lock(&self.gathered).requests[index].effect()
    }

    fn is_awaited(&self) -> bool {
        self.all.is_awaited()
    }

    fn sent_as(&self, _: Option<RequestId>) {}

    fn finish(&self, index: usize, outcome: Result<Reply<'_>, CallError>) {
        let mut gathered = lock(&self.gathered);
        let result = read(&gathered.requests[index], outcome);
        if gathered.results[index].replace(result).is_none() {
            gathered.missing -= 1;
        }
        if gathered.missing == 0 {
            let results = std::mem::take(&mut gathered.results);
            drop(gathered);
            self.all.fill(results.into_iter().flatten().collect());
        }
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
