//! What goes into the machine and what comes out of it.

use alloc::string::String;

use crate::error::{DownCause, Layer, RequestError, Side, SubscribeError};
use crate::json::RawJson;
use crate::machine::subscriptions::topic::{Origin, SubId, Update};
use crate::machine::timers::TimerKind;
use crate::reply::Reply;
use crate::time::Timestamp;
use crate::version::ProtocolVersion;

/// The id of one connection. Inputs that come late from an old connection carry its id and have no effect.
///
/// # Example
/// ```
/// use electrum_proto::{Action, Client, CloseCause, Config, Event, Input, Phase, Timestamp};
///
/// let mut client = Client::new(Config::default(), Timestamp::ZERO);
/// let Action::Connect(first, _) = client.poll() else { panic!("it connects first") };
/// client.handle(Timestamp::ZERO, Input::Closed(first, CloseCause::End));
/// let Action::Event(Event::Down { retry_at, .. }) = client.poll() else { panic!("no link was opened") };
/// client.handle(retry_at, Input::Tick);
/// let Action::Connect(second, _) = client.poll() else { panic!("it is time to try again") };
/// assert!(first.number() < second.number());
/// client.handle(retry_at, Input::Connected(first));
/// assert_eq!(client.phase(), Phase::Connecting, "an input about the old connection has no effect");
/// client.handle(retry_at, Input::Connected(second));
/// assert_eq!(client.phase(), Phase::Handshaking);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub(crate) u64);

impl ConnId {
    /// Returns the id as a number, for logs.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// A server, by its place in the caller's list.
///
/// # Example
/// ```
/// use electrum_proto::{Action, Client, Config, Timestamp};
///
/// let servers = ["one.example:50002", "two.example:50002"];
/// let mut client = Client::new(Config { servers: servers.len(), ..Config::default() }, Timestamp::ZERO);
/// let Action::Connect(_, server) = client.poll() else { panic!("it connects first") };
/// assert_eq!(servers[server.0], "one.example:50002");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerIndex(pub usize);

/// The id of a request that was accepted. Ids never repeat on a client.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::operations::Banner;
/// use std::collections::HashMap;
///
/// # let (mut client, conn) = ready_client();
/// let ticket = client.request(Timestamp::ZERO, Banner)?;
/// let mut waiting = HashMap::from([(ticket.id, ticket)]);
/// # server_says(&mut client, conn, r#"{"id":2,"result":"Welcome!"}"#);
/// let Action::Event(Event::Reply { id, result }) = client.poll() else { panic!("it was answered") };
/// let ticket = waiting.remove(&id).expect("each request is answered once");
/// assert_eq!(ticket.decode(result?)?, "Welcome!");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(crate) u64);

impl RequestId {
    /// Returns the id as it stands on the wire.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// An input of the machine: something that happened outside of it.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::operations::Banner;
///
/// # let (mut client, conn) = ready_client();
/// let now = Timestamp::ZERO;
/// client.request(now, Banner)?;
/// // The socket took seven bytes, then the rest.
/// let length = client.outgoing().len();
/// client.handle(now, Input::Wrote(conn, 7));
/// assert_eq!(client.outgoing().len(), length - 7);
/// client.handle(now, Input::Wrote(conn, length - 7));
/// // A read may end anywhere.
/// client.handle(now, Input::Read(conn, br#"{"id":2,"res"#));
/// assert!(matches!(client.poll(), Action::Wait(_)));
/// client.handle(now, Input::Read(conn, b"ult\":\"Welcome!\"}\n"));
/// assert!(matches!(client.poll(), Action::Event(Event::Reply { result: Ok(_), .. })));
/// # Ok::<(), electrum_proto::Rejected<Banner>>(())
/// ```
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// Time has passed.
    Tick,
    /// The link is open.
    Connected(ConnId),
    /// These bytes were received.
    Read(ConnId, &'a [u8]),
    /// This many of the [outgoing](crate::Client::outgoing) bytes were written.
    Wrote(ConnId, usize),
    /// The link could not be opened, ended, or broke: the driver has dropped its socket, and no [`Action::Disconnect`] follows.
    /// Bytes that were reported before are still read.
    Closed(ConnId, CloseCause),
}

/// How a link ended.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::CloseCause;
/// use std::io::{self, ErrorKind};
///
/// /// The end of a link, as a read of its socket shows it.
/// fn end(read: io::Result<usize>) -> Option<CloseCause> {
///     match read {
///         Ok(0) => Some(CloseCause::End),
///         Ok(_) => None,
///         Err(error) => Some(CloseCause::Failed(error.to_string())),
///     }
/// }
///
/// # let (mut client, conn) = ready_client();
/// let cause = end(Err(ErrorKind::ConnectionReset.into())).expect("it broke");
/// client.handle(Timestamp::ZERO, Input::Closed(conn, cause));
/// let Action::Event(Event::Down { cause, .. }) = client.poll() else { panic!("the link is gone") };
/// assert_eq!(cause.to_string(), "the connection broke: connection reset");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseCause {
    /// The other side closed it cleanly.
    End,
    /// It broke or could not be opened, for this reason.
    Failed(String),
    /// A layer between the socket and the protocol gave up.
    Layer {
        /// Which layer, if it is one of [`Layer`].
        layer: Option<Layer>,
        /// Who must act.
        side: Side,
        /// Why, in words.
        message: String,
    },
    /// The driver leaves a server that works for another one, for this reason. That server is not chosen again for a minute if there is
    /// another one.
    Left(String),
    /// A layer of whole messages (a WebSocket) received the beginning of one that is longer than a line may be.
    TooLong {
        /// Its length, as far as it is known.
        bytes: usize,
    },
    /// A layer of whole messages received something that is not a message, for this reason.
    Malformed(String),
}

/// An output of the machine: what the driver must do, or should know.
///
/// # Example
/// ```
/// use electrum_proto::{Action, Client, Config, ServerIndex, Timestamp};
///
/// let mut client = Client::new(Config::default(), Timestamp::ZERO);
/// let mut link = None;
/// let wait = loop {
///     match client.poll() {
///         // Here a driver opens a socket, and closes it there.
///         Action::Connect(conn, server) => link = Some((conn, server)),
///         Action::Disconnect(_) => link = None,
///         Action::Event(event) => println!("for the application: {event:?}"),
///         Action::Wait(wait) => break wait,
///         Action::Finished => panic!("the client was not closed"),
///     }
/// };
/// assert_eq!(link.map(|(_, server)| server), Some(ServerIndex(0)));
/// assert!(wait.until.is_some() && !wait.write);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an action that is not carried out is lost, and the client with it"]
pub enum Action<'a> {
    /// Open a link to this server, and report [`Input::Connected`] or [`Input::Closed`].
    Connect(ConnId, ServerIndex),
    /// Close the link, or stop opening it. The driver need not report it. It does not come for a link whose end the driver
    /// reported with [`Input::Closed`].
    Disconnect(ConnId),
    /// An event for the application.
    Event(Event<'a>),
    /// Nothing more to do now: wait for one of the inputs named here.
    Wait(Wait),
    /// The client was closed, and everything is reported.
    Finished,
}

/// What to wait for, besides bytes to read.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::{TimerKind, operations::Banner};
///
/// # let (mut client, _) = ready_client();
/// client.request(Timestamp::ZERO, Banner)?;
/// let Action::Wait(wait) = client.poll() else { panic!("there is nothing else to do") };
/// assert!(wait.write, "the request is to be written");
/// let (until, timer) = wait.until.expect("it must be answered in time");
/// assert_eq!((until.since_epoch(), timer), (client.config().timeouts.request, TimerKind::Request));
/// # Ok::<(), electrum_proto::Rejected<Banner>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Report [`Input::Tick`] at this moment, when this timer is due.
    pub until: Option<(Timestamp, TimerKind)>,
    /// There are [outgoing](crate::Client::outgoing) bytes to write.
    pub write: bool,
}

