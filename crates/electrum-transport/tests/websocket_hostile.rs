//! WebSocket frames that no honest server sends: each ends the stack with a cause, and none grows memory.
#![cfg(feature = "websocket")]

mod common;

use common::websocket::{connected, error, frames, take};
use electrum_testkit::frames::{BINARY, CLOSE, END, MORE, PING, TEXT, TEXT_BEGIN, frame, head};
use electrum_transport::{LayerError, Side, WebSocketError};

/// What this stream ends the stack with, after a good message, and the close code that the server gets.
#[track_caller]
fn refused(stream: &[u8]) -> (WebSocketError, u16) {
    let mut stack = connected();
    stack.limit_messages(1000);
    let mut stream = [frame(TEXT, b"good"), stream.to_vec()].concat();
    let found = error(stack.received(&stream));
    assert_eq!(stack.plaintext(), b"good\n", "what came before counts, nothing after it");
    assert_eq!(stack.send(b"x\n"), 0);
    let sent = frames(&take(&mut stack));
    let code = match &sent[..] {
        [.., (CLOSE, payload)] => u16::from_be_bytes(payload[..2].try_into().unwrap()),
        other => panic!("reported as the fault of the server: {other:?}"),
    };
    // Byte by byte it is the same.
    let mut slow = connected();
    slow.limit_messages(1000);
    stream.extend(frame(TEXT, b"after"));
    let result = stream.chunks(1).try_for_each(|byte| slow.received(byte));
    assert_eq!((error(result), slow.plaintext()), (found.clone(), &b"good\n"[..]));
    assert_eq!(LayerError::from(found.clone()).side(), Side::Server);
    (found, code)
}

#[track_caller]
fn broken(stream: &[u8]) {
    let (error, code) = refused(stream);
    assert!(matches!(error, WebSocketError::Broken(_)), "{error:?}");
    assert_eq!(code, 1002);
}

#[test]
fn frames_that_break_the_rules() {
    // Masked by the server.
    broken(&[0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2]);
    // Reserved bits, each of the three.
    for bit in [0x40, 0x20, 0x10] {
        broken(&frame(TEXT | bit, b"x"));
    }
    // Kinds of frames that do not exist.
    for kind in [0x83, 0x87, 0x8b, 0x8f] {
        broken(&frame(kind, b"x"));
    }
    // Control frames in pieces, and too long ones.
    broken(&frame(PING & 0x0f, b"x"));
    broken(&frame(PING, &[0; 126]));
    broken(&frame(CLOSE, &[3; 126]));
    // A close frame whose code is half there.
    broken(&frame(CLOSE, &[3]));
    // Codes that only stand for what a program saw.
    for code in [0_u16, 1005, 1006, 1015] {
        broken(&frame(CLOSE, &code.to_be_bytes()));
    }
    // Pieces out of order.
    broken(&frame(END, b"x"));
    broken(&[frame(TEXT_BEGIN, b"x"), frame(TEXT, b"y")].concat());
    broken(&[frame(TEXT_BEGIN, b"x"), frame(BINARY, b"y")].concat());
}

#[test]
fn text_that_is_none() {
    for stream in
        [frame(TEXT, b"a\xff"), frame(TEXT_BEGIN, b"a\xff"), [frame(TEXT_BEGIN, b"a\xe2"), frame(END, b"(")].concat()]
    {
        let (error, code) = refused(&stream);
        assert!(matches!(error, WebSocketError::Broken(_)), "{error:?}");
        assert_eq!(code, 1007);
    }
}

#[test]
fn lengths_are_judged_before_the_message_comes() {
    for length in [1001, 1 << 32, (1 << 63) - 1, 1 << 63, u64::MAX] {
        let (error, code) = refused(&head(TEXT, length));
        assert!(matches!(error, WebSocketError::TooLong { limit: 1000, .. }), "{error:?}");
        assert_eq!(code, 1009);
        assert!(error.to_string().contains("1000 bytes are the limit"), "{error}");
    }
    let mut stack = connected();
    stack.limit_messages(1000);
    stack.received(&frame(TEXT, &[b'x'; 1000])).unwrap();
    assert_eq!(stack.plaintext().len(), 1001);
}

#[test]
fn endless_pieces_end_at_the_limit() {
    let pieces: Vec<u8> =
        (0..).map(|i| frame(if i == 0 { TEXT_BEGIN } else { MORE }, &[b'x'; 100])).take(11).flatten().collect();
    let (error, code) = refused(&pieces);
    assert!(matches!(error, WebSocketError::TooLong { limit: 1000, .. }), "{error:?}");
    assert_eq!(code, 1009);
    // The last one is judged by its header.
    let (error, _) = refused(&[frame(TEXT_BEGIN, &[b'x'; 900]), vec![END, 101]].concat());
    assert_eq!(error, WebSocketError::TooLong { size: 1001, limit: 1000 });
    // Empty ones fill nothing.
    let mut stack = connected();
    stack.received(&frame(TEXT_BEGIN, b"")).unwrap();
    for _ in 0..10_000 {
        stack.received(&frame(MORE, b"")).unwrap();
    }
    stack.received(&frame(END, b"x")).unwrap();
    assert_eq!(stack.plaintext(), b"x\n");
}

#[test]
fn a_limit_may_change_between_messages() {
    let mut stack = connected();
    stack.limit_messages(10);
    stack.received(&frame(TEXT, &[b'x'; 10])).unwrap();
    stack.limit_messages(100_000);
    stack.received(&frame(TEXT, &[b'x'; 100_000])).unwrap();
    stack.limit_messages(10);
    assert!(matches!(error(stack.received(&frame(TEXT, &[b'x'; 11]))), WebSocketError::TooLong { limit: 10, .. }));
}

#[test]
fn pings_whose_answers_are_not_read_end_the_stack() {
    let mut stack = connected();
    let flood = frame(PING, &[0; 125]).repeat(100);
    let mut floods = 0;
    let found = loop {
        floods += 1;
        match stack.received(&flood) {
            Ok(()) => assert!(floods < 10, "{} bytes of answers", stack.outgoing().len()),
            Err(error) => break error,
        }
    };
    assert!(found.to_string().contains("pings"), "{found}");
    // A server that reads them may ping for as long as it likes.
    let mut stack = connected();
    for _ in 0..50 {
        stack.received(&flood).unwrap();
        assert_eq!(frames(&take(&mut stack)).len(), 100);
    }
}
