//! Submits requests to the session: they are encoded without its lock, and sent under it.

use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use electrum_proto::{Effect, EncodedRequests, Phase, Request};

use crate::dispatcher::Dispatcher;
use crate::driver::Driver;
use crate::error::CallError;
use crate::oneshot::lock;
use crate::pending::{self, EncodeError, PendingCall};
use crate::queued::{Part, Queued};
use crate::trace;
use crate::wake::wake_all;

/// Requests that are submitted under one lock.
pub(crate) struct Submission {
    requests: Vec<(Arc<dyn PendingCall>, Part)>,
    /// The encoded requests in the same order, if a version is negotiated.
    encoded: Option<EncodedRequests>,
}

thread_local! {
    /// An empty submission, whose memory the next one of this thread uses again.
    static UNUSED: Cell<Option<Submission>> = const { Cell::new(None) };
}

impl Submission {
    /// Makes an empty submission that encodes for the version negotiated at present.
    pub(crate) fn new(driver: &Driver) -> Self {
        let version = driver.access(|dispatcher, _| dispatcher.session.version());
        let Some(Self { requests, encoded }) = UNUSED.take() else {
            return Self { requests: Vec::new(), encoded: version.map(EncodedRequests::new) };
        };
        let encoded = version.map(|version| match encoded {
            Some(mut encoded) => {
                encoded.reset(version);
                encoded
            }
            None => EncodedRequests::new(version),
        });
        Self { requests, encoded }
    }

    /// Encodes the next request that is [added](Self::push), if a version is negotiated. Runs code of the caller.
    #[inline]
    pub(crate) fn encode<R: Request>(&mut self, request: &R) -> Result<(), Box<EncodeError>> {
        self.encoded.as_mut().map_or(Ok(()), |encoded| pending::encode(request, encoded))
    }

    /// Adds a request of a call, or fails it if it could not be encoded.
    pub(crate) fn push(
        &mut self,
        call: &Arc<dyn PendingCall>,
        index: u32,
        effect: Effect,
        encoded: Result<(), Box<EncodeError>>,
    ) {
        match encoded {
            Ok(()) => self.requests.push((Arc::clone(call), Part::new(index, effect))),
            Err(error) => {
                let outcome = error.into_outcome();
                trace::ended(&outcome);
                wake_all(call.finish(index, outcome));
            }
        }
    }

    /// Sends or queues the requests. Each must be answered within `timeout`; with `None` within the default time-out.
    pub(crate) fn submit(mut self, driver: &Driver, timeout: Option<Duration>) {
        if self.requests.is_empty() {
            return;
        }
        driver.act(|dispatcher, now| {
            let Dispatcher { session, calls, wakers, .. } = dispatcher;
            let is_closed = session.machine().phase() == Phase::Closed;
            let deadline = now + timeout.unwrap_or_else(|| session.machine().config().timeouts.request);
            let version = session.version();
            let encoded = self.encoded.as_ref().filter(|encoded| Some(encoded.version()) == version);
            for (place, (call, part)) in self.requests.drain(..).enumerate() {
                let request = Queued::new(call, part, deadline);
                let encoded = encoded.and_then(|encoded| encoded.get(place));
                wakers.extend(match is_closed {
                    true => request.fail(CallError::Closed),
                    false => calls.submit(session.machine(), now, request, encoded),
                });
            }
        });
        if let Some(encoded) = &mut self.encoded {
            encoded.reset(encoded.version());
        }
        UNUSED.set(Some(self));
    }
}

/// The submission of a pipeline, submitted when the pipeline is complete, or when one of its calls is awaited before.
pub(crate) struct SharedSubmission {
    submission: Mutex<Option<Submission>>,
    timeout: Option<Duration>,
}

impl SharedSubmission {
    pub(crate) fn new(driver: &Driver, timeout: Option<Duration>) -> Self {
        Self { submission: Mutex::new(Some(Submission::new(driver))), timeout }
    }

    /// Runs `add` on the submission that the next [`submit`](Self::submit) sends.
    pub(crate) fn with<T>(&self, driver: &Driver, add: impl FnOnce(&mut Submission) -> T) -> T {
        // Taken out, since encoding runs code of the caller, which must not run under the lock.
        let taken = lock(&self.submission).take();
        let mut submission = taken.unwrap_or_else(|| Submission::new(driver));
        let added = add(&mut submission);
        *lock(&self.submission) = Some(submission);
        added
    }

    /// Submits the requests that were added since the last time.
    pub(crate) fn submit(&self, driver: &Driver) {
        let taken = lock(&self.submission).take();
        if let Some(submission) = taken {
            submission.submit(driver, self.timeout);
        }
    }
}
