//! The adapter's half of a client: the session behind its lock, and the clock.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use electrum_proto::{ConnId, EncodedRequests, ProtocolVersion, Timestamp};

use crate::clock::Clock;
use crate::config::Config;
use crate::dispatcher::{Dispatcher, Work};
use crate::oneshot::lock;
use crate::pins::{PinError, PinStore};
use crate::queued::Queued;
use crate::session::{Session, Step};
use crate::trace;
use crate::wake::wake_all;

/// Drives the [`Session`] of a client: an adapter carries out the [`Step`]s that [`poll`](Self::poll) returns.
///
/// ```
/// use electrum_session::proto::Phase;
/// use electrum_session::transport::ServerAddr;
/// use electrum_session::{Client, Step};
///
/// let server: ServerAddr = "tcp://electrum.example:50001".parse()?;
/// let (client, driver) = Client::new(server, || { /* let the adapter poll again */ });
/// let Step::Connect(conn, target) = driver.poll() else { panic!("the first step") };
/// assert_eq!(target.to_string(), "electrum.example:50001");
/// driver.connected(conn);
/// driver.with(|session, now| {
///     let written = session.outgoing().len(); // write them to the socket
///     session.wrote(now, conn, written);
///     session.read(now, conn, b"{\"id\":1,\"result\":[\"Example 1.0\",\"1.4\"]}\n"); // read from it
/// });
/// let Step::Wait { .. } = driver.poll() else { panic!("nothing to do until a call is made") };
/// assert_eq!(client.state().phase, Phase::Ready);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Driver(Arc<Shared>);

struct Shared {
    dispatcher: Mutex<Dispatcher>,
    pins: Arc<dyn PinStore>,
    /// Whether a thread is waiting for the pin store.
    is_asking_store: AtomicBool,
    clock: Box<dyn Clock>,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// Code of callers that has become due: wakers to call, and requests to encode. Made by [`Driver::poll_locked`].
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
/// use electrum_session::Client;
/// use electrum_session::proto::operations::Banner;
/// use electrum_session::transport::ServerAddr;
///
/// # let server: ServerAddr = "tcp://electrum.example:50001".parse()?;
/// let (client, driver) = Client::new(server, || {});
/// let call = client.call(Banner); // waits for the connection
/// # example::handshake(&driver);
/// // Ready now. The driver holds a lock of its own, so it must not yet run the code that encodes the request.
/// let (step, work) = driver.poll_locked();
/// assert!(step.is_none() && !work.is_empty());
/// // It has released that lock.
/// work.run(&driver);
/// assert!(driver.with(|session, _| String::from_utf8_lossy(session.outgoing()).contains("server.banner")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "callers would wait for ever"]
pub struct CallerWork {
    wakers: Vec<Waker>,
    encode: Option<(ProtocolVersion, Vec<Queued>)>,
}

impl CallerWork {
    /// Returns whether there is nothing to run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wakers.is_empty() && self.encode.is_none()
    }

    /// Runs the code. The thread may hold no lock that anything done to the client needs.
    pub fn run(self, driver: &Driver) {
        wake_all(self.wakers);
        if let Some((version, requests)) = self.encode {
            driver.send(version, requests);
        }
    }
}

/// Closes the client when it is dropped. Made by [`Driver::close_on_drop`].
///
/// ```
/// use electrum_session::proto::operations::Banner;
/// use electrum_session::transport::ServerAddr;
/// use electrum_session::{CallError, Client};
///
/// let server: ServerAddr = "tcp://electrum.example:50001".parse()?;
/// let (client, driver) = Client::new(server, || {});
/// let guard = driver.close_on_drop();
/// let call = client.call(Banner);
/// drop(guard); // the task that drives the client has panicked, say
/// assert_eq!(electrum_session::block_on(call), Err(CallError::Closed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CloseOnDrop(Driver);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.with(Session::close);
        // All other steps are about a socket, which the adapter no longer has.
        while self.0.poll() != Step::Finished {}
    }
}

/// A caller's reference to the driver. The client is closed when the last one is dropped.
#[derive(Clone)]
pub(crate) struct Handle(Arc<Owner>);

