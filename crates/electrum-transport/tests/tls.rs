//! TLS against a rustls server in memory: bytes both ways, ends, and damage.
#![cfg(feature = "tls")]

mod common;

use common::peer::{BOTH, NOW, SERVER, drain, exchange, fingerprint, peer_of, pump, with_version};
use common::{cut, run};
use electrum_testkit::tls::{Identity, TlsPeer};
use electrum_transport::{
    Known, LayerError, LayerStack, OUTGOING_LIMIT, PinState, Route, Security, ServerAddr, Side, Stage, TlsError,
};
use proptest::prelude::*;

fn open() -> LayerStack {
    Route::direct().open(&SERVER.parse().unwrap(), Known::at(NOW)).unwrap()
}

/// A stack and a server that have shaken hands.
fn connected(piece: usize) -> (LayerStack, TlsPeer) {
    let mut stack = open();
    let mut peer = peer_of(&Identity::self_signed("electrum.example"));
    pump(&mut stack, &mut peer, piece).unwrap();
    assert!(stack.established());
    (stack, peer)
}

#[test]
fn both_ways_in_both_versions_however_cut() {
    for version in BOTH {
        for piece in [1, 7, 1000, usize::MAX] {
            let identity = Identity::self_signed("electrum.example");
            let (mut stack, mut peer) = (open(), with_version(&identity, version));
            assert!(!stack.is_plain() && !stack.established());
            assert_eq!(stack.send(b"too early"), 0);
            assert_eq!(stack.report().tls, None);
            pump(&mut stack, &mut peer, piece).unwrap();
            assert!(stack.established());
            assert_eq!(stack.send(b"server.version\n"), 15);
            peer.send(b"1.4\n");
            pump(&mut stack, &mut peer, piece).unwrap();
            assert_eq!(peer.read, b"server.version\n");
            assert_eq!(stack.plaintext(), b"1.4\n");
        }
    }
}

#[test]
fn report_says_what_was_agreed() {
    for (version, name, cipher) in [(BOTH[0], "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_"), (BOTH[1], "TLS 1.3", "TLS_AES_")] {
        let identity = Identity::self_signed("electrum.example");
        let (mut stack, mut peer) = (open(), with_version(&identity, version));
        pump(&mut stack, &mut peer, usize::MAX).unwrap();
        let report = stack.report();
        let tls = report.tls.clone().unwrap();
        assert_eq!((tls.version, tls.fingerprint, tls.pin), (name, fingerprint(&identity), PinState::New));
        assert!(tls.cipher.starts_with(cipher), "{}", tls.cipher);
        let text = report.to_string();
        assert!(text.starts_with(SERVER) && text.contains(&fingerprint(&identity).to_string()), "{text}");
    }
}

