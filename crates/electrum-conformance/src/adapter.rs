//! The traits that an adapter implements for the scenarios.

use std::time::Duration;

use electrum_proto::operations::Raw;
use electrum_proto::{Config, DownCause, Origin, Phase, ProtocolVersion, Request, SubscribeError, Topic, Update};
use serde_json::Value;

/// An adapter: starts clients that are driven.
///
/// # Example
/// ```
/// use electrum_conformance::session::{SessionAdapter, SessionClient};
/// use electrum_conformance::{Adapter, Setup, hostile};
///
/// /// Drives clients with the sockets of a browser.
/// #[derive(Clone, Copy)]
/// struct Browser;
///
/// impl Adapter for Browser {
///     type Client = SessionClient;
///
///     fn connect(&self, setup: Setup) -> SessionClient {
///         // A real one also starts what drives the client.
///         SessionAdapter(|config| electrum_session::Client::new(config, || {}).0).connect(setup)
///     }
///     fn sees_frames(&self) -> bool {
///         false
///     }
/// }
///
/// assert!(hostile::count(Browser.sees_frames()) < hostile::count(true));
/// ```
pub trait Adapter: Copy + Send + Sync + 'static {
    /// The client that it starts.
    type Client: Client;

    /// Starts a client, which connects and reconnects by itself.
    fn connect(&self, setup: Setup) -> Self::Client;

    /// Whether the adapter sees the frames of a WebSocket. A browser reports whole messages: a message without an end
    /// is never reported, and a violation of the WebSocket protocol looks like a broken connection.
    fn sees_frames(&self) -> bool {
        true
    }
}

/// The configuration that a client is started with. Everything else has its default: a certificate is pinned on first
/// use.
///
/// # Example
/// ```
/// use electrum_conformance::{Setup, session};
///
/// let servers = vec!["tcp://127.0.0.1:50001".to_owned(), "tcp://127.0.0.1:50002".to_owned()];
/// let protocol = electrum_proto::Config::default();
/// let setup = Setup { servers, proxy: Some("socks5://127.0.0.1:9050".into()), protocol, queue: 10 };
/// // What an adapter on electrum-session makes of it.
/// let config = session::config(setup);
/// assert_eq!((config.servers.len(), config.queue), (2, 10));
/// ```
#[derive(Clone, Debug)]
pub struct Setup {
    /// The servers, as `tcp://`, `ssl://`, `ws://` or `wss://` and `address:port`, the preferred one first.
    pub servers: Vec<String>,
    /// A proxy, as `socks5://address:port`.
    pub proxy: Option<String>,
    /// The configuration of the protocol. The adapter sets the number of servers in it.
    pub protocol: Config,
    /// How many calls may wait while there is no connection.
    pub queue: usize,
}

