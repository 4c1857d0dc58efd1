//! Implements the suite's traits for clients of `electrum-session`.
//!
//! An async adapter, whose function returns an [`electrum_session::Client`], is tested with a few lines:
//!
//! ```text
//! use electrum_conformance::session::SessionAdapter;
//!
//! const SMOL: SessionAdapter = SessionAdapter(electrum_smol::connect);
//!
//! electrum_conformance::driver_conformance!(SMOL);
//! ```
//!
//! An adapter with a client of its own implements [`Adapter`] and uses [`config`] and the conversions of this file.

use std::future::Future;
use std::time::Duration;

use electrum_proto::operations::Raw;
use electrum_proto::{Phase, Request, Topic};
use electrum_session::transport::{Route, ServerAddr};
use electrum_session::{Call, CallError, Config, ConnectionEvents, NoAnswer, Updates, block_on, block_within};
use serde_json::Value;

use crate::adapter::{Adapter, Client, ConnectionEvent, Failure, Next, Pending, Setup, Source, TopicUpdate};

/// An adapter whose function starts a client of `electrum-session` and its driver.
///
/// # Example
/// ```
/// use electrum_conformance::session::SessionAdapter;
/// use electrum_conformance::{Adapter, Client, Setup};
/// use electrum_proto::Phase;
///
/// /// Starts a client, and nothing that drives it.
/// fn start(config: electrum_session::Config) -> electrum_session::Client {
///     electrum_session::Client::new(config, || {}).0
/// }
///
/// const MINE: SessionAdapter = SessionAdapter(start);
///
/// // In a file under tests/: electrum_conformance::driver_conformance!(MINE);
/// let protocol = electrum_proto::Config::default();
/// let setup = Setup { servers: vec!["tcp://127.0.0.1:50001".into()], proxy: None, protocol, queue: 10 };
/// assert_eq!(MINE.connect(setup).phase(), Phase::Connecting);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SessionAdapter(pub fn(Config) -> electrum_session::Client);

/// The client of a [`SessionAdapter`].
///
/// # Example
/// ```
/// # use electrum_conformance::session::SessionAdapter;
/// # use electrum_conformance::{Adapter, Client, Failure, Setup};
/// # use electrum_proto::operations::Banner;
/// # let protocol = electrum_proto::Config::default();
/// # let setup = Setup { servers: vec!["tcp://127.0.0.1:50001".into()], proxy: None, protocol, queue: 10 };
/// let adapter = SessionAdapter(|config| electrum_session::Client::new(config, || {}).0);
/// let client = adapter.connect(setup);
/// client.close();
/// assert_eq!(client.call(Banner, None), Err(Failure::Closed));
/// ```
#[derive(Clone, Debug)]
pub struct SessionClient(electrum_session::Client);

impl Adapter for SessionAdapter {
    type Client = SessionClient;

    fn connect(&self, setup: Setup) -> SessionClient {
        SessionClient((self.0)(config(setup)))
    }
}

impl Client for SessionClient {
    type Updates = Updates;
    type Events = ConnectionEvents;

    fn call<R>(&self, request: R, timeout: Option<Duration>) -> Result<R::Response, Failure>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        let call = match timeout {
            Some(timeout) => self.0.call_within(timeout, request),
            None => self.0.call(request),
        };
        block_on(call).map_err(Failure::from)
    }

    fn begin(&self, request: Raw) -> Option<Box<dyn Pending>> {
        Some(Box::new(self.0.call(request)))
    }

    fn batch(&self, requests: Vec<Raw>) -> Vec<Result<Value, Failure>> {
        block_on(self.0.batch(requests)).into_iter().map(|result| result.map_err(Failure::from)).collect()
    }

    fn subscribe(&self, topics: Vec<Topic>) -> Updates {
        self.0.subscribe_all(topics).unwrap_or_else(|error| panic!("the client takes no subscriptions: {error}"))
    }

    fn events(&self) -> ConnectionEvents {
        self.0.events()
    }

    fn phase(&self) -> Phase {
        self.0.state().phase
    }

    fn close(&self) {
        self.0.close();
    }
}

impl Pending for Call<Value> {
    fn wait(self: Box<Self>) -> Result<Value, Failure> {
        block_on(*self).map_err(Failure::from)
    }
}

impl Source<TopicUpdate> for Updates {
    fn next(&mut self, within: Duration) -> Next<TopicUpdate> {
        next(within, Self::next(self))
    }
}

impl Source<ConnectionEvent> for ConnectionEvents {
    fn next(&mut self, within: Duration) -> Next<ConnectionEvent> {
        next(within, Self::next(self))
    }
}

/// Converts a setup to the configuration of a client of `electrum-session`.
///
/// # Panics
/// If an address of the setup cannot be parsed.
#[must_use]
pub fn config(setup: Setup) -> Config {
    fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> T {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }
    let mut config = Config::new(setup.servers.iter().map(|server| parse::<ServerAddr>(server)));
    if let Some(proxy) = setup.proxy {
        config.route = Route::direct().with_proxy(parse(&proxy)).with_timeout_factor(1);
    }
    config.protocol = setup.protocol;
    config.queue = setup.queue;
    config
}

impl From<electrum_session::TopicUpdate> for TopicUpdate {
    fn from(update: electrum_session::TopicUpdate) -> Self {
        Self { topic: update.topic, value: update.value, origin: update.origin }
    }
}

impl From<electrum_session::ConnectionEvent> for ConnectionEvent {
    fn from(event: electrum_session::ConnectionEvent) -> Self {
        use electrum_session::ConnectionEvent as Event;
        match event {
            Event::Connecting { server } => Self::Connecting { server: server.to_string() },
            Event::Ready { server, software, version, .. } => {
                Self::Ready { server: server.to_string(), software, version }
            }
            Event::Down { server, cause, retry_in, .. } => Self::Down { server: server.to_string(), cause, retry_in },
            other => panic!("the suite does not know {other:?}"),
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Server(error) => Self::Server { code: error.code, message: error.message },
            CallError::Decode(error) => Self::Decode(error.to_string()),
            CallError::TimedOut => Self::TimedOut,
            CallError::Unsent { why } => Self::Unsent(why),
            CallError::MaybeSent { reason: NoAnswer::ConnectionLost } => Self::Lost,
            CallError::MaybeSent { reason: NoAnswer::TimedOut } => Self::TimedOut,
            CallError::QueueFull { .. } => Self::QueueFull,
            CallError::Closed => Self::Closed,
            other => Self::Other(other.to_string()),
        }
    }
}

/// Waits for the next item of a stream, for at most `within`.
fn next<T, I: Into<T>>(within: Duration, next: impl Future<Output = Option<I>>) -> Next<T> {
    match block_within(within, next) {
        Some(Some(item)) => Next::Item(item.into()),
        Some(None) => Next::End,
        None => Next::Nothing,
    }
}
