//! A TLS server in memory, and a session that is driven by hand.

use std::io::Read as _;
use std::sync::Arc;

use electrum_session::proto::{CloseCause, ConnId, Timestamp};
use electrum_session::transport::{Fingerprint, Pin, PinChange};
use electrum_session::{Config, Session, Step};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};

pub(crate) const NAME: &str = "electrum.example";
pub(crate) const SERVER: &str = "ssl://electrum.example:50002";
/// 2025-06-15, when the certificates are valid.
pub(crate) const NOW: u64 = 1_750_000_000;

/// A server's certificate and what makes connections of it.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    config: Arc<ServerConfig>,
}

impl Identity {
    /// A certificate that the server made for itself.
    pub(crate) fn own() -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params(NAME).self_signed(&key).unwrap().der().clone();
        Self::new(certificate, &key)
    }

    /// A certificate of a CA, and the CA's own.
    pub(crate) fn by_ca() -> (Self, Vec<u8>) {
        let (ca_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let mut ca = params("ca.example");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = ca.self_signed(&ca_key).unwrap().der().to_vec();
        let certificate = params(NAME).signed_by(&key, &Issuer::new(ca, ca_key)).unwrap().der().clone();
        (Self::new(certificate, &key), root)
    }

    fn new(certificate: CertificateDer<'static>, key: &KeyPair) -> Self {
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .unwrap();
        Self { certificate, config: Arc::new(config) }
    }

    pub(crate) fn pin(&self) -> Pin {
        Pin::Certificate(Fingerprint::of_certificate(&self.certificate))
    }

    pub(crate) fn connection(&self) -> Server {
        let tls = ServerConnection::new(self.config.clone()).unwrap();
        Server { tls, read: Vec::new(), has_closed: false, error: None }
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    params
}

/// The server's end of a connection.
pub(crate) struct Server {
    tls: ServerConnection,
    /// What the client sent.
    pub(crate) read: Vec<u8>,
    /// Whether the client sent `close_notify`.
    pub(crate) has_closed: bool,
    pub(crate) error: Option<rustls::Error>,
}

impl Server {
    pub(crate) fn received(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.error.is_none() {
            self.tls.read_tls(&mut bytes).unwrap();
            match self.tls.process_new_packets() {
                Ok(state) => self.has_closed |= state.peer_has_closed(),
                Err(error) => self.error = Some(error),
            }
            // "Would block" once all is read.
            let _ = self.tls.reader().read_to_end(&mut self.read);
        }
    }

    pub(crate) fn close(&mut self) {
        self.tls.send_close_notify();
    }

    pub(crate) fn due(&mut self) -> Vec<u8> {
        let mut due = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut due).unwrap();
        }
        due
    }
}

/// A session of one server, with a clock of its own.
pub(crate) struct Driven {
    pub(crate) session: Session,
    now: Timestamp,
}

impl Driven {
    pub(crate) fn new(config: Config) -> Self {
        Self { session: Session::new(config, Timestamp::ZERO), now: Timestamp::ZERO }
    }

    /// The next step that is none to wait; time passes as far as it takes.
    pub(crate) fn step(&mut self) -> Step {
        loop {
            match self.session.poll(self.now, |_| ()) {
                Step::Wait { until: Some(until), .. } => self.now = until,
                step => return step,
            }
        }
    }

    /// What there is to do now.
    pub(crate) fn poll(&mut self) -> Step {
        self.session.poll(self.now, |_| ())
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
    pub(crate) fn exchange(&mut self, conn: ConnId, server: &mut Server) -> Step {
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
    pub(crate) fn until_pin(&mut self, conn: ConnId, server: &mut Server) -> PinChange {
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
