//! What callers hold: calls as futures, changes and events as streams.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use electrum_proto::{Phase, RejectReason, Request, State, SubId, Timestamp, Topic};
use futures_core::Stream;

use crate::call::{All, Call as AnyCall, Several, Single, Waiter};
use crate::config::Config;
use crate::error::CallError;
use crate::life::{Events, LifeEvent};
use crate::session::{Session, Step};
use crate::slot::lock;
use crate::updates::{Change, Mailbox};

/// A client of Electrum servers. Clones are the same client; when the last one is dropped, it is closed.
///
/// An adapter drives it with its [`Driver`] half.
#[derive(Clone)]
pub struct Client {
    owner: Arc<Owner>,
}

/// What the driver of a client holds: the session and the clock.
#[derive(Clone)]
pub struct Driver(Arc<Shared>);

/// See [`Driver::end_when_dropped`].
pub struct EndWhenDropped(Driver);

impl Drop for EndWhenDropped {
    fn drop(&mut self) {
        self.0.with(|session, now| {
            session.close(now);
            // The only other step is to close a socket, which whoever had it no longer has.
            while session.poll(now) != Step::Finished {}
        });
    }
}

struct Shared {
    session: Mutex<Session>,
    epoch: Instant,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// Closes the client when nobody holds it any more.
struct Owner(Driver);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.act(Session::close);
    }
}

impl Client {
    /// A client and the half that drives it. `wake` is called when the driver must look at its [`Session`] again;
    /// it must return soon.
    pub fn new(config: Config, wake: impl Fn() + Send + Sync + 'static) -> (Self, Driver) {
        let unix_now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let session = Session::new(config, Timestamp::ZERO, unix_now.as_secs());
        let driver =
            Driver(Arc::new(Shared { session: Mutex::new(session), epoch: Instant::now(), wake: Box::new(wake) }));
        (Self { owner: Arc::new(Owner(driver.clone())) }, driver)
    }

    /// Makes a call, which must be answered within the time that
    /// [`Timeouts::request`](electrum_proto::Timeouts::request) gives.
    ///
    /// While there is no connection it waits for one. If the connection is lost before the answer comes, a call that
    /// only reads is made again; one that changes something only if not one byte of it was sent.
    ///
    /// # Cancel safety
    /// The call is under way before the future is first polled. Dropping the future takes the call back, if it was not
    /// sent yet; what a server has been asked may still be done.
    pub fn call<R>(&self, request: R) -> Call<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        self.call_until(None, request)
    }

    /// Makes a call that must be answered within `timeout`. See [`call`](Self::call).
    pub fn call_within<R>(&self, timeout: Duration, request: R) -> Call<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        self.call_until(Some(timeout), request)
    }

    /// Makes several calls at once, each of which is answered by itself, in the order of the requests.
    ///
    /// Cancel safe as [`call`](Self::call) is.
    pub fn batch<R>(&self, requests: Vec<R>) -> Batch<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        let (all, count) = (Arc::new(All::new()), requests.len());
        self.driver().submit(None, Arc::new(Several::new(requests, Arc::clone(&all))), count);
        Batch { all, client: self.clone() }
    }

    /// Makes calls of any kinds at once: those that `make` makes are sent in one write when it returns,
    /// and each has a result of its own type.
    ///
    /// ```no_run
    /// # use electrum_session::{Client, proto::{types::Script, operations::{Balance, History}}};
    /// # async fn example(client: Client, script: Script) -> Result<(), electrum_session::CallError> {
    /// let (balance, history) =
    ///     client.together(|calls| (calls.call(Balance::new(&script)), calls.call(History::new(&script))));
    /// println!("{:?} {:?}", balance.await?, history.await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn together<T>(&self, make: impl FnOnce(&mut Together<'_>) -> T) -> T {
        let mut together = Together { client: self, calls: Vec::new() };
        let made = make(&mut together);
        let calls = together.calls;
        self.driver().submit_all(None, calls.iter().map(|call| (call, 1)));
        made
    }

    /// Wants to be told of every change of a topic, on whatever connection. Dropping the result ends it.
    ///
    /// # Errors
    /// If the client is closed or the limit of subscriptions is reached.
    pub fn subscribe(&self, topic: Topic) -> Result<Updates, RejectReason> {
        self.subscribe_all([topic])
    }

    /// Wants to be told of every change of several topics, in one stream that names them by their place in `topics`.
    ///
    /// # Errors
    /// If the client is closed or the limit of subscriptions is reached; then nothing is subscribed.
    pub fn subscribe_all(&self, topics: impl IntoIterator<Item = Topic>) -> Result<Updates, RejectReason> {
        let mut updates = Updates { mailbox: Mailbox::new(), subs: Vec::new(), client: self.clone() };
        // Before the session is locked: what makes them may take its time, or use the client.
        let topics: Vec<Topic> = topics.into_iter().collect();
        self.driver()
            .act(|session, now| topics.into_iter().try_for_each(|topic| updates.take_in(session, now, topic)))?;
        Ok(updates)
    }

    /// What happens to the connection from now on, and before that what happened last.
    #[must_use]
    pub fn events(&self) -> LifeEvents {
        let events = self.driver().act(|session, _| {
            if session.client.phase() == Phase::Closed { Events::closed() } else { session.listeners.add() }
        });
        LifeEvents { events, _client: self.clone() }
    }

    /// Where the client stands.
    #[must_use]
    pub fn state(&self) -> State {
        lock(&self.driver().0.session).state()
    }

    /// Ends the connection. Calls that wait fail with [`CallError::Closed`]; streams end.
    pub fn close(&self) {
        self.driver().act(Session::close);
    }

    fn call_until<R>(&self, timeout: Option<Duration>, request: R) -> Call<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        let waiter = Waiter::new();
        self.driver().submit(timeout, Arc::new(Single::new(request, Arc::clone(&waiter))), 1);
        Call { waiter, client: self.clone() }
    }

    fn driver(&self) -> &Driver {
        &self.owner.0
    }
}

