//! The state that the threads of a client share: which thread reads from the socket, which one writes, when the ticker
//! wakes.
//!
//! # Reading
//!
//! | [`Reader`] | which thread reads | next state, and when |
//! |---|---|---|
//! | `Thread` | the connection's thread, without a time limit | `Free` when it has delivered all replies that callers wait for |
//! | `Free` | none; the connection's thread waits for [`LOAN`] at a time | `Caller` when a caller waits; `Thread` after a loan without calls |
//! | `Caller` | a caller, for at most [`LEASE`] without a byte | `Free` when its reply came and no other caller waits, otherwise `Returned` |
//! | `Returned` | none; the connection's thread was notified | `Thread` |
//!
//! # Writing
//!
//! | [`Writer`] | which thread writes | next state, and when |
//! |---|---|---|
//! | `Idle` | none: nothing is outgoing | `Busy` when a thread finds outgoing bytes |
//! | `Busy` | the thread that found them | `Idle` when all is written, `Stalled` when the server takes no bytes |
//! | `Stalled` | none; the ticker was notified | `Busy`, by the ticker only |
//!
//! A thread that finds `Busy` leaves its bytes to the thread that writes, which checks for more before it stops.

use std::sync::Arc;
use std::time::Duration;

use electrum_proto::{ConnId, Timestamp};

/// How long the connection's thread leaves the socket to callers while none reads. Updates may come later by as much.
pub(crate) const LOAN: Duration = Duration::from_millis(5);
/// How long a caller waits for bytes before it leaves the socket to the connection's thread.
pub(crate) const LEASE: Duration = Duration::from_millis(10);

/// The state that the threads of a client share, behind one lock.
#[derive(Debug)]
pub(crate) struct State<S, D> {
    pub(crate) connection: Connection<S, D>,
    /// When the ticker wakes at the latest; `None` if it waits to be notified.
    pub(crate) wakes_at: Option<Timestamp>,
    /// Whether the client is closed, so that its threads end.
    pub(crate) is_finished: bool,
}

/// The connection that the session asked for most recently.
#[derive(Debug)]
pub(crate) enum Connection<S, D> {
    None,
    /// A thread is opening the socket. Dropping the second field cancels that.
    Dialling(ConnId, D),
    Open(Open<S>),
}

/// A connection with its socket.
#[derive(Debug)]
pub(crate) struct Open<S> {
    pub(crate) conn: ConnId,
    pub(crate) socket: Arc<S>,
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
    pub(crate) piece: Piece,
    /// Why writing failed. The reading thread reports it when it gets to the end of the stream.
    pub(crate) write_error: Option<String>,
}

/// Which thread reads. Holds the buffer while none does.
#[derive(Debug)]
pub(crate) enum Reader {
    Thread,
    Free(Vec<u8>),
    Caller,
    Returned(Vec<u8>),
}

/// Which thread writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    Idle,
    Busy,
    Stalled,
}

/// Outgoing bytes that were taken from the session to be written.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    pub(crate) bytes: Vec<u8>,
    /// How many of them are written.
    pub(crate) written: usize,
}

impl Piece {
    pub(crate) fn unwritten(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }
}

impl<S, D> State<S, D> {
    pub(crate) const fn new() -> Self {
        Self { connection: Connection::None, wakes_at: None, is_finished: false }
    }

    /// Returns the open connection, if there is one.
    pub(crate) fn open(&mut self) -> Option<&mut Open<S>> {
        match &mut self.connection {
            Connection::Open(open) => Some(open),
            Connection::None | Connection::Dialling(..) => None,
        }
    }

    /// Returns the connection `conn`, if it is open.
    pub(crate) fn open_as(&mut self, conn: ConnId) -> Option<&mut Open<S>> {
        self.open().filter(|open| open.conn == conn)
    }

    /// Whether the connection `conn` is being dialled.
    pub(crate) fn is_dialling(&self, conn: ConnId) -> bool {
        matches!(self.connection, Connection::Dialling(dialling, _) if dialling == conn)
    }

    /// Removes the connection `conn`. Returns it if it was open; the caller shuts its socket down.
    pub(crate) fn take(&mut self, conn: ConnId) -> Option<Open<S>> {
        if self.is_dialling(conn) {
            self.connection = Connection::None;
        }
        self.open_as(conn)?;
        match std::mem::replace(&mut self.connection, Connection::None) {
            Connection::Open(open) => Some(open),
            Connection::None | Connection::Dialling(..) => None,
        }
    }
}

impl<S> Open<S> {
    pub(crate) fn new(conn: ConnId, socket: Arc<S>) -> Self {
        let (reader, writer, piece) = (Reader::Thread, Writer::Idle, Piece::default());
        Self { conn, socket, reader, writer, piece, write_error: None }
    }

    /// `Free` to `Caller`: hands the buffer to a caller that waits for a reply.
    pub(crate) fn lease(&mut self) -> Option<Vec<u8>> {
        match std::mem::replace(&mut self.reader, Reader::Caller) {
            Reader::Free(buffer) => Some(buffer),
            other => {
                self.reader = other;
                None
            }
        }
    }

    /// `Returned` to `Thread`, and if `is_over` also `Free` to `Thread`: hands the buffer to the connection's thread.
    pub(crate) fn reclaim(&mut self, is_over: bool) -> Option<Vec<u8>> {
        match std::mem::replace(&mut self.reader, Reader::Thread) {
            Reader::Returned(buffer) => Some(buffer),
            Reader::Free(buffer) if is_over => Some(buffer),
            other => {
                self.reader = other;
                None
            }
        }
    }
}
