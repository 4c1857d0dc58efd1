//! The server's side of TLS: certificates as servers have them, and a connection in memory.
//!
//! The records are those of `rustls`, the certificates those of `rcgen`.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

/// The library whose types stand here.
pub use rustls;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, NoClientAuth, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, SupportedProtocolVersion};

/// A certificate and a key, which need not belong to each other.
///
/// # Example
/// ```
/// use electrum_testkit::tls::{Identity, TlsPeer};
///
/// let server = Identity::self_signed("electrum.example");
/// let mut peer = TlsPeer::new(server.config());
/// peer.received(b"this is no ClientHello");
/// assert!(peer.error.is_some());
/// ```
#[derive(Debug)]
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Makes a self-signed certificate, such as most servers have, valid from 2020 to 2040.
    pub fn self_signed(name: &str) -> Self {
        Self::self_signed_until(name, 2040)
    }

    /// Makes a self-signed certificate, valid from 2020 to the first day of a year.
    pub fn self_signed_until(name: &str, year: i32) -> Self {
        let key = key();
        let certificate = params(name, year).self_signed(&key).expect("parameters that can be signed");
        Self::new(certificate.der(), &key)
    }

    /// Reads a certificate and a key in PEM, as `openssl` writes them.
    ///
    /// # Panics
    /// If they are no PEM.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Self {
        Self {
            certificate: CertificateDer::from_pem_slice(certificate).expect("a certificate in PEM"),
            key: PrivateKeyDer::from_pem_slice(key).expect("a key in PEM"),
        }
    }

    /// Combines this certificate with the key of another, like a server that shows a certificate that is not its own.
    pub fn with_key_of(self, other: &Self) -> Self {
        Self { key: other.key.clone_key(), ..self }
    }

    /// Returns the certificate in DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Returns the configuration of a server with this certificate, for TLS 1.2 and 1.3.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config_with(rustls::ALL_VERSIONS, Arc::new(NoClientAuth))
    }

    /// Returns the configuration of a server with this certificate, for these versions of TLS, that requests the
    /// client's certificate as `client` says.
    ///
    /// # Panics
    /// If there is no version, or the key is of a kind that `ring` does not know.
    pub fn config_with(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        client: Arc<dyn ClientCertVerifier>,
    ) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = provider.key_provider.load_private_key(self.key.clone_key()).expect("a key that ring knows");
        let shown = CertifiedKey::new(vec![self.certificate.clone()], key);
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("a version")
            .with_client_cert_verifier(client)
            .with_cert_resolver(Arc::new(Always(Arc::new(shown))));
        Arc::new(config)
    }

    fn new(certificate: &CertificateDer<'static>, key: &KeyPair) -> Self {
        Self { certificate: certificate.clone(), key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() }
    }
}

/// A certificate authority.
///
/// # Example
/// ```
/// use electrum_testkit::tls::Ca;
/// use electrum_testkit::tls::rustls::RootCertStore;
///
/// let ca = Ca::new();
/// let mut trusted = RootCertStore::empty();
/// trusted.add(ca.certificate().to_vec().into())?;
/// // A server of this name, and one whose certificate has expired.
/// let _server = ca.signed("electrum.example", 2040);
/// let _expired = ca.signed("electrum.example", 2021);
/// assert_eq!(trusted.len(), 1);
/// # Ok::<(), electrum_testkit::tls::rustls::Error>(())
/// ```
#[derive(Debug)]
pub struct Ca {
    issuer: Issuer<'static, KeyPair>,
    certificate: Vec<u8>,
}

impl Ca {
    /// Makes a certificate authority, valid from 2020 to 2040.
    #[allow(clippy::new_without_default, reason = "no two are the same")]
    pub fn new() -> Self {
        let key = key();
        let mut params = params("ca.example", 2040);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("parameters that can be signed").der().to_vec();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// Returns its certificate in DER, for a client to trust.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Signs a server's certificate, valid from 2020 to the first day of a year.
    pub fn signed(&self, name: &str, until_year: i32) -> Identity {
        let key = key();
        let certificate = params(name, until_year).signed_by(&key, &self.issuer).expect("an authority that can sign");
        Identity::new(certificate.der(), &key)
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a random key")
}

fn params(name: &str, until_year: i32) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).expect("the name of a host");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until_year, 1, 1);
    params
}

/// Shows one certificate to every client, whether or not the key fits.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// The server's end of a connection, without a socket.
///
/// # Example
/// ```
/// use electrum_testkit::tls::rustls::{ClientConfig, ClientConnection, RootCertStore, crypto};
/// use electrum_testkit::tls::{Ca, TlsPeer};
///
/// let ca = Ca::new();
/// let mut peer = TlsPeer::new(ca.signed("electrum.example", 2040).config());
///
/// // A client of rustls, whose records go to the peer and back.
/// # let mut trusted = RootCertStore::empty();
/// # trusted.add(ca.certificate().to_vec().into())?;
/// # let config = ClientConfig::builder_with_provider(crypto::ring::default_provider().into());
/// # let config = config.with_safe_default_protocol_versions()?.with_root_certificates(trusted).with_no_client_auth();
/// let mut client = ClientConnection::new(config.into(), "electrum.example".try_into()?)?;
/// while client.is_handshaking() || peer.is_handshaking() {
///     let mut records = Vec::new();
///     client.write_tls(&mut records)?;
///     peer.received(&records);
///     client.read_tls(&mut &peer.due()[..])?;
///     client.process_new_packets()?;
/// }
/// assert_eq!(peer.error, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TlsPeer {
    tls: ServerConnection,
    /// The plaintext that the client sent.
    pub read: Vec<u8>,
    /// What was wrong with the client's records. Once there is an error, nothing more is read.
    pub error: Option<rustls::Error>,
    /// Whether the client sent `close_notify`.
    pub has_closed: bool,
}

impl TlsPeer {
    /// Makes the end of a connection that waits for the client's first record.
    ///
    /// # Panics
    /// If `rustls` refuses the configuration, which it does to none of an [`Identity`].
    pub fn new(config: Arc<ServerConfig>) -> Self {
        let mut tls = ServerConnection::new(config).expect("a configuration that rustls takes");
        tls.set_buffer_limit(None);
        Self { tls, read: Vec::new(), error: None, has_closed: false }
    }

    /// Takes bytes that the client sent.
    pub fn received(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.error.is_none() {
            self.tls.read_tls(&mut bytes).expect("a slice can be read");
            match self.tls.process_new_packets() {
                Ok(state) => self.has_closed |= state.peer_has_closed(),
                Err(error) => self.error = Some(error),
            }
            // "Would block" once all is read.
            let _ = self.tls.reader().read_to_end(&mut self.read);
        }
    }

    /// Returns whether the handshake is not done yet.
    pub fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    /// Queues plaintext for the client, unless the connection failed.
    pub fn send(&mut self, plain: &[u8]) {
        if self.error.is_none() {
            self.tls.writer().write_all(plain).expect("a buffer without a limit");
        }
    }

    /// Queues `close_notify`.
    pub fn close(&mut self) {
        self.tls.send_close_notify();
    }

    /// Takes the bytes that are due to the client.
    pub fn due(&mut self) -> Vec<u8> {
        let mut due = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut due).expect("memory can be written");
        }
        due
    }
}
