//! Calls wakers, which run code of the caller.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Calls wakers. No lock may be held meanwhile, since a waker may use the client. A panic of one does not affect the
/// others.
pub(crate) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        // The panic hook has reported the panic. The task is not woken.
        let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
    }
}
