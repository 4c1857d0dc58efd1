//! Moving the bytes, by whichever thread drives.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use electrum_session::proto::{CloseCause, ConnId};
use electrum_session::transport::DialTarget;
use electrum_session::{CloseOnDrop, Driver, Step, dial};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};

use crate::hub::Alarm;

const WAKER: Token = Token(0);
const SOCKET: Token = Token(1);
/// As much as one read takes in.
const READ_SIZE: usize = 64 * 1024;

/// The socket, and all that it takes to use it.
pub(crate) struct Io {
    driver: Driver,
    poll: Poll,
    waker: Arc<Waker>,
    dialled: (Sender<Dialled>, Receiver<Dialled>),
    /// The connection whose socket is awaited from `dialled`. Others come too late.
    dialling: Option<ConnId>,
    socket: Option<Socket>,
    buffer: Vec<u8>,
    events: Events,
}

/// Why nobody drives any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// What it was for is done.
    Done,
    /// The client is closed.
    Closed,
}

type Dialled = (ConnId, io::Result<std::net::TcpStream>);

/// The socket of the current connection, and what it is known to be ready for.
struct Socket {
    conn: ConnId,
    stream: TcpStream,
    can_read: bool,
    /// The end of what is to be read was announced, and will not be once more.
    is_ending: bool,
    can_write: bool,
}

/// The poll and what wakes it.
pub(crate) fn poll() -> io::Result<(Poll, Arc<Waker>)> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
    Ok((poll, waker))
}

impl Io {
    pub(crate) fn new(driver: Driver, poll: Poll, waker: Arc<Waker>) -> Self {
        let (buffer, events) = (vec![0; READ_SIZE], Events::with_capacity(4));
        Self { driver, poll, waker, dialled: channel(), dialling: None, socket: None, buffer, events }
    }

    /// When what this gives is dropped, the client is closed: nobody moves its bytes any more.
    pub(crate) fn close_on_drop(&self) -> CloseOnDrop {
        self.driver.close_on_drop()
    }

    /// Moves bytes until the client is closed, or until `done` says so when there is nothing more to do but wait.
    pub(crate) fn drive(&mut self, alarm: &Alarm, mut done: impl FnMut() -> bool) -> Ended {
        loop {
            alarm.hush();
            match self.driver.poll() {
                Step::Connect(conn, target) => self.dial(conn, target),
                Step::Disconnect(conn) => self.forget(conn),
                Step::Finished => return Ended::Closed,
                Step::Wait { .. } if done() => return Ended::Done,
                Step::Wait { until, write } => {
                    // Both directions in every turn: a server may stop reading until it is read from.
                    let has_written = write && self.write();
                    let has_read = self.read();
                    if has_read || has_written {
                        continue;
                    }
                    let timeout = until.map(|until| self.driver.until(until));
                    let Self { poll, events, .. } = self;
                    events.clear();
                    if let Err(error) = alarm.sleep(|| poll.poll(events, timeout)) {
                        // Nothing but a signal, or a bug of ours, ends a wait in an error.
                        if error.kind() != ErrorKind::Interrupted {
                            log::error!("the client is closed, for waiting for its socket failed: {error}");
                            self.driver.with(|session, now| session.close(now));
                            return Ended::Closed;
                        }
                    }
                    self.take_in();
                }
            }
        }
    }

    /// Opens the socket in a thread of its own, which ends with that: names are resolved by blocking calls only.
    fn dial(&mut self, conn: ConnId, target: DialTarget) {
        self.dialling = Some(conn);
        let (sender, waker, timeout) = (self.dialled.0.clone(), Arc::clone(&self.waker), self.driver.connect_timeout());
        let dialling = thread::Builder::new().name("electrum-dial".into()).spawn(move || {
            // Whoever wanted it may be gone by now.
            let _ = sender.send((conn, dial(&target, timeout)));
            let _ = waker.wake();
        });
        if let Err(error) = dialling {
            self.closed(conn, Err(error));
        }
    }

    /// What the wait ended with.
    fn take_in(&mut self) {
        for event in &self.events {
            if let Some(socket) = self.socket.as_mut().filter(|_| event.token() == SOCKET) {
                socket.is_ending |= event.is_read_closed() || event.is_error();
                socket.can_read |= event.is_readable() || socket.is_ending;
                socket.can_write |= event.is_writable() || event.is_error();
            }
        }
        while let Ok((conn, stream)) = self.dialled.1.try_recv() {
            // One that was given up meanwhile is closed by dropping it.
            if self.dialling.take_if(|dialling| *dialling == conn).is_none() {
                continue;
            }
            match stream.and_then(|stream| self.register(conn, stream)) {
                Ok(()) => self.driver.with(|session, now| session.connected(now, conn)),
                Err(error) => self.closed(conn, Err(error)),
            }
        }
    }

    fn register(&mut self, conn: ConnId, stream: std::net::TcpStream) -> io::Result<()> {
        let mut stream = TcpStream::from_std(stream);
        self.poll.registry().register(&mut stream, SOCKET, Interest::READABLE | Interest::WRITABLE)?;
        self.socket = Some(Socket { conn, stream, can_read: true, is_ending: false, can_write: true });
        Ok(())
    }

    /// Reads once, if there may be something. Tells whether anything came of it.
    fn read(&mut self) -> bool {
        let Some(socket) = self.socket.as_mut().filter(|socket| socket.can_read) else { return false };
        let conn = socket.conn;
        match socket.stream.read(&mut self.buffer) {
            Ok(0) => self.closed(conn, Ok(())),
            Ok(count) => {
                // What comes after a short read is announced by a new event, but for the end.
                socket.can_read = count == self.buffer.len() || socket.is_ending;
                let bytes = &self.buffer[..count];
                self.driver.with(|session, now| session.read(now, conn, bytes));
            }
            Err(error) => return self.failed(&error, |socket| socket.can_read = false),
        }
        true
    }

    /// Writes once, if there is room. Tells whether anything came of it.
    fn write(&mut self) -> bool {
        let Some(socket) = self.socket.as_mut().filter(|socket| socket.can_write) else { return false };
        let conn = socket.conn;
        let written = self.driver.with(|session, now| {
            let count = socket.stream.write(session.outgoing())?;
            session.wrote(now, conn, count);
            Ok(())
        });
        match written {
            Ok(()) => true,
            Err(error) => self.failed(&error, |socket: &mut Socket| socket.can_write = false),
        }
    }

    /// A read or a write failed. Tells whether that changes anything.
    fn failed(&mut self, error: &io::Error, must_wait: impl FnOnce(&mut Socket)) -> bool {
        let Some(socket) = self.socket.as_mut() else { return false };
        match error.kind() {
            ErrorKind::WouldBlock => {
                must_wait(socket);
                false
            }
            ErrorKind::Interrupted => true,
            kind => {
                let conn = socket.conn;
                self.closed(conn, Err(io::Error::new(kind, error.to_string())));
                true
            }
        }
    }

    /// The socket could not be opened, ended, or broke.
    fn closed(&mut self, conn: ConnId, how: io::Result<()>) {
        self.forget(conn);
        let cause = match how {
            Ok(()) => CloseCause::End,
            Err(error) => CloseCause::Failed(error.to_string()),
        };
        self.driver.with(|session, now| session.closed(now, conn, cause));
    }

    fn forget(&mut self, conn: ConnId) {
        self.dialling.take_if(|dialling| *dialling == conn);
        self.socket.take_if(|socket| socket.conn == conn);
    }
}
