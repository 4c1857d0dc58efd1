//! The callers' half of a client: calls, subscriptions, connection events.

use std::future::Future;
use std::time::Duration;

use electrum_proto::{Authorization, RejectReason, Request, State, Topic};

use crate::call::{Batch, Call};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::driver::{Driver, Handle};
use crate::mailbox::Mailbox;
use crate::pipeline::Pipeline;
use crate::ready::{NotReady, ready};
use crate::sleep::within;
use crate::streams::{ConnectionEvents, Updates};

/// A client of Electrum servers. Clones are the same client; it is closed when the last one is dropped.
///
/// An adapter drives it with its [`Driver`] half.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
/// use electrum_session::proto::operations::{Balance, Banner};
/// use electrum_session::proto::types::Script;
///
/// # let client = example::client();
/// # example::run(async {
/// // `client` is what the function `connect` of an adapter returns.
/// assert_eq!(client.call(Banner).await?, "Welcome!");
/// let script = Script::from_hex("0014751e76e8199196d454941c45d1b3a323f1433bd6")?;
/// let balance = client.call(Balance::new(&script)).await?;
/// assert_eq!(balance.confirmed.to_sat(), 70_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    handle: Handle,
}

impl Client {
    /// Makes a client and the half that drives it. `wake` is called when the driver must [poll](Driver::poll) again,
    /// and must return soon.
    pub fn new(config: impl Into<Config>, wake: impl Fn() + Send + Sync + 'static) -> (Self, Driver) {
        Self::with_clock(config, SystemClock::default(), wake)
    }

    /// Makes a client with another clock than the operating system's. See [`new`](Self::new).
    pub fn with_clock(
        config: impl Into<Config>,
        clock: impl Clock,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> (Self, Driver) {
        let driver = Driver::new(config.into(), Box::new(clock), wake);
        (Self { handle: Handle::new(driver.clone()) }, driver)
    }

    /// Makes a call, which must be answered within
    /// [`Timeouts::request`](electrum_proto::Timeouts::request).
    ///
    /// While there is no connection, the call waits for one. If the connection is lost before the answer comes, a call
    /// that only reads is sent again; a call that changes something is sent again only if no byte of it was written.
    ///
    /// The number of attempts is limited. A call that only reads is sent at most ten times, and once more for each
    /// answer that the server is busy: after growing pauses, or at once if another server becomes ready. It fails
    /// earlier, with [`CallError::ClosesConnection`](crate::CallError::ClosesConnection), if two connections ended
    /// while it was the oldest call in flight or the only one that could be the cause (three connections with three
    /// servers, four with more, since all but one server may hang up for reasons of their own). To find the call that
    /// ends connections, the client sends each candidate alone; the one that does is sent up to six times if all others
    /// are answered. A call whose answer is too long is sent once.
    ///
    /// # Cancel safety
    /// The call is submitted at once, before the future is first polled. Dropping the future cancels the call if it was
    /// not sent yet; the server may still carry out a request that it has received.
    pub fn call<R>(&self, request: R) -> Call<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        Call::submit(&self.handle, None, request)
    }