impl Driver {
    /// The current moment, in the session's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::new(self.0.epoch.elapsed())
    }

    /// How long it is until a moment.
    #[must_use]
    pub fn until(&self, moment: Timestamp) -> Duration {
        moment.since(self.now())
    }

    /// How long opening a socket may take.
    #[must_use]
    pub fn connect_timeout(&self) -> Duration {
        self.with(|session, _| session.client.config().timeouts.connect)
    }

    /// When what this gives is dropped, the client is closed and its callers are told, for nobody moves its bytes any more.
    /// An adapter holds it for as long as it drives the client, so that also its own failure leaves nobody waiting.
    #[must_use]
    pub fn end_when_dropped(&self) -> EndWhenDropped {
        EndWhenDropped(self.clone())
    }

    /// The next thing to do.
    pub fn poll(&self) -> Step {
        let now = self.now();
        lock(&self.0.session).poll(now)
    }

    /// Looks at the session, or tells it what happened, without waking anybody.
    pub fn with<T>(&self, look: impl FnOnce(&mut Session, Timestamp) -> T) -> T {
        let now = self.now();
        look(&mut lock(&self.0.session), now)
    }

    /// Does something to the session on behalf of a caller, and wakes whoever drives it.
    fn act<T>(&self, act: impl FnOnce(&mut Session, Timestamp) -> T) -> T {
        let result = self.with(act);
        (self.0.wake)();
        result
    }

    fn submit(&self, timeout: Option<Duration>, call: Arc<dyn AnyCall>, count: usize) {
        self.submit_all(timeout, [(&call, count)]);
    }

    fn submit_all<'a>(
        &self,
        timeout: Option<Duration>,
        calls: impl IntoIterator<Item = (&'a Arc<dyn AnyCall>, usize)>,
    ) {
        self.act(|session, now| {
            let deadline = now + timeout.unwrap_or_else(|| session.client.config().timeouts.request);
            for (call, count) in calls {
                if session.client.phase() == Phase::Closed {
                    (0..count).for_each(|index| call.finish(index, Err(CallError::Closed)));
                } else {
                    session.calls.submit(&mut session.client, now, deadline, call, count);
                }
            }
        });
    }
}

