//! Which certificates are accepted, and what is remembered of them.
#![cfg(feature = "tls")]

mod common;

use common::peer::{Device, NAME, NOW, SERVER, changed, fingerprint, not_accepted};
use electrum_testkit::tls::{Ca, Identity};
use electrum_transport::{Known, Pin, PinState, Route, RouteError, ServerAddr, Side, Trust};

const IN_2041: u64 = 2_250_000_000;

#[test]
fn first_use_pins_and_the_same_is_known_ever_after() {
    let (mut device, identity) = (Device::default(), Identity::self_signed(NAME));
    assert_eq!(device.connect(&identity), Ok(PinState::New));
    assert_eq!(device.connect(&identity), Ok(PinState::Known));
    assert_eq!(device.connect(&identity), Ok(PinState::Known));
}

#[test]
fn a_changed_certificate_is_refused_with_both_fingerprints() {
    let (mut device, old, new) = (Device::default(), Identity::self_signed(NAME), Identity::self_signed(NAME));
    device.connect(&old).unwrap();
    let (result, peer) = device.connect_at(SERVER, &new, NOW);
    assert!(matches!(peer.error, Some(rustls::Error::AlertReceived(_))), "{:?}", peer.error);
    let error = result.unwrap_err();
    assert_eq!(error.side(), Side::User);
    let words = error.to_string();
    for part in [&fingerprint(&old).to_string(), &fingerprint(&new).to_string(), "--accept-new-pin", SERVER, "before"] {
        assert!(words.contains(part), "{words}");
    }
    assert!(!words.contains("::replace"), "{words}");
    // It stays so until the user says otherwise.
    let error = changed(device.connect(&new));
    assert_eq!((error.pinned, error.seen), (Pin::Certificate(fingerprint(&old)), fingerprint(&new)));
    assert_eq!(device.connect(&old), Ok(PinState::Known));
    device.pins.insert(SERVER.into(), Pin::Certificate(error.seen));
    assert_eq!(device.connect(&new), Ok(PinState::Known));
    assert_eq!(changed(device.connect(&old)).seen, fingerprint(&old));
    device.pins.clear();
    assert_eq!(device.connect(&old), Ok(PinState::New));
}

#[test]
fn a_new_pin_that_the_user_accepts_replaces_the_old_one() {
    let (mut device, old, new) = (Device::default(), Identity::self_signed(NAME), Identity::self_signed(NAME));
    device.accepts_new_pin = true;
    assert_eq!(device.connect(&old), Ok(PinState::New), "there was none to replace");
    assert_eq!(device.connect(&old), Ok(PinState::Known));
    assert_eq!(device.connect(&new), Ok(PinState::Replaced));
    device.accepts_new_pin = false;
    assert_eq!(device.connect(&new), Ok(PinState::Known));
    assert_eq!(changed(device.connect(&old)).pinned, Pin::Certificate(fingerprint(&new)));
}

#[test]
fn a_pin_outlives_the_certificate_and_cares_for_no_name() {
    let mut device = Device::default();
    let identity = Identity::self_signed("another.example");
    assert_eq!(device.connect(&identity), Ok(PinState::New));
    assert_eq!(device.connect_at(SERVER, &identity, IN_2041).0, Ok(PinState::Known));
    let expired = Identity::self_signed_until(NAME, 2021);
    assert_eq!(Device::default().connect(&expired), Ok(PinState::New));
}

#[test]
fn a_web_ca_is_believed_for_its_name_and_time() {
    let ca = Ca::new();
    let strict = || Device::with_root(&ca).trusting(Trust::CaOnly);
    assert_eq!(strict().connect(&ca.signed(NAME, 2040)), Ok(PinState::Ca));
    assert_eq!(Device::with_root(&ca).connect(&ca.signed(NAME, 2040)), Ok(PinState::Ca));

    let reason = not_accepted(strict().connect(&ca.signed("another.example", 2040)));
    assert!(reason.contains("another.example"), "{reason}");
    let reason = not_accepted(strict().connect(&ca.signed(NAME, 2021)));
    assert!(reason.contains("expired"), "{reason}");
    let reason = not_accepted(strict().connect_at(SERVER, &ca.signed(NAME, 2040), 1_000_000_000).0);
    assert!(reason.contains("becomes valid in"), "{reason}");
    not_accepted(strict().connect(&Identity::self_signed(NAME)));
    not_accepted(strict().connect(&Ca::new().signed(NAME, 2040)));
    // Without the test's CA no CA vouches for it.
    not_accepted(Device::with_trust(Trust::CaOnly).connect(&ca.signed(NAME, 2040)));
}

