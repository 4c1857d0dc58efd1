//! Which certificates are accepted, and what is remembered of them.
#![cfg(feature = "tls")]

mod common;

use common::peer::{Ca, Identity, NAME, NOW, SERVER, changed, connect, connect_at, not_accepted};
use electrum_transport::{Pin, PinState, Route, RouteError, ServerAddr, Side, Trust};

const IN_2041: u64 = 2_250_000_000;

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
    assert!(reason.contains("becomes valid in"), "{reason}");
    not_accepted(connect(&route(), &Identity::self_signed(NAME)));
    not_accepted(connect(&route(), &Ca::new().signed(NAME, 2040)));
    // Without the test's CA nobody vouches for it.
    not_accepted(connect(&Route::direct().with_trust(Trust::CaOnly), &ca.signed(NAME, 2040)));
}

#[test]
fn a_web_ca_may_vouch_for_an_ip_address() {
    let ca = Ca::new();
    let route = Route::direct().with_root(ca.certificate.clone()).with_trust(Trust::CaOnly);
    for (ip, server) in [("192.0.2.7", "ssl://192.0.2.7"), ("2001:db8::7", "ssl://[2001:db8::7]")] {
        assert_eq!(connect_at(&route, server, &ca.signed(ip, 2040), NOW).0, Ok(PinState::Ca));
        not_accepted(connect_at(&route, server, &ca.signed("192.0.2.8", 2040), NOW).0);
    }
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
