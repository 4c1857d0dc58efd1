//! Handing requests over to the session: they are encoded first, and sent under the lock.

use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use electrum_proto::{Effect, EncodedRequests, Phase, Request};

use crate::dispatcher::Dispatcher;
use crate::driver::Driver;
use crate::error::CallError;
use crate::oneshot::lock;
use crate::pending::{self, EncodeError, PendingCall};
use crate::queued::Queued;
use crate::wake::wake_all;

/// Requests that are handed over at once.
pub(crate) struct Submission {
    requests: Vec<(Arc<dyn PendingCall>, u32, Effect)>,
    /// The requests in the same order, if a version is negotiated.
    encoded: Option<EncodedRequests>,
}

thread_local! {
    /// Memory that is used again by the next submission of the thread.
    static UNUSED: Cell<Option<Submission>> = const { Cell::new(None) };
}

impl Submission {
    /// An empty submission, to be encoded for the version that the driver has negotiated now.
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
    pub(crate) fn encode<R: Request>(&mut self, request: &R) -> Result<(), EncodeError> {
        self.encoded.as_mut().map_or(Ok(()), |encoded| pending::encode(request, encoded))
    }

    /// Adds a request of a call. One that could not be encoded has failed.
    pub(crate) fn push(
        &mut self,
        call: &Arc<dyn PendingCall>,
        index: u32,
        effect: Effect,
        encoded: Result<(), EncodeError>,
    ) {
        match encoded {
            Ok(()) => self.requests.push((Arc::clone(call), index, effect)),
            Err(error) => wake_all(call.finish(index, error.into_outcome())),
        }
    }

    /// Sends the requests, or queues them. Each must be answered within `timeout`, or within the default.
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
            for (place, (call, index, effect)) in self.requests.drain(..).enumerate() {
                let request = Queued::new(call, index, deadline, effect);
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

/// A submission that several calls may submit: the pipeline at its end, or the first call that is awaited before.
pub(crate) struct SharedSubmission {
    submission: Mutex<Option<Submission>>,
    timeout: Option<Duration>,
}

impl SharedSubmission {
    pub(crate) fn new(driver: &Driver, timeout: Option<Duration>) -> Self {
        Self { submission: Mutex::new(Some(Submission::new(driver))), timeout }
    }

    /// Runs `add` on the requests that are sent by the next [`submit`](Self::submit).
    pub(crate) fn with<T>(&self, driver: &Driver, add: impl FnOnce(&mut Submission) -> T) -> T {
        // Encoding runs code of the caller: not under the lock.
        let taken = lock(&self.submission).take();
        let mut submission = taken.unwrap_or_else(|| Submission::new(driver));
        let added = add(&mut submission);
        *lock(&self.submission) = Some(submission);
        added
    }

    /// Sends what was added since the last time.
    pub(crate) fn submit(&self, driver: &Driver) {
        let taken = lock(&self.submission).take();
        if let Some(submission) = taken {
            submission.submit(driver, self.timeout);
        }
    }
}
