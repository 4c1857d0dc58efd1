//! Errors: of a link, of one request, of a command.

use alloc::string::String;
use core::fmt;

use crate::json::{DecodeError, ServerError};
use crate::machine::phase::Phase;
use crate::machine::subscriptions::topic::SubId;
use crate::machine::timers::TimerKind;
use crate::request::NotInVersion;
use crate::types::{BlockHash, Network};
use crate::version::{Offer, VersionRange};

/// The cause for which a link is given up. Each leads to a new attempt, never to a session that half works.
///
/// # Example
/// ```
/// use electrum_proto::{Action, Client, CloseCause, Config, DownCause, Event, Input, Side, Timestamp};
///
/// let mut client = Client::new(Config::default(), Timestamp::ZERO);
/// let Action::Connect(conn, _) = client.poll() else { panic!("it connects first") };
/// client.handle(Timestamp::ZERO, Input::Closed(conn, CloseCause::Failed("no route to host".into())));
/// let Action::Event(Event::Down { cause, .. }) = client.poll() else { panic!("no link was opened") };
/// let advice = match &cause {
///     DownCause::WrongChain { .. } => "choose a server for this network",
///     other if other.side() == Side::Network => "check the connection to the network",
///     _ => "choose another server, or check the settings",
/// };
/// assert_eq!(advice, "check the connection to the network");
/// assert_eq!((cause.name(), cause.to_string().as_str()), ("connect", "cannot connect: no route to host"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DownCause {
    /// The link could not be opened.
    Connect {
        /// Who must act: the network, or, if a layer such as a proxy or TLS failed, the side that this layer names.
        side: Side,
        /// The layer that failed, if it was one.
        layer: Option<Layer>,
        /// The adapter's description of the failure.
        message: String,
    },
    /// The server, or something on the way, closed the link.
    Closed {
        /// The phase of the client.
        during: Phase,
    },
    /// The link broke.
    Reset {
        /// The phase of the client.
        during: Phase,
        /// The adapter's description of the error.
        message: String,
    },
    /// The server answered the handshake with an error, other than that it is too busy.
    Refused {
        /// What was offered.
        offered: Offer,
        /// The server's own code and words.
        error: ServerError,
    },
    /// The server settled on a version that was not offered or is not wanted.
    OutOfRange {
        /// The version, as the server wrote it.
        answered: String,
        /// What was offered.
        offered: Offer,
        /// What the caller can work with.
        wanted: VersionRange,
    },
    /// The server answered its version as a JSON number, which could be read in two ways: 1.1 and 1.10 are one number.
    /// [`Config::accept_numeric_version`](crate::Config::accept_numeric_version) accepts it.
    NumericVersion {
        /// The number, as the server wrote it.
        answered: String,
    },
    /// What the server sent is not the protocol.
    Malformed {
        /// The phase of the client.
        during: Phase,
        /// What is wrong with it.
        what: String,
        /// The beginning of it.
        excerpt: String,
    },
    /// Something did not happen in time.
    Timeout {
        /// What was waited for.
        waited_for: TimerKind,
    },
    /// The server serves another chain.
    WrongChain {
        /// The first block that the caller wants.
        wanted: BlockHash,
        /// The first block of the chain that the server serves.
        found: BlockHash,
    },
    /// The server does not say which chain it serves: it gave neither its features nor the first header.
    UnknownChain {
        /// The first block that the caller wants.
        wanted: BlockHash,
        /// What the server said instead.
        what: String,
    },
    /// The server is too busy for the handshake, or keeps answering that it is too busy.
    Busy {
        /// The phase of the client.
        during: Phase,
        /// Its own words.
        error: ServerError,
    },
    /// The driver left the server for another one.
    Left {
        /// Why, in words.
        why: String,
    },
    /// The driver reported more bytes than may be buffered, without polling for the messages in them.
    Undrained,
}

/// The side that must act on an error.
///
/// # Example
/// ```
/// use electrum_proto::{DownCause, Phase, Side};
///
/// let who = |cause: &DownCause| match cause.side() {
///     Side::Server => "the server's operator",
///     Side::Network => "the network",
///     Side::Caller => "the user of this program",
/// };
/// assert_eq!(who(&DownCause::Closed { during: Phase::Ready }), "the network");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The server or its operator.
    Server,
    /// The network, or anything between client and server.
    Network,
    /// The caller of this library, or its configuration.
    Caller,
}

