//! The layers of one connection: SOCKS5, TLS and WebSocket, bytes in and bytes out.

use crate::addr::{Security, ServerAddr};
use crate::buffer::Buffer;
use crate::error::{LinkError, Stage, TlsError, WebSocketError};
use crate::pins::{Pin, PinChange};
use crate::report::LinkReport;
use crate::route::{Route, RouteError};
use crate::socks::Socks;
use crate::tls::{Progress, Tls};
use crate::trust::Known;
use crate::websocket::{Progress as Messages, WebSocket};

/// One connection: bytes of the socket on one side, bytes of the protocol on the other.
///
/// Any order of calls is legal. When TLS accepts a certificate that must be remembered, the link sends nothing until the
/// driver stored the [`pin_change`](Self::pin_change) and reported it with [`pin_kept`](Self::pin_kept).
///
/// Memory is bounded by the caller: what is kept of the incoming side is at most what was
/// handed to [`received`](Self::received) and not consumed, plus one TLS message, plus one message of a WebSocket within
/// [`limit_messages`](Self::limit_messages). [`send`](Self::send) stops at [`OUTGOING_LIMIT`], which encryption exceeds by
/// some 30 bytes for each 16 KiB, and a WebSocket by one line of the caller's.
#[derive(Debug)]
pub struct Link {
    server: ServerAddr,
    proxy: Option<String>,
    state: State,
    /// Boxed, since it is large and a link without TLS is kept for as long.
    tls: Option<Box<Tls>>,
    websocket: Option<WebSocket>,
    /// What is for the WebSocket.
    frames: Buffer,
    /// How many bytes the WebSocket answered by itself since the socket last had everything.
    replies: usize,
    plaintext: Buffer,
    outgoing: Buffer,
}

/// How many bytes may wait for the socket before [`Link::send`] takes no more.
pub const OUTGOING_LIMIT: usize = 64 * 1024;

/// How long a message of a WebSocket may be, unless [`Link::limit_messages`] says otherwise.
const MESSAGE_LIMIT: usize = 16 * 1024 * 1024;

/// How many bytes of answers a server may cause (by pings) without reading any.
const REPLY_LIMIT: usize = 64 * 1024;

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
    /// The server is asked for a WebSocket.
    Upgrade,
    /// Bytes of the protocol pass.
    Open,
    /// One side said that it is done, or the stream ended as it should.
    Ended,
    Failed(LinkError),
}

impl Route {
    /// The layers for one new connection, to be fed once the socket to [`dial_target`](Self::dial_target) is open.
    ///
    /// # Errors
    /// As `dial_target`.
    pub fn open(&self, server: &ServerAddr, known: Known) -> Result<Link, RouteError> {
        self.dial_target(server)?;
        Link::new(self, server, known)
    }
}

impl Link {
    fn new(route: &Route, server: &ServerAddr, known: Known) -> Result<Self, RouteError> {
        // Made before the proxy answers, so that what is wrong with it shows at once.
        let tls = match server.security() {
            _ if route.is_in_browser() => None,
            Security::Tcp => None,
            Security::Tls => Some(Tls::new(route, server, known)?.into()),
        };
        let path = server.websocket_path().filter(|_| !route.is_in_browser());
        let websocket = path.map(|_| WebSocket::new(server, MESSAGE_LIMIT)).transpose()?;
        let mut link = Self {
            server: server.clone(),
            proxy: route.proxy.as_ref().map(ToString::to_string),
            state: State::Open,
            tls,
            websocket,
            frames: Buffer::default(),
            replies: 0,
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
        self.proxy.is_none() && self.tls.is_none() && self.websocket.is_none()
    }

    /// Whether the server awaits a last word before the socket is closed: [`close`](Self::close), and then what is
    /// [`outgoing`](Self::outgoing), also after an error, which leaves an alert there.
    pub fn has_close_notify(&self) -> bool {
        (self.tls.is_some() || self.websocket.is_some()) && !matches!(self.state, State::Proxy(_))
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
        match &self.state {
            State::Failed(error) => return Err(error.clone()),
            State::Ended => return Ok(()),
            _ => {}
        }
        let content = if self.websocket.is_some() { &mut self.frames } else { &mut self.plaintext };
        let progress = match &mut self.tls {
            Some(tls) => tls.received(bytes, content, &mut self.outgoing),
            None => {
                content.push(bytes);
                Ok(Progress::Open)
            }
        };
        if matches!(self.state, State::Handshake) && matches!(progress, Ok(Progress::Open)) {
            match self.tls.as_deref().and_then(Tls::pin_change) {
                Some(_) => self.state = State::KeepingPin,
                None => self.secured(),
            }
        }
        if matches!(self.state, State::KeepingPin) && self.plaintext.len() + self.frames.len() > EARLY_LIMIT {
            let what = "the server sent more than 64 KiB before it was asked anything".to_owned();
            return self.fail(TlsError::Broken(what).into());
        }
        // What came before an error or the end was received well.
        self.take_messages()?;
        match progress {
            Ok(Progress::Ended) => {
                self.state = State::Ended;
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(error) => self.fail(error),
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
            State::Upgrade => self.fail(LinkError::ClosedEarly(Stage::WebSocket)),
            State::KeepingPin => self.fail(LinkError::Truncated),
            State::Open if self.tls.is_some() => self.fail(LinkError::Truncated),
            State::Open | State::Ended => {
                self.state = State::Ended;
                Ok(())
            }
            State::Failed(error) => Err(error.clone()),
        }
    }

    /// Ends the link from this side. With TLS a `close_notify`, and with a WebSocket a close frame, is then
    /// [`outgoing`](Self::outgoing), to be written before the socket is closed.
    pub fn close(&mut self) {
        if let (State::Open, Some(websocket)) = (&self.state, &mut self.websocket) {
            websocket.close();
            self.send_messages();
        }
        if let (State::Handshake | State::KeepingPin | State::Upgrade | State::Open | State::Ended, Some(tls)) =
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
    ///
    /// ```
    /// # use electrum_transport::{Link, LinkError, Pin};
    /// /// `store` keeps the pin and returns the one that it holds afterwards.
    /// fn after_each_read(link: &mut Link, store: impl Fn(Option<Pin>, Pin) -> Pin) -> Result<(), LinkError> {
    ///     match link.pin_change() {
    ///         Some(change) => link.pin_kept(store(change.old, change.new)),
    ///         None => Ok(()),
    ///     }
    /// }
    /// # let server = "tcp://electrum.example".parse().unwrap();
    /// # let mut link = electrum_transport::Route::direct().open(&server, Default::default()).unwrap();
    /// # assert_eq!(after_each_read(&mut link, |_, new| new), Ok(()));
    /// ```
    pub fn pin_change(&self) -> Option<PinChange> {
        self.tls.as_deref().filter(|_| matches!(self.state, State::KeepingPin)).and_then(Tls::pin_change)
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
                    self.secured();
                    self.take_messages()
                }
                Err(error) => {
                    tls.close(&mut self.outgoing);
                    self.fail(error)
                }
            },
            _ => Ok(()),
        }
    }

