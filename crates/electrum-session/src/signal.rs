//! A flag that any thread sets and one task waits for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use crate::oneshot::lock;

/// A flag that any thread sets. One task waits for it and clears it.
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

    /// Polls the flag: ready if it was set, and then clears it.
    pub(crate) fn poll_take(&self, context: &Context<'_>) -> Poll<()> {
        if self.is_set.swap(false, Ordering::AcqRel) {
            return Poll::Ready(());
        }
        let waker = Some(context.waker().clone());
        let before = std::mem::replace(&mut *lock(&self.waker), waker);
        drop(before);
        // The flag may have been set before the waker was registered.
        if self.is_set.swap(false, Ordering::AcqRel) { Poll::Ready(()) } else { Poll::Pending }
    }
}