struct Owner(Driver);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.act(|dispatcher, now| dispatcher.session.close(now));
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
    pub(crate) fn new(config: Config, clock: Box<dyn Clock>, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let pins = Arc::clone(&config.pins);
        let dispatcher = Mutex::new(Dispatcher::new(config, clock.now()));
        let is_asking_store = AtomicBool::new(false);
        Self(Arc::new(Shared { dispatcher, pins, is_asking_store, clock, wake: Box::new(wake) }))
    }

    /// Returns the current time on the session's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Returns the time left until `moment`, or zero if it has passed.
    #[must_use]
    pub fn until(&self, moment: Timestamp) -> Duration {
        moment.since(self.now())
    }

    /// Returns how long opening a socket may take.
    #[must_use]
    pub fn connect_timeout(&self) -> Duration {
        self.with(|session, _| session.machine().config().timeouts.connect)
    }

    /// Returns a guard that closes the client when it is dropped: all its calls then end with an error.
    ///
    /// An adapter holds the guard for as long as it drives the client, so that a panic or a dropped task of the adapter
    /// leaves no caller waiting.
    #[must_use]
    pub fn close_on_drop(&self) -> CloseOnDrop {
        CloseOnDrop(self.clone())
    }

    /// Returns the next step to carry out, after running what is due of callers' code.
    ///
    /// It is never a step about certificate pins: the driver carries those out itself, and asks the pin store on a thread
    /// of its own, since a store may block.
    pub fn poll(&self) -> Step {
        loop {
            let (step, work) = self.poll_locked();
            work.run(self);
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// Returns the next step to carry out like [`poll`](Self::poll), but leaves callers' code to be run later: for drivers
    /// that hold a lock meanwhile, which a caller's code could wait for. Without a step, run the code and poll again.
    pub fn poll_locked(&self) -> (Option<Step>, CallerWork) {
        let mut wakers = Vec::new();
        loop {
            let step = match self.access_with(&mut wakers, Dispatcher::poll) {
                Work::Step(step) => step,
                Work::Encode(version, requests) => {
                    return (None, CallerWork { wakers, encode: Some((version, requests)) });
                }
            };
            match step {
                Step::ReadPin(conn, server) => self.ask_store(
                    move |pins| pins.get(&server.host().to_string(), server.port()),
                    move |session, now, pin| {
                        trace::debug!(?pin, "pin read");
                        session.pin_read(now, conn, pin);
                    },
                ),
                Step::KeepPin(conn, server, change) => self.ask_store(
                    move |pins| {
                        let (host, port) = (server.host().to_string(), server.port());
                        let held = pins.replace(&host, port, change.old, Some(change.new))?;
                        held.ok_or_else(|| PinError::Other("the pin was removed meanwhile".into()))
                    },
                    move |session, now, held| {
                        trace::debug!(?held, "pin kept");
                        session.pin_kept(now, conn, held);
                    },
                ),
                step => return (Some(step), CallerWork { wakers, encode: None }),
            }
        }
    }

    /// Reports that the socket which [`Step::Connect`] asked for is open, with the present time.
    pub fn connected(&self, conn: ConnId) {
        let unix_time = self.0.clock.unix_time();
        self.with(|session, now| session.connected(now, conn, unix_time));
    }

    /// Asks the pin store on a thread of its own, one at a time, and reports its answer to the session.
    fn ask_store<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn PinStore) -> Result<T, PinError> + Send + 'static,
        report: impl FnOnce(&mut Session, Timestamp, Result<T, PinError>) + Send + 'static,
    ) {
        if self.0.is_asking_store.swap(true, Ordering::Acquire) {
            let error = PinError::Other("the store has not answered an earlier request yet".into());
            return self.with(|session, now| report(session, now, Err(error)));
        }
        let report = Arc::new(Mutex::new(Some(report)));
        let (driver, shared_report) = (self.clone(), Arc::clone(&report));
        let thread = thread::Builder::new().name("electrum-pins".into()).spawn(move || {
            let answer = catch_unwind(AssertUnwindSafe(|| ask(&*driver.0.pins)))
                .unwrap_or_else(|_| Err(PinError::Other("the code of the pin store panicked".into())));
            driver.0.is_asking_store.store(false, Ordering::Release);
            if let Some(report) = lock(&shared_report).take() {
                driver.act(|dispatcher, now| report(&mut dispatcher.session, now, answer));
            }
        });
        if let Err(error) = thread {
            self.0.is_asking_store.store(false, Ordering::Release);
            if let Some(report) = lock(&report).take() {
                self.with(|session, now| report(session, now, Err(PinError::Other(error.to_string()))));
            }
        }
    }

    /// Runs `access` on the session, without waking the adapter.
    pub fn with<T>(&self, access: impl FnOnce(&mut Session, Timestamp) -> T) -> T {
        self.access(|dispatcher, now| access(&mut dispatcher.session, now))
    }

    /// Runs `act` under the lock on behalf of a caller, then wakes the adapter.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut Dispatcher, Timestamp) -> T) -> T {
        let result = self.access(act);
        (self.0.wake)();
        result
    }

    /// Runs `access` under the lock, then calls the wakers that it collected.
    pub(crate) fn access<T>(&self, access: impl FnOnce(&mut Dispatcher, Timestamp) -> T) -> T {
        let mut wakers = Vec::new();
        let result = self.access_with(&mut wakers, access);
        wake_all(wakers);
        result
    }

    /// Runs `access` under the lock, and adds the wakers that it collected to `wakers`.
    fn access_with<T>(&self, wakers: &mut Vec<Waker>, access: impl FnOnce(&mut Dispatcher, Timestamp) -> T) -> T {
        let now = self.now();
        let mut dispatcher = lock(&self.0.dispatcher);
        let span = dispatcher.session.span();
        let result = span.in_scope(|| access(&mut dispatcher, now));
        wakers.append(&mut dispatcher.wakers);
        result
    }

    /// Encodes queued requests without the lock, since that runs code of their callers, and sends them.
    fn send(&self, version: ProtocolVersion, queued: Vec<Queued>) {
        let mut encoded = EncodedRequests::new(version);
        let mut requests = Vec::with_capacity(queued.len());
        for request in queued {
            match request.encode(&mut encoded) {
                Ok(()) => requests.push(request),
                Err(error) => wake_all(request.finish(error.into_outcome())),
            }
        }
        self.access(|dispatcher, now| {
            let Dispatcher { session, calls, wakers, .. } = dispatcher;
            let is_current = session.version() == Some(version);
            let requests = requests.into_iter().enumerate();
            let requests = requests.map(|(index, request)| (request, encoded.get(index).filter(|_| is_current)));
            calls.send_encoded(session.machine(), now, requests, wakers);
        });
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}

impl fmt::Debug for CallerWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallerWork").finish_non_exhaustive()
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
