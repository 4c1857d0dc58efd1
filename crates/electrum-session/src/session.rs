//! The machine and the transport layers of its link, without I/O and without callers.

use electrum_proto::{
    Action, Client, CloseCause, ConnId, DownCause, Event, Input, Phase, ProtocolVersion, Side, State, Timestamp,
};
use electrum_transport::{
    DialTarget, Known, LayerError, LayerReport, LayerStack, Pin, PinChange, Route, ServerAddr, Stage,
};

use crate::config::Config;
use crate::connection::ConnectionEvent;
use crate::layer::{at_fault, close_cause};
use crate::pins::PinError;
use crate::trace::{self, Span};

/// What a driver must do next for a [`Session`].
///
/// ```
/// use electrum_session::proto::Timestamp;
/// use electrum_session::{Config, Session, Step};
///
/// let now = Timestamp::ZERO; // the time on a clock of the program's own
/// let mut session = Session::new(Config::new(["ssl://electrum.example:50002".parse()?]), now);
/// let target = loop {
///     match session.poll(now, |_| ()) {
///         Step::ReadPin(conn, _server) => session.pin_read(now, conn, Ok(None)), // it has none yet
///         Step::Connect(_, target) => break target, // open a socket to it
///         Step::KeepPin(conn, _server, change) => session.pin_kept(now, conn, Ok(change.new)), // once it is stored
///         other => panic!("{other:?} comes later"),
///     }
/// };
/// assert_eq!(target.to_string(), "electrum.example:50002");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a step that is not carried out is lost, and the connection with it"]
pub enum Step {
    /// Open a socket to this target, and report [`Session::connected`] or [`Session::closed`].
    Connect(ConnId, DialTarget),
    /// Write these last bytes (a TLS alert, or nothing) as far as the socket has room for them, and close it; or stop
    /// opening it. The driver need not report that.
    Disconnect(ConnId, Vec<u8>),
    /// Read the certificate pin of this server, and report it with [`Session::pin_read`]. A
    /// [`Driver`](crate::Driver) carries this step out itself.
    ReadPin(ConnId, ServerAddr),
    /// Store the new certificate pin of this server if the stored one is still the old one, and report the stored one
    /// with [`Session::pin_kept`]. A [`Driver`](crate::Driver) carries this step out itself.
    KeepPin(ConnId, ServerAddr, PinChange),
    /// Wait until the socket is readable, the driver is woken, or this time has come.
    Wait {
        /// When to call [`Session::poll`] again at the latest.
        until: Option<Timestamp>,
        /// Whether there are [outgoing](Session::outgoing) bytes, so that the driver also waits for the socket to be
        /// writable.
        write: bool,
    },
    /// The client is closed: stop driving it.
    Finished,
}

/// An event that a session emits.
///
/// ```
/// use electrum_session::proto::{Event, Timestamp};
/// use electrum_session::{Config, ConnectionEvent, Session, SessionEvent};
///
/// let mut session = Session::new(Config::new(["tcp://electrum.example:50001".parse()?]), Timestamp::ZERO);
/// let mut tried = Vec::new();
/// let _step = session.poll(Timestamp::ZERO, |event| match event {
///     SessionEvent::Connection(ConnectionEvent::Connecting { server }) => tried.push(server.to_string()),
///     SessionEvent::Machine(Event::Reply { id, result }) => println!("{id:?}: {result:?}"),
///     other => println!("{other:?}"),
/// });
/// assert_eq!(tried, ["tcp://electrum.example:50001"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is handed over once, and stored by none")]
pub enum SessionEvent<'a> {
    /// An event of the connection, in place of [`Event::Ready`] and [`Event::Down`] of the machine.
    Connection(ConnectionEvent),
    /// Another event of the machine.
    Machine(Event<'a>),
}

