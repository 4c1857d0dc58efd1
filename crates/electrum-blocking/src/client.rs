//! The blocking client, which threads share.

use std::fmt;
use std::io;
use std::time::Duration;

use electrum_session as session;
use electrum_session::proto::{Authorization, RejectReason, Request, State, Topic};
use electrum_session::threads::{self, Threads};
use electrum_session::{CallError, Config, NotReady, block_on};

use crate::pipeline::Pipeline;
use crate::socket::Tcp;
use crate::streams::{ConnectionEvents, Updates};

/// A client of Electrum servers. Clones are the same client, which is closed when the last clone and the last iterator
/// that it returned are dropped.
///
/// ```
/// use std::thread;
/// use electrum_blocking::Client;
/// use electrum_blocking::proto::operations::{Balance, Banner};
/// use electrum_blocking::proto::types::Script;
/// use electrum_blocking::transport::ServerAddr;
/// # use electrum_testkit::prelude::*;
/// # let server = Server::builder(Family::Fulcrum2_1).prompt().start()?;
/// # let address = server.url();
/// # server.pay(&script(1), 70_000);
/// # server.mine(1);
/// # let script = script(1);
///
/// let client = Client::connect(address.parse::<ServerAddr>()?)?;
/// let balance = thread::spawn({
///     let client = client.clone();
///     move || client.call(Balance::new(&Script::new(script)))
/// });
/// println!("{}", client.call(Banner)?); // both calls are made at once
/// assert_eq!(balance.join().unwrap()?.confirmed.to_sat(), 70_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Client {
    session: session::Client,
    threads: Threads<Tcp>,
}

impl Client {
    /// Starts a client of one server, of several, or of a whole [`Config`]. It connects and reconnects by itself, and this
    /// returns at once: calls wait for the connection, and [`ready`](Self::ready) says why there is none.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use electrum_blocking::proto::types::Network;
    /// use electrum_blocking::{Client, Config};
    ///
    /// // The first one is preferred; the others are tried when it fails.
    /// let servers = ["ssl://electrum.example.org".parse()?, "ssl://electrum.example.net:443".parse()?];
    /// let mut config = Config::new(servers);
    /// // A server of another chain is left.
    /// config.protocol.genesis_hash = Some(Network::Bitcoin.genesis_hash());
    /// # let fake = electrum_testkit::Server::start(electrum_testkit::Family::Fulcrum2_1);
    /// # (config.servers, config.protocol.genesis_hash) = (vec![fake.url().parse()?], None);
    /// let client = Client::connect(config)?;
    /// client.ready(Duration::from_secs(20))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the operating system cannot start a thread. A server that cannot be reached is no error here.
    pub fn connect(config: impl Into<Config>) -> io::Result<Self> {
        let (session, threads) = threads::drive(config, Tcp)?;
        Ok(Self { session, threads })
    }

