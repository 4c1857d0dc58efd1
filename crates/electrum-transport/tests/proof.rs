//! That the key is proven before anything is believed or stored, for certificates of all kinds; and what is stored then.
#![cfg(feature = "tls")]

mod common;

use common::peer::{
    BOTH, Device, NAME, NOW, SERVER, by_openssl, changed_stack, exchange, fingerprint, not_accepted, peer_of, pump,
    pump_bytes, that_wants_a_client_certificate, with_version,
};
use electrum_testkit::tls::{Ca, Identity, TlsPeer};
use electrum_transport::{Fingerprint, Known, LayerError, LayerStack, Pin, PinState, Route, TlsError, Trust};

#[test]
fn a_shown_certificate_without_its_key_is_never_accepted() {
    let ca = Ca::new();
    for version in BOTH {
        let thief = Identity::self_signed(NAME);
        let shown = || [Identity::self_signed(NAME), ca.signed(NAME, 2040), by_openssl(V1)];
        for identity in shown() {
            let fingerprint = fingerprint(&identity);
            let stolen = identity.with_key_of(&thief);
            for trust in [Trust::CaOrPin, Trust::CaOnly, Trust::Pinned(fingerprint), Trust::Insecure] {
                let route = Route::direct().with_root(ca.certificate().to_vec()).with_trust(trust);
                let mut stack = route.open(&SERVER.parse().unwrap(), Known::at(NOW)).unwrap();
                let mut peer = with_version(&stolen, version);
                let error = pump(&mut stack, &mut peer, usize::MAX).unwrap_err();
                let wanted =
                    matches!(&error, LayerError::Tls(TlsError::Signature { seen, .. }) if *seen == fingerprint);
                let not_by_ca =
                    matches!(&error, LayerError::Tls(TlsError::Certificate { .. })) && trust == Trust::CaOnly;
                assert!(wanted || not_by_ca, "{trust:?}: {error}");
                assert_eq!(stack.send(b"x"), 0);
                assert_eq!(stack.pin_change(), None, "nothing was proven");
            }
        }
    }
}

fn open() -> LayerStack {
    Route::direct().open(&SERVER.parse().unwrap(), Known::at(NOW)).unwrap()
}

#[test]
fn no_pin_before_the_handshake_is_done() {
    let mut stack = open();
    let flight = exchange(&mut stack, &mut peer_of(&Identity::self_signed(NAME)));
    stack.received(&flight[..flight.len() - 1]).unwrap();
    assert_eq!(stack.pin_change(), None);
    stack.received(&flight[flight.len() - 1..]).unwrap();
    assert!(matches!(stack.pin_change().unwrap().new, Pin::Certificate(_)));
}

/// A stack that waits for its pin to be stored, the server, and the pin.
fn waiting() -> (LayerStack, TlsPeer, Pin) {
    let identity = Identity::self_signed(NAME);
    let (mut stack, mut peer) = (open(), peer_of(&identity));
    pump_bytes(&mut stack, &mut peer, usize::MAX).unwrap();
    (stack, peer, Pin::Certificate(fingerprint(&identity)))
}

#[test]
fn nothing_passes_before_the_pin_is_stored() {
    let (mut stack, mut peer, pin) = waiting();
    peer.send(b"early");
    stack.received(&peer.due()).unwrap();
    assert_eq!((stack.established(), stack.ended(), stack.send(b"x")), (false, false, 0));
    assert_eq!(stack.plaintext(), b"");
    stack.consume(5);
    stack.pin_kept(pin).unwrap();
    assert_eq!((stack.established(), stack.pin_change()), (true, None));
    assert_eq!(stack.plaintext(), b"early");
    assert_eq!(stack.send(b"x"), 1);
    // Once more changes nothing.
    stack.pin_kept(Pin::WebCa).unwrap();
    assert!(stack.established());
}

#[test]
fn another_program_may_have_pinned_first() {
    let (mut stack, mut peer, pin) = waiting();
    stack.pin_kept(pin).unwrap();
    pump(&mut stack, &mut peer, usize::MAX).unwrap();

    for other in [Pin::WebCa, Pin::Certificate(Fingerprint::from_bytes([7; 32]))] {
        let (mut stack, mut peer, pin) = waiting();
        let error = changed_stack(stack.pin_kept(other));
        assert_eq!((error.pinned, Pin::Certificate(error.seen), error.given), (other, pin, false));
        assert_eq!(stack.pin_kept(pin), Err(error.into()));
        assert_eq!(stack.send(b"x"), 0);
        // The server hears that it is over, and nothing else.
        exchange(&mut stack, &mut peer);
        assert_eq!((peer.read, peer.has_closed, peer.error), (Vec::new(), true, None));
    }
}

