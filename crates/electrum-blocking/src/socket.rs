//! The engine's backend: the session of `electrum-session`, and std sockets.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use electrum_session::proto::{CloseCause, ConnId, Timestamp};
use electrum_session::transport::DialTarget;
use electrum_session::{CancelDial, CloseOnDrop, Dial, Driver, Step};

use crate::engine::{Backend, Engine, Socket};

/// How many outgoing bytes are taken from the session at a time.
const PIECE: usize = 64 * 1024;
/// How long a write waits for a server that takes no bytes. On Windows a write that was given up leaves its socket
/// unusable, so it is given up only with the connection.
const WRITE_LIMIT: Duration = if cfg!(windows) { Duration::from_secs(20) } else { Duration::from_millis(10) };

/// The driver of a session, and the engine that its connections report to.
pub(crate) struct Std {
    pub(crate) driver: Driver,
    pub(crate) engine: Weak<Engine<Self>>,
}

impl Std {
    /// Starts the ticker. It ends when the client is closed.
    pub(crate) fn start(engine: Arc<Engine<Self>>) -> io::Result<()> {
        thread::Builder::new().name("electrum".into()).spawn(move || {
            let _close = Close { session: Some(engine.backend.driver.close_on_drop()), engine: Arc::clone(&engine) };
            engine.run_ticker();
        })?;
        Ok(())
    }
}

impl Backend for Std {
    type Socket = TcpStream;
    type Dialling = CancelDial;

    fn poll(&self) -> Step {
        self.driver.poll()
    }

    fn until(&self, moment: Timestamp) -> Duration {
        self.driver.until(moment)
    }

    fn dial(&self, conn: ConnId, target: DialTarget) -> io::Result<CancelDial> {
        let Some(engine) = self.engine.upgrade() else { return Err(ErrorKind::NotConnected.into()) };
        let (dial, cancel) = Dial::new(target, self.driver.connect_timeout());
        thread::Builder::new().name("electrum-conn".into()).spawn(move || {
            let panics = ClosePanicked(Arc::clone(&engine));
            engine.run_connection(conn, dial.run().and_then(configured));
            drop(panics);
        })?;
        Ok(cancel)
    }

    fn connected(&self, conn: ConnId) {
        self.driver.connected(conn);
    }

    fn received(&self, conn: ConnId, bytes: &[u8]) {
        self.driver.with(|session, now| session.read(now, conn, bytes));
    }

    fn take_outgoing(&self, conn: ConnId, piece: &mut Vec<u8>) {
        self.driver.with(|session, now| {
            let outgoing = session.outgoing();
            let count = outgoing.len().min(PIECE);
            piece.extend_from_slice(&outgoing[..count]);
            session.wrote(now, conn, count);
        });
    }

    fn closed(&self, conn: ConnId, cause: CloseCause) {
        self.driver.with(|session, now| session.closed(now, conn, cause));
    }
}

/// A socket that waits for bytes as long as it takes, and for room only for a moment.
fn configured(socket: TcpStream) -> io::Result<TcpStream> {
    socket.set_write_timeout(Some(WRITE_LIMIT))?;
    Ok(socket)
}

impl Socket for TcpStream {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut socket = self;
        Read::read(&mut socket, buffer).map_err(|error| match error.kind() {
            // What Windows calls the end of a limited read.
            ErrorKind::TimedOut if cfg!(windows) => ErrorKind::WouldBlock.into(),
            _ => error,
        })
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut socket = self;
        Write::write(&mut socket, bytes)
    }

    fn write_at_once(&self, bytes: &[u8]) {
        // The connection ends either way.
        let _ = self.set_nonblocking(true).and_then(|()| Socket::write(self, bytes));
    }

    fn limit_reads(&self, limit: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(limit)
    }

    fn shutdown(&self) {
        // It fails if the connection is gone already.
        let _ = Self::shutdown(self, Shutdown::Both);
    }
}

/// Closes the client and ends all of its threads, when the ticker ends.
struct Close {
    session: Option<CloseOnDrop>,
    engine: Arc<Engine<Std>>,
}

impl Drop for Close {
    fn drop(&mut self) {
        self.session = None;
        self.engine.turn();
    }
}

/// Closes the client if the thread of a connection panicked: no other thread would read.
struct ClosePanicked(Arc<Engine<Std>>);

impl Drop for ClosePanicked {
    fn drop(&mut self) {
        if thread::panicking() {
            drop(self.0.backend.driver.close_on_drop());
            self.0.turn();
        }
    }
}
