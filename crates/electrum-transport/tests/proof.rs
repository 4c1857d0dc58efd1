//! That the key is proven before anything is believed or kept, for certificates of all kinds, and stores that fail.
#![cfg(feature = "tls")]

mod common;

use std::sync::Arc;

use common::peer::{BOTH, Ca, Identity, NAME, NOW, Peer, SERVER, changed, connect, not_accepted, pump};
use electrum_transport::{
    Fingerprint, LinkError, MemoryPins, Pin, PinError, PinState, PinStore, Route, RouteError, TlsError, Trust,
};

#[test]
fn a_shown_certificate_without_its_key_is_never_accepted() {
    let ca = Ca::new();
    for version in BOTH {
        let thief = Identity::self_signed(NAME);
        let shown = || [Identity::self_signed(NAME), ca.signed(NAME, 2040), Identity::by_openssl(V1)];
        for identity in shown() {
            let fingerprint = identity.fingerprint();
            let stolen = identity.with_key_of(&thief);
            for trust in [Trust::CaOrPin, Trust::CaOnly, Trust::Pinned(fingerprint), Trust::Insecure] {
                let route = Route::direct().with_root(ca.certificate.clone()).with_trust(trust);
                let mut link = route.open(&SERVER.parse().unwrap(), NOW).unwrap();
                let mut peer = Peer::with_version(&stolen, version);
                let error = pump(&mut link, &mut peer, usize::MAX).unwrap_err();
                let wanted = matches!(&error, LinkError::Tls(TlsError::Signature { seen, .. }) if *seen == fingerprint);
                let not_by_ca =
                    matches!(&error, LinkError::Tls(TlsError::Certificate { .. })) && trust == Trust::CaOnly;
                assert!(wanted || not_by_ca, "{trust:?}: {error}");
                assert_eq!(link.send(b"x"), 0);
                assert_eq!(route.pins().get(NAME, 50002), Ok(None), "nothing was proven");
            }
        }
    }
}

#[test]
fn no_pin_before_the_handshake_is_done() {
    let route = Route::direct();
    let mut link = route.open(&SERVER.parse().unwrap(), NOW).unwrap();
    let flight = Peer::new(&Identity::self_signed(NAME)).exchange(&mut link);
    link.received(&flight[..flight.len() - 1]).unwrap();
    assert_eq!(route.pins().get(NAME, 50002), Ok(None));
    link.received(&flight[flight.len() - 1..]).unwrap();
    assert!(matches!(route.pins().get(NAME, 50002), Ok(Some(Pin::Certificate(_)))));
}

const V1: &[u8] = include_bytes!("certs/rsa-v1.pem");
const V3: &[u8] = include_bytes!("certs/rsa-v3.pem");

#[test]
fn certificates_as_server_manuals_make_them() {
    for version in BOTH {
        for pem in [V1, V3] {
            let (route, identity) = (Route::direct(), Identity::by_openssl(pem));
            for state in [PinState::New, PinState::Known] {
                let mut link = route.open(&SERVER.parse().unwrap(), NOW).unwrap();
                pump(&mut link, &mut Peer::with_version(&identity, version), usize::MAX).unwrap();
                assert_eq!(common::peer::state(&link), state);
            }
            let only_ca = Route::direct().with_trust(Trust::CaOnly);
            not_accepted(connect(&only_ca, &identity));
        }
    }
    // What `openssl x509 -fingerprint -sha256` says of it.
    let by_openssl = "F5:72:AD:9F:BE:CC:4F:39:3A:9A:EE:5C:C3:44:99:F2:38:BA:C8:86:0F:E5:EB:DC:0E:1F:26:46:72:7C:2D:03";
    assert_eq!(Identity::by_openssl(V1).fingerprint().to_string(), by_openssl);
}

/// A store in which somebody else is always a moment faster, or which fails.
#[derive(Debug)]
struct Odd {
    inner: MemoryPins,
    add: Result<Pin, PinError>,
    get: Result<(), PinError>,
}

impl PinStore for Odd {
    fn get(&self, host: &str, port: u16) -> Result<Option<Pin>, PinError> {
        self.get.clone().and_then(|()| self.inner.get(host, port))
    }
    fn add(&self, _: &str, _: u16, _: Pin) -> Result<Pin, PinError> {
        self.add.clone()
    }
    fn replace(&self, host: &str, port: u16, pin: Option<Pin>) -> Result<Option<Pin>, PinError> {
        self.inner.replace(host, port, pin)
    }
}

fn odd(get: Result<(), PinError>, add: Result<Pin, PinError>) -> Route {
    Route::direct().with_pins(Arc::new(Odd { inner: MemoryPins::new(), add, get }))
}

#[test]
fn another_process_may_have_pinned_first() {
    let identity = Identity::self_signed(NAME);
    let same = Pin::Certificate(identity.fingerprint());
    assert_eq!(connect(&odd(Ok(()), Ok(same)), &identity), Ok(PinState::New));
    let other = Pin::Certificate(Fingerprint::from_bytes([7; 32]));
    let error = changed(connect(&odd(Ok(()), Ok(other)), &identity));
    assert_eq!((error.pinned, error.seen), (other, identity.fingerprint()));
}

#[test]
fn a_store_that_fails_means_no_connection() {
    let failure = PinError::Other("no room".to_owned());
    let route = odd(Ok(()), Err(failure.clone()));
    assert_eq!(connect(&route, &Identity::self_signed(NAME)), Err(LinkError::Pins(failure.clone())));
    let route = odd(Err(failure.clone()), Ok(Pin::WebCa));
    assert_eq!(route.open(&SERVER.parse().unwrap(), NOW).unwrap_err(), RouteError::Pins(failure));
}
