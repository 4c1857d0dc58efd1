//! A sleep future that the client's driver wakes, and futures with a deadline.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use electrum_proto::Timestamp;

use crate::driver::Handle;
use crate::timers::TimerKey;

/// A future that is ready after a given time, or when the client is closed. It needs no timer of a runtime.
pub(crate) struct Sleep {
    handle: Handle,
    until: Timestamp,
    timer: Option<TimerKey>,
}

impl Sleep {
    pub(crate) fn new(handle: &Handle, timeout: Duration) -> Self {
        Self { handle: handle.clone(), until: handle.driver().now() + timeout, timer: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let driver = self.handle.driver();
        if driver.now() >= self.until {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        // The waker that is returned is dropped without the lock.
        let is_set = match self.timer {
            Some(timer) => driver.access(|dispatcher, _| dispatcher.timers.replace(timer, waker)).is_ok(),
            None => {
                let until = self.until;
                self.timer = driver.act(|dispatcher, _| dispatcher.timers.add(until, waker)).ok();
                self.timer.is_some()
            }
        };
        if is_set { Poll::Pending } else { Poll::Ready(()) }
    }
}

/// Waits for a future for at most `timeout`. Returns `None` if it was not ready by then, or when the client was closed.
pub(crate) async fn within<F: Future>(handle: &Handle, timeout: Duration, future: F) -> Option<F::Output> {
    let (mut future, mut sleep) = (pin!(future), pin!(Sleep::new(handle, timeout)));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => sleep.as_mut().poll(context).map(|()| None),
    })
    .await
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            drop(self.handle.driver().access(|dispatcher, _| dispatcher.timers.remove(timer)));
        }
    }
}
