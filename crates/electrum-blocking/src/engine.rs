//! Moves the bytes of a session with blocking sockets, from whichever thread has something to do.
//!
//! Three kinds of threads meet here:
//! - *callers* change the session and write what it has outgoing, and read their own reply if no other thread reads;
//! - one thread per connection dials it and reads from it;
//! - the *ticker* sleeps until the session's next deadline, and writes to a server that takes bytes slowly.
//!
//! Each of them [advances](Engine::advance) the session after each change: it carries out the session's steps until the
//! session waits, so that no change depends on another thread being awake. [`state`](crate::state) has the table of who
//! reads and who writes. The lock of the state is taken before the session's own, and never held during a system
//! call that blocks.

use std::fmt;
use std::io::{self, ErrorKind};
use std::time::Duration;

use electrum_session::Step;
use electrum_session::proto::{CloseCause, ConnId, Timestamp};
use electrum_session::transport::DialTarget;

use crate::state::{Connection, Open, State, Writer};
use crate::sync::{Arc, AtomicUsize, Condvar, Lock, MutexGuard};

/// How many pieces a thread writes before it leaves the rest to the ticker.
const PIECES: usize = 16;

/// A lock of the state that is held.
type Guard<'a, B> = MutexGuard<'a, State<<B as Backend>::Socket, <B as Backend>::Dialling>>;

/// The session, and how its sockets are opened.
pub(crate) trait Backend {
    /// An open socket.
    type Socket: Socket;
    /// Cancels the opening of a socket when it is dropped.
    type Dialling;

    /// The session's next step.
    fn poll(&self) -> Step;
    /// The time left until a moment of the session's clock.
    fn until(&self, moment: Timestamp) -> Duration;
    /// Starts a thread that opens a socket and calls [`Engine::run_connection`].
    fn dial(&self, conn: ConnId, target: DialTarget) -> io::Result<Self::Dialling>;
    /// Reports an open socket.
    fn connected(&self, conn: ConnId);
    /// Reports received bytes.
    fn received(&self, conn: ConnId, bytes: &[u8]);
    /// Moves the next outgoing bytes to `piece` and reports them as written. From now on they may reach the server.
    fn take_outgoing(&self, conn: ConnId, piece: &mut Vec<u8>);
    /// Reports the end of a connection.
    fn closed(&self, conn: ConnId, cause: CloseCause);
}

/// A socket that blocks, for a bounded time where it says so.
pub(crate) trait Socket {
    /// Waits for bytes, for as long as [`limit_reads`](Self::limit_reads) allows; then fails with `WouldBlock`.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;
    /// Waits until the system takes bytes, for some milliseconds at most; then fails with `WouldBlock`.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Writes as much as the system takes without a wait, as the last bytes before [`shutdown`](Self::shutdown).
    fn write_at_once(&self, bytes: &[u8]);
    /// Limits how long later reads wait for bytes.
    fn limit_reads(&self, limit: Option<Duration>) -> io::Result<()>;
    /// Ends reads and writes, also those that wait.
    fn shutdown(&self);
}

/// Which thread advances the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// One that has something else to do, and writes a limited number of pieces.
    Passing,
    /// The one that has nothing else to do.
    Ticker,
}

/// The session of a client, shared by its threads.
pub(crate) struct Engine<B: Backend> {
    pub(crate) backend: B,
    pub(crate) state: Lock<State<B::Socket, B::Dialling>>,
    /// Wakes the ticker.
    tick: Condvar,
    /// Wakes the connection's thread while it leaves the socket to callers.
    pub(crate) unread: Condvar,
    /// Callers whose reply has not come.
    pub(crate) waiting: Arc<AtomicUsize>,
    /// Calls so far that had to wait for a reply.
    pub(crate) calls: AtomicUsize,
}

impl<B: Backend> Engine<B> {
    pub(crate) fn new(backend: B) -> Self {
        Self {
            backend,
            state: Lock::new(State::new()),
            tick: Condvar::new(),
            unread: Condvar::new(),
            waiting: Arc::new(AtomicUsize::new(0)),
            calls: AtomicUsize::new(0),
        }
    }

    /// Carries out what the session asks for after a change, and writes what it has outgoing.
    pub(crate) fn turn(&self) {
        drop(self.advance(Role::Passing));
    }

    /// The ticker: advances the session at its deadlines until the client is closed.
    pub(crate) fn run_ticker(&self) {
        loop {
            let state = self.advance(Role::Ticker);
            if state.is_finished {
                return;
            }
            let timeout = state.wakes_at.map(|at| self.backend.until(at));
            drop(self.state.sleep(state, &self.tick, timeout));
        }
    }

    /// Opens the connection `conn` with the socket that was dialled, unless it is no longer wanted.
    pub(crate) fn dialled(&self, conn: ConnId, socket: io::Result<B::Socket>) -> Option<Arc<B::Socket>> {
        let mut state = self.state.lock();
        if !state.is_dialling(conn) {
            return None;
        }
        let socket = match socket {
            Ok(socket) => {
                let socket = Arc::new(socket);
                state.connection = Connection::Open(Open::new(conn, Arc::clone(&socket)));
                self.backend.connected(conn);
                Some(socket)
            }
            Err(error) => {
                self.close(&mut state, conn);
                self.backend.closed(conn, CloseCause::Failed(error.to_string()));
                None
            }
        };
        drop(state);
        self.turn();
        socket
    }

