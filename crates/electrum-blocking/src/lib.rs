//! An Electrum client on std sockets, one thread per client.
//!
//! ```no_run
//! use electrum_blocking::Client;
//! use electrum_blocking::proto::{Topic, operations::Banner};
//! use electrum_blocking::transport::ServerAddr;
//!
//! let server: ServerAddr = "tcp://127.0.0.1:50001".parse()?;
//! let client = Client::connect(server)?;
//! println!("{}", client.call(Banner)?);
//! for change in client.subscribe(Topic::Headers)? {
//!     println!("{change:?}");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Calls block the thread that makes them, each until its answer or its deadline. A thread that waits, for an answer or
//! for a change, moves the bytes meanwhile, for all. While nobody does, one thread in the background sees to the
//! connection; it sleeps while there is nothing to move. While a connection is being opened there is a second one,
//! because the system resolves names in no other way.

mod hub;
mod io;
mod wait;

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use electrum_session as session;
pub use electrum_session::{CallError, Config, ConnectionEvent, TopicUpdate, proto, transport};
use futures_core::Stream;
use proto::{RejectReason, Request, State, Topic};

use crate::hub::{Alarm, Hub};
use crate::wait::wait;

/// A client of Electrum servers. Clones are the same client; when the last one, and all that it lent, is dropped, it is closed.
#[derive(Clone)]
pub struct Client {
    session: session::Client,
    hub: Arc<Hub>,
}

impl Client {
    /// Starts a client, which connects and stays connected by itself. Calls can be made at once: they wait.
    ///
    /// # Errors
    /// If the system gives no thread, or nothing to wait for sockets with.
    pub fn connect(config: impl Into<Config>) -> std::io::Result<Self> {
        let (poll, waker) = io::poll()?;
        let alarm = Arc::new(Alarm::new(Arc::clone(&waker)));
        let raised = Arc::clone(&alarm);
        let (session, driver) = session::Client::new(config.into(), move || raised.raise());
        let hub = Arc::new(Hub::new(io::Io::new(driver, poll, waker), alarm));
        let background = Arc::clone(&hub);
        thread::Builder::new().name("electrum".into()).spawn(move || background.run())?;
        Ok(Self { session, hub })
    }

    /// Makes a call and waits for its result, for as long as
    /// [`Timeouts::request`](proto::Timeouts::request) allows. While there is no connection, that is waited for.
    ///
    /// If the connection is lost before the answer comes, a call that only reads is made again; one that changes
    /// something only if not one byte of it was sent.
    ///
    /// # Errors
    /// [`CallError`] says who must act.
    pub fn call<R>(&self, request: R) -> Result<R::Response, CallError>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        self.hub.block_on(|| self.session.call(request))
    }

    /// Makes a call that must be answered within `timeout`.
    ///
    /// # Errors
    /// As with [`call`](Self::call).
    pub fn call_within<R>(&self, timeout: Duration, request: R) -> Result<R::Response, CallError>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        self.hub.block_on(|| self.session.call_within(timeout, request))
    }

    /// Makes several calls at once and waits for all; each has a result of its own, in the order of the requests.
    pub fn batch<R>(&self, requests: Vec<R>) -> Vec<Result<R::Response, CallError>>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        self.hub.block_on(|| self.session.batch(requests))
    }

    /// Makes calls of any kinds at once: those that `make` makes are sent in one write when it returns,
    /// and each has a result of its own type.
    ///
    /// ```no_run
    /// # use electrum_blocking::{Client, proto::{types::Script, operations::{Balance, History}}};
    /// # fn example(client: Client, script: Script) -> Result<(), electrum_blocking::CallError> {
    /// let (balance, history) =
    ///     client.pipeline(|calls| (calls.call(Balance::new(&script)), calls.call(History::new(&script))));
    /// println!("{:?} {:?}", balance.wait()?, history.wait()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pipeline<T>(&self, make: impl FnOnce(&mut Pipeline<'_, '_>) -> T) -> T {
        self.session.pipeline(|calls| make(&mut Pipeline { calls, hub: &self.hub }))
    }

    /// Wants to be told of every change of a topic, on whatever connection. Dropping the iterator ends it.
    ///
    /// # Errors
    /// If the client is closed or the limit of subscriptions is reached.
    pub fn subscribe(&self, topic: Topic) -> Result<Updates, RejectReason> {
        let updates = self.session.subscribe(topic)?;
        Ok(Updates { stream: updates, hub: Arc::clone(&self.hub) })
    }

    /// Wants to be told of every change of several topics, which are named by their place in `topics`.
    ///
    /// # Errors
    /// As with [`subscribe`](Self::subscribe); then nothing is subscribed.
    pub fn subscribe_all(&self, topics: impl IntoIterator<Item = Topic>) -> Result<Updates, RejectReason> {
        let updates = self.session.subscribe_all(topics)?;
        Ok(Updates { stream: updates, hub: Arc::clone(&self.hub) })
    }

    /// What happens to the connection from now on, and before that what happened last.
    #[must_use]
    pub fn events(&self) -> ConnectionEvents {
        ConnectionEvents { stream: self.session.events(), hub: Arc::clone(&self.hub) }
    }

    /// Where the client stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.session.state()
    }

    /// Ends the connection. Calls that wait fail with [`CallError::Closed`]; iterators end.
    pub fn close(&self) {
        self.session.close();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// Calls that are to be made at once. See [`Client::pipeline`].
#[derive(Debug)]
pub struct Pipeline<'a, 'b> {
    calls: &'a mut session::Pipeline<'b>,
    hub: &'a Arc<Hub>,
}

impl Pipeline<'_, '_> {
    /// Makes one more call. It is sent with the others.
    pub fn call<R>(&mut self, request: R) -> Answer<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        Answer { call: self.calls.call(request), hub: Arc::clone(self.hub) }
    }
}

