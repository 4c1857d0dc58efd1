//! The threads and locks that the engine is built from.
//!
//! The model tests compile the engine with another module of this name, whose scheduler explores interleavings.

use std::sync::{LockResult, PoisonError};
use std::time::Duration;

pub(crate) use std::sync::atomic::{AtomicUsize, Ordering};
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard};
pub(crate) use std::thread::{Thread, current, park};

/// Waits until `condvar` is notified, or until `timeout` has passed.
pub(crate) fn sleep<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    timeout: Option<Duration>,
) -> MutexGuard<'a, T> {
    match timeout {
        Some(timeout) => unpoisoned(condvar.wait_timeout(guard, timeout)).0,
        None => unpoisoned(condvar.wait(guard)),
    }
}

/// Waits until `condvar` is notified, or until `timeout` has passed: for threads that have something to do in either case.
pub(crate) fn rest<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>, timeout: Duration) -> MutexGuard<'a, T> {
    sleep(condvar, guard, Some(timeout))
}

/// The value behind a lock, also if a thread panicked while it held the lock: no state here is left half changed.
pub(crate) fn unpoisoned<T>(result: LockResult<T>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}
