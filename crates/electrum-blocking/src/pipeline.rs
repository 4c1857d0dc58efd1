//! Calls that are sent at once, and waited for one by one.

use std::time::{Duration, Instant};

use electrum_session::proto::Request;
use electrum_session::threads::Threads;
use electrum_session::{self as session, CallError};

use crate::socket::Tcp;
use crate::wait::wait_until;

/// Calls that are sent in one write. See [`Client::pipeline`](crate::Client::pipeline).
#[derive(Debug)]
pub struct Pipeline<'a, 'b> {
    calls: &'a mut session::Pipeline<'b>,
    threads: &'a Threads<Tcp>,
}

impl<'a, 'b> Pipeline<'a, 'b> {
    pub(crate) fn new(calls: &'a mut session::Pipeline<'b>, threads: &'a Threads<Tcp>) -> Self {
        Self { calls, threads }
    }

    /// Adds a call, which is sent with the others.
    pub fn call<R>(&mut self, request: R) -> Pending<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        Pending { call: self.calls.call(request), threads: self.threads.clone() }
    }
}

/// A call in flight. Dropping it cancels the call.
#[derive(Debug)]
#[must_use = "dropping a pending call cancels it"]
pub struct Pending<T> {
    call: session::Call<T>,
    threads: Threads<Tcp>,
}

impl<T> Pending<T> {
    /// Waits for the result.
    ///
    /// # Errors
    /// [`CallError`] says who must act.
    pub fn wait(self) -> Result<T, CallError> {
        let Self { call, threads } = self;
        threads.block_on(|| call)
    }

    /// Waits for the result for at most `timeout`, and then cancels the call.
    ///
    /// # Errors
    /// [`CallError::TimedOut`] if the result did not come in that time; otherwise those of [`wait`](Self::wait).
    pub fn wait_within(mut self, timeout: Duration) -> Result<T, CallError> {
        wait_until(Instant::now().checked_add(timeout), &mut self.call).unwrap_or(Err(CallError::TimedOut))
    }
}
