//! A channel for one value, whose receiver may be a task or a blocked thread.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A channel for one value: empty, then full, then taken.
#[derive(Debug)]
pub(crate) struct Oneshot<T>(Mutex<State<T>>);

#[derive(Debug)]
enum State<T> {
    Empty(Option<Waker>),
    Full(T),
    Taken,
}

impl<T> Oneshot<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(State::Empty(None)))
    }

    /// Sends the value and wakes the receiver. Without a receiver the value is dropped.
    pub(crate) fn fill(&self, value: T) {
        let mut state = lock(&self.0);
        if let State::Empty(waker) = &mut *state {
            let waker = waker.take();
            *state = State::Full(value);
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Drops the receiving end. Returns whether no value had been sent.
    pub(crate) fn abandon(&self) -> bool {
        matches!(std::mem::replace(&mut *lock(&self.0), State::Taken), State::Empty(_))
    }

    /// Whether the receiver still waits for the value.
    pub(crate) fn is_awaited(&self) -> bool {
        matches!(&*lock(&self.0), State::Empty(_))
    }

    pub(crate) fn poll_take(&self, context: &Context<'_>) -> Poll<T> {
        let mut state = lock(&self.0);
        match &mut *state {
            State::Empty(waker) => {
                set_waker(waker, context);
                Poll::Pending
            }
            // A future that is polled after it was done never is again.
            State::Taken => Poll::Pending,
            State::Full(_) => match std::mem::replace(&mut *state, State::Taken) {
                State::Full(value) => Poll::Ready(value),
                State::Empty(_) | State::Taken => Poll::Pending,
            },
        }
    }
}

/// Registers the task to wake.
pub(crate) fn set_waker(waker: &mut Option<Waker>, context: &Context<'_>) {
    match waker {
        Some(waker) => waker.clone_from(context.waker()),
        None => *waker = Some(context.waker().clone()),
    }
}

/// Nothing here is left half done by a panic, so a lock that was held during one is as good as any.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
