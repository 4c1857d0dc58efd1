//! The stack of layers for one connection.

use crate::addr::{Security, ServerAddr};
use crate::buffer::Buffer;
use crate::error::{LinkError, Stage};
use crate::report::LinkReport;
use crate::route::{Route, RouteError};
use crate::socks::Socks;
use crate::tls::{Progress, Tls};

/// One connection: bytes of the socket on one side, bytes of the protocol on the other.
///
/// Any order of calls is legal. Memory is bounded by the caller: what is kept of the incoming side is at most what was
/// handed to [`received`](Self::received) and not consumed, plus one TLS message; [`send`](Self::send) stops at
/// [`OUTGOING_LIMIT`], which encryption exceeds by some 30 bytes for each 16 KiB.
#[derive(Debug)]
pub struct Link {
    server: ServerAddr,
    proxy: Option<String>,
    state: State,
    tls: Option<Tls>,
    plaintext: Buffer,
    outgoing: Buffer,
}

/// How many bytes may wait for the socket before [`Link::send`] takes no more.
pub const OUTGOING_LIMIT: usize = 64 * 1024;

#[derive(Debug)]
enum State {
    /// The proxy is connecting.
    Proxy(Socks),
    /// The TLS handshake goes on.
    Handshake,
    /// Bytes of the protocol pass.
    Open,
    /// One side said that it is done, or the stream ended as it should.
    Ended,
    Failed(LinkError),
}

impl Link {
    pub(crate) fn new(route: &Route, server: &ServerAddr, now_unix: u64) -> Result<Self, RouteError> {
        // Made before the proxy answers, so that what is wrong with it shows at once.
        let tls = match server.security() {
            Security::Tcp => None,
            Security::Tls => Some(Tls::new(route, server, now_unix)?),
        };
        let mut link = Self {
            server: server.clone(),
            proxy: route.proxy.as_ref().map(ToString::to_string),
            state: State::Open,
            tls,
            plaintext: Buffer::default(),
            outgoing: Buffer::default(),
        };
        match &route.proxy {
            Some(proxy) => {
                let introduction = proxy.introduction(server);
                let socks = Socks::new(server.host(), server.port(), introduction, &mut link.outgoing);
                link.state = State::Proxy(socks);
            }
            None => link.start(),
        }
        Ok(link)
    }

    /// Whether there is no layer at all, so that a caller may pass bytes straight through.
    pub fn is_plain(&self) -> bool {
        self.proxy.is_none() && self.tls.is_none()
    }

    /// Takes bytes from the socket. Afterwards look at [`plaintext`](Self::plaintext) and
    /// [`outgoing`](Self::outgoing), also after an error: what came before it counts, and an alert may be due.
    ///
    /// # Errors
    /// The error that ended this link, now or earlier.
    pub fn received(&mut self, mut bytes: &[u8]) -> Result<(), LinkError> {
        if let State::Proxy(socks) = &mut self.state {
            match socks.received(bytes, &mut self.outgoing) {
                Ok(None) => return Ok(()),
                Ok(Some(rest)) => bytes = rest,
                Err(error) => return self.fail(error.into()),
            }
            self.start();
        }
        match (&self.state, &mut self.tls) {
            (State::Failed(error), _) => Err(error.clone()),
            (State::Ended, _) => Ok(()),
            (_, None) => {
                self.plaintext.push(bytes);
                Ok(())
            }
            (_, Some(tls)) => {
                self.state = match tls.received(bytes, &mut self.plaintext, &mut self.outgoing) {
                    Ok(Progress::Handshaking) => State::Handshake,
                    Ok(Progress::Open) => State::Open,
                    Ok(Progress::Ended) => State::Ended,
                    Err(error) => return self.fail(error),
                };
                Ok(())
            }
        }
    }

    /// Takes the end of the stream from the socket.
    ///
    /// # Errors
    /// If the connection did not stand yet, if TLS was cut off, or the error that ended this link earlier.
    pub fn closed(&mut self) -> Result<(), LinkError> {
        match &self.state {
            State::Proxy(_) => self.fail(LinkError::ClosedEarly(Stage::Proxy)),
            State::Handshake => self.fail(LinkError::ClosedEarly(Stage::Tls)),
            State::Open if self.tls.is_some() => self.fail(LinkError::Truncated),
            State::Open | State::Ended => {
                self.state = State::Ended;
                Ok(())
            }
            State::Failed(error) => Err(error.clone()),
        }
    }

    /// Ends the link from this side. With TLS there is then a farewell in [`outgoing`](Self::outgoing) that may be
    /// written before the socket is closed.
    pub fn close(&mut self) {
        if let (State::Open, Some(tls)) = (&self.state, &mut self.tls) {
            tls.close(&mut self.outgoing);
        }
        if !matches!(self.state, State::Failed(_)) {
            self.state = State::Ended;
        }
    }

    /// Whether proxy and TLS are done and the certificate was accepted. Only now does [`send`](Self::send) take bytes.
    pub fn established(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Whether the link came to its proper end, from either side: nothing more will come, though
    /// [`plaintext`](Self::plaintext) may hold something still. The socket may be open yet.
    pub fn ended(&self) -> bool {
        matches!(self.state, State::Ended)
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
        match &mut self.tls {
            Some(tls) => tls.send(&plain[..taken], &mut self.outgoing),
            None => self.outgoing.push(&plain[..taken]),
        }
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

    /// What the connection turned out to be; the part on TLS once its handshake is done.
    pub fn report(&self) -> LinkReport {
        let tls = self.tls.as_ref().and_then(Tls::report).cloned();
        LinkReport { server: self.server.clone(), proxy: self.proxy.clone(), tls }
    }

    /// The bytes reach the server from now on.
    fn start(&mut self) {
        self.state = match &mut self.tls {
            Some(tls) => {
                tls.flush(&mut self.outgoing);
                State::Handshake
            }
            None => State::Open,
        };
    }

    fn fail(&mut self, error: LinkError) -> Result<(), LinkError> {
        self.state = State::Failed(error.clone());
        Err(error)
    }
}