    /// Makes a call and waits for its result, for as long as
    /// [`Timeouts::request`](session::proto::Timeouts::request) allows. While there is no connection, it waits for one.
    ///
    /// If the connection is lost before the reply comes, a call that only reads is sent again; a call that changes
    /// something is sent again only if no byte of it was written.
    ///
    /// # Errors
    /// [`CallError`] says who must act.
    pub fn call<R>(&self, request: R) -> Result<R::Response, CallError>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        self.threads.block_on(|| self.session.call(request))
    }

    /// Makes a call that must be answered within `timeout`.
    ///
    /// # Errors
    /// Those of [`call`](Self::call).
    pub fn call_within<R>(&self, timeout: Duration, request: R) -> Result<R::Response, CallError>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        self.threads.block_on(|| self.session.call_within(timeout, request))
    }

    /// Makes several calls of one type at once and waits for all of them. Each has a result of its own, in the order of
    /// the requests.
    ///
    /// ```
    /// # use electrum_blocking::{Client, proto::{Script, operations::Balance}};
    /// # use electrum_blocking::transport::ServerAddr;
    /// # let fake = electrum_testkit::Server::start(electrum_testkit::Family::Fulcrum2_1);
    /// # let client = Client::connect(fake.url().parse::<ServerAddr>()?)?;
    /// # let scripts = [Script::new([0x51]), Script::new([0x52])];
    /// for (script, balance) in scripts.iter().zip(client.batch(scripts.iter().map(Balance::new))) {
    ///     match balance {
    ///         Ok(balance) => println!("{script}: {} BTC", balance.confirmed),
    ///         Err(error) => println!("{script}: {error}"),
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    pub fn batch<R>(&self, requests: impl IntoIterator<Item = R>) -> Vec<Result<R::Response, CallError>>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        self.threads.block_on(|| self.session.batch(requests))
    }

    /// Makes several calls at once, each of which must be answered within `timeout`. See [`batch`](Self::batch).
    pub fn batch_within<R>(
        &self,
        timeout: Duration,
        requests: impl IntoIterator<Item = R>,
    ) -> Vec<Result<R::Response, CallError>>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        self.threads.block_on(|| self.session.batch_within(timeout, requests))
    }

    /// Makes calls of different types at once: those that `make` makes are sent in one write when it returns,
    /// and each has a result of its own type.
    ///
    /// ```
    /// # use electrum_blocking::{Client, proto::{types::Script, operations::{Balance, History}}};
    /// # use electrum_blocking::transport::ServerAddr;
    /// # let fake = electrum_testkit::Server::start(electrum_testkit::Family::Fulcrum2_1);
    /// # let client = Client::connect(fake.url().parse::<ServerAddr>()?)?;
    /// # let script = Script::new([0x51]);
    /// let (balance, history) =
    ///     client.pipeline(|calls| (calls.call(Balance::new(&script)), calls.call(History::new(&script))));
    /// println!("{:?} {:?}", balance.wait()?, history.wait()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pipeline<T>(&self, make: impl FnOnce(&mut Pipeline<'_, '_>) -> T) -> T {
        self.session.pipeline(|calls| make(&mut Pipeline::new(calls, &self.threads)))
    }

    /// Makes calls of different types at once, each of which must be answered within `timeout`. See
    /// [`pipeline`](Self::pipeline).
    pub fn pipeline_within<T>(&self, timeout: Duration, make: impl FnOnce(&mut Pipeline<'_, '_>) -> T) -> T {
        self.session.pipeline_within(timeout, |calls| make(&mut Pipeline::new(calls, &self.threads)))
    }

    /// Waits until a server is connected and a version is negotiated, for at most `timeout`.
    ///
    /// # Errors
    /// [`NotReady`] says with which server the last attempt failed, and why. The client goes on connecting.
    pub fn ready(&self, timeout: Duration) -> Result<State, NotReady> {
        block_on(self.session.ready(timeout))
    }

    /// Subscribes to a topic, across reconnections. The first update is the value of now; dropping the iterator ends the
    /// subscription.
    ///
    /// # Errors
    /// If the client is closed or the limit of subscriptions is reached.
    pub fn subscribe(&self, topic: Topic) -> Result<Updates, RejectReason> {
        self.session.subscribe(topic).map(|updates| Updates::new(updates, self.threads.clone()))
    }

    /// Subscribes to several topics, which the updates name by their index in `topics`.
    ///
    /// ```
    /// # use electrum_blocking::{Client, proto::{Script, Topic, operations::History}};
    /// # use electrum_blocking::transport::ServerAddr;
    /// # let fake = electrum_testkit::Server::start(electrum_testkit::Family::Fulcrum2_1);
    /// # let client = Client::connect(fake.url().parse::<ServerAddr>()?)?;
    /// # let scripts = [Script::new([0x51]), Script::new([0x52])];
    /// for update in client.subscribe_all(scripts.iter().cloned().map(Topic::Script))? {
    ///     let script = &scripts[update.topic];
    ///     match update.value {
    ///         Ok(_status) => println!("{script}: {:?}", client.call(History::new(script))?),
    ///         Err(error) => println!("{script}: {error}"),
    ///     }
    /// #   break;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`subscribe`](Self::subscribe). After an error no topic is subscribed.
    #[doc(alias = "batch_script_subscribe")]
    pub fn subscribe_all(&self, topics: impl IntoIterator<Item = Topic>) -> Result<Updates, RejectReason> {
        self.session.subscribe_all(topics).map(|updates| Updates::new(updates, self.threads.clone()))
    }

    /// Subscribes to a topic and keeps all unread values in order, up to `capacity` of them (at least one). Beyond that
    /// the oldest are dropped, and the next one read says how many were [skipped](session::TopicUpdate::skipped).
    ///
    /// # Errors
    /// Those of [`subscribe`](Self::subscribe).
    pub fn subscribe_queued(&self, topic: Topic, capacity: usize) -> Result<Updates, RejectReason> {
        self.session.subscribe_queued(topic, capacity).map(|updates| Updates::new(updates, self.threads.clone()))
    }

    /// Returns an iterator over connection events, beginning with the most recent one.
    #[must_use]
    pub fn events(&self) -> ConnectionEvents {
        ConnectionEvents::new(self.session.events())
    }

    /// Returns the same client with futures and streams instead of blocking calls. It works until this one is dropped.
    #[must_use]
    pub fn session(&self) -> &session::Client {
        &self.session
    }

    /// Returns the state of the connection.
    #[must_use]
    pub fn state(&self) -> State {
        self.session.state()
    }

    /// Sets the secret that each request carries from now on, on this connection and on later ones; `None` removes it.
    ///
    /// The initial one is [`Config::authorization`](session::proto::Config::authorization). If tokens expire, set a new
    /// one in time, from anywhere in the program; it costs next to nothing.
    pub fn set_authorization(&self, authorization: Option<Authorization>) {
        self.session.set_authorization(authorization);
    }

    /// Closes the client. Waiting calls fail with [`CallError::Closed`]; iterators end.
    pub fn close(&self) {
        self.session.close();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
