//! The server's side of a WebSocket in memory: an answer to the request, and the frames of the client.

use electrum_testkit::frames::read;
use electrum_transport::{Known, LayerError, LayerStack, Route, WebSocketError};
use tungstenite::handshake::derive_accept_key;

pub(crate) const SERVER: &str = "ws://electrum.example:50003/electrum";

pub(crate) fn open() -> LayerStack {
    Route::direct().open(&SERVER.parse().unwrap(), Known::default()).unwrap()
}

/// A stack whose WebSocket is open.
pub(crate) fn connected() -> LayerStack {
    let mut stack = open();
    let request = take(&mut stack);
    stack.received(&answer(&request)).unwrap();
    assert!(stack.established());
    stack
}

/// What the stack has for the socket.
pub(crate) fn take(stack: &mut LayerStack) -> Vec<u8> {
    let outgoing = stack.outgoing().to_vec();
    stack.wrote(outgoing.len());
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

/// Frames of the client, without their masks: first byte and payload.
pub(crate) fn frames(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    std::iter::from_fn(|| (!bytes.is_empty()).then(|| read(&mut bytes).unwrap())).collect()
}

pub(crate) fn error(result: Result<(), LayerError>) -> WebSocketError {
    match result {
        Err(LayerError::WebSocket(error)) => error,
        other => panic!("{other:?}"),
    }
}
