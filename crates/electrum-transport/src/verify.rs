//! Verifies the certificate of a server, and that the server holds its key.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, RootCertStore, SignatureScheme};

use crate::addr::ServerAddr;
use crate::error::{LayerError, PinChanged, TlsError};
use crate::pins::{Fingerprint, Pin, PinChange};
use crate::report::PinState;
use crate::spki::{public_key_info, unsupported_key};
use crate::trust::{Decision, Known, Trust, decide};

/// Decides on the certificate of one connection.
#[derive(Debug)]
pub(crate) struct Judge {
    server: ServerAddr,
    trust: Trust,
    known: Known,
    web: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
    verdict: Mutex<Option<Verdict>>,
}

/// The decision of a [`Judge`].
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    Accepted { seen: Fingerprint, state: PinState, change: Option<PinChange> },
    Refused(LayerError),
}

impl Judge {
    pub(crate) fn new(
        server: &ServerAddr,
        trust: Trust,
        known: Known,
        extra_roots: &[CertificateDer<'static>],
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in extra_roots {
            roots.add(root.clone()).map_err(|error| error.to_string())?;
        }
        let web = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { server: server.clone(), trust, known, web, provider, verdict: Mutex::new(None) })
    }

    pub(crate) fn verdict(&self) -> Option<Verdict> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the error of a certificate that is not the pinned one.
    pub(crate) fn changed(&self, seen: Fingerprint, pinned: Pin, given: bool, reason: Option<String>) -> LayerError {
        PinChanged { server: self.server.clone(), pinned, seen, given, reason }.into()
    }

    fn set(&self, verdict: Verdict) {
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
    }

    /// Decides on a certificate. `by_ca` checks whether a web CA vouches for it, and returns why none does. The second
    /// part of the result is for rustls, which derives its alert from it.
    fn judge(&self, seen: Fingerprint, by_ca: impl FnOnce() -> Result<(), Error>) -> (Verdict, Result<(), Error>) {
        let mut not_by_ca = None;
        let decision =
            decide(self.trust, &self.known, seen, || by_ca().map_err(|error| not_by_ca = Some(error)).is_ok());
        match decision {
            Decision::Accept(state, change) => (Verdict::Accepted { seen, state, change }, Ok(())),
            Decision::NotByCa => {
                let error = not_by_ca.unwrap_or(CertificateError::UnknownIssuer.into());
                let reason = words(error.clone());
                (Verdict::Refused(TlsError::Certificate { seen, reason }.into()), Err(error))
            }
            Decision::NotPinned { pinned, given } => {
                let reason = not_by_ca.filter(|_| pinned == Pin::WebCa).map(words);
                let refused = Verdict::Refused(self.changed(seen, pinned, given, reason));
                (refused, Err(CertificateError::ApplicationVerificationFailure.into()))
            }
        }
    }

    /// Checks that the handshake is signed with the key of this certificate. It is never skipped.
    fn signature(
        &self,
        certificate: &CertificateDer<'_>,
        verify: impl Fn(&SubjectPublicKeyInfoDer<'_>) -> Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = match ParsedCertificate::try_from(certificate) {
            Ok(parsed) => Ok(parsed.subject_public_key_info()),
            Err(error) => public_key_info(certificate).map(SubjectPublicKeyInfoDer::from).ok_or(error),
        };
        key.as_ref().map_err(Clone::clone).and_then(verify).inspect_err(|error| {
            let seen = Fingerprint::of_certificate(certificate);
            let supported = self.provider.signature_verification_algorithms.all;
            let supported = supported.iter().map(|algorithm| algorithm.public_key_alg_id());
            let error = match key.as_ref().ok().and_then(|key| unsupported_key(key, supported)) {
                Some(key) => TlsError::UnsupportedKey { seen, key },
                None => TlsError::Signature { seen, reason: words(error.clone()) },
            };
            self.set(Verdict::Refused(error.into()));
        })
    }
}

/// Describes for people what is wrong with a certificate.
fn words(error: Error) -> String {
    const DAY: u64 = 24 * 60 * 60;
    let Error::InvalidCertificate(error) = error else {
        return error.to_string();
    };
    match error {
        CertificateError::ExpiredContext { time, not_after } => {
            format!("it expired {} days ago", time.as_secs().saturating_sub(not_after.as_secs()) / DAY)
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            let days = not_before.as_secs().saturating_sub(time.as_secs()) / DAY;
            format!("it becomes valid in {days} days only, or this computer's clock is wrong")
        }
        CertificateError::UnknownIssuer => "no web CA vouches for it".to_owned(),
        CertificateError::BadSignature => "its signature is wrong".to_owned(),
        // A form of certificate that web CAs do not issue; webpki names what is unusual.
        CertificateError::Other(error) => {
            format!("no web CA vouches for one of its kind ({})", error.0)
        }
        error => error.to_string(),
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let seen = Fingerprint::of_certificate(end_entity);
        let (verdict, result) = self.judge(seen, || {
            self.web.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now).map(|_| ())
        });
        self.set(verdict);
        result.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(certificate, |key| {
            let key = webpki::RawPublicKeyEntity::try_from(key).map_err(|error| Error::General(error.to_string()))?;
            // TLS 1.2 does not say which curve or key type belongs to a scheme, so there may be several candidates.
            let schemes = self.provider.signature_verification_algorithms.mapping;
            let (_, candidates) = schemes
                .iter()
                .find(|(scheme, _)| *scheme == signed.scheme)
                .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
            let mut candidates = candidates.iter();
            if candidates.any(|algorithm| key.verify_signature(*algorithm, message, signed.signature()).is_ok()) {
                Ok(HandshakeSignatureValid::assertion())
            } else {
                Err(CertificateError::BadSignature.into())
            }
        })
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.signature(certificate, |key| verify_tls13_signature_with_raw_key(message, key, signed, algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
