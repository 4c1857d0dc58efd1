//! A sleep future that the client's driver wakes.

use std::future::Future;
use std::pin::Pin;
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
        match self.timer {
            // The waker that is returned is dropped without the lock.
            Some(timer) => drop(driver.access(|dispatcher, _| dispatcher.timers.replace(timer, waker))),
            None => {
                let until = self.until;
                self.timer = Some(driver.act(|dispatcher, _| dispatcher.timers.add(until, waker)));
            }
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            drop(self.handle.driver().access(|dispatcher, _| dispatcher.timers.remove(timer)));
        }
    }
}
