//! A flag that one task waits for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use crate::oneshot::lock;

/// Set from any thread; waited for and cleared by one task.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    is_set: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Signal {
    pub(crate) fn set(&self) {
        if !self.is_set.swap(true, Ordering::AcqRel) {
            let waker = lock(&self.waker).take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Ready, and cleared, if the flag was set.
    pub(crate) fn poll_take(&self, context: &Context<'_>) -> Poll<()> {
        if self.is_set.swap(false, Ordering::AcqRel) {
            return Poll::Ready(());
        }
        let waker = Some(context.waker().clone());
        let before = std::mem::replace(&mut *lock(&self.waker), waker);
        drop(before);
        // It may have been set before the waker was there to be woken.
        if self.is_set.swap(false, Ordering::AcqRel) { Poll::Ready(()) } else { Poll::Pending }
    }
}
