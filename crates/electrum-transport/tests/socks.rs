//! SOCKS5 against a peer in memory.

mod common;

use common::{cut, run};
use electrum_transport::{Known, LayerError, OUTGOING_LIMIT, Proxy, Route, Side, SocksError, SocksReply, Stage};
use proptest::prelude::*;

const NO_LOGIN: &[u8] = &[5, 0];
const PASSWORD: &[u8] = &[5, 2];
const LOGIN_OK: &[u8] = &[1, 0];
const CONNECTED: &[u8] = &[5, 0, 0, 1, 127, 0, 0, 1, 0x1f, 0x90];

fn route(proxy: &str) -> Route {
    Route::direct().with_proxy(proxy.parse().unwrap())
}

fn anonymous() -> Route {
    route("socks5://127.0.0.1:9050")
}

#[test]
fn request_names_the_server_and_lets_the_proxy_resolve() {
    let cases: [(&str, &[u8]); 4] = [
        ("tcp://electrum.example:50001", b"\x05\x01\x00\x03\x10electrum.example\xc3\x51"),
        ("tcp://abcdef.onion:110", b"\x05\x01\x00\x03\x0cabcdef.onion\x00\x6e"),
        ("tcp://192.0.2.7:1", b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x01"),
        ("tcp://[2001:db8::7]:2", b"\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x00\x02"),
    ];
    for (server, request) in cases {
        let mut stack = anonymous().open(&server.parse().unwrap(), Known::default()).unwrap();
        assert!(!stack.is_plain());
        assert_eq!(stack.outgoing(), [5, 1, 0]);
        stack.wrote(3);
        stack.received(NO_LOGIN).unwrap();
        assert_eq!(stack.outgoing(), request, "{server}");
    }
}

#[test]
fn password() {
    let mut stack =
        route("socks5://us:word@127.0.0.1:1").open(&"tcp://a.example".parse().unwrap(), Known::default()).unwrap();
    assert_eq!(stack.outgoing(), [5, 2, 0, 2]);
    stack.wrote(4);
    stack.received(PASSWORD).unwrap();
    assert_eq!(stack.outgoing(), b"\x01\x02us\x04word");
    stack.wrote(9);
    stack.received(LOGIN_OK).unwrap();
    assert!(stack.outgoing().starts_with(&[5, 1, 0, 3, 9]));
    stack.received(CONNECTED).unwrap();
    assert!(stack.established());
}

#[test]
fn isolation_insists_on_credentials() {
    let proxy: Proxy = "socks5://127.0.0.1:9050".parse().unwrap();
    let route = Route::direct().with_proxy(proxy.isolated(7).unwrap());
    let login = |server: &str| {
        let mut stack = route.open(&server.parse().unwrap(), Known::default()).unwrap();
        assert_eq!(stack.outgoing(), [5, 1, 2]);
        stack.wrote(3);
        stack.received(PASSWORD).unwrap();
        stack.outgoing().to_vec()
    };
    assert_eq!(login("tcp://a.example"), login("tcp://a.example"));
    assert_ne!(login("tcp://a.example"), login("tcp://b.example"));
    let refused = run(&route, "tcp://a.example", [[5, 0xff].as_slice()]);
    assert_eq!(refused.end, Err(LayerError::Proxy(SocksError::NoIsolation)));
    let refused = run(&route, "tcp://a.example", [PASSWORD, &[1, 1]]);
    assert_eq!(refused.end, Err(LayerError::Proxy(SocksError::NoIsolation)));
    // A proxy that skips the login would not isolate.
    let skipped = run(&route, "tcp://a.example", [NO_LOGIN]);
    assert_eq!(skipped.end, Err(LayerError::Proxy(SocksError::Malformed)));
}

#[test]
fn whatever_length_the_bound_address_has_the_server_speaks_after_it() {
    let name = [&[5, 0, 0, 3, 255][..], &[b'x'; 255], &[0, 80]].concat();
    let replies: [&[u8]; 4] = [CONNECTED, &name, &[5, 0, 0, 3, 0, 0, 80], &[&[5, 0, 0, 4][..], &[9; 18]].concat()];
    for reply in replies {
        let run = run(&anonymous(), "tcp://a.example", [NO_LOGIN, reply, b"hello\n"]);
        assert_eq!((run.end, run.plaintext.as_slice()), (Ok(true), b"hello\n".as_slice()));
    }
}

#[test]
fn every_refusal_says_who_must_act() {
    let words = [
        (1, "failed", Side::Proxy),
        (2, "rules do not allow", Side::Proxy),
        (3, "no route", Side::Proxy),
        (4, "cannot reach the server's host", Side::Server),
        (5, "server refused", Side::Server),
        (6, "expired", Side::Server),
        (7, "does not offer outgoing connections", Side::Proxy),
        (8, "kind of address", Side::Proxy),
        (9, "0x09", Side::Proxy),
        (0xf0, "does not find the onion service", Side::Server),
        (0xf4, "client authorization", Side::User),
        (0xf6, "name is invalid", Side::User),
        (0xff, "0xff", Side::Proxy),
    ];
    for (code, words, side) in words {
        let run = run(&anonymous(), "tcp://a.example", [NO_LOGIN, &[5, code, 0, 1, 0, 0, 0, 0, 0, 0]]);
        let error = run.end.unwrap_err();
        assert_eq!(error, LayerError::Proxy(SocksError::Refused(SocksReply(code))));
        assert_eq!(error.side(), side, "{code}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn other_failures() {
    let login = "socks5://u:p@127.0.0.1:1";
    let plain = "socks5://127.0.0.1:1";
    let cases: [(&str, &[&[u8]], SocksError); 9] = [
        (plain, &[b"HTTP/1.1 400 Bad Request\r\n"], SocksError::NotSocks5),
        (plain, &[&[0, 0x5b, 0, 0, 0, 0, 0, 0]], SocksError::NotSocks5),
        (plain, &[&[5, 0xff]], SocksError::PasswordNeeded),
        (plain, &[&[5, 2]], SocksError::Malformed),
        (plain, &[NO_LOGIN, &[4]], SocksError::Malformed),
        (plain, &[NO_LOGIN, &[5, 0, 0, 2]], SocksError::Malformed),
        (login, &[&[5, 0xff]], SocksError::NoCommonLogin),
        (login, &[&[5, 1]], SocksError::Malformed),
        (login, &[PASSWORD, &[1, 1]], SocksError::WrongPassword),
    ];
    for (proxy, bytes, error) in cases {
        let run = run(&route(proxy), "tcp://a.example", bytes.iter().copied());
        assert_eq!(run.end, Err(LayerError::Proxy(error)));
        assert_eq!(run.plaintext, b"");
    }
}

#[test]
fn a_failed_stack_stays_failed_and_sends_nothing() {
    let mut stack = anonymous().open(&"tcp://a.example".parse().unwrap(), Known::default()).unwrap();
    let error = stack.received(b"HTTP/1.1").unwrap_err();
    assert_eq!(stack.received(NO_LOGIN), Err(error.clone()));
    assert_eq!(stack.closed(), Err(error));
    assert_eq!(stack.send(b"x"), 0);
    assert!(!stack.established());
}

#[test]
fn a_proxy_that_hangs_up_is_named() {
    let server = "tcp://a.example".parse().unwrap();
    for bytes in [&[][..], NO_LOGIN, &[5, 0, 5, 0, 0, 1]] {
        let mut stack = anonymous().open(&server, Known::default()).unwrap();
        stack.received(bytes).unwrap();
        assert_eq!(stack.closed(), Err(LayerError::ClosedEarly(Stage::Proxy)));
    }
    let mut stack = anonymous().open(&server, Known::default()).unwrap();
    stack.received(&[NO_LOGIN, CONNECTED].concat()).unwrap();
    assert_eq!(stack.closed(), Ok(()));
    assert!(!stack.established());
}

#[test]
fn outgoing_is_bounded() {
    let mut stack = anonymous().open(&"tcp://a.example".parse().unwrap(), Known::default()).unwrap();
    assert_eq!(stack.send(b"early"), 0);
    stack.received(&[NO_LOGIN, CONNECTED].concat()).unwrap();
    let large = vec![7; 3 * OUTGOING_LIMIT];
    let waiting = stack.outgoing().len();
    assert_eq!(stack.send(&large), OUTGOING_LIMIT - waiting);
    assert_eq!(stack.send(&large), 0);
    stack.wrote(waiting + 10);
    assert_eq!(stack.send(&large), waiting + 10);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// However the bytes are cut: the same plaintext, the same bytes for the socket, the same end.
    #[test]
    fn cuts_do_not_matter(
        login in any::<bool>(),
        good in any::<bool>(),
        tail in prop::collection::vec(any::<u8>(), 0..40),
        cuts in prop::collection::vec(0usize..80, 0..10),
    ) {
        let route = if login { route("socks5://u:p@127.0.0.1:1") } else { anonymous() };
        let mut bytes = Vec::new();
        if good {
            bytes.extend_from_slice(if login { &[5, 2, 1, 0] } else { NO_LOGIN });
            bytes.extend_from_slice(CONNECTED);
        }
        bytes.extend(tail);
        let whole = run(&route, "tcp://a.example", [bytes.as_slice()]);
        prop_assert_eq!(&run(&route, "tcp://a.example", cut(&bytes, &cuts)), &whole);
        prop_assert_eq!(&run(&route, "tcp://a.example", bytes.chunks(1)), &whole);
    }

    /// Nothing that a proxy says makes it panic, and what looks like a proxy's answers reaches deep.
    #[test]
    fn any_answers(parts in prop::collection::vec(
        prop_oneof![
            Just(NO_LOGIN.to_vec()), Just(PASSWORD.to_vec()), Just(LOGIN_OK.to_vec()), Just(CONNECTED.to_vec()),
            prop::collection::vec(any::<u8>(), 0..20),
        ], 0..6)) {
        for proxy in ["socks5://127.0.0.1:1", "socks5://u:p@127.0.0.1:1"] {
            run(&route(proxy), "tcp://a.example", parts.iter().map(Vec::as_slice));
        }
    }
}
