//! The server's side of a WebSocket in memory: an answer to the request, and frames made by hand.

use electrum_transport::{Known, Link, LinkError, Route, WebSocketError};
use tungstenite::handshake::derive_accept_key;

pub(crate) const SERVER: &str = "ws://electrum.example:50003/electrum";

pub(crate) const TEXT: u8 = 0x81;
pub(crate) const BINARY: u8 = 0x82;
/// First and last pieces of a message, and one in between.
pub(crate) const TEXT_BEGIN: u8 = 0x01;
pub(crate) const MORE: u8 = 0x00;
pub(crate) const END: u8 = 0x80;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;

pub(crate) fn open() -> Link {
    Route::direct().open(&SERVER.parse().unwrap(), Known::default()).unwrap()
}

/// A link whose WebSocket is open.
pub(crate) fn connected() -> Link {
    let mut link = open();
    let request = take(&mut link);
    link.received(&answer(&request)).unwrap();
    assert!(link.established());
    link
}

/// What the link has for the socket.
pub(crate) fn take(link: &mut Link) -> Vec<u8> {
    let outgoing = link.outgoing().to_vec();
    link.wrote(outgoing.len());
    outgoing
}

/// The answer that opens a WebSocket.
pub(crate) fn answer(request: &[u8]) -> Vec<u8> {
    let request = String::from_utf8(request.to_vec()).unwrap();
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
    let accept = derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}

/// A frame as servers send it, without a mask.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(length as u8),
        length @ 126..=0xffff => {
            frame.push(126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

/// Frames of the client, without their masks: first byte and payload.
pub(crate) fn frames(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        assert!(bytes[1] & 0x80 != 0, "clients mask");
        let (length, header) = match bytes[1] & 0x7f {
            126 => (usize::from(u16::from_be_bytes(bytes[2..4].try_into().unwrap())), 4),
            127 => (u64::from_be_bytes(bytes[2..10].try_into().unwrap()) as usize, 10),
            length => (usize::from(length), 2),
        };
        let (mask, payload) = bytes[header..header + 4 + length].split_at(4);
        let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        frames.push((bytes[0], payload));
        bytes = &bytes[header + 4 + length..];
    }
    frames
}

pub(crate) fn error(result: Result<(), LinkError>) -> WebSocketError {
    match result {
        Err(LinkError::WebSocket(error)) => error,
        other => panic!("{other:?}"),
    }
}