/// The answer to a call, which may still be on its way. Dropping it takes the call back.
#[derive(Debug)]
#[must_use = "a call whose answer is dropped is taken back"]
pub struct Answer<T> {
    call: session::Call<T>,
    hub: Arc<Hub>,
}

impl<T> Answer<T> {
    /// Waits for it.
    ///
    /// # Errors
    /// [`CallError`] says who must act.
    pub fn wait(self) -> Result<T, CallError> {
        let Self { call, hub } = self;
        hub.block_on(|| call)
    }
}

/// The changes of subscribed topics, as an iterator that waits for the next. It ends when the client is closed.
///
/// A consumer that is slow misses values but never the newest one: those of one topic give way to the latest.
#[derive(Debug)]
pub struct Updates {
    stream: session::Updates,
    hub: Arc<Hub>,
}

impl Updates {
    /// Wants to be told of the changes of one more topic in this iterator. Gives the number by which it names that topic.
    ///
    /// # Errors
    /// If the client is closed or the limit of subscriptions is reached.
    pub fn add(&mut self, topic: Topic) -> Result<usize, RejectReason> {
        self.stream.add(topic)
    }
}

/// What happens to the connection, as an iterator that waits for the next. It ends when the client is closed.
#[derive(Debug)]
pub struct ConnectionEvents {
    stream: session::ConnectionEvents,
    hub: Arc<Hub>,
}

macro_rules! waiting_iterator {
    ($name:ident, $item:ty) => {
        impl Iterator for $name {
            type Item = $item;

            fn next(&mut self) -> Option<$item> {
                let Self { stream, hub } = self;
                let mut stream = pin!(stream);
                // What is there already costs nothing more.
                match stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(next) => next,
                    Poll::Pending => hub.block_on(|| poll_fn(move |context| stream.as_mut().poll_next(context))),
                }
            }
        }

        impl $name {
            /// Waits for the next one for so long. Nothing if none came; nothing inside if none will come.
            pub fn next_within(&mut self, timeout: Duration) -> Option<Option<$item>> {
                let mut stream = pin!(&mut self.stream);
                wait(Instant::now().checked_add(timeout), |context| stream.as_mut().poll_next(context))
            }
        }
    };
}
waiting_iterator!(Updates, TopicUpdate);
waiting_iterator!(ConnectionEvents, ConnectionEvent);

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
