//! What the queue knows of a call: how to send its requests, and where their results go.

use std::sync::{Arc, Mutex};

use electrum_proto::{Client, Effect, RejectReason, Reply, Request, RequestId, Timestamp};

use crate::error::CallError;
use crate::oneshot::{Oneshot, lock};

/// The requests of one caller, whatever their type. They are identified by their index.
pub(crate) trait PendingCall: Send + Sync {
    /// Sends one request.
    fn send(
        &self,
        index: usize,
        client: &mut Client,
        now: Timestamp,
        deadline: Timestamp,
    ) -> Result<RequestId, RejectReason>;

    /// Whether it may be sent again.
    fn effect(&self, index: usize) -> Effect;

    /// Whether the caller still waits for results.
    fn is_awaited(&self) -> bool;

    /// Records the id of the request in flight, so that a dropped call can cancel it.
    fn sent_as(&self, id: Option<RequestId>);

    /// Delivers the result of one request.
    fn finish(&self, index: usize, outcome: Result<Reply<'_>, CallError>);
}

/// One request.
pub(crate) struct SingleCall<R: Request> {
    request: Mutex<R>,
    waiter: Arc<Waiter<R::Response>>,
}

/// Where the caller of one request finds its result.
#[derive(Debug)]
pub(crate) struct Waiter<T> {
    pub(crate) result: Oneshot<Result<T, CallError>>,
    pub(crate) sent_as: Mutex<Option<RequestId>>,
}

impl<T> Waiter<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { result: Oneshot::new(), sent_as: Mutex::new(None) })
    }
}

impl<R: Request> SingleCall<R> {
    pub(crate) fn new(request: R, waiter: Arc<Waiter<R::Response>>) -> Self {
        Self { request: Mutex::new(request), waiter }
    }
}

impl<R: Request<Response: Send> + Send> PendingCall for SingleCall<R> {
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

/// Several requests of one type, whose results are delivered when all are complete.
pub(crate) struct BatchCall<R: Request> {
    state: Mutex<BatchState<R>>,
    result: Arc<BatchResult<R::Response>>,
}

/// Where the caller of a batch finds the results.
pub(crate) type BatchResult<T> = Oneshot<Vec<Result<T, CallError>>>;

struct BatchState<R: Request> {
    requests: Vec<R>,
    results: Vec<Option<Result<R::Response, CallError>>>,
    missing: usize,
}

impl<R: Request> BatchCall<R> {
    pub(crate) fn new(requests: Vec<R>, result: Arc<BatchResult<R::Response>>) -> Self {
        let (missing, results) = (requests.len(), requests.iter().map(|_| None).collect());
        if missing == 0 {
            result.fill(Vec::new());
        }
        Self { state: Mutex::new(BatchState { requests, results, missing }), result }
    }
}

impl<R: Request<Response: Send> + Send> PendingCall for BatchCall<R> {
    fn send(
        &self,
        index: usize,
        client: &mut Client,
        now: Timestamp,
        deadline: Timestamp,
    ) -> Result<RequestId, RejectReason> {
        send(&lock(&self.state).requests[index], client, now, deadline)
    }

    fn effect(&self, index: usize) -> Effect {
        lock(&self.state).requests[index].effect()
    }

    fn is_awaited(&self) -> bool {
        self.result.is_awaited()
    }

    fn sent_as(&self, _: Option<RequestId>) {}

    fn finish(&self, index: usize, outcome: Result<Reply<'_>, CallError>) {
        let mut state = lock(&self.state);
        let result = read(&state.requests[index], outcome);
        if state.results[index].replace(result).is_none() {
            state.missing -= 1;
        }
        if state.missing == 0 {
            let results = std::mem::take(&mut state.results);
            drop(state);
            self.result.fill(results.into_iter().flatten().collect());
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