/// An event for the application.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::CloseCause;
///
/// fn line(event: &Event<'_>) -> Option<String> {
///     match event {
///         Event::Ready { software, version, .. } => Some(format!("{software} speaks {version}")),
///         Event::Down { cause, retry_at, .. } => Some(format!("{cause}; next attempt at {retry_at}")),
///         Event::Update { sub, value, .. } => Some(format!("{sub:?} is now {value:?}")),
///         Event::SubscriptionRefused { sub, error } => Some(format!("{sub:?}: {error}")),
///         Event::Reply { id, result: Err(error) } => Some(format!("request {}: {error}", id.number())),
///         _ => None,
///     }
/// }
///
/// # let (mut client, conn) = ready_client();
/// client.handle(Timestamp::ZERO, Input::Closed(conn, CloseCause::End));
/// let Action::Event(event) = client.poll() else { panic!("the link is gone") };
/// assert!(line(&event).is_some_and(|line| line.starts_with("the server closed the connection; next attempt at ")));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// A server agreed to a version: requests can be sent.
    Ready {
        /// Which server.
        server: ServerIndex,
        /// What the server calls itself.
        software: String,
        /// The version that was negotiated.
        version: ProtocolVersion,
    },
    /// The outcome of an accepted request. There is exactly one.
    Reply {
        /// Which request.
        id: RequestId,
        /// Its result, still text, or why there is none.
        result: Result<Reply<'a>, RequestError>,
    },
    /// A subscribed topic has a new value.
    Update {
        /// Which subscription.
        sub: SubId,
        /// The value.
        value: Update,
        /// How the client learnt of it.
        origin: Origin,
    },
    /// A subscription cannot be made on this link. It is tried again on the next one.
    SubscriptionRefused {
        /// Which subscription.
        sub: SubId,
        /// Why.
        error: SubscribeError,
    },
    /// A subscription that was refused or late is served after all, and its value is the one that was emitted last.
    SubscriptionRestored {
        /// Which subscription.
        sub: SubId,
    },
    /// There is room again, after a command was refused because a limit was reached.
    Capacity,
    /// The server sent something that was not asked for. It was ignored.
    Unknown(Unknown<'a>),
    /// The link is gone, or could not be made.
    Down {
        /// Which server.
        server: ServerIndex,
        /// Why.
        cause: DownCause,
        /// When the next attempt is due.
        retry_at: Timestamp,
    },
}

/// A message that was not asked for.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::Unknown;
///
/// # let (mut client, conn) = ready_client();
/// server_says(&mut client, conn, r#"{"method":"example.greeting","params":["hello"]}"#);
/// let Action::Event(Event::Unknown(unknown)) = client.poll() else { panic!("it was not asked for") };
/// let (kind, text) = match unknown {
///     Unknown::Reply(text) => ("reply", text),
///     Unknown::Notification(text) => ("notification", text),
///     Unknown::Request(text) => ("request", text),
/// };
/// assert_eq!(kind, "notification");
/// assert_eq!(text.as_str(), r#"{"method":"example.greeting","params":["hello"]}"#);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown<'a> {
    /// A reply to no request that waits.
    Reply(RawJson<'a>),
    /// A notification about no topic that is subscribed.
    Notification(RawJson<'a>),
    /// A request by the server.
    Request(RawJson<'a>),
}