/// A layer between the socket and the protocol.
///
/// # Example
/// ```
/// use electrum_proto::{DownCause, Layer, Side};
///
/// let cause = DownCause::Connect { side: Side::Server, layer: Some(Layer::Tls), message: "bad certificate".into() };
/// assert!(matches!(&cause, DownCause::Connect { layer: Some(Layer::Tls), .. }));
/// assert_eq!((cause.side(), cause.to_string().as_str()), (Side::Server, "cannot connect: bad certificate"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layer {
    /// A proxy, such as SOCKS5.
    Proxy,
    /// TLS.
    Tls,
    /// A WebSocket.
    WebSocket,
}

impl DownCause {
    /// Returns the cause in one word, for logs and machines: one of `connect`, `closed`, `reset`, `refused`,
    /// `malformed`, `out_of_range`, `numeric_version`, `timeout`, `wrong_chain`, `unknown_chain`, `busy`, `left`,
    /// `undrained`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "connect",
            Self::Closed { .. } => "closed",
            Self::Reset { .. } => "reset",
            Self::Refused { .. } => "refused",
            Self::OutOfRange { .. } => "out_of_range",
            Self::Malformed { .. } => "malformed",
            Self::Timeout { .. } => "timeout",
            Self::WrongChain { .. } => "wrong_chain",
            Self::UnknownChain { .. } => "unknown_chain",
            Self::NumericVersion { .. } => "numeric_version",
            Self::Busy { .. } => "busy",
            Self::Left { .. } => "left",
            Self::Undrained => "undrained",
        }
    }

    /// Returns who must act.
    #[must_use]
    pub const fn side(&self) -> Side {
        match self {
            Self::Connect { side, .. } => *side,
            Self::Closed { .. } | Self::Reset { .. } | Self::Timeout { .. } => Side::Network,
            Self::Malformed { .. } | Self::Busy { .. } | Self::Left { .. } => Side::Server,
            // The server is what it is: another one, or another range, must be chosen.
            Self::Refused { .. }
            | Self::OutOfRange { .. }
            | Self::NumericVersion { .. }
            | Self::WrongChain { .. }
            | Self::UnknownChain { .. }
            | Self::Undrained => Side::Caller,
        }
    }

    /// Whether the server refused the versions that it was offered, so that another offer may do.
    pub(crate) const fn refuses_offer(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::OutOfRange { .. })
    }

    /// Whether the server is unlikely to accept the client soon.
    pub(crate) const fn sets_aside(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::OutOfRange { .. }
                | Self::NumericVersion { .. }
                | Self::WrongChain { .. }
                | Self::UnknownChain { .. }
                | Self::Connect { side: Side::Caller, .. }
        )
    }
}

impl fmt::Display for DownCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { message, .. } => write!(f, "cannot connect: {message}"),
            Self::Closed { during: Phase::Handshaking } => {
                f.write_str("the server closed the connection instead of answering the handshake, which is how some refuse a version")
            }
            Self::Closed { .. } => f.write_str("the server closed the connection"),
            Self::Reset { message, .. } => write!(f, "the connection broke: {message}"),
            Self::Refused { offered, error } => write!(f, "the server refused protocol {offered}: {error}"),
            Self::OutOfRange { answered, offered, wanted } if offered.range() == *wanted => {
                write!(f, "the server settled on protocol {answered}, which is outside {wanted}")
            }
            Self::OutOfRange { answered, offered, wanted } => {
                write!(f, "the server, offered {offered}, settled on protocol {answered}; {wanted} is wanted")
            }
            Self::Malformed { what, excerpt, .. } if excerpt.is_empty() => {
                write!(f, "the server does not speak the protocol: {what}")
            }
            Self::Malformed { what, excerpt, .. } => {
                write!(f, "the server does not speak the protocol: {what}, in {excerpt:?}")
            }
            Self::Timeout { waited_for } => f.write_str(match waited_for {
                TimerKind::Connect => "the connection did not open in time",
                TimerKind::Handshake => "the server did not answer the handshake in time",
                TimerKind::Pong => "no sign of life from the server: a ping was not answered in time",
                _ => "the server did not answer in time",
            }),
            Self::WrongChain { wanted, found } => {
                let (found, wanted) = (FirstBlock(*found), FirstBlock(*wanted));
                write!(f, "the server serves another chain: its first block is {found}, not {wanted}")
            }
            Self::UnknownChain { wanted, what } => {
                let wanted = FirstBlock(*wanted);
                write!(f, "the server does not say whether it serves the chain that begins with {wanted}: {what}")
            }
            Self::NumericVersion { answered } => write!(
                f,
                "the server gave its protocol version as the JSON number {answered}, not as a string; such servers are accepted only if that is allowed explicitly"
            ),
            Self::Busy { error, .. } => write!(f, "the server answers only that it is too busy: {error}"),
            Self::Left { why } => write!(f, "the server was left for another one: {why}"),
            Self::Undrained => f.write_str("more was received than may wait; poll between reads"),
        }
    }
}

