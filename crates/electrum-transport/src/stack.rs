//! The transport layers of one connection, SOCKS5, TLS and WebSocket, without I/O: bytes in and bytes out.

use crate::addr::{Security, ServerAddr};
use crate::buffer::Buffer;
use crate::error::{LayerError, Stage, TlsError, WebSocketError};
use crate::pins::{Pin, PinChange};
use crate::report::LayerReport;
use crate::route::{Route, RouteError};
use crate::socks::Socks;
use crate::tls::{Progress, Tls};
use crate::trust::Known;
use crate::websocket::{Progress as Messages, WebSocket};

/// The transport layers of one connection, between the bytes of the socket and the bytes of the protocol.
///
/// Any order of calls is legal. When TLS accepts a certificate that must be remembered, the stack sends nothing until
/// the driver has stored the [`pin_change`](Self::pin_change) and reported it with [`pin_kept`](Self::pin_kept).
///
/// Memory is bounded. For the incoming side, the stack keeps the bytes that were handed to [`received`](Self::received)
/// and not consumed, one TLS message, and one message of a WebSocket within [`limit_messages`](Self::limit_messages).
/// [`send`](Self::send) stops at [`OUTGOING_LIMIT`], which encryption exceeds by some 30 bytes for each 16 KiB, and a
/// WebSocket by one line of the caller.
///
/// ```
/// use electrum_transport::{Known, Route};
///
/// let mut stack = Route::direct().open(&"tcp://electrum.example".parse()?, Known::default())?;
/// assert!(stack.established()); // at once, without a proxy and TLS
/// assert_eq!(stack.send(b"a request\n"), 10);
/// assert_eq!(stack.outgoing(), b"a request\n"); // write this to the socket ...
/// stack.wrote(10);
/// stack.received(b"an answer\n")?; // ... and this is what was read from it
/// assert_eq!(stack.plaintext(), b"an answer\n");
/// stack.consume(10);
/// stack.closed()?;
/// assert!(stack.ended());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LayerStack {
    server: ServerAddr,
    proxy: Option<String>,
    state: State,
    /// Boxed, since it is large and a stack without TLS should not pay for it.
    tls: Option<Box<Tls>>,
    websocket: Option<WebSocket>,
    /// Received bytes that the WebSocket has not read yet.
    frames: Buffer,
    /// How many bytes of replies (to pings) the WebSocket has sent since everything outgoing was last written.
    replies: usize,
    plaintext: Buffer,
    outgoing: Buffer,
}

/// How many outgoing bytes may wait to be written before [`LayerStack::send`] takes no more.
pub const OUTGOING_LIMIT: usize = 64 * 1024;

/// The default of [`LayerStack::limit_messages`].
const MESSAGE_LIMIT: usize = 16 * 1024 * 1024;

/// How many bytes of replies a server may cause (by pings) without reading them.
const REPLY_LIMIT: usize = 64 * 1024;

/// How many bytes a server may send while its pin is being stored.
const EARLY_LIMIT: usize = 64 * 1024;

#[derive(Debug)]
enum State {
    /// The proxy is connecting to the server.
    Proxy(Socks),
    /// The TLS handshake is under way.
    Handshake,
    /// The driver is storing the pin.
    KeepingPin,
    /// The WebSocket handshake is under way.
    Upgrade,
    /// Bytes of the protocol are passed on.
    Open,
    /// The connection was closed in order, by either side.
    Ended,
    Failed(LayerError),
}

impl Route {
    /// Makes the layers of a new connection. Call it once the socket to [`dial_target`](Self::dial_target) is open.
    ///
    /// # Errors
    /// Those of `dial_target`.
    pub fn open(&self, server: &ServerAddr, known: Known) -> Result<LayerStack, RouteError> {
        self.dial_target(server)?;
        LayerStack::new(self, server, known)
    }
}

