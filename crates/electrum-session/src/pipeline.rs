//! Calls of different types that are sent in one write.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use electrum_proto::Request;

use crate::call::Call;
use crate::driver::Handle;
use crate::submission::SharedSubmission;

/// Collects calls that are sent in one write. See [`Client::pipeline`](crate::Client::pipeline).
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
/// use electrum_session::Pipeline;
/// use electrum_session::proto::operations::{Balance, Banner};
/// use electrum_session::proto::types::Script;
///
/// # let client = example::client();
/// # example::run(async {
/// let script = Script::new([0x51]);
/// let ask = |calls: &mut Pipeline<'_>| (calls.call(Banner), calls.call(Balance::new(&script)));
/// let (banner, balance) = client.pipeline(ask);
/// assert_eq!((banner.await?.as_str(), balance.await?.confirmed.to_sat()), ("Welcome!", 70_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # });
/// ```
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