/// The protocol machine with the transport layers of its link (TLS, SOCKS5), without I/O and without callers.
///
/// Embed it in a program that waits for results in its own way: requests go to [`machine`](Self::machine), results come
/// from [`poll`](Self::poll). [`Client`](crate::Client) adds futures and streams for callers.
///
/// ```
/// use electrum_session::proto::operations::Banner;
/// use electrum_session::proto::{Event, Request, Timestamp};
/// use electrum_session::transport::ServerAddr;
/// use electrum_session::{Config, ConnectionEvent, Session, SessionEvent, Step};
///
/// let server: ServerAddr = "tcp://electrum.example:50001".parse()?;
/// let now = Timestamp::ZERO; // the time on a clock of the program's own
/// let mut session = Session::new(Config::from(server), now);
/// let Step::Connect(conn, target) = session.poll(now, |_| ()) else { panic!("the first step") };
/// assert_eq!(target.port, 50001);
///
/// // The program opens a socket, writes what is outgoing, and hands over what it reads.
/// session.connected(now, conn, 1_750_000_000);
/// let written = session.outgoing().len();
/// session.wrote(now, conn, written);
/// session.read(now, conn, b"{\"id\":1,\"result\":[\"Example 1.0\",\"1.4\"]}\n");
/// let mut is_ready = false;
/// let _ = session.poll(now, |event| {
///     is_ready |= matches!(event, SessionEvent::Connection(ConnectionEvent::Ready { .. }));
/// });
/// assert!(is_ready);
///
/// let ticket = session.machine().request(now, Banner)?;
/// let written = session.outgoing().len();
/// session.wrote(now, conn, written);
/// let reply = format!("{{\"id\":{},\"result\":\"Welcome!\"}}\n", ticket.id.number());
/// session.read(now, conn, reply.as_bytes());
/// let mut banner = None;
/// let _ = session.poll(now, |event| {
///     if let SessionEvent::Machine(Event::Reply { id, result: Ok(reply) }) = event {
///         assert_eq!(id, ticket.id);
///         banner = Some(ticket.request.decode(reply.version, reply.result));
///     }
/// });
/// assert_eq!(banner, Some(Ok("Welcome!".into())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session {
    machine: Client,
    servers: Vec<ServerAddr>,
    route: Route,
    /// For each server, whether the next certificate that it shows replaces its pin.
    accepts_new_pin: Vec<bool>,
    link: Option<Open>,
}

/// The current connection.
#[derive(Debug)]
struct Open {
    conn: ConnId,
    index: usize,
    span: Span,
    /// The pin of the server's certificate.
    pin: Option<Pin>,
    /// What the driver must do next for this connection.
    step: Option<Step>,
    /// Whether the new pin is being stored.
    is_keeping_pin: bool,
    /// The transport layers, once the socket is open.
    stack: Option<LayerStack>,
    /// Why they failed.
    error: Option<LayerError>,
    /// The layer whose handshake is under way, for logs.
    stage: Option<Stage>,
    /// Whether the socket was reported closed.
    is_closed: bool,
    /// Whether the client leaves this server for another one, though the socket works.
    is_left: bool,
    /// When the transport layers were ready for the protocol.
    since: Timestamp,
}

impl Session {
    /// Makes a session that connects as soon as it is polled.
    #[must_use]
    pub fn new(config: Config, now: Timestamp) -> Self {
        Self {
            machine: Client::new(config.for_machine(), now),
            accepts_new_pin: vec![config.accept_new_pins; config.servers.len()],
            servers: config.servers,
            route: config.route,
            link: None,
        }
    }

    /// Reports the stored pin of the server, if it has one: the result of [`Step::ReadPin`].
    pub fn pin_read(&mut self, now: Timestamp, conn: ConnId, pin: Result<Option<Pin>, PinError>) {
        let Some(open) = self.link.as_mut().filter(|open| open.conn == conn && open.stack.is_none()) else { return };
        let target = self.servers.get(open.index).and_then(|server| self.route.dial_target(server).ok());
        match (pin, target) {
            (Ok(pin), Some(target)) => {
                open.pin = pin;
                open.step = Some(Step::Connect(conn, target));
            }
            (Err(error), _) => self.fail(now, conn, Side::Caller, error.to_string()),
            (_, None) => {}
        }
    }

