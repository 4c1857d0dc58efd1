//! Owned outputs of the client, which can be stored.

use electrum_proto::{
    Action, ConnId, DownCause, Event, Origin, ProtocolVersion, RequestError, RequestId, ServerIndex, SubId,
    SubscribeError, Timestamp, Unknown, Update, Wait,
};

/// An [`Action`] that owns its data.
///
/// # Example
/// ```
/// use electrum_proto::{Config, ServerIndex, Timestamp};
/// use electrum_sim::{Emitted, Probe};
///
/// let mut probe = Probe::new(Config::default(), Timestamp::ZERO);
/// let emitted = probe.drain();
/// let [Emitted::Connect(conn, ServerIndex(0))] = emitted[..] else { panic!("{emitted:?}") };
/// assert_eq!(probe.conn(), Some(conn));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Emitted {
    Connect(ConnId, ServerIndex),
    Disconnect(ConnId),
    Ready { server: ServerIndex, software: String, version: ProtocolVersion },
    Reply { id: RequestId, result: Result<String, RequestError> },
    Update { sub: SubId, value: Update, origin: Origin },
    Refused { sub: SubId, error: SubscribeError },
    Restored(SubId),
    Capacity,
    Unknown(String),
    Down { server: ServerIndex, cause: DownCause, retry_at: Timestamp },
    Wait(Wait),
    Finished,
}

impl From<Action<'_>> for Emitted {
    fn from(action: Action<'_>) -> Self {
        let event = match action {
            Action::Connect(conn, server) => return Self::Connect(conn, server),
            Action::Disconnect(conn) => return Self::Disconnect(conn),
            Action::Wait(wait) => return Self::Wait(wait),
            Action::Finished => return Self::Finished,
            Action::Event(event) => event,
        };
        match event {
            Event::Ready { server, software, version } => Self::Ready { server, software, version },
            Event::Reply { id, result } => {
                Self::Reply { id, result: result.map(|reply| reply.result.as_str().to_owned()) }
            }
            Event::Update { sub, value, origin } => Self::Update { sub, value, origin },
            Event::SubscriptionRefused { sub, error } => Self::Refused { sub, error },
            Event::SubscriptionRestored { sub } => Self::Restored(sub),
            Event::Capacity => Self::Capacity,
            Event::Unknown(Unknown::Reply(text) | Unknown::Notification(text) | Unknown::Request(text)) => {
                Self::Unknown(text.as_str().to_owned())
            }
            Event::Down { server, cause, retry_at } => Self::Down { server, cause, retry_at },
        }
    }
}
