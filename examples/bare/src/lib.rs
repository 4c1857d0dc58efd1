//! A driver of `electrum-proto` for a device without an operating system: a byte pipe, a clock, and nothing else.
//!
//! The pipe is a serial line, a modem, or a TCP stack such as smoltcp. The device calls [`Driver::turn`] whenever bytes
//! have arrived, and at the moment that the last turn named.
#![no_std]

use electrum_proto::{Action, Client, CloseCause, Config, ConnId, Event, Input, Timestamp};

/// A pipe of bytes to a server. No method waits.
pub trait Pipe {
    /// Opens it; false if that cannot be done.
    fn open(&mut self) -> bool;
    /// Takes as many bytes as it has room for, and returns how many that were.
    fn write(&mut self, bytes: &[u8]) -> usize;
    /// Gives bytes that have arrived.
    fn read(&mut self, buffer: &mut [u8]) -> Received;
    /// Closes it.
    fn close(&mut self);
}

/// What a pipe gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// So many bytes.
    Bytes(usize),
    /// Nothing yet.
    Nothing,
    /// The server closed it, and everything before that was read.
    End,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing to do until bytes arrive, there is room to write, or this moment comes.
    Wait(Option<Timestamp>),
    /// The client is closed.
    Finished,
}

/// A client and its pipe.
#[derive(Debug)]
pub struct Driver<P> {
    client: Client,
    pipe: P,
    conn: Option<ConnId>,
    buffer: [u8; 256],
}

impl<P: Pipe> Driver<P> {
    /// Makes a client that connects in the first turn.
    pub fn new(config: Config, pipe: P, now: Timestamp) -> Self {
        Self { client: Client::new(config, now), pipe, conn: None, buffer: [0; 256] }
    }

    /// The client, to make requests and subscriptions.
    pub const fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Does all that can be done now, and passes events on.
    pub fn turn(&mut self, now: Timestamp, mut on_event: impl FnMut(Event<'_>)) -> Turn {
        self.client.handle(now, Input::Tick);
        loop {
            match self.client.poll() {
                Action::Connect(conn, _server) if self.pipe.open() => {
                    self.conn = Some(conn);
                    self.client.handle(now, Input::Connected(conn));
                }
                Action::Connect(conn, _server) => {
                    let cause = CloseCause::Failed("the pipe does not open".into());
                    self.client.handle(now, Input::Closed(conn, cause));
                }
                Action::Disconnect(_conn) => self.close(),
                Action::Event(event) => on_event(event),
                Action::Wait(wait) => {
                    if !self.move_bytes(now, wait.write) {
                        return Turn::Wait(wait.until.map(|(until, _)| until));
                    }
                }
                Action::Finished => return Turn::Finished,
            }
        }
    }

    /// Writes and reads as much as goes at once; false if nothing went.
    fn move_bytes(&mut self, now: Timestamp, write: bool) -> bool {
        let Some(conn) = self.conn else { return false };
        let written = if write { self.pipe.write(self.client.outgoing()) } else { 0 };
        if written > 0 {
            self.client.handle(now, Input::Wrote(conn, written));
        }
        match self.pipe.read(&mut self.buffer) {
            Received::Bytes(count) => self.client.handle(now, Input::Read(conn, &self.buffer[..count])),
            Received::Nothing => return written > 0,
            Received::End => {
                self.close();
                self.client.handle(now, Input::Closed(conn, CloseCause::End));
            }
        }
        true
    }

    fn close(&mut self) {
        self.conn = None;
        self.pipe.close();
    }
}