    /// Reports which pin of the server is stored now: the result of [`Step::KeepPin`].
    pub fn pin_kept(&mut self, now: Timestamp, conn: ConnId, held: Result<Pin, PinError>) {
        let Some(open) = self.link.as_mut().filter(|open| open.conn == conn) else { return };
        let Some(stack) = open.stack.as_mut() else { return };
        match held.map(|held| stack.pin_kept(held)) {
            Ok(Ok(())) => self.pump(now),
            Ok(Err(error)) => self.layer_failed(now, conn, error),
            Err(error) => self.fail(now, conn, Side::Caller, error.to_string()),
        }
    }

    /// Reports that the socket is open. `unix_time` is the present time in seconds since 1970 (UTC), for checking
    /// whether certificates have expired.
    pub fn connected(&mut self, now: Timestamp, conn: ConnId, unix_time: u64) {
        let Some(open) = self.link.as_mut().filter(|open| open.conn == conn && open.stack.is_none()) else { return };
        let Some(server) = self.servers.get(open.index) else { return };
        let known = Known::at(unix_time).with_pin(open.pin);
        let known = if self.accepts_new_pin[open.index] { known.accepting_new_pin() } else { known };
        match self.route.open(server, known) {
            Ok(stack) => {
                open.stage = stack.stage();
                open.stack = Some(stack);
                self.pump(now);
            }
            Err(error) => self.fail(now, conn, Side::Caller, error.to_string()),
        }
    }

    /// Reports bytes that were read from the socket.
    pub fn read(&mut self, now: Timestamp, conn: ConnId, bytes: &[u8]) {
        let Some(open) = self.link.as_mut().filter(|open| open.conn == conn) else { return };
        let Some(stack) = open.stack.as_mut() else { return };
        if stack.is_plain() {
            self.machine.handle(now, Input::Read(conn, bytes));
            return;
        }
        let received = stack.received(bytes);
        self.pump(now);
        if let Err(error) = received {
            self.layer_failed(now, conn, error);
        }
    }

    /// Reports that `count` of the [outgoing](Self::outgoing) bytes were written.
    pub fn wrote(&mut self, now: Timestamp, conn: ConnId, count: usize) {
        let Some(open) = self.link.as_mut().filter(|open| open.conn == conn) else { return };
        match open.stack.as_mut() {
            Some(stack) if !stack.is_plain() => {
                stack.wrote(count);
                self.pump(now);
            }
            _ => self.machine.handle(now, Input::Wrote(conn, count)),
        }
    }

    /// Reports that the socket could not be opened, ended, or failed. The driver forgets the socket.
    pub fn closed(&mut self, now: Timestamp, conn: ConnId, cause: CloseCause) {
        let Some(open) = self.link.as_mut().filter(|open| open.conn == conn) else { return };
        open.is_closed = true;
        match (&cause, open.stack.as_mut().map(LayerStack::closed)) {
            (CloseCause::End, Some(Err(error))) => self.layer_failed(now, conn, error),
            // A server that hangs up before it has read everything resets the connection.
            (CloseCause::Failed(message), Some(Err(error))) => {
                let (layer, message) = (at_fault(&error).0, message.clone());
                let cause = CloseCause::Layer { layer, side: Side::Network, message };
                self.machine.handle(now, Input::Closed(conn, cause));
            }
            _ => {}
        }
        // The machine keeps the first cause that it is given.
        self.machine.handle(now, Input::Closed(conn, cause));
    }

    /// Returns the bytes to write to the socket.
    #[must_use]
    pub fn outgoing(&self) -> &[u8] {
        match self.link.as_ref().and_then(|open| open.stack.as_ref()) {
            Some(stack) if stack.is_plain() => self.machine.outgoing(),
            Some(stack) => stack.outgoing(),
            None => &[],
        }
    }

    /// Returns the current state of the connection.
    #[must_use]
    pub fn state(&self) -> State {
        self.machine.state()
    }

    /// Returns the machine, for requests and subscriptions. Poll the session afterwards.
    pub fn machine(&mut self) -> &mut Client {
        &mut self.machine
    }

