//! Calls of different types that are sent in one write.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use electrum_proto::Request;

use crate::call::Call;
use crate::driver::Handle;
use crate::submission::SharedSubmission;

/// Collects calls that are sent in one write. See [`Client::pipeline`](crate::Client::pipeline).
pub struct Pipeline<'a> {
    handle: &'a Handle,
    calls: Arc<SharedSubmission>,
}

impl<'a> Pipeline<'a> {
    pub(crate) fn new(handle: &'a Handle, timeout: Option<Duration>) -> Self {
        Self { handle, calls: Arc::new(SharedSubmission::new(handle.driver(), timeout)) }
    }

    /// Adds a call, which is sent with the others: when the pipeline is complete, or when one of them is awaited
    /// before.
    pub fn call<R>(&mut self, request: R) -> Call<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        Call::add_to(&self.calls, self.handle, request)
    }

    pub(crate) fn submit(&self) {
        self.calls.submit(self.handle.driver());
    }
}

impl fmt::Debug for Pipeline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").finish_non_exhaustive()
    }
}
