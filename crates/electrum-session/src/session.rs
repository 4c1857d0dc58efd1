//! One client without I/O: the machine, the transport layers of its link, its calls and its subscriptions.

use electrum_proto::{Action, Client, CloseCause, ConnId, Event, Input, Phase, Side, State, Timestamp};
use electrum_transport::{DialTarget, Link, LinkError, LinkReport, Route, ServerAddr};

use crate::calls::Calls;
use crate::config::Config;
use crate::connection::{ConnectionEvent, Listeners};
use crate::error::CallError;
use crate::subscriptions::Subscriptions;

/// What a driver must do next.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a step that is not carried out is lost, and the connection with it"]
pub enum Step {
    /// Open a socket to this target, and report [`Session::connected`] or [`Session::closed`].
    Connect(ConnId, DialTarget),
    /// Close the socket, or stop opening it. The driver need not report it.
    Disconnect(ConnId),
    /// Wait for the socket, for this moment, or to be woken.
    Wait {
        /// Call [`Session::poll`] again at this moment at the latest.
        until: Option<Timestamp>,
        /// There are [outgoing](Session::outgoing) bytes.
        write: bool,
    },
    /// The client is closed: stop driving it.
    Finished,
}

/// One client without I/O: the protocol machine, the transport layers of its link, and its calls and subscriptions.
#[derive(Debug)]
pub struct Session {
    pub(crate) client: Client,
    servers: Vec<ServerAddr>,
    route: Route,
    /// The Unix time at the epoch of the session's clock, in seconds.
    unix_epoch: u64,
    link: Option<Open>,
    pub(crate) calls: Calls,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) listeners: Listeners,
    /// Why the last connection failed, for the error of calls that are never sent.
    last_failure: String,
}

/// The layers of the current connection.
#[derive(Debug)]
struct Open {
    conn: ConnId,
    link: Link,
    is_connected: bool,
    /// When the protocol could start.
    since: Timestamp,
}

impl Session {
    /// A session whose clock starts at the Unix time `unix_epoch`, in seconds. Certificates are checked against it.
    #[must_use]
    pub fn new(config: Config, now: Timestamp, unix_epoch: u64) -> Self {
        Self {
            client: Client::new(config.for_machine(), now),
            servers: config.servers,
            route: config.route,
            unix_epoch,
            link: None,
            calls: Calls::new(config.queue),
            subscriptions: Subscriptions::default(),
            listeners: Listeners::default(),
            last_failure: String::new(),
        }
    }

    /// Reports that the socket is open.
    pub fn connected(&mut self, now: Timestamp, conn: ConnId) {
        if let Some(open) = self.link.as_mut().filter(|open| open.conn == conn) {
            open.is_connected = true;
            self.pump(now);
        }
    }

    /// Reports received bytes.
    pub fn read(&mut self, now: Timestamp, conn: ConnId, bytes: &[u8]) {
        let Some(open) = self.link.as_mut().filter(|open| open.conn == conn) else { return };
        if open.link.is_plain() {
            self.client.handle(now, Input::Read(conn, bytes));
            return;
        }
        let received = open.link.received(bytes);
        self.pump(now);
        if let Err(error) = received {
            self.client.handle(now, Input::Closed(conn, layer(&error)));
        }
    }

    /// Reports that `count` of the [outgoing](Self::outgoing) bytes were written.
    pub fn wrote(&mut self, now: Timestamp, conn: ConnId, count: usize) {
        let Some(open) = self.link.as_mut().filter(|open| open.conn == conn) else { return };
        if open.link.is_plain() {
            self.client.handle(now, Input::Wrote(conn, count));
        } else {
            open.link.wrote(count);
            self.pump(now);
        }
    }

    /// Reports that the socket could not be opened, ended, or failed. The driver forgets the socket.
    pub fn closed(&mut self, now: Timestamp, conn: ConnId, cause: CloseCause) {
        let Some(open) = self.link.as_mut().filter(|open| open.conn == conn) else { return };
        let cause = match (&cause, open.is_connected) {
            (CloseCause::End, true) => open.link.closed().err().map_or(cause, |error| layer(&error)),
            _ => cause,
        };
        self.client.handle(now, Input::Closed(conn, cause));
    }

    /// The bytes to write to the socket.
    #[must_use]
    pub fn outgoing(&self) -> &[u8] {
        match &self.link {
            Some(open) if open.is_connected && open.link.is_plain() => self.client.outgoing(),
            Some(open) if open.is_connected => open.link.outgoing(),
            _ => &[],
        }
    }

    /// The current state of the connection.
    #[must_use]
    pub fn state(&self) -> State {
        self.client.state()
    }

    /// Closes the client.
    pub fn close(&mut self, now: Timestamp) {
        self.client.close(now);
    }

    /// The next step for the driver. Delivers results to callers and updates to consumers.
    pub fn poll(&mut self, now: Timestamp) -> Step {
        let step = self.step(now);
        self.subscriptions.wake();
        step
    }