#[test]
fn a_web_ca_vouches_whatever_another_program_pinned() {
    let ca = Ca::new();
    let mut stack = Device::with_root(&ca).route.open(&SERVER.parse().unwrap(), Known::at(NOW)).unwrap();
    pump_bytes(&mut stack, &mut peer_of(&ca.signed(NAME, 2040)), usize::MAX).unwrap();
    assert_eq!(stack.pin_change().unwrap().new, Pin::WebCa);
    stack.pin_kept(Pin::Certificate(Fingerprint::from_bytes([7; 32]))).unwrap();
    assert!(stack.established());
}

#[test]
fn a_server_that_talks_while_its_pin_is_being_stored_fills_no_memory() {
    let (mut stack, mut peer, pin) = waiting();
    let mut sent = 0;
    let error = loop {
        peer.send(&[b'x'; 10_000]);
        sent += 10_000;
        if let Err(error) = stack.received(&peer.due()) {
            break error;
        }
        assert!(sent < 100_000);
    };
    assert!(matches!(error, LayerError::Tls(TlsError::Broken(_))), "{error}");
    assert_eq!(stack.pin_kept(pin), Err(error));
}

#[test]
fn an_end_while_the_pin_is_being_stored() {
    let (mut stack, mut peer, pin) = waiting();
    assert_eq!(stack.closed(), Err(LayerError::Truncated));
    assert_eq!(stack.pin_kept(pin), Err(LayerError::Truncated));
    peer.close();

    let (mut stack, mut peer, pin) = waiting();
    peer.close();
    stack.received(&peer.due()).unwrap();
    assert_eq!((stack.ended(), stack.pin_kept(pin), stack.established()), (true, Ok(()), false));

    let (mut stack, mut peer, pin) = waiting();
    stack.close();
    exchange(&mut stack, &mut peer);
    assert_eq!((stack.pin_kept(pin), stack.established(), peer.has_closed), (Ok(()), false, true));
}

#[test]
fn a_key_of_a_kind_that_cannot_be_checked_is_named_so() {
    for (pem, kind) in [
        (&include_bytes!("certs/ec-secp521r1.pem")[..], "curve P-521"),
        (include_bytes!("certs/ec-secp256k1.pem"), "curve secp256k1"),
        (include_bytes!("certs/rsa-1024.pem"), "RSA key of 1024 bits"),
    ] {
        for version in BOTH {
            let (mut stack, mut peer) = (open(), with_version(&by_openssl(pem), version));
            let error = pump(&mut stack, &mut peer, usize::MAX).unwrap_err();
            assert!(matches!(error, LayerError::Tls(TlsError::UnsupportedKey { .. })), "{error}");
            assert!(error.to_string().contains(kind), "{error}");
        }
    }
}

#[test]
fn a_server_that_wants_a_certificate_of_the_client_is_named_so() {
    for version in BOTH {
        let (mut stack, mut peer) = (open(), that_wants_a_client_certificate(version));
        let error = pump(&mut stack, &mut peer, usize::MAX).unwrap_err();
        assert!(matches!(error, LayerError::Tls(TlsError::ClientCertificate(_))), "{error}");
    }
}

const V1: &[u8] = include_bytes!("certs/rsa-v1.pem");
const V3: &[u8] = include_bytes!("certs/rsa-v3.pem");

#[test]
fn certificates_as_server_manuals_make_them() {
    for version in BOTH {
        for pem in [V1, V3] {
            let identity = by_openssl(pem);
            let pin = Pin::Certificate(fingerprint(&identity));
            for (pin, state) in [(None, PinState::New), (Some(pin), PinState::Known)] {
                let known = Known::at(NOW).with_pin(pin);
                let mut stack = Route::direct().open(&SERVER.parse().unwrap(), known).unwrap();
                pump(&mut stack, &mut with_version(&identity, version), usize::MAX).unwrap();
                assert_eq!(common::peer::state(&stack), state);
            }
            not_accepted(Device::with_trust(Trust::CaOnly).connect(&identity));
        }
    }
    // What `openssl x509 -fingerprint -sha256` says of it.
    let of_openssl = "F5:72:AD:9F:BE:CC:4F:39:3A:9A:EE:5C:C3:44:99:F2:38:BA:C8:86:0F:E5:EB:DC:0E:1F:26:46:72:7C:2D:03";
    assert_eq!(fingerprint(&by_openssl(V1)).to_string(), of_openssl);
}