    /// Whether proxy, TLS and WebSocket are done, the certificate was accepted, and its pin is stored. Only now does
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
        if taken == 0 {
            return 0;
        }
        match &mut self.websocket {
            Some(websocket) => {
                websocket.send(&plain[..taken]);
                self.send_messages();
            }
            None => match &mut self.tls {
                Some(tls) => tls.send(&plain[..taken], &mut self.outgoing),
                None => self.outgoing.push(&plain[..taken]),
            },
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
        if self.outgoing.len() == 0 {
            self.replies = 0;
        }
    }

    /// Limits how long a message of a WebSocket may be, from the next one on; a longer one ends the link before it is
    /// whole. The default is 16 MiB. It has no effect on links of lines.
    pub fn limit_messages(&mut self, bytes: usize) {
        if let Some(websocket) = &mut self.websocket {
            websocket.limit_messages(bytes);
        }
    }

    /// What the connection turned out to be; the part on TLS once its handshake is done.
    pub fn report(&self) -> LinkReport {
        let tls = self.tls.as_deref().and_then(Tls::report).cloned();
        LinkReport { server: self.server.clone(), proxy: self.proxy.clone(), tls }
    }

    /// The bytes reach the server from now on.
    fn start(&mut self) {
        match &mut self.tls {
            Some(tls) => {
                tls.flush(&mut self.outgoing);
                self.state = State::Handshake;
            }
            None => self.secured(),
        }
    }

    /// What is sent from now on is as safe as it was meant to be.
    fn secured(&mut self) {
        self.state = if self.websocket.is_some() { State::Upgrade } else { State::Open };
        self.send_messages();
    }

    /// Hands the WebSocket what came for it.
    fn take_messages(&mut self) -> Result<(), LinkError> {
        let (State::Upgrade | State::Open, Some(websocket)) = (&self.state, &mut self.websocket) else { return Ok(()) };
        let result = websocket.received(&mut self.frames, &mut self.plaintext);
        self.replies += self.send_messages();
        match result {
            Ok(_) if self.replies > REPLY_LIMIT => {
                let what = "the server sends pings without reading the answers".to_owned();
                self.fail(WebSocketError::Broken(what).into())
            }
            Ok(Messages::Upgrading) => Ok(()),
            Ok(Messages::Open) => {
                self.state = State::Open;
                Ok(())
            }
            Ok(Messages::Ended) => {
                self.state = State::Ended;
                Ok(())
            }
            Err(error) => {
                if let Some(tls) = &mut self.tls {
                    tls.close(&mut self.outgoing);
                }
                self.fail(error)
            }
        }
    }

    /// Moves what the WebSocket has for the server. Returns how many bytes that was.
    fn send_messages(&mut self) -> usize {
        let Some(bytes) = self.websocket.as_mut().map(WebSocket::outgoing) else { return 0 };
        let count = bytes.len();
        match &mut self.tls {
            _ if count == 0 => {}
            Some(tls) => {
                tls.send(bytes.as_slice(), &mut self.outgoing);
                bytes.consume(count);
            }
            None => self.outgoing.take_all(bytes),
        }
        count
    }

    fn fail(&mut self, error: LinkError) -> Result<(), LinkError> {
        self.state = State::Failed(error.clone());
        Err(error)
    }
}