/// Calls that are to be made at once. See [`Client::together`].
pub struct Together<'a> {
    client: &'a Client,
    calls: Vec<Arc<dyn AnyCall>>,
}

impl Together<'_> {
    /// Makes one more call. It is sent with the others.
    pub fn call<R>(&mut self, request: R) -> Call<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        let waiter = Waiter::new();
        self.calls.push(Arc::new(Single::new(request, Arc::clone(&waiter))));
        Call { waiter, client: self.client.clone() }
    }
}

/// The result of a call, in time.
#[must_use = "a call whose future is dropped is taken back"]
pub struct Call<T> {
    waiter: Arc<Waiter<T>>,
    client: Client,
}

impl<T> Future for Call<T> {
    type Output = Result<T, CallError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.waiter.result.poll_take(context)
    }
}

impl<T> Drop for Call<T> {
    fn drop(&mut self) {
        if self.waiter.result.abandon() {
            // Let go of before the session is locked: whoever drives locks them the other way round.
            let sent_as = *lock(&self.waiter.sent_as);
            match sent_as {
                Some(id) => drop(self.client.driver().act(|session, _| session.client.cancel(id))),
                None => self.client.driver().with(|session, _| session.calls.has_dropped = true),
            }
        }
    }
}

/// The results of several calls, in time, in the order of the requests.
#[must_use = "calls whose future is dropped are taken back"]
pub struct Batch<T> {
    all: Arc<All<T>>,
    client: Client,
}

impl<T> Future for Batch<T> {
    type Output = Vec<Result<T, CallError>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.all.poll_take(context)
    }
}

impl<T> Drop for Batch<T> {
    fn drop(&mut self) {
        if self.all.abandon() {
            self.client.driver().act(|session, _| session.calls.take_back(&mut session.client));
        }
    }
}

/// The changes of subscribed topics. It ends when the client is closed; dropping it ends the subscriptions.
///
/// A consumer that is slow misses values but never the newest one: those of one topic give way to the latest.
///
/// # Cancel safety
/// Dropping the future of the next change loses none.
pub struct Updates {
    mailbox: Arc<Mailbox>,
    subs: Vec<SubId>,
    client: Client,
}

impl Updates {
    /// Wants to be told of the changes of one more topic in this stream. Gives the number by which the stream names it.
    ///
    /// # Errors
    /// If the client is closed or the limit of subscriptions is reached.
    pub fn add(&mut self, topic: Topic) -> Result<usize, RejectReason> {
        let client = self.client.clone();
        client.driver().act(|session, now| self.take_in(session, now, topic))?;
        Ok(self.subs.len() - 1)
    }

    fn take_in(&mut self, session: &mut Session, now: Timestamp, topic: Topic) -> Result<(), RejectReason> {
        let sub = session.feeds.add(&mut session.client, now, topic, self.subs.len(), &self.mailbox)?;
        self.subs.push(sub);
        Ok(())
    }
}

impl Stream for Updates {
    type Item = Change;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Change>> {
        self.mailbox.poll_next(context)
    }
}

impl Drop for Updates {
    fn drop(&mut self) {
        self.client.driver().act(|session, now| {
            for sub in &self.subs {
                session.feeds.remove(&mut session.client, now, *sub, &self.mailbox);
            }
        });
    }
}

/// What happens to the connection. It ends when the client is closed.
///
/// # Cancel safety
/// Dropping the future of the next event loses none.
pub struct LifeEvents {
    events: Arc<Events>,
    _client: Client,
}

impl Stream for LifeEvents {
    type Item = LifeEvent;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<LifeEvent>> {
        self.events.poll_next(context)
    }
}

macro_rules! opaque_debug {
    ($($name:ident $(<$param:ident>)?),*) => {$(
        impl$(<$param>)? fmt::Debug for $name$(<$param>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
opaque_debug!(Client, Driver, EndWhenDropped, Call<T>, Batch<T>, Updates, LifeEvents);

impl fmt::Debug for Together<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Together").field("calls", &self.calls.len()).finish_non_exhaustive()
    }
}
