//! The client side of TLS without I/O, by rustls: bytes in and bytes out.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{BufRead as _, Write as _};
use std::sync::Arc;

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{AlertDescription, ClientConfig, ClientConnection, Error, ProtocolVersion, SignatureScheme};

use crate::addr::ServerAddr;
use crate::buffer::Buffer;
use crate::error::{LayerError, TlsError};
use crate::pins::{Pin, PinChange};
use crate::report::{PinState, TlsReport};
use crate::route::{Route, RouteError};
use crate::server_name::server_name;
use crate::trust::Known;
use crate::verify::{Judge, Verdict};

/// The client side of one TLS connection.
#[derive(Debug)]
pub(crate) struct Tls {
    connection: ClientConnection,
    judge: Arc<Judge>,
    client_certificate: Arc<NoClientCertificate>,
    /// The new pin that must be stored before anything is sent.
    pin_change: Option<PinChange>,
    report: Option<TlsReport>,
}

/// The progress of a TLS connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Handshaking,
    Open,
    /// The server sent `close_notify`: it will send no more.
    Ended,
}

impl Tls {
    pub(crate) fn new(route: &Route, server: &ServerAddr, known: Known) -> Result<Self, RouteError> {
        let failed = |reason| RouteError::Tls { server: server.clone(), reason };
        let provider = provider().map_err(failed)?;
        let judge = Judge::new(server, route.trust, known, &route.roots, provider.clone()).map_err(failed)?;
        let judge = Arc::new(judge);
        let client_certificate = Arc::new(NoClientCertificate::default());
        let mut config = ClientConfig::builder_with_details(provider, Arc::new(FixedTime(known.unix_time)))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(judge.clone())
            .with_client_cert_resolver(client_certificate.clone());
        // Each connection shows its certificate anew, and a server cannot recognise a client by a ticket.
        config.resumption = Resumption::disabled();
        let name = server_name(server).map_err(failed)?;
        let mut connection =
            ClientConnection::new(Arc::new(config), name).map_err(|error| failed(error.to_string()))?;
        // Encrypted bytes are moved at once to the stack's own buffer, which is bounded.
        connection.set_buffer_limit(None);
        Ok(Self { connection, judge, client_certificate, pin_change: None, report: None })
    }

    /// Moves the bytes to send to `outgoing`, at first the client's hello.
    pub(crate) fn flush(&mut self, outgoing: &mut Buffer) {
        while self.connection.wants_write() {
            // Writing to memory does not fail. If it did, another attempt would fail too.
            if self.connection.write_tls(&mut outgoing.writer()).is_err() {
                break;
            }
        }
    }

    pub(crate) fn received(
        &mut self,
        mut bytes: &[u8],
        plaintext: &mut Buffer,
        outgoing: &mut Buffer,
    ) -> Result<Progress, LayerError> {
        let mut progress = if self.connection.is_handshaking() { Progress::Handshaking } else { Progress::Open };
        let mut result = Ok(());
        while result.is_ok() && progress != Progress::Ended && !bytes.is_empty() {
            // Cannot fail for lack of room: it reads from memory, and the previous round emptied its buffer.
            if let Err(error) = self.connection.read_tls(&mut bytes) {
                result = Err(TlsError::Broken(error.to_string()).into());
                break;
            }
            let state = self.connection.process_new_packets();
            if self.report.is_none() && !self.connection.is_handshaking() {
                result = self.handshake_done();
                if result.is_err() {
                    break;
                }
            }
            // Plaintext before an error is valid.
            self.take_plaintext(plaintext);
            match state {
                Ok(state) if state.peer_has_closed() => progress = Progress::Ended,
                Ok(_) if self.connection.is_handshaking() => {}
                Ok(_) => progress = Progress::Open,
                Err(error) => result = Err(self.explain(error)),
            }
        }
        self.flush(outgoing);
        result.map(|()| progress)
    }

    /// Encrypts all of `plain`. The handshake must be done.
    pub(crate) fn send(&mut self, plain: &[u8], outgoing: &mut Buffer) {
        // Cannot fail: without a limit the writer takes all bytes.
        let written = self.connection.writer().write_all(plain);
        debug_assert!(written.is_ok());
        self.flush(outgoing);
    }

    /// Sends `close_notify`.
    pub(crate) fn close(&mut self, outgoing: &mut Buffer) {
        self.connection.send_close_notify();
        self.flush(outgoing);
    }