#[test]
fn a_web_ca_may_vouch_for_an_ip_address() {
    let ca = Ca::new();
    let mut device = Device::with_root(&ca).trusting(Trust::CaOnly);
    for (ip, server) in [("192.0.2.7", "ssl://192.0.2.7"), ("2001:db8::7", "ssl://[2001:db8::7]")] {
        assert_eq!(device.connect_at(server, &ca.signed(ip, 2040), NOW).0, Ok(PinState::Ca));
        not_accepted(device.connect_at(server, &ca.signed("192.0.2.8", 2040), NOW).0);
    }
}

#[test]
fn a_server_with_a_web_ca_must_not_fall_back() {
    let ca = Ca::new();
    let mut device = Device::with_root(&ca);
    assert_eq!(device.connect(&ca.signed(NAME, 2040)), Ok(PinState::Ca));
    // Renewed: another certificate, the same CA.
    assert_eq!(device.connect(&ca.signed(NAME, 2040)), Ok(PinState::Ca));
    let error = changed(device.connect(&Identity::self_signed(NAME)));
    assert_eq!(error.pinned, Pin::WebCa);
    let error = changed(device.connect(&ca.signed(NAME, 2021)));
    assert!(error.to_string().contains("expired"), "{error}");
}

#[test]
fn a_pinned_server_may_move_to_a_web_ca_and_not_back() {
    let (ca, own) = (Ca::new(), Identity::self_signed(NAME));
    let mut device = Device::with_root(&ca);
    device.connect(&own).unwrap();
    assert_eq!(device.connect(&ca.signed(NAME, 2040)), Ok(PinState::CaReplaced));
    assert_eq!(device.connect(&ca.signed(NAME, 2040)), Ok(PinState::Ca));
    assert_eq!(changed(device.connect(&own)).pinned, Pin::WebCa);
}

#[test]
fn a_given_pin_is_all_that_counts() {
    let (ca, own) = (Ca::new(), Identity::self_signed(NAME));
    let mut device = Device::with_root(&ca).trusting(Trust::Pinned(fingerprint(&own)));
    assert_eq!(device.connect(&own), Ok(PinState::Given));
    let signed = ca.signed(NAME, 2040);
    let error = changed(device.connect(&signed));
    assert!(error.given);
    let words = error.to_string();
    assert!(
        words.contains(&fingerprint(&own).to_string()) && words.contains(&fingerprint(&signed).to_string()),
        "{words}"
    );
    assert!(words.contains("than the one given") && !words.contains("before"), "{words}");
    assert!(device.pins.is_empty());
}

#[test]
fn plain_text_shows_no_certificate_that_could_be_demanded() {
    let plain: ServerAddr = "tcp://electrum.example".parse().unwrap();
    let given = Trust::Pinned(fingerprint(&Identity::self_signed(NAME)));
    for trust in [given, Trust::CaOnly] {
        let route = Route::direct().with_trust(trust);
        let error = RouteError::NoCertificate { server: plain.clone() };
        assert_eq!(route.dial_target(&plain), Err(error.clone()), "{trust:?}");
        assert_eq!(route.open(&plain, Known::at(NOW)).unwrap_err(), error, "{trust:?}");
    }
    for trust in [Trust::CaOrPin, Trust::Insecure] {
        assert!(Route::direct().with_trust(trust).dial_target(&plain).is_ok(), "{trust:?}");
    }
}

#[test]
fn insecure_takes_any_and_remembers_none() {
    let mut device = Device::with_trust(Trust::Insecure);
    assert_eq!(device.connect(&Identity::self_signed(NAME)), Ok(PinState::Insecure));
    assert_eq!(device.connect(&Identity::self_signed("another.example")), Ok(PinState::Insecure));
    assert!(device.pins.is_empty());
}
