//! One accepted connection.

use std::collections::VecDeque;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar};

use super::log::ConnectionLog;
use crate::host::{Host, Peer};
use crate::session::{Action, Session};

#[derive(Debug)]
pub(super) struct Connection {
    /// `None` once the server is done with it.
    pub(super) peer: Option<Peer>,
    /// What was read while the server was paused.
    pub(super) held: Vec<u8>,
    stream: TcpStream,
    pub(super) out: VecDeque<Vec<u8>>,
    /// Closed by the server's side once all is written.
    pub(super) closing: bool,
    /// The writer has something to do.
    pub(super) wake: Arc<Condvar>,
    /// Its session, once it has ended.
    past: Option<Session>,
}

impl Connection {
    /// Makes a connection of an accepted stream. Returns it with another handle of the stream.
    pub(super) fn open(stream: TcpStream, peer: Peer) -> io::Result<(Self, TcpStream)> {
        stream.set_nodelay(true)?;
        let other = stream.try_clone()?;
        let connection = Self {
            peer: Some(peer),
            held: Vec::new(),
            stream,
            out: VecDeque::new(),
            closing: false,
            wake: Arc::new(Condvar::new()),
            past: None,
        };
        Ok((connection, other))
    }

    /// Moves the session's actions to the writer.
    pub(super) fn collect(&mut self, host: &mut Host) {
        let Some(peer) = self.peer else { return };
        let mut idle = host.wake_at(peer).is_none();
        while let Some(action) = host.action(peer) {
            idle = false;
            match action {
                Action::Write(bytes) => self.out.push_back(bytes),
                Action::Close => self.closing = true,
            }
        }
        if !idle {
            self.wake.notify_all();
        }
    }

    /// Wakes its writer.
    pub(super) fn prod(&self) {
        self.wake.notify_all();
    }

    /// Ends it at once, whatever waits to be written.
    pub(super) fn kill(&mut self, host: &mut Host) {
        self.forget(host);
        self.out.clear();
        shut(&self.stream);
    }

    pub(super) fn log(&self, host: &Host) -> ConnectionLog {
        let session = self.peer.and_then(|peer| host.session(peer)).or(self.past.as_ref());
        ConnectionLog::new(session, self.peer.is_some())
    }

    /// Its session, alive or past.
    pub(super) fn session<'a>(&'a self, host: &'a Host) -> Option<&'a Session> {
        self.peer.and_then(|peer| host.session(peer)).or(self.past.as_ref())
    }

    pub(super) fn forget(&mut self, host: &mut Host) {
        if let Some(peer) = self.peer.take() {
            self.past = host.disconnect(peer);
        }
        self.closing = true;
        self.wake.notify_all();
    }
}

/// Shuts both directions, so that the threads of both return.
fn shut(stream: &TcpStream) {
    // It may be closed already.
    let _ = stream.shutdown(Shutdown::Both);
}
