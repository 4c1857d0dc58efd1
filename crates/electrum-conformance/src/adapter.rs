//! What the scenarios want of an adapter.

use std::time::Duration;

use electrum_proto::operations::Raw;
use electrum_proto::{Config, DownCause, Origin, Phase, ProtocolVersion, Request, SubscribeError, Topic, Update};
use serde_json::Value;

/// A driver of the machine, or whatever gives clients that are driven.
pub trait Adapter: Copy + Send + Sync + 'static {
    /// What it gives.
    type Client: Client;

    /// Starts a client, which connects and stays connected by itself.
    fn connect(&self, setup: Setup) -> Self::Client;

    /// Whether it sees the frames of a WebSocket. A browser hands over whole messages: of one without an end nothing is seen,
    /// and what breaks the WebSocket protocol looks like a connection that broke.
    fn sees_frames(&self) -> bool {
        true
    }
}

/// What a client is started with. For all else its defaults count: a certificate is pinned on first use.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The servers, as `tcp://`, `ssl://`, `ws://` or `wss://` and `address:port`, the preferred one first.
    pub servers: Vec<String>,
    /// A proxy, as `socks5://address:port`.
    pub proxy: Option<String>,
    /// Everything about the protocol; the number of servers in it is for the adapter to set.
    pub protocol: Config,
    /// How many calls may wait while there is no connection.
    pub queue: usize,
}

/// A handle of a running client. Clones are the same client; when the last one and all that it lent is dropped,
/// its connection is closed.
///
/// All these may block the calling thread, and are called from several at once.
pub trait Client: Clone + Send + Sync + 'static {
    /// Changes of subscribed topics.
    type Updates: Source<TopicUpdate>;
    /// What happens to the connection.
    type Events: Source<ConnectionEvent>;

    /// Makes a call and waits for the answer.
    fn call<R>(&self, request: R, timeout: Option<Duration>) -> Result<R::Response, Failure>
    where
        R: Request<Response: Send> + Send + 'static;

    /// Makes a call that can be dropped before it is answered; nothing, if this adapter has none of that kind.
    fn begin(&self, request: Raw) -> Option<Box<dyn Pending>>;

    /// Makes several calls at once and waits for all.
    fn batch(&self, requests: Vec<Raw>) -> Vec<Result<Value, Failure>>;

    /// Subscribes to these topics until the result is dropped.
    fn subscribe(&self, topics: Vec<Topic>) -> Self::Updates;

    /// What happens to the connection from now on, and before that what happened last.
    fn events(&self) -> Self::Events;

    /// Where the client stands.
    fn phase(&self) -> Phase;

    /// Ends it.
    fn close(&self);
}

/// A call that was made. Dropping it takes it back.
pub trait Pending: Send {
    /// Waits for its answer.
    fn wait(self: Box<Self>) -> Result<Value, Failure>;
}

/// Something that comes one by one.
pub trait Source<T>: Send + 'static {
    /// Waits for the next for so long.
    fn next(&mut self, within: Duration) -> Next<T>;
}

/// What came.
#[derive(Clone, Debug, PartialEq)]
pub enum Next<T> {
    /// This.
    Item(T),
    /// Nothing in time.
    Nothing,
    /// Nothing, and nothing will.
    End,
}

/// A topic has a new value.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicUpdate {
    /// Which of the topics of the subscription.
    pub topic: usize,
    /// The value, or why there is none for now.
    pub value: Result<Update, SubscribeError>,
    /// How it became known.
    pub origin: Origin,
}

/// Something happened to the connection. Servers are named as in [`Setup::servers`].
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
    /// The connection is gone, or could not be made.
    Down {
        /// To which server.
        server: String,
        /// Why.
        cause: DownCause,
        /// When it will be tried again.
        retry_in: Duration,
    },
}

/// How a call ended without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server answered with this error.
    Server {
        /// Its code, if it has one.
        code: Option<i64>,
        /// Its words.
        message: String,
    },
    /// The server answered something that cannot be right; in words.
    Decode(String),
    /// It was sent, and not answered in time.
    TimedOut,
    /// It could not be sent in time; in words.
    Unsent(String),
    /// The connection was lost after it was sent, and it must not be repeated.
    Lost,
    /// Too many wait.
    QueueFull,
    /// The client was closed.
    Closed,
    /// Something else; in words.
    Other(String),
}