impl core::error::Error for DownCause {}

/// The hash of a first block, with the name of its network if it is known.
struct FirstBlock(BlockHash);

impl fmt::Display for FirstBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        Network::of_genesis(self.0).map_or(Ok(()), |network| write!(f, " ({network})"))
    }
}

/// How a request that was accepted ended without a result.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::{RequestError, operations::Banner};
///
/// # let (mut client, conn) = ready_client();
/// client.request(Timestamp::ZERO, Banner).expect("the client is ready");
/// # server_says(&mut client, conn, r#"{"id":2,"error":{"code":-102,"message":"server busy"}}"#);
/// let Action::Event(Event::Reply { result: Err(error), .. }) = client.poll() else { panic!("it was refused") };
/// let advice = match &error {
///     RequestError::Server(error) if error.is_busy() => "repeat it later",
///     RequestError::Lost { written: false, .. } => "repeat it: the server never saw it",
///     RequestError::Lost { .. } | RequestError::TimedOut => "repeat it if it changes nothing",
///     RequestError::Server(_) | RequestError::TooLarge { .. } => "ask another server, or for less",
///     RequestError::Cancelled | RequestError::Closed => "nothing: the program ended it",
/// };
/// assert_eq!((advice, error.to_string().as_str()), ("repeat it later", "the server says: server busy (code -102)"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// The server answered with an error.
    Server(ServerError),
    /// The link was lost before the answer came.
    Lost {
        /// Whether any byte of the request was handed to the network, so that the server may have seen it.
        written: bool,
        /// Whether it was the oldest request in flight, of those that were written, when the link ended. A request for
        /// which this is so repeatedly is probably the cause.
        oldest: bool,
    },
    /// The answer is longer than [`Limits::line`](crate::Limits::line). The link was given up in the middle of it: this is
    /// reported before the other requests that were in flight are.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
        /// How many bytes of it were received or, over a WebSocket, announced. The whole answer is as long or longer.
        received: usize,
    },
    /// Its deadline passed. The server may still be at work on it.
    TimedOut,
    /// The caller cancelled it.
    Cancelled,
    /// The caller closed the client.
    Closed,
}

error_texts!(RequestError {
    Self::Server(inner) => "the server says: {inner}";
    Self::TooLarge { limit, received } =>
        "the answer is longer than the limit of {limit} bytes, which can be raised; it has {received} bytes or more";
    Self::Lost { written: true, .. } =>
        "the connection was lost before the answer came; the request may have reached the server";
    Self::Lost { written: false, .. } =>
        "the connection was lost before the answer came; not a byte of the request was sent";
    Self::TimedOut =>
        "the server did not answer in time; ask again with more time, or ask another server";
    Self::Cancelled => "the request was cancelled";
    Self::Closed => "the client was closed";
});

/// A command that was refused, with the request or topic handed back. Nothing was sent, and no reply will come.
///
/// # Example
/// ```
/// use electrum_proto::{Client, Config, Phase, RejectReason, Timestamp, operations::Banner};
///
/// let mut client = Client::new(Config::default(), Timestamp::ZERO);
/// let rejected = client.request(Timestamp::ZERO, Banner).expect_err("no link is open yet");
/// assert_eq!(rejected.to_string(), "the client is connecting, not ready");
/// assert_eq!(rejected.reason, RejectReason::NotReady(Phase::Connecting));
/// assert_eq!(rejected.item, Banner, "to be sent when the client is ready");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected<T> {
    /// What was refused: the request, or the topic.
    pub item: T,
    /// Why it was refused.
    pub reason: RejectReason,
}

