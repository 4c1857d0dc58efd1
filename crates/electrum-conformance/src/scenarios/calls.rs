//! Calls and their answers on a connection that lasts.

use std::time::Duration;

use electrum_proto::operations::Raw;
use electrum_proto::{Origin, Topic};

use crate::expect::{HEADER, PATIENCE, header, next, read, ready, tip};
use crate::transport::connect;
use crate::{Adapter, Client, Failure, Transport};
use electrum_testkit::{Family, Server};

/// Each call of a batch is answered by itself, in the order of the batch; an error is the server's own.
pub(super) fn answers_and_errors<A: Adapter>(adapter: A, transport: Transport) {
    let server = Server::start(Family::ElectrumX1_16);
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let expected: Vec<String> = server.chain(|chain| chain_headers(chain));
    let mut batch: Vec<Raw> = (0..100).map(header).collect();
    batch.insert(50, read("no.such.method"));
    let mut answers = client.batch(batch);
    let odd = answers.remove(50);
    assert!(matches!(odd, Err(Failure::Server { code: Some(-32601), .. })), "{odd:?}");
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.expect("a header")).collect();
    assert_eq!(answers, expected[..100]);
    assert_eq!(client.call(header(7), None).expect("a header"), expected[7]);
    assert!(client.batch(Vec::new()).is_empty());
    assert_eq!(server.stats().connections, 1);
}

fn chain_headers(chain: &electrum_testkit::chain::Chain) -> Vec<String> {
    (0..=chain.height()).filter_map(|height| chain.header(height)).map(|header| header.to_hex()).collect()
}

/// Every family of servers works in the same way: handshake, a call, many calls, a subscription, a change.
pub(super) fn every_family<A: Adapter>(adapter: A, transport: Transport) {
    for family in Family::ALL {
        let server = Server::start(family);
        let (_route, client) = connect(adapter, transport, &[server.addr()]);
        let mut events = client.events();
        let mut tips = client.subscribe(vec![Topic::Headers]);
        let first = next(&mut tips);
        assert_eq!(first.origin, Origin::Subscribed, "{family}");
        server.mine(1);
        let second = next(&mut tips);
        assert_eq!((second.origin, tip(&second).height), (Origin::Live, tip(&first).height + 1), "{family}");
        let header_of_tip = server.chain(|chain| chain.tip().to_hex());
        assert_eq!(client.call(header(tip(&second).height), None).expect("a header"), header_of_tip, "{family}");
        let banners = client.batch(vec![read("server.banner"); 50]);
        assert!(banners.iter().all(Result::is_ok), "{family}: {banners:?}");
        let (_, version) = ready(&mut events);
        assert_eq!(server.log()[0].version, Some(version.to_string()), "{family}");
    }
}

/// An answer that comes after its call has failed is dropped, and the connection still works.
pub(super) fn late_replies<A: Adapter>(adapter: A, transport: Transport) {
    let server = Server::start(Family::ElectrumX1_16);
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let expected = client.call(header(2), None).expect("a header");
    server.pause();
    for height in 0..3 {
        let late = client.call(header(height), Some(Duration::from_millis(50)));
        assert_eq!(late, Err(Failure::TimedOut));
    }
    server.resume();
    assert_eq!(client.call(header(2), None).expect("a header"), expected);
    assert!(server.wait_until(PATIENCE, |stats| stats.requests(HEADER) == 5));
    assert_eq!(server.stats().connections, 1);
}
