//! Calls in flight as futures, one by one or in batches.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use electrum_proto::{Phase, Request};

use crate::driver::{Driver, Handle};
use crate::error::CallError;
use crate::oneshot::lock;
use crate::pending::{BatchCall, BatchResult, PendingCall, SingleCall, Waiter};

/// A call in flight, as the future of its result.
#[must_use = "dropping a call cancels it"]
pub struct Call<T> {
    waiter: Arc<Waiter<T>>,
    handle: Handle,
}

impl<T: Send + 'static> Call<T> {
    /// Prepares a call. The second value is for [`submit`].
    pub(crate) fn prepare<R>(handle: &Handle, request: R) -> (Self, Arc<dyn PendingCall>)
    where
        R: Request<Response = T> + Send + 'static,
    {
        let waiter = Waiter::new();
        let pending = Arc::new(SingleCall::new(request, Arc::clone(&waiter)));
        (Self { waiter, handle: handle.clone() }, pending)
    }
}

impl<T> Future for Call<T> {
    type Output = Result<T, CallError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.waiter.result.poll_take(context)
    }
}

impl<T> Drop for Call<T> {
    fn drop(&mut self) {
        if self.waiter.result.abandon() {
            // Unlocked before the session is locked: the driver locks them the other way round.
            let sent_as = *lock(&self.waiter.sent_as);
            match sent_as {
                Some(id) => drop(self.handle.driver().act(|session, _| session.client.cancel(id))),
                None => self.handle.driver().with(|session, _| session.calls.has_abandoned = true),
            }
        }
    }
}

/// Several calls in flight, as the future of their results in the order of the requests.
#[must_use = "dropping a batch cancels its calls"]
pub struct Batch<T> {
    results: Arc<BatchResult<T>>,
    handle: Handle,
}

impl<T: Send + 'static> Batch<T> {
    /// Sends the requests.
    pub(crate) fn submit<R>(handle: &Handle, requests: Vec<R>) -> Self
    where
        R: Request<Response = T> + Send + 'static,
    {
        let (results, count) = (Arc::new(BatchResult::new()), requests.len());
        let pending: Arc<dyn PendingCall> = Arc::new(BatchCall::new(requests, Arc::clone(&results)));
        submit(handle.driver(), None, [(&pending, count)]);
        Self { results, handle: handle.clone() }
    }
}

impl<T> Future for Batch<T> {
    type Output = Vec<Result<T, CallError>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.results.poll_take(context)
    }
}

impl<T> Drop for Batch<T> {
    fn drop(&mut self) {
        if self.results.abandon() {
            self.handle.driver().act(|session, _| session.calls.cancel_abandoned(&mut session.client));
        }
    }
}

/// Sends calls, each with its number of requests, or puts them into the queue.
pub(crate) fn submit<'a>(
    driver: &Driver,
    timeout: Option<Duration>,
    calls: impl IntoIterator<Item = (&'a Arc<dyn PendingCall>, usize)>,
) {
    driver.act(|session, now| {
        let deadline = now + timeout.unwrap_or_else(|| session.client.config().timeouts.request);
        for (call, count) in calls {
            if session.client.phase() == Phase::Closed {
                (0..count).for_each(|index| call.finish(index, Err(CallError::Closed)));
            } else {
                session.calls.submit(&mut session.client, now, deadline, call, count);
            }
        }
    });
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Batch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").finish_non_exhaustive()
    }
}
