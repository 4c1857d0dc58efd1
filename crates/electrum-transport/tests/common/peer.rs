//! A TLS server in memory, by rustls.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use electrum_transport::{
    Fingerprint, Known, Link, LinkError, Pin, PinChanged, PinState, Route, ServerAddr, TlsError, Trust,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, NoClientAuth, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};

/// 2025-06-15: inside the years of certificates that are not meant to be expired.
pub(crate) const NOW: u64 = 1_750_000_000;

/// A certificate and a key, which need not belong together.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// As servers make it for themselves, for 2020 to 2040.
    pub(crate) fn self_signed(name: &str) -> Self {
        Self::self_signed_until(name, 2040)
    }

    pub(crate) fn self_signed_until(name: &str, year: i32) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params(name, year).self_signed(&key).unwrap();
        Self::new(certificate.der().clone(), &key)
    }

    pub(crate) fn with_key_of(self, other: &Self) -> Self {
        Self { key: other.key.clone_key(), ..self }
    }

    /// Certificates that `openssl` made, with a common name only, as server manuals say.
    pub(crate) fn by_openssl(pem: &[u8]) -> Self {
        Self {
            certificate: CertificateDer::from_pem_slice(pem).unwrap(),
            key: PrivateKeyDer::from_pem_slice(include_bytes!("../certs/rsa.key.pem")).unwrap(),
        }
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_certificate(&self.certificate)
    }

    fn new(certificate: CertificateDer<'static>, key: &KeyPair) -> Self {
        Self { certificate, key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() }
    }
}

fn params(name: &str, year: i32) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(year, 1, 1);
    params
}

/// A CA of a test.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: Vec<u8>,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = params("ca.example", 2040);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap().der().to_vec();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    pub(crate) fn signed(&self, name: &str, until_year: i32) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params(name, until_year).signed_by(&key, &self.issuer).unwrap();
        Identity::new(certificate.der().clone(), &key)
    }
}

/// Shows one certificate to everybody, whether or not the key fits.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

pub(crate) const BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

/// The server's end of a connection, and what it read.
#[derive(Debug)]
pub(crate) struct Peer {
    tls: ServerConnection,
    pub(crate) read: Vec<u8>,
    pub(crate) error: Option<rustls::Error>,
    /// Whether the client sent `close_notify`.
    pub(crate) has_closed: bool,
}

impl Peer {
    pub(crate) fn new(identity: &Identity) -> Self {
        Self::with_version(identity, &rustls::version::TLS13)
    }

    pub(crate) fn with_version(identity: &Identity, version: &'static SupportedProtocolVersion) -> Self {
        Self::with_client_auth(identity, version, Arc::new(NoClientAuth))
    }

    pub(crate) fn that_wants_a_client_certificate(version: &'static SupportedProtocolVersion) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(Ca::new().certificate.into()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        Self::with_client_auth(&Identity::self_signed(NAME), version, verifier)
    }

    fn with_client_auth(
        identity: &Identity,
        version: &'static SupportedProtocolVersion,
        client: Arc<dyn ClientCertVerifier>,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = provider.key_provider.load_private_key(identity.key.clone_key()).unwrap();
        let shown = CertifiedKey::new(vec![identity.certificate.clone()], key);
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(client)
            .with_cert_resolver(Arc::new(Always(Arc::new(shown))));
        let tls = ServerConnection::new(Arc::new(config)).unwrap();
        Self { tls, read: Vec::new(), error: None, has_closed: false }
    }

    /// Takes all that the link has for the socket, and returns what the server has for it.
    pub(crate) fn exchange(&mut self, link: &mut Link) -> Vec<u8> {
        while !link.outgoing().is_empty() && self.error.is_none() {
            let taken = self.tls.read_tls(&mut link.outgoing()).unwrap();
            link.wrote(taken);
            match self.tls.process_new_packets() {
                Ok(state) => self.has_closed |= state.peer_has_closed(),
                Err(error) => self.error = Some(error),
            }
            // "Would block" once all is read.
            let _ = self.tls.reader().read_to_end(&mut self.read);
        }
        self.due()
    }

