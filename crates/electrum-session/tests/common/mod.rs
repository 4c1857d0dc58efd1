//! A session that is driven by hand, with a TLS server in memory.

use electrum_session::proto::{CloseCause, ConnId, Timestamp};
use electrum_session::transport::{Fingerprint, LayerError, Pin, PinChange};
use electrum_session::{Config, ConnectionEvent, Session, SessionEvent, Step};
use electrum_testkit::tls::{Identity, TlsPeer};

pub(crate) const NAME: &str = "electrum.example";
pub(crate) const SERVER: &str = "ssl://electrum.example:50002";
/// 2025-06-15, when the certificates are valid.
pub(crate) const NOW: u64 = 1_750_000_000;

pub(crate) fn pin(identity: &Identity) -> Pin {
    Pin::Certificate(Fingerprint::of_certificate(identity.certificate()))
}

/// A session of one server, with a clock of its own.
pub(crate) struct Driven {
    pub(crate) session: Session,
    now: Timestamp,
    /// The error of a layer with which the last connection ended.
    pub(crate) error: Option<LayerError>,
}

impl Driven {
    pub(crate) fn new(config: Config) -> Self {
        Self { session: Session::new(config, Timestamp::ZERO), now: Timestamp::ZERO, error: None }
    }

    /// The next step that is none to wait; time passes as far as it takes.
    pub(crate) fn step(&mut self) -> Step {
        loop {
            match self.poll() {
                Step::Wait { until: Some(until), .. } => self.now = until,
                step => return step,
            }
        }
    }

    /// What there is to do now.
    pub(crate) fn poll(&mut self) -> Step {
        self.session.poll(self.now, |event| {
            if let SessionEvent::Connection(ConnectionEvent::Down { error, .. }) = event {
                self.error = error;
            }
        })
    }

    /// Goes on to the socket, when the pin is this one.
    pub(crate) fn dial(&mut self, pin: Option<Pin>) -> ConnId {
        let Step::ReadPin(conn, server) = self.step() else { panic!("the pin comes first") };
        assert_eq!(server.to_string(), SERVER);
        self.session.pin_read(self.now, conn, Ok(pin));
        let Step::Connect(again, target) = self.step() else { panic!("then the socket") };
        assert_eq!((again, target.to_string()), (conn, format!("{NAME}:50002")));
        conn
    }

    pub(crate) fn connected(&mut self, conn: ConnId, unix_time: u64) {
        self.session.connected(self.now, conn, unix_time);
    }

    /// Moves bytes until both sides are quiet or there is something else to do, which it gives.
    pub(crate) fn exchange(&mut self, conn: ConnId, server: &mut TlsPeer) -> Step {
        loop {
            let step = self.poll();
            if !matches!(step, Step::Wait { .. }) {
                return step;
            }
            let outgoing = self.session.outgoing().to_vec();
            self.session.wrote(self.now, conn, outgoing.len());
            server.received(&outgoing);
            let due = server.due();
            if outgoing.is_empty() && due.is_empty() {
                return step;
            }
            self.session.read(self.now, conn, &due);
        }
    }

    /// As far as the pin that is to be stored.
    pub(crate) fn until_pin(&mut self, conn: ConnId, server: &mut TlsPeer) -> PinChange {
        match self.exchange(conn, server) {
            Step::KeepPin(again, _, change) if again == conn => change,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn pin_kept(&mut self, conn: ConnId, held: Result<Pin, electrum_session::PinError>) {
        self.session.pin_kept(self.now, conn, held);
    }

    pub(crate) fn pin_read(&mut self, conn: ConnId, pin: Result<Option<Pin>, electrum_session::PinError>) {
        self.session.pin_read(self.now, conn, pin);
    }

    /// The server ended the connection.
    pub(crate) fn closed(&mut self, conn: ConnId) {
        self.session.closed(self.now, conn, CloseCause::Failed("it broke".into()));
    }

    pub(crate) fn close(&mut self) {
        self.session.close(self.now);
    }
}

pub(crate) fn config() -> Config {
    Config::new([SERVER.parse().unwrap()])
}
