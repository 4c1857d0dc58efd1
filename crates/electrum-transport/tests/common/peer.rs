//! Links to a TLS server in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use electrum_testkit::tls::{Ca, Identity, TlsPeer};
use electrum_transport::{
    Fingerprint, Known, LayerError, LayerStack, Pin, PinChanged, PinState, Route, ServerAddr, TlsError, Trust,
};
use rustls::server::{NoClientAuth, WebPkiClientVerifier};
use rustls::{RootCertStore, SupportedProtocolVersion};

/// 2025-06-15: inside the years of certificates that are not meant to be expired.
pub(crate) const NOW: u64 = 1_750_000_000;

/// Certificates that `openssl` made, with a common name only, as server manuals say.
pub(crate) fn by_openssl(pem: &[u8]) -> Identity {
    Identity::from_pem(pem, include_bytes!("../certs/rsa.key.pem"))
}

pub(crate) const BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

pub(crate) fn fingerprint(identity: &Identity) -> Fingerprint {
    Fingerprint::of_certificate(identity.certificate())
}

/// A server of TLS 1.3.
pub(crate) fn peer_of(identity: &Identity) -> TlsPeer {
    with_version(identity, &rustls::version::TLS13)
}

/// A server of this version of TLS.
pub(crate) fn with_version(identity: &Identity, version: &'static SupportedProtocolVersion) -> TlsPeer {
    TlsPeer::new(identity.config_with(&[version], Arc::new(NoClientAuth)))
}

pub(crate) fn that_wants_a_client_certificate(version: &'static SupportedProtocolVersion) -> TlsPeer {
    let mut roots = RootCertStore::empty();
    roots.add(Ca::new().certificate().to_vec().into()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    TlsPeer::new(Identity::self_signed(NAME).config_with(&[version], verifier))
}

/// Gives the server all that the stack has for the socket, and returns what the server has for it.
pub(crate) fn exchange(stack: &mut LayerStack, peer: &mut TlsPeer) -> Vec<u8> {
    peer.received(stack.outgoing());
    stack.wrote(stack.outgoing().len());
    peer.due()
}

/// Moves bytes both ways until both are quiet, `piece` bytes at a time towards the stack, for a driver that stores a new
/// pin at once.
pub(crate) fn pump(stack: &mut LayerStack, peer: &mut TlsPeer, piece: usize) -> Result<(), LayerError> {
    pump_bytes(stack, peer, piece)?;
    match stack.pin_change() {
        Some(change) => stack.pin_kept(change.new),
        None => Ok(()),
    }
}

/// Moves bytes both ways until both are quiet, `piece` bytes at a time towards the stack.
pub(crate) fn pump_bytes(stack: &mut LayerStack, peer: &mut TlsPeer, piece: usize) -> Result<(), LayerError> {
    loop {
        let due = exchange(stack, peer);
        if due.is_empty() && stack.outgoing().is_empty() {
            return Ok(());
        }
        let result = due.chunks(piece).try_for_each(|piece| stack.received(piece));
        if result.is_err() {
            // The alert is for the server.
            exchange(stack, peer);
            return result;
        }
    }
}

/// All plaintext that the stack has.
pub(crate) fn drain(stack: &mut LayerStack) -> Vec<u8> {
    let plaintext = stack.plaintext().to_vec();
    stack.consume(plaintext.len());
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
        Self { route: Route::direct().with_root(ca.certificate().to_vec()), ..Self::default() }
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
    ) -> (Result<PinState, LayerError>, TlsPeer) {
        let server: ServerAddr = server.parse().unwrap();
        let key = server.to_string();
        let pin = self.pins.get(&key).copied().filter(|_| self.route.uses_pin(&server));
        let known = Known::at(now).with_pin(pin);
        let known = if self.accepts_new_pin { known.accepting_new_pin() } else { known };
        let mut stack = self.route.open(&server, known).unwrap();
        let mut peer = peer_of(identity);
        let mut result = pump_bytes(&mut stack, &mut peer, usize::MAX);
        if let Some(change) = stack.pin_change() {
            assert!(!stack.established() && stack.send(b"early") == 0, "the pin is not stored yet");
            assert_eq!(change.old, pin);
            self.pins.insert(key, change.new);
            result = stack.pin_kept(change.new);
        }
        assert_eq!(stack.established(), result.is_ok());
        // Whatever the caller tries, the server sees it only on a stack that is established.
        let sent = stack.send(b"server.version\n");
        exchange(&mut stack, &mut peer);
        assert_eq!(peer.read, if result.is_ok() { &b"server.version\n"[..sent] } else { b"" });
        assert_eq!(sent > 0, result.is_ok());
        (result.map(|()| state(&stack)), peer)
    }

    pub(crate) fn connect(&mut self, identity: &Identity) -> Result<PinState, LayerError> {
        self.connect_at(SERVER, identity, NOW).0
    }
}

pub(crate) fn state(stack: &LayerStack) -> PinState {
    stack.report().tls.unwrap().pin
}

pub(crate) fn changed(result: Result<PinState, LayerError>) -> PinChanged {
    match result {
        Err(LayerError::PinChanged(changed)) => *changed,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn changed_stack(result: Result<(), LayerError>) -> PinChanged {
    changed(result.map(|()| PinState::Known))
}

pub(crate) fn not_accepted(result: Result<PinState, LayerError>) -> String {
    match result {
        Err(LayerError::Tls(TlsError::Certificate { reason, .. })) => reason,
        other => panic!("{other:?}"),
    }
}
