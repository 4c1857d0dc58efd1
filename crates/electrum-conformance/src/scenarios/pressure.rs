//! Servers that are busy, limit their clients, or close the connection on a request: all other calls are answered.

use std::time::{Duration, Instant};

use electrum_proto::operations::Raw;
use electrum_proto::{Script, Topic};
use electrum_testkit::chain::script;
use electrum_testkit::hash::Txid;
use electrum_testkit::session::Busy;
use electrum_testkit::{Family, Server};

use crate::expect::{call_aside, header, next, outcome, read};
use crate::transport::connect;
use crate::{Adapter, Client, Failure, Transport};

/// A request on which the server hangs up fails with that cause after some attempts. All other calls in the meantime
/// are answered.
pub(super) fn calls_that_end_connections<A: Adapter>(adapter: A, transport: Transport) {
    const METHOD: &str = "server.donation_address";
    /// How many times such a call may be sent, if other calls are in flight too.
    const MOST: u64 = 6;
    let server = Server::start(Family::Fulcrum2_1);
    server.quirks(|quirks| quirks.closes_at = Some(METHOD));
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let deadly = call_aside(&client, read(METHOD));
    let healthy: Vec<_> = (0..20).map(|height| call_aside(&client, header(height))).collect();
    for (height, answer) in healthy.iter().enumerate() {
        assert!(outcome(answer).is_ok(), "the call for header {height}");
    }
    let failed = outcome(&deadly);
    assert!(matches!(&failed, Err(Failure::Other(_) | Failure::Lost)), "{failed:?}");
    let sent = server.stats().requests(METHOD);
    assert!((2..=MOST).contains(&sent), "it was sent {sent} times");
}

/// A call that only reads is sent again after an answer that says only that the server is busy.
pub(super) fn busy_servers<A: Adapter>(adapter: A, transport: Transport) {
    for (code, closes) in [(-102, false), (-101, true)] {
        let server = Server::start(Family::Fulcrum2_1);
        let busy = Busy { requests: 1, code, message: "server busy".into(), closes };
        server.quirks(|quirks| quirks.busy = Some(busy));
        let (_route, client) = connect(adapter, transport, &[server.addr()]);
        if closes {
            // The next connection is served.
            let answer = call_aside(&client, header(1));
            assert!(server.wait_until(crate::expect::PATIENCE, |stats| stats.requests("blockchain.block.header") == 1));
            server.quirks(|quirks| quirks.busy = None);
            assert!(outcome(&answer).is_ok(), "{code}");
        } else {
            assert!(client.call(header(1), None).is_ok(), "{code}");
        }
    }
}

/// Many long answers at once, from a server that hangs up if too much is unread: the client requests fewer at once.
pub(super) fn long_answers_at_once<A: Adapter>(adapter: A, transport: Transport) {
    const CALLS: u32 = 20;
    /// A history of so many entries has a million bytes.
    const ENTRIES: u32 = 11_000;
    let server = Server::start(Family::Fulcrum2_1);
    let entry = |number: u32| {
        let mut txid = [0; 32];
        txid[..4].copy_from_slice(&number.to_le_bytes());
        (Txid::from_bytes(txid), 1)
    };
    server.quirks(|quirks| {
        quirks.more_history = (0..ENTRIES).map(entry).collect();
        quirks.max_buffer = Some(8_000_000);
    });
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let begin = Instant::now();
    let history = |number: u32| {
        let hash = Script::new(script(number)).scripthash();
        Raw::reading("blockchain.scripthash.get_history", vec![hash.to_string().into()])
    };
    for (number, answer) in client.batch((0..CALLS).map(history).collect()).into_iter().enumerate() {
        let length = answer.map(|answer| answer.as_array().map_or(0, Vec::len));
        assert!(length.as_ref().is_ok_and(|length| *length >= ENTRIES as usize), "history {number}: {length:?}");
    }
    let stats = server.stats();
    let sent = stats.requests("blockchain.scripthash.get_history");
    println!("{CALLS} histories in {:?}, sent {sent} times on {} connections", begin.elapsed(), stats.connections);
    // Each call is sent at most as often as connections end, which soon no longer happens.
    assert!(stats.connections <= 6, "{} connections", stats.connections);
}

/// A call that a server does not answer moves to the next server, early enough for its deadline.
pub(super) fn servers_that_only_answer_pings<A: Adapter>(adapter: A, transport: Transport) {
    let (mute, good) = (Server::start(Family::Fulcrum2_1), Server::start(Family::Fulcrum2_1));
    mute.quirks(|quirks| quirks.answers_only_pings = true);
    let (_route, client) = connect(adapter, transport, &[mute.addr(), good.addr()]);
    assert!(client.call(header(1), Some(Duration::from_secs(15))).is_ok());
    assert_eq!([&mute, &good].map(|server| server.stats().requests("blockchain.block.header")), [1, 1]);
}

/// A subscription that is refused because the server is busy is made again on the same connection.
pub(super) fn subscriptions_refused_for_a_moment<A: Adapter>(adapter: A, transport: Transport) {
    let server = Server::start(Family::Electrs);
    server.quirks(|quirks| quirks.refused_subscriptions = 1);
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let mut updates = client.subscribe(vec![Topic::Script(Script::new(script(1)))]);
    loop {
        let update = next(&mut updates);
        if update.value.is_ok() {
            break;
        }
    }
    assert_eq!(server.stats().connections, 1);
}
