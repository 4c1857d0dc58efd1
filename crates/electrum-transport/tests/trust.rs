//! Which certificates are accepted, and what is remembered of them.
#![cfg(feature = "tls")]

mod common;

use std::sync::Arc;

use common::peer::{BOTH, Ca, Identity, NOW, Peer, pump};
use electrum_transport::{
    Fingerprint, Link, LinkError, MemoryPins, Pin, PinChanged, PinError, PinState, PinStore, Route, RouteError,
    ServerAddr, Side, TlsError, Trust,
};

const SERVER: &str = "ssl://electrum.example:50002";
const NAME: &str = "electrum.example";
const IN_2041: u64 = 2_250_000_000;

/// One connection to a server with this identity; what the handshake came to, and the server's end of it.
fn connect_at(route: &Route, server: &str, identity: &Identity, now: u64) -> (Result<PinState, LinkError>, Peer) {
    let mut link = route.open(&server.parse().unwrap(), now).unwrap();
    let mut peer = Peer::new(identity);
    let result = pump(&mut link, &mut peer, usize::MAX);
    assert_eq!(link.established(), result.is_ok());
    // Whatever the caller tries, the server sees it only on a link that stands.
    let sent = link.send(b"server.version\n");
    peer.exchange(&mut link);
    assert_eq!(peer.read, if result.is_ok() { &b"server.version\n"[..sent] } else { b"" });
    assert_eq!(sent > 0, result.is_ok());
    (result.map(|()| state(&link)), peer)
}

fn connect(route: &Route, identity: &Identity) -> Result<PinState, LinkError> {
    connect_at(route, SERVER, identity, NOW).0
}

fn state(link: &Link) -> PinState {
    link.report().tls.unwrap().pin
}

fn changed(result: Result<PinState, LinkError>) -> PinChanged {
    match result {
        Err(LinkError::PinChanged(changed)) => *changed,
        other => panic!("{other:?}"),
    }
}