    /// Makes a call that must be answered within `timeout`. See [`call`](Self::call).
    pub fn call_within<R>(&self, timeout: Duration, request: R) -> Call<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        Call::submit(&self.handle, Some(timeout), request)
    }

    /// Makes several calls of one type at once. The results come in the order of the requests; an error of one does not
    /// affect the others.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
    /// # use electrum_session::proto::{Script, operations::Balance};
    /// # let (client, scripts) = (example::client(), [Script::new([0x51]), Script::new([0x52])]);
    /// # example::run(async {
    /// for (script, balance) in scripts.iter().zip(client.batch(scripts.iter().map(Balance::new)).await) {
    ///     match balance {
    ///         Ok(balance) => println!("{script}: {} BTC", balance.confirmed),
    ///         Err(error) => println!("{script}: {error}"),
    ///     }
    /// }
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Cancel safety
    /// As with [`call`](Self::call).
    #[doc(alias = "batch_call")]
    #[doc(alias = "batch_block_header")]
    #[doc(alias = "batch_block_header_raw")]
    #[doc(alias = "batch_estimate_fee")]
    #[doc(alias = "batch_script_get_balance")]
    #[doc(alias = "batch_script_get_history")]
    #[doc(alias = "batch_script_list_unspent")]
    #[doc(alias = "batch_transaction_get")]
    #[doc(alias = "batch_transaction_get_raw")]
    #[doc(alias = "batch_transaction_get_merkle")]
    pub fn batch<R>(&self, requests: impl IntoIterator<Item = R>) -> Batch<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        Batch::submit(&self.handle, None, requests.into_iter().collect())
    }

    /// Makes several calls at once, each of which must be answered within `timeout`. See [`batch`](Self::batch).
    pub fn batch_within<R>(&self, timeout: Duration, requests: impl IntoIterator<Item = R>) -> Batch<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        Batch::submit(&self.handle, Some(timeout), requests.into_iter().collect())
    }

    /// Makes calls of different types at once: those that `make` makes are sent in one write when it returns,
    /// and each has a result of its own type.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
    /// # use electrum_session::proto::{types::Script, operations::{Balance, History}};
    /// # let (client, script) = (example::client(), Script::new([0x51]));
    /// # example::run(async {
    /// let (balance, history) =
    ///     client.pipeline(|calls| (calls.call(Balance::new(&script)), calls.call(History::new(&script))));
    /// println!("{:?} {:?}", balance.await?, history.await?);
    /// # Ok(())
    /// # });
    /// ```
    pub fn pipeline<T>(&self, make: impl FnOnce(&mut Pipeline<'_>) -> T) -> T {
        self.run_pipeline(None, make)
    }

    /// Makes calls of different types at once, each of which must be answered within `timeout`. See
    /// [`pipeline`](Self::pipeline).
    pub fn pipeline_within<T>(&self, timeout: Duration, make: impl FnOnce(&mut Pipeline<'_>) -> T) -> T {
        self.run_pipeline(Some(timeout), make)
    }

    fn run_pipeline<T>(&self, timeout: Option<Duration>, make: impl FnOnce(&mut Pipeline<'_>) -> T) -> T {
        let mut pipeline = Pipeline::new(&self.handle, timeout);
        let made = make(&mut pipeline);
        pipeline.submit();
        made
    }

    /// Waits until a server is connected and a version is negotiated, for at most `timeout`.
    ///
    /// # Errors
    /// [`NotReady`] says with which server the last attempt failed, and why. The client goes on connecting.
    pub async fn ready(&self, timeout: Duration) -> Result<State, NotReady> {
        ready(&self.handle, timeout).await
    }

    /// Waits for a future for at most `timeout`, which works in any runtime, since the client's driver has the timer.
    /// Returns `None` if it was not ready by then, or if it still waited when the client was closed.
    ///
    /// The future is dropped at the end. To go on with it later, pass a pinned reference to it (see [`pin!`](std::pin::pin)).
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
    /// # use electrum_session::proto::Topic;
    /// # use std::time::Duration;
    /// # let client = example::client();
    /// # example::run(async {
    /// let mut tips = client.subscribe(Topic::Headers)?;
    /// let mut events = client.events();
    /// let both = async { (tips.next().await, events.next().await) };
    /// match client.within(Duration::from_secs(60), both).await {
    ///     Some((tip, event)) => println!("{tip:?} {event:?}"),
    ///     None => panic!("not both came"),
    /// }
    /// # Ok(())
    /// # });
    /// ```
    pub async fn within<F: Future>(&self, timeout: Duration, future: F) -> Option<F::Output> {
        within(&self.handle, timeout, future).await
    }

    /// Subscribes to a topic, across reconnections. The first update is the value of now; dropping the stream ends the
    /// subscription.
    ///
    /// # Errors
    /// If the client is closed or the limit of subscriptions is reached.
    pub fn subscribe(&self, topic: Topic) -> Result<Updates, RejectReason> {
        self.subscribe_all([topic])
    }

    /// Subscribes to several topics in one stream, which names them by their place in `topics`.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
    /// # use electrum_session::proto::{Script, Topic, operations::History};
    /// # let (client, scripts) = (example::client(), [Script::new([0x51]), Script::new([0x52])]);
    /// # example::run(async {
    /// let mut updates = client.subscribe_all(scripts.iter().cloned().map(Topic::Script))?;
    /// while let Some(update) = updates.next().await {
    ///     let script = &scripts[update.topic];
    ///     match update.value {
    ///         Ok(_status) => println!("{script}: {:?}", client.call(History::new(script)).await?),
    ///         Err(error) => println!("{script}: {error}"),
    ///     }
    /// #   break;
    /// }
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// If the client is closed or the limit of subscriptions is reached; then nothing is subscribed.
    #[doc(alias = "batch_script_subscribe")]
    pub fn subscribe_all(&self, topics: impl IntoIterator<Item = Topic>) -> Result<Updates, RejectReason> {
        // The caller's iterator runs before the session is locked: it may be slow, or use the client.
        Updates::new(&self.handle, Mailbox::new(), topics.into_iter().collect())
    }

    /// Subscribes to a topic and keeps all unread values in order, up to `capacity` of them (at least one). Beyond that
    /// the oldest are dropped, and the next one read says how many were [skipped](crate::TopicUpdate::skipped).
    ///
    /// # Errors
    /// If the client is closed or the limit of subscriptions is reached.
    pub fn subscribe_queued(&self, topic: Topic, capacity: usize) -> Result<Updates, RejectReason> {
        Updates::new(&self.handle, Mailbox::queued(capacity), vec![topic])
    }

    /// Returns a stream of connection events, beginning with the most recent one.
    #[must_use]
    pub fn events(&self) -> ConnectionEvents {
        ConnectionEvents::new(&self.handle)
    }

    /// Returns the current state of the connection.
    #[must_use]
    pub fn state(&self) -> State {
        self.handle.driver().with(|session, _| session.state())
    }

    /// Sets the secret that each request carries from now on, on this connection and on later ones; `None` removes it.
    ///
    /// The initial one is [`Config::authorization`](electrum_proto::Config::authorization). If tokens expire, set a new
    /// one in time, from anywhere in the program; it costs next to nothing.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
    /// # use electrum_session::proto::Authorization;
    /// # use std::time::Duration;
    /// # fn fetch_token() -> String { String::new() }
    /// # let client = example::client();
    /// std::thread::spawn(move || loop {
    ///     client.set_authorization(Some(Authorization::new(format!("Bearer {}", fetch_token()))));
    ///     std::thread::sleep(Duration::from_secs(600));
    /// });
    /// ```
    pub fn set_authorization(&self, authorization: Option<Authorization>) {
        self.handle.driver().with(|session, _| session.machine().set_authorization(authorization));
    }

    /// Closes the client. Its calls fail with [`CallError::Closed`](crate::CallError::Closed); its streams end.
    pub fn close(&self) {
        self.handle.driver().act(|dispatcher, now| dispatcher.session.close(now));
    }
}
