//! Drives a session over blocking sockets, from any thread of the client.
//!
//! A thread that changes the session [advances](Engine::advance) it: it carries out the session's steps until the
//! session waits, so that no change depends on another thread being awake. [`state`](super::state) has the table of
//! which thread reads and which one writes. The lock of the state is taken before the session's own, and never held
//! during a system call that blocks.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::thread;

use electrum_proto::{CloseCause, ConnId};
use electrum_transport::DialTarget;

use super::socket::{Runtime, Socket};
use super::state::{Connection, Open, State, Writer};
use super::sync::{AtomicUsize, Condvar, Lock, MutexGuard, spawn};
use crate::driver::Driver;
use crate::session::Step;

/// How many outgoing bytes are taken from the session at a time.
const PIECE_SIZE: usize = 64 * 1024;
/// How many pieces a thread writes before it leaves the rest to the ticker.
const PIECES: usize = 16;

/// The guard of the locked state.
type Guard<'a, R> = MutexGuard<'a, State<<R as Runtime>::Socket, <R as Runtime>::Cancel>>;

/// Which thread advances the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A thread that has other work, and therefore writes at most [`PIECES`].
    Passing,
    /// The ticker, which has no other work.
    Ticker,
}

/// The session of a client, shared by its threads.
pub(crate) struct Engine<R: Runtime> {
    driver: Driver,
    runtime: R,
    pub(crate) state: Lock<State<R::Socket, R::Cancel>>,
    /// Wakes the ticker.
    tick: Condvar,
    /// Wakes the connection's thread while it leaves the socket to callers.
    pub(crate) unread: Condvar,
    /// The number of callers that wait for a reply.
    pub(crate) waiting: Arc<AtomicUsize>,
    /// The number of calls so far that had to wait for a reply.
    pub(crate) calls: AtomicUsize,
}

impl<R: Runtime> Engine<R> {
    pub(crate) fn new(driver: Driver, runtime: R) -> Self {
        Self {
            driver,
            runtime,
            state: Lock::new(State::new()),
            tick: Condvar::new(),
            unread: Condvar::new(),
            waiting: Arc::new(AtomicUsize::new(0)),
            calls: AtomicUsize::new(0),
        }
    }

    /// Starts the ticker, which ends when the client is closed.
    pub(crate) fn start(self: &Arc<Self>) -> io::Result<()> {
        let engine = ClosePanicked(Arc::clone(self));
        spawn("electrum", move || engine.0.run_ticker())
    }

    /// Starts a thread that opens a socket and reads from it.
    fn dial(self: &Arc<Self>, conn: ConnId, target: DialTarget) -> io::Result<R::Cancel> {
        let (connect, cancel) = self.runtime.connect(target, self.driver.connect_timeout());
        let engine = ClosePanicked(Arc::clone(self));
        spawn("electrum-conn", move || engine.0.run_connection(conn, connect()))?;
        Ok(cancel)
    }

    /// Advances the session after a change: carries out its steps and writes its outgoing bytes.
    pub(crate) fn turn(self: &Arc<Self>) {
        drop(self.advance(Role::Passing));
    }

    /// Runs the ticker, which advances the session at its deadlines until the client is closed.
    fn run_ticker(self: &Arc<Self>) {
        loop {
            let state = self.advance(Role::Ticker);
            if state.is_finished {
                return;
            }
            let timeout = state.wakes_at.map(|at| self.driver.until(at));
            drop(self.state.sleep(state, &self.tick, timeout));
        }
    }

    /// Reports the dialled socket of `conn` to the session, unless the session no longer wants it. Returns the open
    /// socket.
    pub(crate) fn dialled(self: &Arc<Self>, conn: ConnId, socket: io::Result<R::Socket>) -> Option<Arc<R::Socket>> {
        let mut state = self.state.lock();
        if !state.is_dialling(conn) {
            return None;
        }
        let socket = match socket {
            Ok(socket) => {
                let socket = Arc::new(socket);
                state.connection = Connection::Open(Open::new(conn, Arc::clone(&socket)));
                self.driver.connected(conn);
                Some(socket)
            }
            Err(error) => {
                self.close(&mut state, conn);
                self.report_end(conn, CloseCause::Failed(error.to_string()));
                None
            }
        };
        drop(state);
        self.turn();
        socket
    }

