//! What one turn of the main loop gives.

use super::link::Piece;
use crate::event::{Action, RequestId};
use crate::version::ProtocolVersion;

/// What one turn of [`Client::poll`] found, without borrowing from the client.
pub(super) enum Step {
    Action(Action<'static>),
    Reply(RequestId, ProtocolVersion, Piece),
    Unknown(UnknownKind, Piece),
}

/// What came of the next message.
pub(super) enum Received {
    /// There is no whole message.
    Nothing,
    /// It changed something inside, of which the next turn may tell.
    Inside,
    /// It is to be told.
    Step(Step),
}

#[derive(Clone, Copy)]
pub(super) enum UnknownKind {
    Reply,
    Notification,
    Request,
}
