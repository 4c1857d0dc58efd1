//! Blocks the calling thread until a future is ready.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

/// The waker of a blocked thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

thread_local! {
    /// The waker of this thread, kept so that reading a buffered update need not make one.
    static WAKER: Waker = unpark();
}

fn unpark() -> Waker {
    Waker::from(Arc::new(Unpark(thread::current())))
}

/// Blocks until `future` is ready.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        // Without a deadline there is always a result.
        if let Some(output) = wait_until(None, future.as_mut()) {
            return output;
        }
    }
}

/// Blocks until `future` is ready, or until `deadline`.
pub(crate) fn wait_until<F: Future>(deadline: Option<Instant>, future: F) -> Option<F::Output> {
    let waker = WAKER.try_with(Waker::clone).unwrap_or_else(|_| unpark());
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
        match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
            None => thread::park(),
            Some(left) if left.is_zero() => return None,
            Some(left) => thread::park_timeout(left),
        }
    }
}
