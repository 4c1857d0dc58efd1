//! Calls of any kinds that are sent in one write.

use std::fmt;
use std::sync::Arc;

use electrum_proto::Request;

use crate::call::{Call, submit};
use crate::driver::Handle;
use crate::pending::PendingCall;

/// Collects calls that are sent in one write. See [`Client::pipeline`](crate::Client::pipeline).
pub struct Pipeline<'a> {
    handle: &'a Handle,
    calls: Vec<Arc<dyn PendingCall>>,
}

impl<'a> Pipeline<'a> {
    pub(crate) const fn new(handle: &'a Handle) -> Self {
        Self { handle, calls: Vec::new() }
    }

    /// Adds a call. It is sent with the others.
    pub fn call<R>(&mut self, request: R) -> Call<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        let (call, pending) = Call::prepare(self.handle, request);
        self.calls.push(pending);
        call
    }

    pub(crate) fn submit(self) {
        submit(self.handle.driver(), None, self.calls.iter().map(|call| (call, 1)));
    }
}

impl fmt::Debug for Pipeline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("calls", &self.calls.len()).finish_non_exhaustive()
    }
}