impl LayerStack {
    fn new(route: &Route, server: &ServerAddr, known: Known) -> Result<Self, RouteError> {
        // Made before the proxy answers, so that a mistake in the configuration is reported at once.
        let tls = match server.security() {
            _ if route.is_in_browser() => None,
            Security::Tcp => None,
            Security::Tls => Some(Tls::new(route, server, known)?.into()),
        };
        let path = server.websocket_path().filter(|_| !route.is_in_browser());
        let websocket = path.map(|_| WebSocket::new(server, MESSAGE_LIMIT)).transpose()?;
        let mut stack = Self {
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
                let socks = Socks::new(server.host(), server.port(), introduction, &mut stack.outgoing);
                stack.state = State::Proxy(socks);
            }
            None => stack.start(),
        }
        Ok(stack)
    }

    /// Returns whether the connection has no layers, so that the caller may pass bytes straight through.
    pub fn is_plain(&self) -> bool {
        self.proxy.is_none() && self.tls.is_none() && self.websocket.is_none()
    }

    /// Returns whether the layers have last bytes for the server. If so, call [`close`](Self::close), and write what is
    /// [`outgoing`](Self::outgoing) before the socket is closed; also after an error, which leaves an alert there.
    pub fn has_close_notify(&self) -> bool {
        (self.tls.is_some() || self.websocket.is_some()) && !matches!(self.state, State::Proxy(_))
    }

    /// Takes bytes that were read from the socket. Afterwards check [`plaintext`](Self::plaintext) and
    /// [`outgoing`](Self::outgoing), also after an error: bytes before it are valid, and an alert may be due.
    ///
    /// # Errors
    /// The error that ended this stack, now or earlier.
    pub fn received(&mut self, mut bytes: &[u8]) -> Result<(), LayerError> {
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
        // Messages before an error or the end are valid.
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

    /// Reports the end of the stream from the socket.
    ///
    /// # Errors
    /// If the connection was not established yet, if TLS was cut off, or the error that ended this stack earlier.
    pub fn closed(&mut self) -> Result<(), LayerError> {
        match &self.state {
            State::Proxy(_) => self.fail(LayerError::ClosedEarly(Stage::Proxy)),
            State::Handshake => self.fail(LayerError::ClosedEarly(Stage::Tls)),
            State::Upgrade => self.fail(LayerError::ClosedEarly(Stage::WebSocket)),
            State::KeepingPin => self.fail(LayerError::Truncated),
            State::Open if self.tls.is_some() => self.fail(LayerError::Truncated),
            State::Open | State::Ended => {
                self.state = State::Ended;
                Ok(())
            }
            State::Failed(error) => Err(error.clone()),
        }
    }

    /// Closes the stack from this side. Adds a `close_notify` of TLS and the close frame of a WebSocket to
    /// [`outgoing`](Self::outgoing), which must be written before the socket is closed.
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

    /// Returns the pin that must be stored before the stack sends anything: the server has proven that it holds the key
    /// of an accepted certificate. Returns `None` if no pin has changed, or once it was reported as stored.
    ///
    /// Store [`new`](PinChange::new) if the stored pin still equals [`old`](PinChange::old), and report the stored pin
    /// with [`pin_kept`](Self::pin_kept). If it cannot be stored, close the stack.
    ///
    /// ```
    /// # use electrum_transport::{LayerError, LayerStack, Pin};
    /// /// `store` keeps the pin and returns the one that it holds afterwards.
    /// fn after_each_read(stack: &mut LayerStack, store: impl Fn(Option<Pin>, Pin) -> Pin) -> Result<(), LayerError> {
    ///     match stack.pin_change() {
    ///         Some(change) => stack.pin_kept(store(change.old, change.new)),
    ///         None => Ok(()),
    ///     }
    /// }
    /// # let server = "tcp://electrum.example".parse().unwrap();
    /// # let mut stack = electrum_transport::Route::direct().open(&server, Default::default()).unwrap();
    /// # assert_eq!(after_each_read(&mut stack, |_, new| new), Ok(()));
    /// ```
    pub fn pin_change(&self) -> Option<PinChange> {
        self.tls.as_deref().filter(|_| matches!(self.state, State::KeepingPin)).and_then(Tls::pin_change)
    }

    /// Reports which pin of the server is stored now, as an answer to [`pin_change`](Self::pin_change).
    ///
    /// # Errors
    /// [`LayerError::PinChanged`] if another program has stored another pin than the new one meanwhile; or the error
    /// that ended this stack earlier.
    pub fn pin_kept(&mut self, held: Pin) -> Result<(), LayerError> {
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

    /// Returns whether the handshakes of proxy, TLS and WebSocket are complete, the certificate was accepted, and its
    /// pin is stored. Before that, [`send`](Self::send) takes no bytes.
    pub fn established(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Returns the layer whose handshake is under way; `None` once the stack is established, has ended or has failed.
    ///
    /// ```
    /// use electrum_transport::{Known, Route, Stage};
    ///
    /// let route = Route::direct().with_proxy("socks5://127.0.0.1:9050".parse()?);
    /// let mut stack = route.open(&"tcp://electrum.example".parse()?, Known::default())?;
    /// assert_eq!(stack.stage(), Some(Stage::Proxy));
    /// stack.received(b"\x05\x00")?; // what the proxy says to the greeting ...
    /// stack.received(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")?; // ... and once it is connected to the server
    /// assert_eq!((stack.stage(), stack.established()), (None, true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stage(&self) -> Option<Stage> {
        match self.state {
            State::Proxy(_) => Some(Stage::Proxy),
            State::Handshake | State::KeepingPin => Some(Stage::Tls),
            State::Upgrade => Some(Stage::WebSocket),
            State::Open | State::Ended | State::Failed(_) => None,
        }
    }

    /// Returns whether the stack was closed in order, by either side: no more bytes will come, but
    /// [`plaintext`](Self::plaintext) may still hold some. The socket may still be open.
    pub fn ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Returns the bytes of the protocol that were received and not consumed. There are none before the pin is stored.
    pub fn plaintext(&self) -> &[u8] {
        if matches!(self.state, State::KeepingPin) { &[] } else { self.plaintext.as_slice() }
    }

    /// Drops the first `n` bytes of [`plaintext`](Self::plaintext).
    pub fn consume(&mut self, n: usize) {
        self.plaintext.consume(n.min(self.plaintext().len()));
    }

    /// Takes bytes of the protocol to be sent. Returns how many it took: none before [`established`](Self::established)
    /// or after an error, and no more than [`OUTGOING_LIMIT`] allows.
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

    /// Returns the bytes to write to the socket.
    pub fn outgoing(&self) -> &[u8] {
        self.outgoing.as_slice()
    }

    /// Reports that the first `n` bytes of [`outgoing`](Self::outgoing) were written, and drops them.
    pub fn wrote(&mut self, n: usize) {
        self.outgoing.consume(n);
        if self.outgoing.len() == 0 {
            self.replies = 0;
        }
    }

    /// Limits the length of WebSocket messages, from the next one on. A longer one ends the stack before it is complete.
    /// The default is 16 MiB. Without a WebSocket this has no effect.
    pub fn limit_messages(&mut self, bytes: usize) {
        if let Some(websocket) = &mut self.websocket {
            websocket.limit_messages(bytes);
        }
    }

    /// Returns a report on the connection, with the part on TLS once its handshake is complete.
    pub fn report(&self) -> LayerReport {
        let tls = self.tls.as_deref().and_then(Tls::report).cloned();
        LayerReport { server: self.server.clone(), proxy: self.proxy.clone(), tls }
    }

    /// Starts TLS, or the next layer: bytes reach the server from now on.
    fn start(&mut self) {
        match &mut self.tls {
            Some(tls) => {
                tls.flush(&mut self.outgoing);
                self.state = State::Handshake;
            }
            None => self.secured(),
        }
    }

    /// Starts the WebSocket, or opens the stack: the connection is now secured as configured.
    fn secured(&mut self) {
        self.state = if self.websocket.is_some() { State::Upgrade } else { State::Open };
        self.send_messages();
    }

    /// Lets the WebSocket read the received bytes.
    fn take_messages(&mut self) -> Result<(), LayerError> {
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

    /// Moves the outgoing bytes of the WebSocket to the layer below. Returns how many.
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

    fn fail(&mut self, error: LayerError) -> Result<(), LayerError> {
        self.state = State::Failed(error.clone());
        Err(error)
    }
}
