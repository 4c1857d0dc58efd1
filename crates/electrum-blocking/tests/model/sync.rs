//! The engine's threads and locks, as the model checker schedules them.

use std::time::Duration;

use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Mutex;
use shuttle::thread::yield_now;

pub(crate) use shuttle::sync::atomic::{AtomicUsize, Ordering};
pub(crate) use shuttle::sync::{Arc, Condvar, MutexGuard};
pub(crate) use shuttle::thread::{Thread, current, park};

/// How many steps of other threads a rest is long.
const LONGEST_REST: usize = 50;

#[derive(Debug)]
pub(crate) struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap()
    }

    /// Without a time-out nothing but a notification ends it: if that is missing, the model checker finds a deadlock.
    pub(crate) fn sleep<'a>(
        &'a self,
        guard: MutexGuard<'a, T>,
        condvar: &Condvar,
        timeout: Option<Duration>,
    ) -> MutexGuard<'a, T> {
        match timeout {
            Some(timeout) => self.rest(guard, condvar, timeout),
            None => condvar.wait(guard).unwrap(),
        }
    }

    /// The time passes while other threads run, for a shorter or longer while.
    pub(crate) fn rest<'a>(&'a self, guard: MutexGuard<'a, T>, _: &Condvar, _: Duration) -> MutexGuard<'a, T> {
        drop(guard);
        for _ in 0..thread_rng().gen_range(1..LONGEST_REST) {
            yield_now();
        }
        self.lock()
    }
}