    /// Reads once and hands the bytes to the session. Returns whether the read ended because its time was over, or the
    /// error that the connection ended with, which is reported.
    pub(crate) fn read(&self, conn: ConnId, socket: &B::Socket, buffer: &mut [u8]) -> Result<ReadOutcome, Ended> {
        let cause = match socket.read(buffer) {
            Ok(0) => CloseCause::End,
            Ok(count) => {
                self.backend.received(conn, &buffer[..count]);
                self.turn();
                return Ok(ReadOutcome::Received);
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => return Ok(ReadOutcome::Nothing),
                ErrorKind::Interrupted => return Ok(ReadOutcome::Received),
                _ => CloseCause::Failed(error.to_string()),
            },
        };
        let mut state = self.state.lock();
        let write_error = state.open_as(conn).and_then(|open| open.write_error.take());
        self.close(&mut state, conn);
        self.backend.closed(conn, write_error.map_or(cause, CloseCause::Failed));
        drop(state);
        self.turn();
        Err(Ended)
    }

    /// Carries out the session's steps until it waits and no byte is left for this thread to write.
    fn advance(&self, role: Role) -> Guard<'_, B> {
        let mut pieces = 0;
        let mut state = self.state.lock();
        loop {
            let (until, write) = match self.backend.poll() {
                Step::Connect(conn, target) => {
                    match self.backend.dial(conn, target) {
                        Ok(dialling) => state.connection = Connection::Dialling(conn, dialling),
                        Err(error) => {
                            let message = format!("the system gives no thread to connect with: {error}");
                            self.backend.closed(conn, CloseCause::Failed(message));
                        }
                    }
                    continue;
                }
                Step::Disconnect(conn, last) => {
                    // After what was begun; where another thread writes at this moment, the order would be lost.
                    if let Some(open) = state.open_as(conn).filter(|open| open.writer != Writer::Busy) {
                        if !last.is_empty() {
                            open.socket.write_at_once(&[open.piece.rest(), &last].concat());
                        }
                    }
                    self.close(&mut state, conn);
                    continue;
                }
                // The driver of the session does these by itself.
                Step::ReadPin(..) | Step::KeepPin(..) => continue,
                Step::Finished => {
                    if let Some(conn) = state.open().map(|open| open.conn) {
                        self.close(&mut state, conn);
                    }
                    state.connection = Connection::None;
                    state.is_finished = true;
                    self.tick.notify_one();
                    return state;
                }
                Step::Wait { until, write } => (until, write),
            };
            let is_earlier = until.is_some_and(|until| state.wakes_at.is_none_or(|at| until < at));
            if role == Role::Ticker {
                state.wakes_at = until;
            } else if is_earlier {
                state.wakes_at = until;
                self.tick.notify_one();
            }
            let Some(open) = state.open().filter(|open| open.may_write(role, write)) else { return state };
            if role == Role::Passing && pieces == PIECES {
                open.writer = Writer::Stalled;
                self.tick.notify_one();
                return state;
            }
            if open.piece.rest().is_empty() {
                open.piece.bytes.clear();
                open.piece.written = 0;
                self.backend.take_outgoing(open.conn, &mut open.piece.bytes);
            }
            open.writer = Writer::Busy;
            let (conn, socket, piece) = (open.conn, Arc::clone(&open.socket), std::mem::take(&mut open.piece));
            drop(state);
            let written = socket.write(piece.rest());
            state = self.state.lock();
            // If the connection is gone, its bytes are too; the next one may have some.
            let Some(open) = state.open_as(conn) else { continue };
            (open.piece, open.writer) = (piece, Writer::Idle);
            pieces += 1;
            match written {
                Ok(count) => open.piece.written += count,
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    // The server takes no bytes.
                    ErrorKind::WouldBlock => pieces = PIECES,
                    // The server may have said why: the thread that reads gets to the end of what it sent.
                    _ => {
                        open.write_error = Some(error.to_string());
                        open.socket.shutdown();
                    }
                },
            }
        }
    }

    /// Ends a connection, and the waits of all threads for it.
    fn close(&self, state: &mut State<B::Socket, B::Dialling>, conn: ConnId) {
        if let Some(open) = state.take(conn) {
            open.socket.shutdown();
            self.unread.notify_all();
        }
    }
}

impl<S> Open<S> {
    /// Whether this thread is the one to write, if anything is outgoing.
    fn may_write(&self, role: Role, is_outgoing: bool) -> bool {
        let is_turn = match self.writer {
            Writer::Idle => true,
            Writer::Busy => false,
            Writer::Stalled => role == Role::Ticker,
        };
        is_turn && self.write_error.is_none() && (is_outgoing || !self.piece.rest().is_empty())
    }
}

/// What came of one read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadOutcome {
    Received,
    /// No byte came in the time that a read may take.
    Nothing,
}

/// The connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

impl<B: Backend> fmt::Debug for Engine<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}
