//! Calling wakers, which are code of the caller.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Calls wakers. No lock may be held meanwhile: a waker may use the client. One that panics harms no other.
pub(crate) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        // The panic was reported by the panic hook; its task is not woken.
        let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
    }
}