fn not_accepted(result: Result<PinState, LinkError>) -> String {
    match result {
        Err(LinkError::Tls(TlsError::Certificate { reason, .. })) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn first_use_pins_and_the_same_is_known_ever_after() {
    let (route, identity) = (Route::direct(), Identity::self_signed(NAME));
    assert_eq!(connect(&route, &identity), Ok(PinState::New));
    assert_eq!(connect(&route, &identity), Ok(PinState::Known));
    // A clone shares the pins.
    assert_eq!(connect(&route.clone(), &identity), Ok(PinState::Known));
}

#[test]
fn a_changed_certificate_is_refused_with_both_fingerprints() {
    let (route, old, new) = (Route::direct(), Identity::self_signed(NAME), Identity::self_signed(NAME));
    connect(&route, &old).unwrap();
    let (result, peer) = connect_at(&route, SERVER, &new, NOW);
    assert!(matches!(peer.error, Some(rustls::Error::AlertReceived(_))), "{:?}", peer.error);
    let error = result.unwrap_err();
    assert_eq!(error.side(), Side::User);
    let words = error.to_string();
    for part in [&old.fingerprint().to_string(), &new.fingerprint().to_string(), "--accept-new-pin", SERVER] {
        assert!(words.contains(part), "{words}");
    }
    // It stays so until the user says otherwise.
    let error = changed(connect(&route, &new));
    assert_eq!((error.pinned, error.seen), (Pin::Certificate(old.fingerprint()), new.fingerprint()));
    assert_eq!(connect(&route, &old), Ok(PinState::Known));
    route.pins().replace(NAME, 50002, Some(Pin::Certificate(error.seen))).unwrap();
    assert_eq!(connect(&route, &new), Ok(PinState::Known));
    assert_eq!(changed(connect(&route, &old)).seen, old.fingerprint());
    route.pins().replace(NAME, 50002, None).unwrap();
    assert_eq!(connect(&route, &old), Ok(PinState::New));
}

#[test]
fn pins_are_kept_per_host_and_port() {
    let (route, one, two) = (Route::direct(), Identity::self_signed(NAME), Identity::self_signed(NAME));
    connect(&route, &one).unwrap();
    for other in
        ["ssl://electrum.example:50003", "ssl://www.electrum.example", "ssl://192.0.2.7", "ssl://[2001:db8::7]"]
    {
        assert_eq!(connect_at(&route, other, &two, NOW).0, Ok(PinState::New), "{other}");
        assert_eq!(connect_at(&route, other, &two, NOW).0, Ok(PinState::Known), "{other}");
    }
    assert_eq!(connect_at(&route, "Electrum.Example:50002:s", &one, NOW).0, Ok(PinState::Known));
}

#[test]
fn a_pin_outlives_the_certificate_and_cares_for_no_name() {
    let route = Route::direct();
    let identity = Identity::self_signed("another.example");
    assert_eq!(connect(&route, &identity), Ok(PinState::New));
    assert_eq!(connect_at(&route, SERVER, &identity, IN_2041).0, Ok(PinState::Known));
    let expired = Identity::self_signed_until(NAME, 2021);
    assert_eq!(connect(&Route::direct(), &expired), Ok(PinState::New));
}

#[test]
fn a_web_ca_is_believed_for_its_name_and_time() {
    let ca = Ca::new();
    let route = || Route::direct().with_root(ca.certificate.clone()).with_trust(Trust::CaOnly);
    assert_eq!(connect(&route(), &ca.signed(NAME, 2040)), Ok(PinState::Ca));
    assert_eq!(connect(&route().with_trust(Trust::CaOrPin), &ca.signed(NAME, 2040)), Ok(PinState::Ca));

    let reason = not_accepted(connect(&route(), &ca.signed("another.example", 2040)));
    assert!(reason.contains("another.example"), "{reason}");
    let reason = not_accepted(connect(&route(), &ca.signed(NAME, 2021)));
    assert!(reason.contains("expired"), "{reason}");
    let reason = not_accepted(connect_at(&route(), SERVER, &ca.signed(NAME, 2040), 1_000_000_000).0);
    assert!(reason.contains("not valid yet"), "{reason}");
    not_accepted(connect(&route(), &Identity::self_signed(NAME)));
    not_accepted(connect(&route(), &Ca::new().signed(NAME, 2040)));
    // Without the test's CA nobody vouches for it.
    not_accepted(connect(&Route::direct().with_trust(Trust::CaOnly), &ca.signed(NAME, 2040)));
}

#[test]
fn a_server_with_a_web_ca_must_not_fall_back() {
    let ca = Ca::new();
    let route = Route::direct().with_root(ca.certificate.clone());
    assert_eq!(connect(&route, &ca.signed(NAME, 2040)), Ok(PinState::Ca));
    // Renewed: another certificate, the same CA.
    assert_eq!(connect(&route, &ca.signed(NAME, 2040)), Ok(PinState::Ca));
    let error = changed(connect(&route, &Identity::self_signed(NAME)));
    assert_eq!(error.pinned, Pin::WebCa);
    let error = changed(connect(&route, &ca.signed(NAME, 2021)));
    assert!(error.to_string().contains("expired"), "{error}");
}

#[test]
fn a_pinned_server_may_move_to_a_web_ca() {
    let (ca, own) = (Ca::new(), Identity::self_signed(NAME));
    let route = Route::direct().with_root(ca.certificate.clone());
    connect(&route, &own).unwrap();
    assert_eq!(connect(&route, &ca.signed(NAME, 2040)), Ok(PinState::Ca));
    assert_eq!(connect(&route, &own), Ok(PinState::Known));
}

#[test]
fn a_given_pin_is_all_that_counts() {
    let (ca, own) = (Ca::new(), Identity::self_signed(NAME));
    let route = Route::direct().with_root(ca.certificate.clone()).with_trust(Trust::Pinned(own.fingerprint()));
    assert_eq!(connect(&route, &own), Ok(PinState::Given));
    let signed = ca.signed(NAME, 2040);
    let error = changed(connect(&route, &signed));
    assert!(error.given);
    let words = error.to_string();
    assert!(
        words.contains(&own.fingerprint().to_string()) && words.contains(&signed.fingerprint().to_string()),
        "{words}"
    );
    assert_eq!(route.pins().get(NAME, 50002), Ok(None));
    // Plain text shows no certificate.
    let plain: ServerAddr = "tcp://electrum.example".parse().unwrap();
    assert_eq!(route.open(&plain, NOW).unwrap_err(), RouteError::PinWithoutTls { server: plain });
}

#[test]
fn insecure_takes_any_and_remembers_none() {
    let route = Route::direct().with_trust(Trust::Insecure);
    assert_eq!(connect(&route, &Identity::self_signed(NAME)), Ok(PinState::Insecure));
    assert_eq!(connect(&route, &Identity::self_signed("another.example")), Ok(PinState::Insecure));
    assert_eq!(route.pins().get(NAME, 50002), Ok(None));
}

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
                assert_eq!(self::state(&link), state);
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