/// A handle of a running client. Clones are the same client, which is closed when the last clone, and everything that
/// it has returned, is dropped.
///
/// All methods may block the calling thread, and are called from several threads at once.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// use electrum_conformance::{Client, ConnectionEvent, Failure, Next, Pending, Source, TopicUpdate};
/// use electrum_proto::operations::{Banner, Raw};
/// use electrum_proto::serde_json::Value;
/// use electrum_proto::{Phase, Request, Topic};
///
/// /// A client that was closed.
/// #[derive(Clone)]
/// struct Closed;
/// struct Ended;
///
/// impl Client for Closed {
///     type Updates = Ended;
///     type Events = Ended;
///
///     fn call<R>(&self, _: R, _: Option<Duration>) -> Result<R::Response, Failure>
///     where
///         R: Request<Response: Send> + Send + 'static,
///     {
///         Err(Failure::Closed)
///     }
///     fn begin(&self, _: Raw) -> Option<Box<dyn Pending>> {
///         None
///     }
///     fn batch(&self, requests: Vec<Raw>) -> Vec<Result<Value, Failure>> {
///         requests.iter().map(|_| Err(Failure::Closed)).collect()
///     }
///     fn subscribe(&self, _: Vec<Topic>) -> Ended {
///         Ended
///     }
///     fn events(&self) -> Ended {
///         Ended
///     }
///     fn phase(&self) -> Phase {
///         Phase::Closed
///     }
///     fn close(&self) {}
/// }
///
/// impl<T> Source<T> for Ended {
///     fn next(&mut self, _: Duration) -> Next<T> {
///         Next::End
///     }
/// }
///
/// assert_eq!(Closed.call(Banner, None), Err(Failure::Closed));
/// let update: Next<TopicUpdate> = Closed.subscribe(vec![Topic::Headers]).next(Duration::MAX);
/// assert_eq!(update, Next::End);
/// ```
pub trait Client: Clone + Send + Sync + 'static {
    /// The updates of subscribed topics.
    type Updates: Source<TopicUpdate>;
    /// The events of the connection.
    type Events: Source<ConnectionEvent>;

    /// Makes a call and waits for the answer.
    fn call<R>(&self, request: R, timeout: Option<Duration>) -> Result<R::Response, Failure>
    where
        R: Request<Response: Send> + Send + 'static;

    /// Makes a call that can be dropped before it is answered. Returns `None` if the adapter has no such calls.
    fn begin(&self, request: Raw) -> Option<Box<dyn Pending>>;

    /// Makes several calls at once and waits for all.
    fn batch(&self, requests: Vec<Raw>) -> Vec<Result<Value, Failure>>;

    /// Subscribes to these topics until the result is dropped.
    fn subscribe(&self, topics: Vec<Topic>) -> Self::Updates;

    /// Returns the events of the connection, beginning with the most recent one.
    fn events(&self) -> Self::Events;

    /// Returns the phase of the client.
    fn phase(&self) -> Phase;

    /// Closes the client.
    fn close(&self);
}

/// A call in flight. Dropping it cancels the call.
///
/// # Example
/// ```
/// use electrum_conformance::{Failure, Pending};
/// use electrum_proto::serde_json::Value;
///
/// /// A call whose outcome is known.
/// struct Answered(Result<Value, Failure>);
///
/// impl Pending for Answered {
///     fn wait(self: Box<Self>) -> Result<Value, Failure> {
///         self.0
///     }
/// }
///
/// let call: Box<dyn Pending> = Box::new(Answered(Ok("Welcome!".into())));
/// assert_eq!(call.wait().unwrap(), "Welcome!");
/// ```
pub trait Pending: Send {
    /// Waits for the answer.
    fn wait(self: Box<Self>) -> Result<Value, Failure>;
}

/// A stream of items.
///
/// # Example
/// ```
/// use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
/// use std::time::Duration;
///
/// use electrum_conformance::{Next, Source};
///
/// struct Channel<T>(Receiver<T>);
///
/// impl<T: Send + 'static> Source<T> for Channel<T> {
///     fn next(&mut self, within: Duration) -> Next<T> {
///         match self.0.recv_timeout(within) {
///             Ok(item) => Next::Item(item),
///             Err(RecvTimeoutError::Timeout) => Next::Nothing,
///             Err(RecvTimeoutError::Disconnected) => Next::End,
///         }
///     }
/// }
///
/// let (sender, receiver) = channel();
/// let mut source = Channel(receiver);
/// sender.send("an item").unwrap();
/// assert_eq!(source.next(Duration::MAX), Next::Item("an item"));
/// assert_eq!(source.next(Duration::ZERO), Next::Nothing);
/// drop(sender);
/// assert_eq!(source.next(Duration::MAX), Next::End);
/// ```
pub trait Source<T>: Send + 'static {
    /// Waits for the next item, for at most this time.
    fn next(&mut self, within: Duration) -> Next<T>;
}