/// Why a command was refused.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::{RejectReason, operations::MempoolRecent};
///
/// # let (mut client, _) = ready_client();
/// let rejected = client.request(Timestamp::ZERO, MempoolRecent).expect_err("protocol 1.4 does not have it");
/// let advice = match &rejected.reason {
///     RejectReason::NotReady(_) => "send it when the client is ready",
///     RejectReason::InFlight { .. } | RejectReason::Outgoing { .. } => "send it when there is room again",
///     RejectReason::NotInVersion(_) => "do without, or use another server",
///     other => panic!("{other}"),
/// };
/// assert_eq!(advice, "do without, or use another server");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RejectReason {
    /// Requests can be sent only when the client is ready.
    NotReady(Phase),
    /// The negotiated version has no such operation.
    NotInVersion(NotInVersion),
    /// As many requests as the limit allows wait for an answer. [`Event::Capacity`](crate::Event::Capacity) is emitted when there is room.
    InFlight {
        /// The limit.
        limit: usize,
    },
    /// As many bytes as the limit allows wait to be written. [`Event::Capacity`](crate::Event::Capacity) is emitted when there is room.
    Outgoing {
        /// The limit.
        limit: usize,
    },
    /// The request alone is longer than what may wait to be written.
    TooLong {
        /// Its length on the wire.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// There are as many subscriptions as the limit allows. [`Event::Capacity`](crate::Event::Capacity) is emitted
    /// when there is room.
    Subscriptions {
        /// The limit.
        limit: usize,
    },
    /// The topic is subscribed already.
    Subscribed(SubId),
    /// The client was closed.
    Closed,
}

error_texts!(RejectReason {
    Self::NotReady(inner) => "the client is {inner}, not ready";
    Self::NotInVersion(inner) => "{inner}";
    Self::InFlight { limit } =>
        "{limit} requests wait for an answer, and no more may; send the request again when one of them is answered";
    Self::Outgoing { limit } =>
        "no more than {limit} bytes may wait to be written; send the request again when some are written";
    Self::TooLong { bytes, limit } =>
        "the request has {bytes} bytes, and no more than {limit} may wait to be written; divide it, or raise that limit";
    Self::Subscriptions { limit } =>
        "the limit of {limit} subscriptions is reached; end one of them, or raise that limit";
    Self::Subscribed(_) => "the topic is subscribed already; one subscription reports all that happens to it";
    Self::Closed => "the client was closed";
});

impl From<NotInVersion> for RejectReason {
    fn from(error: NotInVersion) -> Self {
        Self::NotInVersion(error)
    }
}

impl<T> fmt::Display for Rejected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<T: fmt::Debug> core::error::Error for Rejected<T> {}

/// Why a subscription cannot be made for now. The client keeps it, and tries again on the next link.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::{SubscribeError, Topic, types::Script};
///
/// # let (mut client, conn) = ready_client();
/// client.subscribe(Timestamp::ZERO, Topic::Script(Script::new([0x51]))).expect("it is the first one");
/// # let _ = client.poll();
/// # server_says(&mut client, conn, r#"{"id":2,"error":{"code":1,"message":"history too large"}}"#);
/// let Action::Event(Event::SubscriptionRefused { error, .. }) = client.poll() else { panic!("it was refused") };
/// let is_asked_again = matches!(error, SubscribeError::Unavailable(_) | SubscribeError::TimedOut);
/// assert!(!is_asked_again, "not on this link");
/// assert_eq!(error.to_string(), "the server refuses the subscription for good: history too large (code 1)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The server refuses it for good: it is not asked for again on this link.
    Server(ServerError),
    /// The server cannot serve it for the moment. It is asked for again and again on this link, with growing pauses.
    Unavailable(ServerError),
    /// The negotiated version has no such subscription.
    NotInVersion(NotInVersion),
    /// The server accepted it, but what it answered cannot be right.
    Decode(DecodeError),
    /// The server has not answered it for so long. It still may, and is asked again.
    TimedOut,
}

error_texts!(SubscribeError {
    Self::Server(inner) => "the server refuses the subscription for good: {inner}";
    Self::Unavailable(inner) => "the server cannot serve the subscription for now, and is asked again: {inner}";
    Self::NotInVersion(inner) => "{inner}";
    Self::Decode(inner) => "{inner}";
    Self::TimedOut => "the server has not answered the subscription in time; it may still, and is asked again";
});

impl From<NotInVersion> for SubscribeError {
    fn from(error: NotInVersion) -> Self {
        Self::NotInVersion(error)
    }
}

impl From<DecodeError> for SubscribeError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}