    fn step(&mut self, now: Timestamp) -> Step {
        self.client.handle(now, Input::Tick);
        self.pump(now);
        loop {
            match self.client.poll() {
                Action::Connect(conn, index) => {
                    if let Some(step) = self.connect(now, conn, index.0) {
                        return step;
                    }
                }
                // The layers stay until the `Down` event, which reports on them.
                Action::Disconnect(conn) => return Step::Disconnect(conn),
                Action::Event(Event::Reply { id, result }) => self.calls.answered(id, result),
                Action::Event(Event::Update { sub, value, origin }) => self.subscriptions.updated(sub, value, origin),
                Action::Event(Event::SubscriptionRefused { sub, error }) => self.subscriptions.refused(sub, &error),
                Action::Event(Event::Capacity) => self.calls.send_waiting(&mut self.client, now),
                Action::Event(Event::Ready { server, software, version }) => {
                    self.ready(now, server.0, software, version);
                }
                Action::Event(Event::Down { server, cause, retry_at }) => {
                    let was_open = self.link.take();
                    self.down(now, server.0, cause, retry_at, was_open.as_ref().map(|open| open.link.report()));
                    // The machine does not close a link that was reported closed, but the socket below a failed layer is open.
                    if let Some(open) = was_open.filter(|open| open.is_connected && !open.link.is_plain()) {
                        return Step::Disconnect(open.conn);
                    }
                }
                Action::Event(Event::Unknown(unknown)) => log::debug!("ignored: {unknown:?}"),
                Action::Wait(wait) => {
                    self.pump(now);
                    let failure = &self.last_failure;
                    self.calls.expire(now, || CallError::Unsent { why: failure.clone() });
                    let machine = wait.until.map(|(until, _)| until);
                    let until = machine.into_iter().chain(self.calls.next_deadline()).min();
                    return Step::Wait { until, write: !self.outgoing().is_empty() };
                }
                Action::Finished => {
                    self.calls.close();
                    self.subscriptions.close();
                    self.listeners.close();
                    return Step::Finished;
                }
            }
        }
    }

    /// Sets up the transport layers of a new connection.
    fn connect(&mut self, now: Timestamp, conn: ConnId, index: usize) -> Option<Step> {
        let Some(server) = self.servers.get(index).cloned() else {
            let message = "no server was given; name at least one".into();
            self.client.handle(now, Input::Closed(conn, CloseCause::Layer { side: Side::Caller, message }));
            return None;
        };
        self.emit(ConnectionEvent::Connecting { server: server.clone() });
        let unix_now = self.unix_epoch + now.since_epoch().as_secs();
        let opened =
            self.route.dial_target(&server).and_then(|target| Ok((target, self.route.open(&server, unix_now)?)));
        match opened {
            Ok((target, link)) => {
                self.link = Some(Open { conn, link, is_connected: false, since: now });
                Some(Step::Connect(conn, target))
            }
            // Whatever it is, trying again cannot help.
            Err(error) => {
                let cause = CloseCause::Layer { side: Side::Caller, message: error.to_string() };
                self.client.handle(now, Input::Closed(conn, cause));
                None
            }
        }
    }

    /// Moves bytes between the transport layers and the machine, in both directions.
    fn pump(&mut self, now: Timestamp) {
        let Some(open) = self.link.as_mut().filter(|open| open.is_connected) else { return };
        let conn = open.conn;
        if open.link.established() && self.client.phase() == Phase::Connecting {
            open.since = now;
            self.client.handle(now, Input::Connected(conn));
        }
        if open.link.is_plain() {
            return;
        }
        let plaintext = open.link.plaintext();
        if !plaintext.is_empty() {
            let count = plaintext.len();
            self.client.handle(now, Input::Read(conn, plaintext));
            open.link.consume(count);
        }
        let taken = open.link.send(self.client.outgoing());
        if taken > 0 {
            self.client.handle(now, Input::Wrote(conn, taken));
        }
        if open.link.ended() {
            self.client.handle(now, Input::Closed(conn, CloseCause::End));
        }
    }

    fn ready(&mut self, now: Timestamp, server: usize, software: String, version: electrum_proto::ProtocolVersion) {
        let (Some(server), Some(open)) = (self.servers.get(server).cloned(), &self.link) else { return };
        let (handshake, link) = (now.since(open.since), open.link.report());
        log::info!("{server}: {software} speaks protocol {version}");
        self.last_failure.clear();
        self.emit(ConnectionEvent::Ready { server, software, version, handshake, link });
        self.calls.send_waiting(&mut self.client, now);
    }

    fn down(
        &mut self,
        now: Timestamp,
        server: usize,
        cause: electrum_proto::DownCause,
        retry_at: Timestamp,
        link: Option<LinkReport>,
    ) {
        let retry_in = retry_at.since(now);
        let Some(server) = self.servers.get(server).cloned() else {
            self.last_failure = cause.to_string();
            return;
        };
        self.last_failure = format!("{server}: {cause}");
        log::warn!("{server}: {cause}; next attempt in {:.1} s", retry_in.as_secs_f32());
        self.emit(ConnectionEvent::Down { server, cause, link, retry_in });
    }

    fn emit(&mut self, event: ConnectionEvent) {
        self.listeners.emit(&event);
    }
}

/// The close cause of a failed proxy or TLS layer.
fn layer(error: &LinkError) -> CloseCause {
    let side = match error.side() {
        electrum_transport::Side::Server => Side::Server,
        electrum_transport::Side::Proxy => Side::Network,
        electrum_transport::Side::User => Side::Caller,
    };
    CloseCause::Layer { side, message: error.to_string() }
}