/// The result of waiting for an item.
///
/// # Example
/// ```
/// use electrum_conformance::Next;
///
/// fn describe(next: Next<u32>) -> String {
///     match next {
///         Next::Item(item) => format!("item {item}"),
///         Next::Nothing => "none so far".to_owned(),
///         Next::End => "no other will come".to_owned(),
///     }
/// }
///
/// assert_eq!(describe(Next::Item(7)), "item 7");
/// assert_eq!(describe(Next::End), "no other will come");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Next<T> {
    /// The next item.
    Item(T),
    /// No item came in time.
    Nothing,
    /// The stream has ended.
    End,
}

/// An update of a topic.
///
/// # Example
/// ```
/// use electrum_conformance::TopicUpdate;
/// use electrum_proto::{Origin, SubscribeError, Update};
///
/// let update = TopicUpdate { topic: 1, value: Ok(Update::Script(None)), origin: Origin::Subscribed };
/// let words = match &update.value {
///     Ok(Update::Script(None)) => format!("topic {} has no history", update.topic),
///     Ok(other) => format!("topic {}: {other:?}", update.topic),
///     Err(SubscribeError::TimedOut) => "the server has not answered".to_owned(),
///     Err(error) => error.to_string(),
/// };
/// assert_eq!(words, "topic 1 has no history");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TopicUpdate {
    /// The index of the topic in the subscription.
    pub topic: usize,
    /// The value, or why the server refuses the subscription.
    pub value: Result<Update, SubscribeError>,
    /// How the client learned of the value.
    pub origin: Origin,
}

/// An event of the connection. Servers are named as in [`Setup::servers`].
///
/// # Example
/// ```
/// use electrum_conformance::ConnectionEvent;
/// use electrum_proto::ProtocolVersion;
///
/// let event = ConnectionEvent::Ready {
///     server: "tcp://127.0.0.1:50001".into(),
///     software: "Fulcrum 2.1.1".into(),
///     version: ProtocolVersion::V1_4,
/// };
/// let words = match event {
///     ConnectionEvent::Connecting { server } => format!("{server}: a connection is being made"),
///     ConnectionEvent::Ready { server, software, version } => format!("{server}: {software} speaks {version}"),
///     ConnectionEvent::Down { server, cause, .. } => format!("{server}: {cause}"),
/// };
/// assert_eq!(words, "tcp://127.0.0.1:50001: Fulcrum 2.1.1 speaks 1.4");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum ConnectionEvent {
    /// A connection is being made.
    Connecting {
        /// To which server.
        server: String,
    },
    /// A version was negotiated.
    Ready {
        /// With which server.
        server: String,
        /// What it calls itself.
        software: String,
        /// The version.
        version: ProtocolVersion,
    },
    /// The connection ended, or could not be made.
    Down {
        /// To which server.
        server: String,
        /// Why.
        cause: DownCause,
        /// When the next attempt is made.
        retry_in: Duration,
    },
}

/// How a call ended without a result.
///
/// # Example
/// ```
/// use electrum_conformance::Failure;
/// use electrum_session::CallError;
///
/// // An adapter on electrum-session only converts.
/// let failure = Failure::from(CallError::Unsent { why: "the server refuses connections".into() });
/// let was_sent = match &failure {
///     Failure::Unsent(_) | Failure::QueueFull | Failure::Closed => Some(false),
///     Failure::Server { .. } | Failure::Decode(_) | Failure::TimedOut | Failure::Lost => Some(true),
///     Failure::Other(_) => None,
/// };
/// assert_eq!(was_sent, Some(false));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server answered with this error.
    Server {
        /// Its code, if it has one.
        code: Option<i64>,
        /// Its words.
        message: String,
    },
    /// The server's answer cannot be right. Holds the error message.
    Decode(String),
    /// The call was sent, and not answered in time.
    TimedOut,
    /// The call could not be sent in time. Holds the error message.
    Unsent(String),
    /// The connection was lost after the call was sent, and the call must not be sent again.
    Lost,
    /// Too many calls wait.
    QueueFull,
    /// The client was closed.
    Closed,
    /// Another error. Holds the error message.
    Other(String),
}