    pub(crate) const fn report(&self) -> Option<&TlsReport> {
        self.report.as_ref()
    }

    pub(crate) const fn pin_change(&self) -> Option<PinChange> {
        self.pin_change
    }

    /// Reports which pin is stored now. Another program may have changed it since the stack was opened.
    pub(crate) fn pin_kept(&mut self, held: Pin) -> Result<(), LayerError> {
        let (Some(change), Some(report)) = (self.pin_change.take(), &self.report) else { return Ok(()) };
        if held == change.new || matches!(report.pin, PinState::Ca | PinState::CaReplaced) {
            return Ok(());
        }
        Err(self.judge.changed(report.fingerprint, held, false, None))
    }

    /// Completes the handshake: the server has proven that it holds the key of its certificate.
    fn handshake_done(&mut self) -> Result<(), LayerError> {
        let (seen, state) = match self.judge.verdict() {
            Some(Verdict::Accepted { seen, state, change }) => {
                self.pin_change = change;
                (seen, state)
            }
            Some(Verdict::Refused(error)) => return Err(error),
            // rustls never finishes a handshake without a certificate.
            None => {
                return Err(TlsError::Broken("the server showed no certificate".to_owned()).into());
            }
        };
        self.report = Some(TlsReport {
            version: match self.connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
                _ => "TLS 1.2",
            },
            cipher: self
                .connection
                .negotiated_cipher_suite()
                .map_or_else(String::new, |suite| format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1)),
            fingerprint: seen,
            pin: state,
        });
        Ok(())
    }

    fn take_plaintext(&mut self, plaintext: &mut Buffer) {
        let mut reader = self.connection.reader();
        // An error only means that there is no more plaintext for now.
        while let Ok(chunk) = reader.fill_buf() {
            let n = chunk.len();
            if n == 0 {
                break;
            }
            plaintext.push(chunk);
            reader.consume(n);
        }
    }

    fn explain(&self, error: Error) -> LayerError {
        if let Some(Verdict::Refused(error)) = self.judge.verdict() {
            return error;
        }
        let greeted = self.connection.protocol_version().is_some();
        match error {
            Error::InvalidMessage(_) if !greeted => TlsError::NotTls,
            Error::PeerIncompatible(reason) => TlsError::Incompatible(format!("{reason:?}")),
            Error::AlertReceived(alert) => alert_error(alert, greeted, self.client_certificate.was_wanted()),
            error => TlsError::Broken(error.to_string()),
        }
        .into()
    }
}

/// Converts an alert of the server to an error. `greeted` says whether a version was negotiated before.
fn alert_error(alert: AlertDescription, greeted: bool, wanted_certificate: bool) -> TlsError {
    use AlertDescription as A;
    let name = format!("{alert:?}");
    let refuses_client = matches!(
        alert,
        A::HandshakeFailure | A::BadCertificate | A::CertificateUnknown | A::AccessDenied | A::UnknownCA
    );
    match alert {
        A::CertificateRequired | A::NoCertificate => TlsError::ClientCertificate(name),
        _ if refuses_client && wanted_certificate => TlsError::ClientCertificate(name),
        A::ProtocolVersion if !greeted => TlsError::Incompatible(format!("alert {name}")),
        A::HandshakeFailure | A::InsufficientSecurity if !greeted => TlsError::NoCommonCipher(name),
        A::UnrecognisedName => {
            TlsError::Alert { alert: name, hint: "it does not serve this host name; use the name in its certificate" }
        }
        A::InternalError => TlsError::Alert { alert: name, hint: "it failed; try again later" },
        _ => TlsError::Alert { alert: name, hint: "" },
    }
}

/// Offers no client certificate, and records whether the server asked for one.
#[derive(Debug, Default)]
struct NoClientCertificate(AtomicBool);

impl NoClientCertificate {
    fn was_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for NoClientCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Returns the crypto provider: `ring` or `aws-lc-rs` by the features, in this order, or else the one that the program
/// has installed for rustls.
fn provider() -> Result<Arc<CryptoProvider>, String> {
    #[cfg(feature = "ring")]
    let provider = Some(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
    let provider = Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    let provider = CryptoProvider::get_default().cloned();
    provider.ok_or_else(|| {
        "this program was built without cryptography; build it with the feature `ring` or `aws-lc-rs`".to_owned()
    })
}

/// A time provider that returns the time given by the caller.
#[derive(Debug)]
struct FixedTime(u64);

impl TimeProvider for FixedTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0)))
    }
}
