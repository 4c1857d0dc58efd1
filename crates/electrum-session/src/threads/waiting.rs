//! Counts the callers that wait for a reply, and wakes their threads.

use std::sync::Arc;
use std::task::Wake;

use super::sync::{AtomicUsize, Ordering::SeqCst, Thread};

/// A caller that counts as waiting until its waker is called or this is dropped.
pub(crate) struct Waiting {
    pub(crate) waiter: Arc<Waiter>,
}

impl Waiting {
    pub(crate) fn new(count: &Arc<AtomicUsize>, thread: Thread) -> Self {
        count.fetch_add(1, SeqCst);
        let waiter = Waiter { thread, count: Arc::clone(count), is_done: AtomicUsize::new(0) };
        Self { waiter: Arc::new(waiter) }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.waiter.done();
    }
}

/// The waker of a caller's thread.
pub(crate) struct Waiter {
    thread: Thread,
    count: Arc<AtomicUsize>,
    is_done: AtomicUsize,
}

impl Waiter {
    /// Whether the waker was called.
    pub(crate) fn is_done(&self) -> bool {
        self.is_done.load(SeqCst) != 0
    }

    /// Stops counting the caller as waiting.
    fn done(&self) {
        if self.is_done.swap(1, SeqCst) == 0 {
            self.count.fetch_sub(1, SeqCst);
        }
    }
}

impl Wake for Waiter {
    fn wake(self: Arc<Self>) {
        self.done();
        self.thread.unpark();
    }
}