    /// Says something, unless the connection failed.
    pub(crate) fn send(&mut self, plain: &[u8]) {
        self.tls.set_buffer_limit(None);
        if self.error.is_none() {
            self.tls.writer().write_all(plain).unwrap();
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

/// Moves bytes both ways until both are quiet, `piece` bytes at a time towards the link, for a driver that stores a new
/// pin at once.
pub(crate) fn pump(link: &mut Link, peer: &mut Peer, piece: usize) -> Result<(), LinkError> {
    pump_bytes(link, peer, piece)?;
    match link.pin_change() {
        Some(change) => link.pin_kept(change.new),
        None => Ok(()),
    }
}

/// Moves bytes both ways until both are quiet, `piece` bytes at a time towards the link.
pub(crate) fn pump_bytes(link: &mut Link, peer: &mut Peer, piece: usize) -> Result<(), LinkError> {
    loop {
        let due = peer.exchange(link);
        if due.is_empty() && link.outgoing().is_empty() {
            return Ok(());
        }
        let result = due.chunks(piece).try_for_each(|piece| link.received(piece));
        if result.is_err() {
            // The alert is for the server.
            peer.exchange(link);
            return result;
        }
    }
}

/// All plaintext that the link has.
pub(crate) fn drain(link: &mut Link) -> Vec<u8> {
    let plaintext = link.plaintext().to_vec();
    link.consume(plaintext.len());
    plaintext
}

pub(crate) const SERVER: &str = "ssl://electrum.example:50002";
pub(crate) const NAME: &str = "electrum.example";

/// A driver with a store of pins.
#[derive(Debug, Default)]
pub(crate) struct Device {
    pub(crate) route: Route,
    pub(crate) pins: BTreeMap<String, Pin>,
    pub(crate) accepts_new_pin: bool,
}

impl Device {
    pub(crate) fn with_trust(trust: Trust) -> Self {
        Self { route: Route::direct().with_trust(trust), ..Self::default() }
    }

    pub(crate) fn with_root(ca: &Ca) -> Self {
        Self { route: Route::direct().with_root(ca.certificate.clone()), ..Self::default() }
    }

    pub(crate) fn trusting(self, trust: Trust) -> Self {
        Self { route: self.route.with_trust(trust), ..self }
    }

    /// One connection to a server with this identity; what the handshake came to, and the server's end of it.
    pub(crate) fn connect_at(
        &mut self,
        server: &str,
        identity: &Identity,
        now: u64,
    ) -> (Result<PinState, LinkError>, Peer) {
        let server: ServerAddr = server.parse().unwrap();
        let key = server.to_string();
        let pin = self.pins.get(&key).copied().filter(|_| self.route.uses_pin(&server));
        let known = Known::at(now).with_pin(pin);
        let known = if self.accepts_new_pin { known.accepting_new_pin() } else { known };
        let mut link = self.route.open(&server, known).unwrap();
        let mut peer = Peer::new(identity);
        let mut result = pump_bytes(&mut link, &mut peer, usize::MAX);
        if let Some(change) = link.pin_change() {
            assert!(!link.established() && link.send(b"early") == 0, "the pin is not stored yet");
            assert_eq!(change.old, pin);
            self.pins.insert(key, change.new);
            result = link.pin_kept(change.new);
        }
        assert_eq!(link.established(), result.is_ok());
        // Whatever the caller tries, the server sees it only on a link that is established.
        let sent = link.send(b"server.version\n");
        peer.exchange(&mut link);
        assert_eq!(peer.read, if result.is_ok() { &b"server.version\n"[..sent] } else { b"" });
        assert_eq!(sent > 0, result.is_ok());
        (result.map(|()| state(&link)), peer)
    }

    pub(crate) fn connect(&mut self, identity: &Identity) -> Result<PinState, LinkError> {
        self.connect_at(SERVER, identity, NOW).0
    }
}

pub(crate) fn state(link: &Link) -> PinState {
    link.report().tls.unwrap().pin
}

pub(crate) fn changed(result: Result<PinState, LinkError>) -> PinChanged {
    match result {
        Err(LinkError::PinChanged(changed)) => *changed,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn changed_link(result: Result<(), LinkError>) -> PinChanged {
    changed(result.map(|()| PinState::Known))
}

pub(crate) fn not_accepted(result: Result<PinState, LinkError>) -> String {
    match result {
        Err(LinkError::Tls(TlsError::Certificate { reason, .. })) => reason,
        other => panic!("{other:?}"),
    }
}