    /// Returns the negotiated version, if requests can be sent.
    #[must_use]
    pub fn version(&self) -> Option<ProtocolVersion> {
        self.machine.version()
    }

    /// Returns the tracing span of the current connection.
    pub(crate) fn span(&self) -> Span {
        self.link.as_ref().map_or_else(Span::none, |open| open.span.clone())
    }

    /// Returns the index of the current connection's server in the list.
    pub(crate) fn server_index(&self) -> Option<usize> {
        self.link.as_ref().map(|open| open.index)
    }

    /// Returns the number of servers of the client.
    #[must_use]
    pub fn server_count(&self) -> usize {
        self.servers.len()
    }

    /// Gives up the current connection for one to the next server, for the reason `why`.
    pub fn leave(&mut self, now: Timestamp, why: &str) {
        if let Some(open) = self.link.as_mut() {
            open.is_left = true;
            let conn = open.conn;
            self.machine.handle(now, Input::Closed(conn, CloseCause::Left(why.into())));
        }
    }

    /// Closes the client.
    pub fn close(&mut self, now: Timestamp) {
        self.machine.close(now);
    }

    /// Returns the next step for the driver, after calling `on_event` for each event that came before it.
    pub fn poll(&mut self, now: Timestamp, mut on_event: impl FnMut(SessionEvent<'_>)) -> Step {
        self.machine.handle(now, Input::Tick);
        self.pump(now);
        loop {
            if let Some(step) = self.link.as_mut().and_then(|open| open.step.take()) {
                return step;
            }
            match self.machine.poll() {
                Action::Connect(conn, index) => {
                    if let Some(event) = self.connect(now, conn, index.0) {
                        on_event(SessionEvent::Connection(event));
                    }
                }
                // The layers are kept until the `Down` event, which reports on them.
                Action::Disconnect(conn) => return self.disconnect(conn),
                Action::Event(Event::Ready { server, software, version }) => {
                    if let Some(event) = self.ready(now, server.0, software, version) {
                        on_event(SessionEvent::Connection(event));
                    }
                }
                Action::Event(Event::Down { server, cause, retry_at }) => {
                    // The machine does not close a link that was reported closed, but the socket below a failed layer
                    // is open, and so is that of a server that was left.
                    let is_open = |open: &&Open| {
                        let is_layered = open.stack.as_ref().is_some_and(|stack| !stack.is_plain());
                        !open.is_closed && (open.is_left || is_layered)
                    };
                    let socket = self.link.as_ref().filter(is_open);
                    let step = socket.map(|open| open.conn).map(|conn| self.disconnect(conn));
                    if let Some(event) = self.down(now, server.0, cause, retry_at) {
                        on_event(SessionEvent::Connection(event));
                    }
                    if let Some(step) = step {
                        return step;
                    }
                }
                Action::Event(event) => on_event(SessionEvent::Machine(event)),
                Action::Wait(wait) => {
                    self.pump(now);
                    if let Some(step) = self.link.as_mut().and_then(|open| open.step.take()) {
                        return step;
                    }
                    let until = wait.until.map(|(until, _)| until);
                    return Step::Wait { until, write: !self.outgoing().is_empty() };
                }
                Action::Finished => return Step::Finished,
            }
        }
    }

    /// Begins a new connection: dials, or reads the server's pin first if the connection needs it.
    fn connect(&mut self, now: Timestamp, conn: ConnId, index: usize) -> Option<ConnectionEvent> {
        let Some(server) = self.servers.get(index).cloned() else {
            self.fail(now, conn, Side::Caller, "no server was given; name at least one".into());
            return None;
        };
        let event = Some(ConnectionEvent::Connecting { server: server.clone() });
        let span = Span::connection(&server, conn);
        let step = match self.route.dial_target(&server) {
            Ok(_) if self.route.uses_pin(&server) => Step::ReadPin(conn, server),
            Ok(target) => Step::Connect(conn, target),
            // Another attempt would fail in the same way.
            Err(error) => {
                self.fail(now, conn, Side::Caller, error.to_string());
                return event;
            }
        };
        self.link = Some(Open {
            conn,
            index,
            span,
            pin: None,
            step: Some(step),
            is_keeping_pin: false,
            stack: None,
            error: None,
            stage: None,
            is_closed: false,
            is_left: false,
            since: now,
        });
        event
    }

    /// Returns the step that closes the socket after the last bytes of its layers.
    fn disconnect(&mut self, conn: ConnId) -> Step {
        let mut last = Vec::new();
        if let Some(open) = self.link.as_mut().filter(|open| open.conn == conn) {
            open.step = None;
            if let Some(stack) = open.stack.as_mut().filter(|stack| stack.has_close_notify()) {
                stack.close();
                last = stack.outgoing().to_vec();
            }
        }
        Step::Disconnect(conn, last)
    }

    fn report(&self, open: &Open) -> Option<LayerReport> {
        let server = self.servers.get(open.index)?;
        Some(open.stack.as_ref().map_or_else(|| self.route.report(server), LayerStack::report))
    }

    /// Reports the failure of a layer to the machine.
    fn layer_failed(&mut self, now: Timestamp, conn: ConnId, error: LayerError) {
        self.machine.handle(now, Input::Closed(conn, close_cause(&error)));
        self.link.iter_mut().for_each(|open| open.error = Some(error.clone()));
    }

    fn fail(&mut self, now: Timestamp, conn: ConnId, side: Side, message: String) {
        self.machine.handle(now, Input::Closed(conn, CloseCause::Layer { layer: None, side, message }));
    }

    /// Moves bytes between the transport layers and the machine, in both directions.
    fn pump(&mut self, now: Timestamp) {
        let Some(open) = self.link.as_mut() else { return };
        let (conn, Some(stack)) = (open.conn, open.stack.as_mut()) else { return };
        trace::established(&mut open.stage, stack);
        if let Some(change) = stack.pin_change().filter(|_| !open.is_keeping_pin) {
            open.is_keeping_pin = true;
            open.step = self.servers.get(open.index).map(|server| Step::KeepPin(conn, server.clone(), change));
        }
        if stack.established() && self.machine.phase() == Phase::Connecting {
            open.since = now;
            // Only once: from now on the server must show this certificate.
            self.accepts_new_pin[open.index] = false;
            self.machine.handle(now, Input::Connected(conn));
        }
        if stack.is_plain() {
            return;
        }
        let limits = &self.machine.config().limits;
        let is_ready = self.machine.phase() == Phase::Ready;
        stack.limit_messages(if is_ready { limits.line } else { limits.line_before_ready });
        let plaintext = stack.plaintext();
        if !plaintext.is_empty() {
            let count = plaintext.len();
            self.machine.handle(now, Input::Read(conn, plaintext));
            stack.consume(count);
        }
        let taken = stack.send(self.machine.outgoing());
        if taken > 0 {
            self.machine.handle(now, Input::Wrote(conn, taken));
        }
        if stack.ended() {
            self.machine.handle(now, Input::Closed(conn, CloseCause::End));
        }
    }

    fn ready(
        &self,
        now: Timestamp,
        server: usize,
        software: String,
        version: ProtocolVersion,
    ) -> Option<ConnectionEvent> {
        let (server, open) = (self.servers.get(server).cloned()?, self.link.as_ref()?);
        let (handshake, link) = (now.since(open.since), self.report(open)?);
        trace::ready(&server, &software, version);
        Some(ConnectionEvent::Ready { server, software, version, handshake, link })
    }

    fn down(
        &mut self,
        now: Timestamp,
        server: usize,
        cause: DownCause,
        retry_at: Timestamp,
    ) -> Option<ConnectionEvent> {
        let (open, retry_in) = (self.link.take(), retry_at.since(now));
        let server = self.servers.get(server).cloned()?;
        trace::down(&server, &cause, retry_in);
        let link = open.as_ref().and_then(|open| self.report(open));
        let error = open.and_then(|open| open.error);
        Some(ConnectionEvent::Down { server, cause, error, link, retry_in })
    }
}
