//! The stack of layers for one connection.

use crate::addr::{Security, ServerAddr};
use crate::buffer::Buffer;
use crate::error::{LinkError, Stage, TlsError};
use crate::pins::{Pin, PinChange};
use crate::report::LinkReport;
use crate::route::{Route, RouteError};
use crate::socks::Socks;
use crate::tls::{Progress, Tls};
use crate::trust::Known;

/// One connection: bytes of the socket on one side, bytes of the protocol on the other.
///
/// Any order of calls is legal. When TLS accepts a certificate that must be remembered, the link sends nothing until the
/// driver stored the [`pin_change`](Self::pin_change) and reported it with [`pin_kept`](Self::pin_kept).
///
/// Memory is bounded by the caller: what is kept of the incoming side is at most what was
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

/// How much a server may send while its pin is being stored.
const EARLY_LIMIT: usize = 64 * 1024;

#[derive(Debug)]
enum State {
    /// The proxy is connecting.
    Proxy(Socks),
    /// The TLS handshake goes on.
    Handshake,
    /// The driver stores the pin.
    KeepingPin,
    /// Bytes of the protocol pass.
    Open,
    /// One side said that it is done, or the stream ended as it should.
    Ended,
    Failed(LinkError),
}

impl Link {
    pub(crate) fn new(route: &Route, server: &ServerAddr, known: Known) -> Result<Self, RouteError> {
        // Made before the proxy answers, so that what is wrong with it shows at once.
        let tls = match server.security() {
            Security::Tcp => None,
            Security::Tls => Some(Tls::new(route, server, known)?),
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

    /// Whether the server awaits a last word before the socket is closed: [`close`](Self::close), and then what is
    /// [`outgoing`](Self::outgoing), also after an error, which leaves an alert there.
    pub fn has_close_notify(&self) -> bool {
        self.tls.is_some() && !matches!(self.state, State::Proxy(_))
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
                    Ok(Progress::Open) if tls.pin_change().is_some() => State::KeepingPin,
                    Ok(Progress::Open) => State::Open,
                    Ok(Progress::Ended) => State::Ended,
                    Err(error) => return self.fail(error),
                };
                if matches!(self.state, State::KeepingPin) && self.plaintext.len() > EARLY_LIMIT {
                    let what = "the server sent more than 64 KiB before it was asked anything".to_owned();
                    return self.fail(TlsError::Broken(what).into());
                }
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
            State::KeepingPin => self.fail(LinkError::Truncated),
            State::Open if self.tls.is_some() => self.fail(LinkError::Truncated),
            State::Open | State::Ended => {
                self.state = State::Ended;
                Ok(())
            }
            State::Failed(error) => Err(error.clone()),
        }
    }

    /// Ends the link from this side. With TLS a `close_notify` is then [`outgoing`](Self::outgoing), to be written before
    /// the socket is closed.
    pub fn close(&mut self) {
        if let (State::Handshake | State::KeepingPin | State::Open | State::Ended, Some(tls)) =
            (&self.state, &mut self.tls)
        {
            // A second call adds nothing.
            tls.close(&mut self.outgoing);
        }
        if !matches!(self.state, State::Failed(_)) {
            self.state = State::Ended;
        }
    }

    /// The pin that must be stored before the link sends anything: the server has proven that it holds the key of an
    /// accepted certificate. `None` if nothing is to be remembered, or once that was reported.
    ///
    /// Store [`new`](PinChange::new) if what is stored still equals [`old`](PinChange::old), and report with
    /// [`pin_kept`](Self::pin_kept). If it cannot be stored, close the link.
    pub fn pin_change(&self) -> Option<PinChange> {
        self.tls.as_ref().filter(|_| matches!(self.state, State::KeepingPin)).and_then(Tls::pin_change)
    }

    /// Reports which pin of the server is stored now, as an answer to [`pin_change`](Self::pin_change).
    ///
    /// # Errors
    /// [`LinkError::PinChanged`] if another pin than the new one holds, because another program was faster; or the error
    /// that ended this link earlier.
    pub fn pin_kept(&mut self, held: Pin) -> Result<(), LinkError> {
        match (&self.state, &mut self.tls) {
            (State::Failed(error), _) => Err(error.clone()),
            (State::KeepingPin, Some(tls)) => match tls.pin_kept(held) {
                Ok(()) => {
                    self.state = State::Open;
                    Ok(())
                }
                Err(error) => {
                    tls.close(&mut self.outgoing);
                    self.fail(error)
                }
            },
            _ => Ok(()),
        }
    }

    /// Whether proxy and TLS are done, the certificate was accepted, and its pin is stored. Only now does
    /// [`send`](Self::send) take bytes.
    pub fn established(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Whether the link came to its proper end, from either side: nothing more will come, though
    /// [`plaintext`](Self::plaintext) may hold something still. The socket may be open yet.
    pub fn ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Bytes of the protocol that were received and not consumed; none before a pin was stored.
    pub fn plaintext(&self) -> &[u8] {
        if matches!(self.state, State::KeepingPin) { &[] } else { self.plaintext.as_slice() }
    }

    /// Drops the first `n` bytes of [`plaintext`](Self::plaintext).
    pub fn consume(&mut self, n: usize) {
        self.plaintext.consume(n.min(self.plaintext().len()));
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
