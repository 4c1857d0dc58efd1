//! Scenarios with more data than the buffers between client and server hold.

use crate::expect::{header, ready};
use crate::transport::connect;
use crate::wire::Wire;
use crate::{Adapter, Client, Transport};
use electrum_testkit::listener::Listener;

/// A server that answers each line before it reads the next stops reading when the client does not read. There must be
/// no deadlock.
pub(super) fn full_duplex<A: Adapter>(adapter: A, transport: Transport) {
    const CALLS: u32 = 20_000;
    const ANSWER: usize = 2_000;
    let server = Listener::start(|_, stream| {
        let answer = format!("\"{}\"", "x".repeat(ANSWER));
        let Ok(mut wire) = Wire::handshake(stream, "1.4") else { return };
        while let Ok(line) = wire.line() {
            if wire.answer(&line, &answer).is_err() {
                return;
            }
        }
    });
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let mut events = client.events();
    ready(&mut events);
    let answers = client.batch((0..CALLS).map(header).collect());
    let whole = answers
        .iter()
        .filter(|answer| answer.as_ref().is_ok_and(|answer| answer.as_str().is_some_and(|text| text.len() == ANSWER)));
    assert_eq!(whole.count(), CALLS as usize);
}
