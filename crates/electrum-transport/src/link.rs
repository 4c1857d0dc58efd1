//! The stack of layers for one connection.

use crate::addr::{Security, ServerAddr};
use crate::buffer::Buffer;
use crate::error::{LinkError, Stage};
use crate::report::LinkReport;
use crate::route::{Route, RouteError};
use crate::socks::Socks;

/// One connection: bytes of the socket on one side, bytes of the protocol on the other.
///
/// Any order of calls is legal. Memory is bounded by the caller: what is kept of the incoming side is at most what was
/// handed to [`received`](Self::received) and not consumed, plus one TLS message; [`send`](Self::send) stops at
/// [`OUTGOING_LIMIT`].
#[derive(Debug)]
pub struct Link {
    server: ServerAddr,
    proxy: Option<String>,
    state: State,
    plaintext: Buffer,
    outgoing: Buffer,
}

/// How many bytes may wait for the socket before [`Link::send`] takes no more.
pub const OUTGOING_LIMIT: usize = 64 * 1024;

#[derive(Debug)]
enum State {
    /// The proxy is connecting.
    Proxy(Socks),
    /// Bytes pass as they are.
    Open,
    /// The peer will send no more; clean.
    Closed,
    Failed(LinkError),
}

impl Link {
    pub(crate) fn new(
        route: &Route,
        server: &ServerAddr,
        _now_unix: u64,
    ) -> Result<Self, RouteError> {
        if server.security() == Security::Tls {
            return Err(RouteError::NoTls {
                server: server.clone(),
            });
        }
        let mut outgoing = Buffer::default();
        let state = match &route.proxy {
            Some(proxy) => State::Proxy(Socks::new(
                server.host(),
                server.port(),
                proxy.introduction(server),
                &mut outgoing,
            )),
            None => State::Open,
        };
        let proxy = route.proxy.as_ref().map(ToString::to_string);
        Ok(Self {
            server: server.clone(),
            proxy,
            state,
            plaintext: Buffer::default(),
            outgoing,
        })
    }

    /// Whether there is no layer at all, so that a caller may pass bytes straight through.
    pub fn is_plain(&self) -> bool {
        self.proxy.is_none()
    }

    /// Takes bytes from the socket. Afterwards look at [`plaintext`](Self::plaintext) and
    /// [`outgoing`](Self::outgoing), also after an error: what came before it counts, and an alert may be due.
    ///
    /// # Errors
    /// The error that ended this link, now or earlier.
    pub fn received(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        match &mut self.state {
            State::Proxy(socks) => match socks.received(bytes, &mut self.outgoing) {
                Ok(None) => Ok(()),
                Ok(Some(rest)) => {
                    self.state = State::Open;
                    self.received(rest)
                }
                Err(error) => self.fail(error.into()),
            },
            State::Open => {
                self.plaintext.push(bytes);
                Ok(())
            }
            State::Closed => Ok(()),
            State::Failed(error) => Err(error.clone()),
        }
    }

    /// Takes the end of the stream from the socket.
    ///
    /// # Errors
    /// If the connection did not stand yet, if TLS was cut off, or the error that ended this link earlier.
    pub fn closed(&mut self) -> Result<(), LinkError> {
        match &self.state {
            State::Proxy(_) => self.fail(LinkError::ClosedEarly(Stage::Proxy)),
            State::Open | State::Closed => {
                self.state = State::Closed;
                Ok(())
            }
            State::Failed(error) => Err(error.clone()),
        }
    }

    /// Whether proxy and TLS are done and the certificate was accepted. Only now does [`send`](Self::send) take bytes.
    pub fn established(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Bytes of the protocol that were received and not consumed.
    pub fn plaintext(&self) -> &[u8] {
        self.plaintext.as_slice()
    }

    /// Drops the first `n` bytes of [`plaintext`](Self::plaintext).
    pub fn consume(&mut self, n: usize) {
        self.plaintext.consume(n);
    }

    /// Takes bytes of the protocol and returns how many: none before [`established`](Self::established) or after an
    /// error, and no more than [`OUTGOING_LIMIT`] allows.
    pub fn send(&mut self, plain: &[u8]) -> usize {
        if !self.established() {
            return 0;
        }
        let room = OUTGOING_LIMIT.saturating_sub(self.outgoing.len());
        let taken = plain.len().min(room);
        self.outgoing.push(&plain[..taken]);
        taken
    }

    /// Bytes for the socket.
    pub fn outgoing(&self) -> &[u8] {
        self.outgoing.as_slice()
    }

    /// Drops the first `n` bytes of [`outgoing`](Self::outgoing): the socket has them.
    pub fn wrote(&mut self, n: usize) {
        self.outgoing.consume(n);
    }

    /// What the connection turned out to be.
    pub fn report(&self) -> LinkReport {
        LinkReport {
            server: self.server.clone(),
            proxy: self.proxy.clone(),
            tls: None,
        }
    }

    fn fail(&mut self, error: LinkError) -> Result<(), LinkError> {
        self.state = State::Failed(error.clone());
        Err(error)
    }
}
