//! Calls in flight as futures, one by one or in batches.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use electrum_proto::{Effect, Request};

use crate::driver::Handle;
use crate::error::CallError;
use crate::pending::{BatchCall, PendingCall, SingleCall, TypedCall};
use crate::submission::{SharedSubmission, Submission};

/// A call in flight, as the future of its result.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
/// use std::time::Duration;
/// use electrum_session::proto::operations::Banner;
///
/// # let client = example::client();
/// # example::run(async {
/// let call = client.call(Banner); // on its way from here on
/// let another = client.call_within(Duration::from_secs(5), Banner);
/// assert_eq!(call.await?, "Welcome!");
/// drop(another); // not wanted any more
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # });
/// ```
#[must_use = "dropping a call cancels it"]
pub struct Call<T> {
    call: Arc<dyn TypedCall<Result<T, CallError>>>,
    handle: Handle,
    /// The pipeline that sends the call at its end, or when the call is awaited before.
    pipeline: Option<Arc<SharedSubmission>>,
}

impl<T: Send + 'static> Call<T> {
    /// Sends a request.
    pub(crate) fn submit<R>(handle: &Handle, timeout: Option<Duration>, request: R) -> Self
    where
        R: Request<Response = T> + Send + 'static,
    {
        let mut submission = Submission::new(handle.driver());
        let call = Self::push(&mut submission, handle, None, request.effect(), request);
        submission.submit(handle.driver(), timeout);
        call
    }

    /// Adds a request to a pipeline.
    pub(crate) fn add_to<R>(pipeline: &Arc<SharedSubmission>, handle: &Handle, request: R) -> Self
    where
        R: Request<Response = T> + Send + 'static,
    {
        // Called first, since it is code of the caller and may panic: the pipeline's other requests would be lost.
        let effect = request.effect();
        pipeline.with(handle.driver(), |submission| {
            Self::push(submission, handle, Some(Arc::clone(pipeline)), effect, request)
        })
    }

    fn push<R>(
        submission: &mut Submission,
        handle: &Handle,
        pipeline: Option<Arc<SharedSubmission>>,
        effect: Effect,
        request: R,
    ) -> Self
    where
        R: Request<Response = T> + Send + 'static,
    {
        let encoded = submission.encode(&request);
        let call = Arc::new(SingleCall::new(request));
        let pending: Arc<dyn PendingCall> = call.clone();
        submission.push(&pending, 0, effect, encoded);
        Self { call, handle: handle.clone(), pipeline }
    }
}

impl<T> Future for Call<T> {
    type Output = Result<T, CallError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(pipeline) = self.pipeline.take() {
            pipeline.submit(self.handle.driver());
        }
        self.call.poll_result(context)
    }
}

impl<T> Drop for Call<T> {
    fn drop(&mut self) {
        if self.call.abandon() {
            let sent_as = self.call.sent_as();
            self.handle.driver().act(|dispatcher, _| match sent_as {
                Some(id) => drop(dispatcher.session.machine().cancel(id)),
                None => dispatcher.calls.has_abandoned = true,
            });
        }
    }
}

/// Several calls in flight, as the future of their results in the order of the requests.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
/// use electrum_session::proto::operations::Balance;
/// use electrum_session::proto::types::Script;
///
/// # let client = example::client();
/// # example::run(async {
/// let scripts = [Script::new([0x51]), Script::new([0x52])];
/// let balances = client.batch(scripts.iter().map(Balance::new)).await;
/// assert_eq!(balances.len(), 2);
/// for balance in balances {
///     assert_eq!(balance?.confirmed.to_sat(), 70_000);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # });
/// ```
#[must_use = "dropping a batch cancels its calls"]
pub struct Batch<T> {
    call: Arc<dyn TypedCall<Vec<Result<T, CallError>>>>,
    handle: Handle,
}

impl<T: Send + 'static> Batch<T> {
    /// Sends requests.
    pub(crate) fn submit<R>(handle: &Handle, timeout: Option<Duration>, requests: Vec<R>) -> Self
    where
        R: Request<Response = T> + Send + 'static,
    {
        let mut submission = Submission::new(handle.driver());
        let encoded: Vec<_> = requests.iter().map(|request| (request.effect(), submission.encode(request))).collect();
        let call = Arc::new(BatchCall::new(requests));
        let pending: Arc<dyn PendingCall> = call.clone();
        let batch = Self { call, handle: handle.clone() };
        for (index, (effect, encoded)) in (0..).zip(encoded) {
            submission.push(&pending, index, effect, encoded);
        }
        submission.submit(handle.driver(), timeout);
        batch
    }
}

impl<T> Future for Batch<T> {
    type Output = Vec<Result<T, CallError>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.call.poll_result(context)
    }
}

impl<T> Drop for Batch<T> {
    fn drop(&mut self) {
        if self.call.abandon() {
            self.handle.driver().act(|dispatcher, _| dispatcher.calls.cancel_abandoned(dispatcher.session.machine()));
        }
    }
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
