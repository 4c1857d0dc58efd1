//! The traits that an adapter implements for the scenarios.

use std::time::Duration;

use electrum_proto::operations::Raw;
use electrum_proto::{Config, DownCause, Origin, Phase, ProtocolVersion, Request, SubscribeError, Topic, Update};
use serde_json::Value;

/// An adapter: starts clients that are driven.
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
pub trait Pending: Send {
    /// Waits for the answer.
    fn wait(self: Box<Self>) -> Result<Value, Failure>;
}

/// A stream of items.
pub trait Source<T>: Send + 'static {
    /// Waits for the next item, for at most this time.
    fn next(&mut self, within: Duration) -> Next<T>;
}

/// The result of waiting for an item.
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
