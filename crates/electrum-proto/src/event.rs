//! What goes into the machine and what comes out of it.

use alloc::string::String;

use crate::error::{DownCause, Layer, RequestError, Side, SubscribeError};
use crate::json::RawJson;
use crate::machine::subscriptions::topic::{Origin, SubId, Update};
use crate::machine::timers::TimerKind;
use crate::reply::Reply;
use crate::time::Timestamp;
use crate::version::ProtocolVersion;

/// Identifies one connection. Inputs that come late from an old connection carry its id and are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub(crate) u64);

impl ConnId {
    /// The id as a number, for logs.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// A server, by its place in the caller's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerIndex(pub usize);

/// A request that was accepted. Ids never repeat on a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(crate) u64);

impl RequestId {
    /// The id as it stands on the wire.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// An input of the machine: something that happened outside of it.
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

/// What the driver must do, or should know.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an action that is not carried out is lost, and the client with it"]
pub enum Action<'a> {
    /// Open a link to this server, and report [`Input::Connected`] or [`Input::Closed`].
    Connect(ConnId, ServerIndex),
    /// Close the link, or stop opening it. The driver need not report it. It does not come for a link whose end the driver
    /// reported with [`Input::Closed`].
    Disconnect(ConnId),
    /// Events for the application.
    Event(Event<'a>),
    /// Nothing more to do now: wait for one of the inputs named here.
    Wait(Wait),
    /// The client was closed, and everything is reported.
    Finished,
}

/// What to wait for, besides bytes to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Report [`Input::Tick`] at this moment, when this timer is due.
    pub until: Option<(Timestamp, TimerKind)>,
    /// There are [outgoing](crate::Client::outgoing) bytes to write.
    pub write: bool,
}

/// Events for the application.
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

/// Something that was not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown<'a> {
    /// A reply to no request that waits.
    Reply(RawJson<'a>),
    /// A notification about no topic that is subscribed.
    Notification(RawJson<'a>),
    /// A request by the server.
    Request(RawJson<'a>),
}