    /// Reads once and hands the bytes to the session. If the connection has ended, reports that to the session and
    /// returns [`Ended`].
    pub(crate) fn read(
        self: &Arc<Self>,
        conn: ConnId,
        socket: &R::Socket,
        buffer: &mut [u8],
    ) -> Result<ReadOutcome, Ended> {
        let cause = match socket.read(buffer) {
            Ok(0) => CloseCause::End,
            Ok(count) => {
                self.driver.with(|session, now| session.read(now, conn, &buffer[..count]));
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
        self.report_end(conn, write_error.map_or(cause, CloseCause::Failed));
        drop(state);
        self.turn();
        Err(Ended)
    }

    /// Carries out the session's steps until it waits and no byte is left for this thread to write.
    fn advance(self: &Arc<Self>, role: Role) -> Guard<'_, R> {
        let mut pieces = 0;
        let mut state = self.state.lock();
        loop {
            let (step, work) = self.driver.poll_locked();
            let waits = step.and_then(|step| self.carry_out(&mut state, role, step));
            if !work.is_empty() {
                // Only the ticker must look again: other threads advance the session after their own changes.
                let mut may_write = |write| state.open().is_some_and(|open| open.may_write(role, write));
                let is_done = role == Role::Passing && waits.is_some_and(|write| !may_write(write));
                // A caller's code may use the client, and take its time.
                drop(state);
                work.run(&self.driver);
                state = self.state.lock();
                if is_done {
                    return state;
                }
                continue;
            }
            let Some(write) = waits else { continue };
            let Some(open) = state.open().filter(|open| open.may_write(role, write)) else { return state };
            if role == Role::Passing && pieces == PIECES {
                open.writer = Writer::Stalled;
                self.tick.notify_one();
                return state;
            }
            if open.piece.unwritten().is_empty() {
                open.piece.bytes.clear();
                open.piece.written = 0;
                self.take_outgoing(open.conn, &mut open.piece.bytes);
            }
            open.writer = Writer::Busy;
            let (conn, socket, piece) = (open.conn, Arc::clone(&open.socket), std::mem::take(&mut open.piece));
            drop(state);
            let written = socket.write(piece.unwritten());
            state = self.state.lock();
            // If the connection was closed meanwhile, the rest of the piece is dropped.
            let Some(open) = state.open_as(conn) else { continue };
            (open.piece, open.writer) = (piece, Writer::Idle);
            pieces += 1;
            match written {
                Ok(count) => open.piece.written += count,
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    // The server reads too slowly: only the ticker goes on writing.
                    ErrorKind::WouldBlock => pieces = PIECES,
                    // What the server sent before may say why, so it is read to its end before the error is reported.
                    _ => {
                        open.write_error = Some(error.to_string());
                        open.socket.shutdown();
                    }
                },
            }
        }
    }

    /// Carries out a step. Once the session waits, returns whether it has outgoing bytes.
    fn carry_out(self: &Arc<Self>, state: &mut State<R::Socket, R::Cancel>, role: Role, step: Step) -> Option<bool> {
        match step {
            Step::Connect(conn, target) => match self.dial(conn, target) {
                Ok(dialling) => state.connection = Connection::Dialling(conn, dialling),
                Err(error) => {
                    let message = format!("no thread could be started to connect from: {error}");
                    self.report_end(conn, CloseCause::Failed(message));
                }
            },
            Step::Disconnect(conn, last) => {
                // The last bytes follow the piece whose write has begun. While another thread writes that piece, the
                // order cannot be kept, and the last bytes are left out.
                if let Some(open) = state.open_as(conn).filter(|open| open.writer != Writer::Busy) {
                    open.socket.write_at_once(&[open.piece.unwritten(), &last].concat());
                }
                self.close(state, conn);
            }
            // The driver carries these out itself.
            Step::ReadPin(..) | Step::KeepPin(..) => {}
            Step::Finished => {
                if let Some(conn) = state.open().map(|open| open.conn) {
                    self.close(state, conn);
                }
                state.connection = Connection::None;
                state.is_finished = true;
                self.tick.notify_one();
                return Some(false);
            }
            Step::Wait { until, write } => {
                let is_earlier = until.is_some_and(|until| state.wakes_at.is_none_or(|at| until < at));
                if role == Role::Ticker {
                    state.wakes_at = until;
                } else if is_earlier {
                    state.wakes_at = until;
                    self.tick.notify_one();
                }
                return Some(write);
            }
        }
        None
    }

    /// Moves the next outgoing bytes to `piece` and reports them as written: from now on they may reach the server.
    fn take_outgoing(&self, conn: ConnId, piece: &mut Vec<u8>) {
        self.driver.with(|session, now| {
            let outgoing = session.outgoing();
            let count = outgoing.len().min(PIECE_SIZE);
            piece.extend_from_slice(&outgoing[..count]);
            session.wrote(now, conn, count);
        });
    }

    fn report_end(&self, conn: ConnId, cause: CloseCause) {
        self.driver.with(|session, now| session.closed(now, conn, cause));
    }

    /// Shuts down the socket of a connection, and wakes the thread that waits for it.
    fn close(&self, state: &mut State<R::Socket, R::Cancel>, conn: ConnId) {
        if let Some(open) = state.take(conn) {
            open.socket.shutdown();
            self.unread.notify_all();
        }
    }
}

impl<S> Open<S> {
    /// Whether a thread in this role has something to write, and no other thread writes.
    fn may_write(&self, role: Role, is_outgoing: bool) -> bool {
        let is_turn = match self.writer {
            Writer::Idle => true,
            Writer::Busy => false,
            Writer::Stalled => role == Role::Ticker,
        };
        is_turn && self.write_error.is_none() && (is_outgoing || !self.piece.unwritten().is_empty())
    }
}

/// The result of one read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadOutcome {
    Received,
    /// No byte came within the limit that [`Socket::limit_reads`] has set.
    Nothing,
}

/// The connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

/// Closes the client if its thread panicked: no other thread would do its work.
struct ClosePanicked<R: Runtime>(Arc<Engine<R>>);

impl<R: Runtime> Drop for ClosePanicked<R> {
    fn drop(&mut self) {
        if thread::panicking() {
            drop(self.0.driver.close_on_drop());
            self.0.turn();
        }
    }
}
