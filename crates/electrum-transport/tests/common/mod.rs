//! Feeding stacks in memory.
#![allow(dead_code, reason = "not every test file uses all of it")]

#[cfg(feature = "tls")]
pub(crate) mod peer;
#[cfg(feature = "websocket")]
pub(crate) mod websocket;

use electrum_transport::{Known, LayerError, Route};

/// What became of a stack: all plaintext, all bytes for the socket, and whether it stood at the end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) plaintext: Vec<u8>,
    pub(crate) outgoing: Vec<u8>,
    pub(crate) end: Result<bool, LayerError>,
}

/// Passes the pieces on one by one, until the first error.
pub(crate) fn run<'a>(route: &Route, server: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> Run {
    let mut stack = route.open(&server.parse().unwrap(), Known::default()).unwrap();
    let mut run = Run { plaintext: Vec::new(), outgoing: Vec::new(), end: Ok(false) };
    // What is due before the first byte counts too.
    for piece in std::iter::once(&[][..]).chain(pieces) {
        let result = stack.received(piece);
        run.plaintext.extend_from_slice(stack.plaintext());
        stack.consume(stack.plaintext().len());
        run.outgoing.extend_from_slice(stack.outgoing());
        stack.wrote(stack.outgoing().len());
        run.end = result.map(|()| stack.established());
        if run.end.is_err() {
            break;
        }
    }
    run
}

/// Cuts bytes at the given places.
pub(crate) fn cut<'a>(bytes: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = places.iter().map(|&place| place.min(bytes.len())).collect();
    places.sort_unstable();
    places.push(bytes.len());
    let mut start = 0;
    let piece = |end: usize| {
        let piece = &bytes[start..end];
        start = end;
        piece
    };
    places.into_iter().map(piece).collect()
}
