//! The half of a client that its adapter holds: the session behind its lock, and the clock.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use electrum_proto::Timestamp;

use crate::config::Config;
use crate::oneshot::lock;
use crate::session::{Session, Step};

/// Drives the [`Session`] of a client: an adapter carries out the [`Step`]s that [`poll`](Self::poll) returns.
#[derive(Clone)]
pub struct Driver(Arc<Shared>);

struct Shared {
    session: Mutex<Session>,
    epoch: Instant,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// Closes the client when it is dropped. Made by [`Driver::close_on_drop`].
pub struct CloseOnDrop(Driver);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.with(|session, now| {
            session.close(now);
            // The only other step closes a socket, which the adapter no longer has.
            while session.poll(now) != Step::Finished {}
        });
    }
}

/// The callers' share of a driver: the client is closed when the last one is dropped.
#[derive(Clone)]
pub(crate) struct Handle(Arc<Owner>);

struct Owner(Driver);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.act(Session::close);
    }
}

impl Handle {
    pub(crate) fn new(driver: Driver) -> Self {
        Self(Arc::new(Owner(driver)))
    }

    pub(crate) fn driver(&self) -> &Driver {
        &self.0.0
    }
}

impl Driver {
    pub(crate) fn new(config: Config, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let unix_now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let session = Session::new(config, Timestamp::ZERO, unix_now.as_secs());
        Self(Arc::new(Shared { session: Mutex::new(session), epoch: Instant::now(), wake: Box::new(wake) }))
    }

    /// The current time on the session's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::new(self.0.epoch.elapsed())
    }

    /// The time that is left until `moment`; zero if it has passed.
    #[must_use]
    pub fn until(&self, moment: Timestamp) -> Duration {
        moment.since(self.now())
    }

    /// How long opening a socket may take.
    #[must_use]
    pub fn connect_timeout(&self) -> Duration {
        self.with(|session, _| session.client.config().timeouts.connect)
    }

    /// Returns a guard that closes the client when it is dropped: all its calls then end with an error.
    ///
    /// An adapter holds the guard for as long as it drives the client, so that a panic or a dropped task of the adapter
    /// leaves no caller waiting.
    #[must_use]
    pub fn close_on_drop(&self) -> CloseOnDrop {
        CloseOnDrop(self.clone())
    }

    /// The next step to carry out.
    pub fn poll(&self) -> Step {
        let now = self.now();
        lock(&self.0.session).poll(now)
    }

    /// Runs `access` on the session, without waking the adapter.
    pub fn with<T>(&self, access: impl FnOnce(&mut Session, Timestamp) -> T) -> T {
        let now = self.now();
        access(&mut lock(&self.0.session), now)
    }

    /// Runs `act` on the session on behalf of a caller, and wakes the adapter.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut Session, Timestamp) -> T) -> T {
        let result = self.with(act);
        (self.0.wake)();
        result
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}

impl fmt::Debug for CloseOnDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloseOnDrop").finish_non_exhaustive()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}
