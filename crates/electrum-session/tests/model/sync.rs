//! The engine's threads and locks, as the model checker schedules them, and the time, which passes while a thread rests.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use electrum_proto::Timestamp;
use electrum_session::Clock;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Mutex;
use shuttle::thread::{Builder, yield_now};

pub(crate) use shuttle::sync::atomic::{AtomicUsize, Ordering};
pub(crate) use shuttle::sync::{Condvar, MutexGuard};
pub(crate) use shuttle::thread::{Thread, current, park};

/// How many steps of other threads a rest is long.
const LONGEST_REST: usize = 50;
/// A wait that would be longer does not end by itself.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);

thread_local! {
    /// The checker runs all threads of a scenario on one of the system.
    static ELAPSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The time of the model.
pub(crate) struct Elapsed;

impl Clock for Elapsed {
    fn now(&self) -> Timestamp {
        Timestamp::new(ELAPSED.get())
    }

    fn unix_time(&self) -> u64 {
        0
    }
}

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
    /// Otherwise the time passes while other threads run, for a shorter or longer while.
    pub(crate) fn sleep<'a>(
        &'a self,
        guard: MutexGuard<'a, T>,
        condvar: &Condvar,
        timeout: Option<Duration>,
    ) -> MutexGuard<'a, T> {
        let Some(timeout) = timeout.filter(|timeout| *timeout <= LONGEST_TIMEOUT) else {
            return condvar.wait(guard).unwrap();
        };
        drop(guard);
        for _ in 0..thread_rng().gen_range(1..LONGEST_REST) {
            yield_now();
        }
        ELAPSED.set(ELAPSED.get() + timeout);
        self.lock()
    }
}

pub(crate) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    Builder::new().name(name.into()).spawn(run).map(drop)
}
