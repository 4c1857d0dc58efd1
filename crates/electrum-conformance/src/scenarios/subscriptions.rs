//! Scenarios about subscriptions and the consumers of their updates.

use std::time::Duration;

use electrum_proto::types::ScriptHash;
use electrum_proto::{Origin, SubscribeError, Topic, Update};

use crate::expect::{PATIENCE, header, next, tip, topic};
use crate::transport::connect;
use crate::{Adapter, Client, Next, Source, TopicUpdate, Transport};
use electrum_testkit::chain::script;
use electrum_testkit::hash::Scripthash;
use electrum_testkit::{Family, Server};

/// Returns the status in an update, in hexadecimal digits.
fn status(change: &TopicUpdate) -> Option<String> {
    match &change.value {
        Ok(Update::Script(status)) => status.map(|status| status.to_string()),
        other => panic!("a status was due, and there was {other:?}"),
    }
}

fn status_at(server: &Server, n: u32) -> Option<String> {
    server.chain(|chain| chain.status(&Scripthash::of_script(&script(n))))
}

/// The client unsubscribes on the server when the last consumer of a topic is dropped, and not before.
pub(super) fn unsubscribes_when_dropped<A: Adapter>(adapter: A, transport: Transport) {
    for (family, method) in [
        (Family::Fulcrum2_1, "blockchain.scripthash.unsubscribe"),
        (Family::ElectrumX2_0, "blockchain.scriptpubkey.unsubscribe"),
    ] {
        let server = Server::start(family);
        let (_route, client) = connect(adapter, transport, &[server.addr()]);
        let mut first = client.subscribe(vec![topic(1)]);
        let mut second = client.subscribe(vec![topic(2), topic(1)]);
        assert_eq!(status(&next(&mut first)), None);
        assert_eq!(status(&next(&mut second)), None);
        assert_eq!(status(&next(&mut second)), None);
        drop(first);
        server.pay(&script(1), 70_000);
        let change = next(&mut second);
        assert_eq!((change.topic, status(&change)), (1, status_at(&server, 1)));
        assert_eq!(server.stats().requests(method), 0, "{family}");
        drop(second);
        assert!(server.wait_until(PATIENCE, |stats| stats.requests(method) == 2), "{family}");
        // The client works on, and can subscribe again.
        let mut again = client.subscribe(vec![topic(1)]);
        let change = next(&mut again);
        assert_eq!((change.origin, status(&change)), (Origin::Subscribed, status_at(&server, 1)), "{family}");
    }
}

/// A consumer that reads late gets the newest value, once, and delays no other consumer.
pub(super) fn slow_consumers<A: Adapter>(adapter: A, transport: Transport) {
    const BLOCKS: u32 = 400;
    let server = Server::start(Family::Fulcrum2_1);
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let mut slow = client.subscribe(vec![Topic::Headers, topic(1)]);
    let mut fast = client.subscribe(vec![Topic::Headers]);
    let start = tip(&next(&mut fast)).height;
    for n in 0..BLOCKS {
        server.mine(1);
        if n % 100 == 0 {
            server.pay(&script(1), 1_000 + u64::from(n));
        }
    }
    while tip(&next(&mut fast)).height < start + BLOCKS {}
    // An answer comes after all the notifications that the server sent before it.
    assert!(client.call(header(1), None).is_ok());
    let mut changes = [next(&mut slow), next(&mut slow)];
    changes.sort_by_key(|change| change.topic);
    assert_eq!((tip(&changes[0]).height, changes[0].origin), (start + BLOCKS, Origin::Subscribed));
    assert_eq!((status(&changes[1]), changes[1].origin), (status_at(&server, 1), Origin::Subscribed));
    assert_eq!(slow.next(Duration::ZERO), Next::Nothing);
}

/// A topic is subscribed once. Each consumer gets every change, and a consumer that is added later first the current
/// value.
pub(super) fn several_consumers<A: Adapter>(adapter: A, transport: Transport) {
    let server = Server::start(Family::Fulcrum2_1);
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let mut consumers = vec![client.subscribe(vec![topic(1)]), client.subscribe(vec![topic(1)])];
    for consumer in &mut consumers {
        let change = next(consumer);
        assert_eq!((status(&change), change.origin), (None, Origin::Subscribed));
    }
    server.pay(&script(1), 5_000);
    let paid = status_at(&server, 1);
    for consumer in &mut consumers {
        let change = next(consumer);
        assert_eq!((status(&change), change.origin), (paid.clone(), Origin::Live));
    }
    consumers.push(client.subscribe(vec![topic(1)]));
    let change = next(&mut consumers[2]);
    assert_eq!((status(&change), change.origin), (paid, Origin::Subscribed));
    server.mine(1);
    for consumer in &mut consumers {
        assert_eq!(status(&next(consumer)), status_at(&server, 1));
    }
    assert_eq!(server.stats().requests("blockchain.scripthash.subscribe"), 1);
}

/// A change while there is no connection is reported once. A topic without a change is not reported.
pub(super) fn changes_during_an_outage<A: Adapter>(adapter: A, transport: Transport) {
    let mut server = Server::start(Family::ElectrumX2_0);
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let mut updates = client.subscribe(vec![Topic::Headers, topic(1), topic(2)]);
    for _ in 0..3 {
        assert_eq!(next(&mut updates).origin, Origin::Subscribed);
    }
    for round in 0..5 {
        server.stop();
        server.pay(&script(1), 9_000 + round);
        server.mine(2);
        server.restart();
        let mut changes = vec![next(&mut updates), next(&mut updates)];
        changes.sort_by_key(|change| change.topic);
        assert!(changes.iter().all(|change| change.origin == Origin::Resumed), "{changes:?}");
        assert_eq!(tip(&changes[0]).height, server.chain(|chain| chain.height()));
        assert_eq!(status(&changes[1]), status_at(&server, 1));
        // The third topic has no update: the next one is of the first topic.
        server.mine(1);
        let change = next(&mut updates);
        assert_eq!((change.topic, change.origin), (0, Origin::Live));
        assert_eq!(tip(&change).height, server.chain(|chain| chain.height()));
    }
}

/// A topic that the version lacks is refused with an error message to each consumer; other topics work.
pub(super) fn refused_topics<A: Adapter>(adapter: A, transport: Transport) {
    let server = Server::start(Family::ElectrumX2_0);
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let bare = || Topic::ScriptHash(ScriptHash::of(&script(1)));
    for _ in 0..2 {
        // The second consumer is added after the refusal.
        let mut updates = client.subscribe(vec![bare()]);
        let change = next(&mut updates);
        assert!(matches!(change.value, Err(SubscribeError::NotInVersion(_))), "{change:?}");
        let mut others = client.subscribe(vec![bare(), topic(2)]);
        let mut changes = vec![next(&mut others), next(&mut others)];
        changes.sort_by_key(|change| change.topic);
        assert!(matches!(changes[0].value, Err(SubscribeError::NotInVersion(_))), "{changes:?}");
        assert_eq!(status(&changes[1]), None);
    }
}
