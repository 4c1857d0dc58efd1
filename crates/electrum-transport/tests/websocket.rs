//! WebSockets in memory: lines as messages both ways, and how they begin and end.
#![cfg(feature = "websocket")]

mod common;

use std::collections::HashSet;

use common::cut;
use common::websocket::{answer, connected, error, frames, open, take};
use electrum_testkit::frames::{BINARY, CLOSE, END, MORE, PING, PONG, TEXT, TEXT_BEGIN, frame};
use electrum_transport::{LayerError, OUTGOING_LIMIT, Side, Stage, WebSocketError};
use proptest::prelude::*;

#[test]
fn the_request_names_host_and_path() {
    let mut stack = open();
    assert!(!stack.is_plain() && !stack.established());
    assert_eq!(stack.send(b"too early\n"), 0);
    let request = String::from_utf8(take(&mut stack)).unwrap();
    assert!(request.starts_with("GET /electrum HTTP/1.1\r\n") && request.ends_with("\r\n\r\n"), "{request}");
    for line in
        ["Host: electrum.example:50003", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
    {
        assert!(request.lines().any(|found| found.eq_ignore_ascii_case(line)), "{line} in {request}");
    }
    stack.received(&answer(request.as_bytes())).unwrap();
    assert!(stack.established());
}

#[test]
fn each_line_is_a_message_and_each_message_a_line() {
    let mut stack = connected();
    assert_eq!(stack.send(b"{\"id\":1}\n{\"id\":2}\n{\"i"), 21);
    assert_eq!(stack.send(b"d\":3}\n"), 6);
    let sent = frames(&take(&mut stack));
    let expected = [&b"{\"id\":1}"[..], b"{\"id\":2}", b"{\"id\":3}"].map(|message| (TEXT, message.to_vec()));
    assert_eq!(sent, expected);

    for message in [
        frame(TEXT, b"{\"id\":1}"),
        frame(BINARY, b"{\"id\":1}"),
        frame(TEXT, b"{\"id\":1}\n"),
        [frame(TEXT_BEGIN, b"{\"id"), frame(MORE, b"\":"), frame(END, b"1}")].concat(),
        [frame(TEXT_BEGIN, b"{\"id"), frame(PING, b"now"), frame(MORE, b""), frame(PONG, b""), frame(END, b"\":1}")]
            .concat(),
        [frame(TEXT, b""), frame(TEXT, b"{\"id\":1}")].concat(),
    ] {
        stack.received(&message).unwrap();
        assert_eq!(stack.plaintext(), b"{\"id\":1}\n", "{message:?}");
        stack.consume(9);
    }
    assert_eq!(frames(&take(&mut stack)), [(PONG, b"now".to_vec())], "pings are answered");
}

#[test]
fn characters_may_be_cut_between_frames() {
    let text = "\"€ 😀\"\n";
    for cut in 0..=text.len() {
        let (begin, end) = text.as_bytes().split_at(cut);
        let mut stack = connected();
        stack.received(&[frame(TEXT_BEGIN, begin), frame(END, end), frame(TEXT, text.as_bytes())].concat()).unwrap();
        assert_eq!(stack.plaintext(), text.repeat(2).as_bytes(), "cut at {cut}");
    }
}

#[test]
fn each_frame_has_a_mask_of_its_own() {
    let mut stack = connected();
    stack.send(&b"\n".repeat(100));
    let sent = take(&mut stack);
    assert_eq!(frames(&sent), vec![(TEXT, Vec::new()); 100]);
    let masks: HashSet<&[u8]> = sent.chunks(6).map(|frame| &frame[2..]).collect();
    assert!(masks.len() > 90, "{} of 100 masks differ", masks.len());
}

#[test]
fn a_long_line_is_one_message() {
    let mut stack = connected();
    let line = "x".repeat(400_000) + "\n";
    let (mut rest, mut sent) = (line.as_bytes(), Vec::new());
    while !rest.is_empty() {
        let taken = stack.send(rest);
        assert!(taken > 0 && taken <= OUTGOING_LIMIT);
        rest = &rest[taken..];
        sent.extend(take(&mut stack));
    }
    assert_eq!(frames(&sent), [(TEXT, line.trim_end().as_bytes().to_vec())]);
}

#[test]
fn an_answer_that_is_no_websocket_is_shown() {
    let mut stack = open();
    take(&mut stack);
    let found = error(stack.received(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nGo away"));
    assert_eq!(found, WebSocketError::Http { status: "HTTP/1.1 403 Forbidden".into() });
    assert!(found.to_string().contains("403 Forbidden") && found.to_string().contains("path"), "{found}");
    assert_eq!(LayerError::from(found.clone()).side(), Side::Server);
    assert_eq!(stack.received(b"more"), Err(found.into()));

    let mut escaped = open();
    let found = error(escaped.received(b"HTTP/1.0 200 \x1b[2J\r\n\r\n"));
    assert!(!found.to_string().contains('\x1b'), "{found:?}");

    for bytes in
        [&b"{\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32700}}\n"[..], b"SSH-2.0-OpenSSH\r\n", b"\x15\x03\x01"]
    {
        assert_eq!(error(open().received(bytes)), WebSocketError::NotHttp, "{bytes:?}");
    }
    let mut stack = open();
    stack.received(b"HTTP/1.1 101").unwrap();
    assert_eq!(stack.closed(), Err(LayerError::ClosedEarly(Stage::WebSocket)));
}

#[test]
fn an_answer_to_another_request_opens_nothing() {
    let other = answer(&take(&mut open()));
    let opened = String::from_utf8(other.clone()).unwrap();
    for wrong in [
        other,
        opened.replace("Upgrade: websocket", "Upgrade: h2c").into_bytes(),
        opened.replace("Connection: Upgrade", "Connection: close").into_bytes(),
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec(),
        b"HTTP/1.1 nonsense\r\n\r\n".to_vec(),
        [b"HTTP/1.1 101 OK\r\nX: ".to_vec(), vec![b'x'; 20_000]].concat(),
    ] {
        let found = error(open().received(&wrong));
        assert!(matches!(found, WebSocketError::Upgrade(_)), "{found:?}");
    }
}

#[test]
fn an_extension_that_was_not_asked_for_opens_nothing() {
    let mut stack = open();
    let answer = String::from_utf8(answer(&take(&mut stack))).unwrap();
    let answer = answer.replace("Upgrade: w", "Sec-WebSocket-Extensions: permessage-deflate\r\nUpgrade: w");
    let found = error(stack.received(answer.as_bytes()));
    assert!(matches!(&found, WebSocketError::Upgrade(why) if why.contains("extension")), "{found:?}");
}

#[test]
fn close_codes() {
    for payload in [&b""[..], &1000_u16.to_be_bytes(), &1001_u16.to_be_bytes(), b"\x03\xe8bye"] {
        let mut stack = connected();
        stack.received(&[frame(TEXT, b"last"), frame(CLOSE, payload), frame(TEXT, b"never")].concat()).unwrap();
        assert!(stack.ended() && !stack.established());
        assert_eq!(stack.plaintext(), b"last\n");
        assert_eq!(stack.send(b"x\n"), 0);
        assert!(matches!(frames(&take(&mut stack))[..], [(CLOSE, _)]), "the close is answered");
        assert_eq!(stack.closed(), Ok(()));
    }
    let mut stack = connected();
    let found = error(stack.received(&frame(CLOSE, b"\x03\xf0too many \x1b requests")));
    assert!(matches!(found, WebSocketError::Closed { code: 1008, .. }), "{found:?}");
    assert!(found.to_string().contains("code 1008") && !found.to_string().contains('\x1b'), "{found}");
    assert!(matches!(frames(&take(&mut stack))[..], [(CLOSE, _)]), "the close is answered");
}

#[test]
fn ends() {
    let mut stack = connected();
    stack.send(b"bye\n");
    stack.close();
    assert_eq!((stack.ended(), stack.send(b"x\n")), (true, 0));
    let sent = frames(&take(&mut stack));
    assert_eq!(sent, [(TEXT, b"bye".to_vec()), (CLOSE, 1000_u16.to_be_bytes().to_vec())]);

    // Servers that end the connection at once are no worse than those without a WebSocket.
    let mut stack = connected();
    stack.received(&frame(TEXT, b"half")[..4]).unwrap();
    assert_eq!((stack.closed(), stack.plaintext()), (Ok(()), &b""[..]));
}

#[cfg(feature = "tls")]
#[test]
fn over_tls_and_a_proxy_with_a_new_pin() {
    use common::peer::{NOW, exchange, peer_of, pump};
    use electrum_testkit::tls::Identity;
    use electrum_transport::{Known, Route};

    let route = Route::direct().with_proxy("socks5://127.0.0.1:9050".parse().unwrap());
    let mut stack = route.open(&"wss://abcdef.onion/electrum".parse().unwrap(), Known::at(NOW)).unwrap();
    let mut peer = peer_of(&Identity::self_signed("abcdef.onion"));
    take(&mut stack);
    stack.received(&[5, 0]).unwrap();
    take(&mut stack);
    stack.received(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    // Stores the pin on the way.
    pump(&mut stack, &mut peer, 7).unwrap();
    assert!(!stack.established() && peer.read.is_empty());
    pump(&mut stack, &mut peer, 7).unwrap();
    peer.send(&answer(&peer.read.clone()));
    peer.read.clear();
    pump(&mut stack, &mut peer, 7).unwrap();
    assert!(stack.established());
    stack.send(b"question\n");
    peer.send(&frame(TEXT, b"answer"));
    pump(&mut stack, &mut peer, 7).unwrap();
    assert_eq!((frames(&peer.read), stack.plaintext()), (vec![(TEXT, b"question".to_vec())], &b"answer\n"[..]));
    peer.read.clear();
    stack.close();
    exchange(&mut stack, &mut peer);
    assert!(peer.has_closed && matches!(frames(&peer.read)[..], [(CLOSE, _)]));
    assert!(stack.report().to_string().contains("wss://abcdef.onion:443/electrum through socks5"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    /// Whatever the server sends after its answer, how the bytes are cut does not matter.
    #[test]
    fn cuts_do_not_matter(
        parts in prop::collection::vec(
            (prop::sample::select(vec![TEXT, BINARY, TEXT_BEGIN, MORE, END, PING, PONG, CLOSE, 0x83, 0xc1]), 0usize..300),
            0..12,
        ),
        noise in prop::collection::vec(any::<u8>(), 0..20),
        cuts in prop::collection::vec(0usize..1500, 0..20),
    ) {
        let run = |cuts: &[usize]| {
            let mut stack = open();
            stack.limit_messages(1000);
            let mut stream = answer(&take(&mut stack));
            for (first, length) in &parts {
                stream.extend(frame(*first, &vec![b'x'; *length]));
            }
            stream.extend(&noise);
            let result = cut(&stream, cuts).into_iter().try_for_each(|piece| stack.received(piece));
            (result, stack.plaintext().to_vec(), stack.established(), stack.ended())
        };
        prop_assert_eq!(run(&cuts), run(&[]));
    }
}
