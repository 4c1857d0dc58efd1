//! A channel for one value, whose receiver may be a task or a blocked thread.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A channel for one value: empty, then full, then taken.
///
/// No code of a caller runs while it is locked: not that of a waker, nor the destructor of a value.
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

    /// Sends the value. Returns the waker of the receiver, to be called when no lock is held. Without a receiver the
    /// value is dropped.
    #[must_use]
    pub(crate) fn send(&self, value: T) -> Option<Waker> {
        let mut state = lock(&self.0);
        match &mut *state {
            State::Empty(waker) => {
                let waker = waker.take();
                *state = State::Full(value);
                waker
            }
            State::Full(_) | State::Taken => {
                drop(state);
                drop(value);
                None
            }
        }
    }

    /// Drops the receiving end. Returns whether no value had been sent.
    pub(crate) fn abandon(&self) -> bool {
        let before = std::mem::replace(&mut *lock(&self.0), State::Taken);
        matches!(before, State::Empty(_))
    }

    /// Whether the receiver still waits for the value.
    pub(crate) fn is_awaited(&self) -> bool {
        matches!(&*lock(&self.0), State::Empty(_))
    }

    pub(crate) fn poll_take(&self, context: &Context<'_>) -> Poll<T> {
        let mut waker = Some(context.waker().clone());
        let mut state = lock(&self.0);
        let taken = match &mut *state {
            State::Empty(registered) => {
                std::mem::swap(registered, &mut waker);
                None
            }
            State::Full(_) => Some(std::mem::replace(&mut *state, State::Taken)),
            // A future that is polled after completion stays pending.
            State::Taken => None,
        };
        // The lock is released before `waker`, the one that was registered until now, is dropped.
        drop(state);
        match taken {
            Some(State::Full(value)) => Poll::Ready(value),
            _ => Poll::Pending,
        }
    }
}

/// Locks a mutex and ignores poisoning: no panic leaves the data behind it inconsistent.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
