//! Calls that wait for a connection, until it is made, they expire or are dropped, or the client is closed.

use std::time::Duration;

use electrum_proto::{Phase, Topic};

use crate::expect::{PATIENCE, aside, call_aside, header, next, outcome, read};
use crate::transport::{Route, connect};
use crate::{Adapter, Client, Failure, Next, Source, Transport};
use electrum_testkit::{Family, Server};

/// Calls made while there is no connection are sent when there is one.
pub(super) fn waits_while_down<A: Adapter>(adapter: A, transport: Transport) {
    let mut server = Server::start(Family::Fulcrum2_1);
    let expected = server.chain(|chain| chain.header(5).map(|header| header.to_hex()));
    server.stop();
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let single = call_aside(&client, header(5));
    let batch = aside({
        let client = client.clone();
        move || client.batch(vec![header(5); 20])
    });
    server.restart();
    let expected = serde_json::Value::from(expected);
    assert_eq!(outcome(&single).as_ref(), Ok(&expected));
    assert!(outcome(&batch).iter().all(|answer| answer.as_ref() == Ok(&expected)));
}

/// Calls beyond the limit of waiting calls are refused at once. The others wait, and their room is free again later.
pub(super) fn bounded_queue<A: Adapter>(adapter: A, transport: Transport) {
    let mut server = Server::start(Family::Fulcrum2_1);
    server.stop();
    let mut route = Route::to(transport, &[server.addr()]);
    route.setup.queue = 5;
    route.setup.protocol.timeouts.request = Duration::from_millis(200);
    let client = adapter.connect(route.setup.clone());
    for _ in 0..2 {
        let answers = client.batch((0..8).map(header).collect());
        let waited = |answer: &Result<_, _>| matches!(answer, Err(Failure::Unsent(_)));
        assert!(answers[..5].iter().all(waited), "{answers:?}");
        assert!(answers[5..].iter().all(|answer| *answer == Err(Failure::QueueFull)), "{answers:?}");
    }
    server.restart();
    assert!(client.call(header(0), Some(PATIENCE)).is_ok());
}

/// A call ends at its deadline also while there is no connection, and its error says why there is none.
pub(super) fn deadline_while_down<A: Adapter>(adapter: A, transport: Transport) {
    let mut server = Server::start(Family::Fulcrum2_1);
    server.stop();
    let (route, client) = connect(adapter, transport, &[server.addr()]);
    loop {
        match client.call(header(1), Some(Duration::from_millis(200))) {
            Err(Failure::Unsent(why)) if why.is_empty() => {}
            Err(Failure::Unsent(why)) => break assert!(why.contains(&route.setup.servers[0]), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

/// A call that is dropped is cancelled: it is not sent any more, takes no room, and no other call gets its answer.
pub(super) fn dropped_calls<A: Adapter>(adapter: A, transport: Transport) {
    let mut server = Server::start(Family::Fulcrum2_1);
    let mut route = Route::to(transport, &[server.addr()]);
    route.setup.queue = 4;
    let client = adapter.connect(route.setup.clone());
    let expected = client.call(header(3), None).expect("a header");
    server.pause();
    let Some(pending) = client.begin(header(1)) else { return };
    drop(pending);
    let pending = client.begin(header(3)).expect("as before");
    server.resume();
    assert_eq!(pending.wait(), Ok(expected.clone()));
    assert_eq!(server.stats().connections, 1);

    server.stop();
    // Waits until the client has noticed.
    while client.phase() == Phase::Ready {
        let _ = client.call(header(3), Some(Duration::from_millis(5)));
    }
    for _ in 0..20 {
        drop(client.begin(read("server.donation_address")));
    }
    let pending = client.begin(header(3)).expect("as before");
    server.restart();
    assert_eq!(pending.wait(), Ok(expected));
    assert_eq!(server.stats().requests("server.donation_address"), 0);
}

/// Closing a client ends everything that waits, and the connection.
pub(super) fn closed_with_calls_waiting<A: Adapter>(adapter: A, transport: Transport) {
    let server = Server::start(Family::Fulcrum2_1);
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let mut events = client.events();
    let mut tips = client.subscribe(vec![Topic::Headers]);
    next(&mut tips);
    server.pause();
    let sent = call_aside(&client, header(1));
    let batch = aside({
        let client = client.clone();
        move || client.batch(vec![header(1); 3])
    });
    // By now the server has received all calls, and does not answer.
    assert_eq!(client.call(header(1), Some(Duration::from_millis(100))), Err(Failure::TimedOut));
    client.close();
    assert_eq!(outcome(&sent), Err(Failure::Closed));
    assert_eq!(outcome(&batch), [Err(Failure::Closed), Err(Failure::Closed), Err(Failure::Closed)]);
    assert_eq!(client.call(header(1), None), Err(Failure::Closed));
    assert_eq!(client.batch(vec![header(1)]), [Err(Failure::Closed)]);
    assert_eq!(tips.next(PATIENCE), Next::End);
    while events.next(PATIENCE) != Next::End {}
    assert_eq!(client.events().next(PATIENCE), Next::End);
    assert_eq!(client.phase(), Phase::Closed);
    server.resume();
    assert!(server.wait_until(PATIENCE, |stats| stats.open == 0));
}

/// The connection is closed when the last handle is dropped, and not before.
pub(super) fn dropped_handles<A: Adapter>(adapter: A, transport: Transport) {
    let server = Server::start(Family::Fulcrum2_1);
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let mut tips = client.subscribe(vec![Topic::Headers]);
    let events = client.events();
    next(&mut tips);
    let clone = client.clone();
    drop(client);
    assert!(clone.call(header(1), None).is_ok());
    drop(clone);
    drop(events);
    server.mine(1);
    next(&mut tips);
    assert_eq!(server.stats().open, 1);
    drop(tips);
    assert!(server.wait_until(PATIENCE, |stats| stats.open == 0));
}