#[test]
fn tls_starts_behind_the_proxy_and_shares_its_last_piece() {
    let route = Route::direct().with_proxy("socks5://127.0.0.1:9050".parse().unwrap());
    let mut stack = route.open(&"ssl://abcdef.onion".parse().unwrap(), Known::at(NOW)).unwrap();
    let mut peer = peer_of(&Identity::self_signed("abcdef.onion"));
    stack.wrote(3);
    stack.received(&[5, 0]).unwrap();
    stack.wrote(stack.outgoing().len());
    stack.received(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    assert!(!stack.established());
    pump(&mut stack, &mut peer, 5).unwrap();
    assert!(stack.established());
    assert!(stack.report().to_string().contains("through socks5://127.0.0.1:9050, TLS 1.3"));
}

#[test]
fn large_messages_and_a_bounded_outgoing_side() {
    let (mut stack, mut peer) = connected(usize::MAX);
    let large: Vec<u8> = (0..1_000_000u32).map(|i| i as u8).collect();
    let mut rest = &large[..];
    while !rest.is_empty() {
        let taken = stack.send(rest);
        assert!(taken > 0);
        rest = &rest[taken..];
        assert!(stack.outgoing().len() <= OUTGOING_LIMIT + 5 * 32);
        assert!(rest.is_empty() || stack.send(rest) == 0);
        exchange(&mut stack, &mut peer);
    }
    assert_eq!(peer.read, large);
    peer.send(&large);
    pump(&mut stack, &mut peer, 3000).unwrap();
    assert_eq!(drain(&mut stack), large);
}

#[test]
fn ends_in_order() {
    let (mut stack, mut peer) = connected(usize::MAX);
    peer.send(b"last words");
    peer.close();
    stack.received(&peer.due()).unwrap();
    assert!(stack.ended() && !stack.established());
    assert_eq!(stack.plaintext(), b"last words");
    assert_eq!((stack.send(b"x"), stack.closed()), (0, Ok(())));

    let (mut stack, mut peer) = connected(usize::MAX);
    stack.send(b"bye");
    stack.close();
    assert_eq!((stack.ended(), stack.send(b"x")), (true, 0));
    exchange(&mut stack, &mut peer);
    assert_eq!((peer.read, peer.error), (b"bye".to_vec(), None));
}

#[test]
fn a_stream_without_close_notify_was_cut_off() {
    let (mut stack, mut peer) = connected(usize::MAX);
    peer.send(b"half an ans");
    stack.received(&peer.due()).unwrap();
    assert_eq!(stack.closed(), Err(LayerError::Truncated));
    assert_eq!(stack.plaintext(), b"half an ans");

    let mut stack = open();
    assert_eq!(stack.closed(), Err(LayerError::ClosedEarly(Stage::Tls)));
}

#[test]
fn what_is_no_tls_is_named_so() {
    for bytes in [
        &b"{\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32700}}\n"[..],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        &[0; 100],
    ] {
        let mut stack = open();
        let error = stack.received(bytes).unwrap_err();
        assert_eq!(error, LayerError::Tls(TlsError::NotTls), "{bytes:?}");
        assert_eq!(error.side(), Side::Server);
        assert_eq!(stack.received(b"more"), Err(error));
    }
}

/// What a fatal alert before the server's hello comes to.
fn alerted(alert: u8) -> TlsError {
    match open().received(&[21, 3, 1, 0, 2, 2, alert]) {
        Err(LayerError::Tls(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn alerts_say_what_to_do() {
    for (alert, words) in [
        (40, "curve"),                      // handshake_failure
        (71, "curve"),                      // insufficient_security
        (80, "try again later"),            // internal_error
        (112, "host name"),                 // unrecognized_name
        (116, "certificate of the client"), // certificate_required
        (49, "AccessDenied"),
    ] {
        let error = alerted(alert).to_string();
        assert!(error.contains(words), "{error}");
    }
    assert!(matches!(alerted(40), TlsError::NoCommonCipher(_)));
    assert!(matches!(alerted(116), TlsError::ClientCertificate(_)));
}

#[test]
fn a_server_with_old_tls_only_is_named_so() {
    // A fatal alert "protocol version".
    let error = alerted(70);
    assert!(matches!(&error, TlsError::Incompatible(_)), "{error}");
    assert!(error.to_string().contains("TLS 1.2 or 1.3"), "{error}");
}

#[test]
fn a_name_that_no_certificate_can_have_is_refused_at_once() {
    let server = ServerAddr::new("-a.example".parse().unwrap(), 1, Security::Tls);
    let error = Route::direct().open(&server, Known::at(NOW)).unwrap_err().to_string();
    assert!(error.contains("no name that a certificate can have"), "{error}");
}

/// Three messages, of which the second was changed on the way at `place`.
fn damaged(peer: &mut TlsPeer, place: usize) -> Vec<u8> {
    let mut stream = Vec::new();
    for (i, message) in [&b"first"[..], b"second", b"third"].into_iter().enumerate() {
        peer.send(message);
        let mut record = peer.due();
        if i == 1 {
            let place = 5 + place % (record.len() - 5);
            record[place] ^= 1;
        }
        stream.extend(record);
    }
    stream
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn cuts_do_not_matter(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20_000), 0..4),
        cuts in prop::collection::vec(0usize..60_000, 0..12),
    ) {
        let (mut stack, mut peer) = connected(usize::MAX);
        for message in &messages {
            peer.send(message);
        }
        for piece in cut(&peer.due(), &cuts) {
            stack.received(piece).unwrap();
        }
        prop_assert_eq!(drain(&mut stack), messages.concat());
    }

    /// What came before the damage is delivered, nothing after it, however the bytes are cut.
    #[test]
    fn damage_ends_the_stack_at_its_place(place in any::<usize>(), cuts in prop::collection::vec(0usize..100, 0..6)) {
        let (mut stack, mut peer) = connected(usize::MAX);
        let stream = damaged(&mut peer, place);
        let result = cut(&stream, &cuts).into_iter().try_for_each(|piece| stack.received(piece));
        prop_assert!(matches!(result, Err(LayerError::Tls(TlsError::Broken(_)))), "{:?}", result);
        prop_assert_eq!(stack.plaintext(), b"first");
        prop_assert_eq!(stack.received(b""), result);
    }

    /// The hello differs each time, so bytes for the socket are compared after it.
    #[test]
    fn any_answers_give_the_same_error_however_cut(
        record in prop::option::of(prop_oneof![
            Just(vec![22, 3, 3, 0, 20, 2, 0, 0, 16]), Just(vec![21, 3, 3, 0, 2]), Just(vec![22, 3, 1]), Just(vec![23, 3, 3, 0, 1]),
        ]),
        tail in prop::collection::vec(any::<u8>(), 0..60),
        cuts in prop::collection::vec(0usize..60, 0..6),
    ) {
        let bytes = [record.unwrap_or_default(), tail].concat();
        let route = Route::direct();
        let hello = run(&route, SERVER, []).outgoing.len();
        let whole = run(&route, SERVER, [bytes.as_slice()]);
        let pieces = run(&route, SERVER, cut(&bytes, &cuts));
        prop_assert_eq!(&whole.end, &pieces.end);
        prop_assert_eq!(&whole.outgoing[hello..], &pieces.outgoing[hello..]);
        prop_assert!(whole.plaintext.is_empty() && pieces.plaintext.is_empty());
    }

    /// Bytes of the handshake changed on the way: never established, never a panic.
    #[test]
    fn a_changed_handshake_never_stands(place in any::<usize>(), bit in 0u32..8) {
        let mut stack = open();
        let mut peer = peer_of(&Identity::self_signed("electrum.example"));
        let mut flight = exchange(&mut stack, &mut peer);
        let place = place % flight.len();
        let labels = record_labels(&flight);
        flight[place] ^= 1 << bit;
        let result = stack.received(&flight).and_then(|()| pump(&mut stack, &mut peer, usize::MAX));
        // Only these may change, as the real ones are inside. All else is authenticated.
        prop_assert!(!stack.established() || labels.contains(&place), "{place}: {result:?}");
    }
}

/// Where type and version stand in the header of each record.
fn record_labels(flight: &[u8]) -> Vec<usize> {
    let (mut places, mut record) = (Vec::new(), 0);
    while let Some(header) = flight.get(record..record + 5) {
        places.extend(record..record + 3);
        record += 5 + usize::from(u16::from_be_bytes([header[3], header[4]]));
    }
    places
}
