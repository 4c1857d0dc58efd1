//! Which certificate is accepted, and whether the server holds its key.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, RootCertStore, SignatureScheme};

use crate::addr::ServerAddr;
use crate::error::{LinkError, PinChanged, TlsError};
use crate::pins::{Fingerprint, Pin, PinStore};
use crate::report::PinState;
use crate::route::Trust;
use crate::spki::public_key_info;

/// Judges the certificate of one connection. Asks no store and keeps none: that is the link's task.
#[derive(Debug)]
pub(crate) struct Judge {
    server: ServerAddr,
    trust: Trust,
    pin: Option<Pin>,
    web: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
    verdict: Mutex<Option<Verdict>>,
}

/// What a [`Judge`] found.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    Accepted { seen: Fingerprint, state: PinState },
    Refused(LinkError),
}

impl Judge {
    pub(crate) fn new(
        server: &ServerAddr,
        trust: Trust,
        pin: Option<Pin>,
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
        Ok(Self { server: server.clone(), trust, pin, web, provider, verdict: Mutex::new(None) })
    }

    pub(crate) fn verdict(&self) -> Option<Verdict> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps what must hold ever after, and says why the certificate was accepted in the end.
    ///
    /// Only after the handshake, which proved that the server holds the certificate's key.
    pub(crate) fn keep(&self, pins: &dyn PinStore, seen: Fingerprint, state: PinState) -> Result<PinState, LinkError> {
        let pin = match (self.trust, self.pin, state) {
            (Trust::CaOrPin, None, PinState::New) => Pin::Certificate(seen),
            (Trust::CaOrPin, None, PinState::Ca) => Pin::WebCa,
            _ => return Ok(state),
        };
        let pinned = pins.add(&self.server.host().to_string(), self.server.port(), pin)?;
        // Somebody may have been faster since this link read its pin.
        if pinned == pin || state == PinState::Ca {
            return Ok(state);
        }
        Err(PinChanged { server: self.server.clone(), pinned, seen, given: false, reason: None }.into())
    }

    fn set(&self, verdict: Verdict) {
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
    }

    /// `by_ca` says whether a web CA vouches for the certificate, or why none does.
    fn judge(&self, seen: Fingerprint, by_ca: impl FnOnce() -> Result<(), Error>) -> Verdict {
        let accepted = |state| Verdict::Accepted { seen, state };
        let changed = |pinned, given, reason| {
            let server = self.server.clone();
            Verdict::Refused(PinChanged { server, pinned, seen, given, reason }.into())
        };
        match self.trust {
            Trust::Insecure => accepted(PinState::Insecure),
            Trust::Pinned(pinned) if pinned == seen => accepted(PinState::Given),
            Trust::Pinned(pinned) => changed(Pin::Certificate(pinned), true, None),
            Trust::CaOnly => match by_ca() {
                Ok(()) => accepted(PinState::Ca),
                Err(error) => Verdict::Refused(TlsError::Certificate { seen, reason: words(error) }.into()),
            },
            Trust::CaOrPin => match (by_ca(), self.pin) {
                (Ok(()), _) => accepted(PinState::Ca),
                (Err(_), None) => accepted(PinState::New),
                (Err(_), Some(Pin::Certificate(pinned))) if pinned == seen => accepted(PinState::Known),
                (Err(_), Some(pinned @ Pin::Certificate(_))) => changed(pinned, false, None),
                (Err(error), Some(Pin::WebCa)) => changed(Pin::WebCa, false, Some(words(error))),
            },
        }
    }

    /// Whether the handshake is signed with the key of this very certificate. Never skipped.
    fn signature(
        &self,
        certificate: &CertificateDer<'_>,
        verify: impl Fn(&SubjectPublicKeyInfoDer<'_>) -> Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = match ParsedCertificate::try_from(certificate) {
            Ok(parsed) => Ok(parsed.subject_public_key_info()),
            Err(error) => public_key_info(certificate).map(SubjectPublicKeyInfoDer::from).ok_or(error),
        };
        key.and_then(|key| verify(&key)).inspect_err(|error| {
            let seen = Fingerprint::of_certificate(certificate);
            self.set(Verdict::Refused(TlsError::Signature { seen, reason: words(error.clone()) }.into()));
        })
    }
}

/// What is wrong with a certificate, in words for people.
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
        // Not shaped as web CAs make them; webpki has a name for what it minds.
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
        let verdict = self.judge(seen, || {
            self.web.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now).map(|_| ())
        });
        let result = match &verdict {
            Verdict::Accepted { .. } => Ok(ServerCertVerified::assertion()),
            Verdict::Refused(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
        };
        self.set(verdict);
        result
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
