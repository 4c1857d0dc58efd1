//! Threads that share a client take turns reading from its socket: no caller waits while no thread reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use electrum_blocking::proto::operations::{Banner, MempoolRecent, Ping};
use electrum_blocking::proto::{Origin, RejectReason, Topic};
use electrum_blocking::{CallError, Client};
use electrum_testkit::prelude::*;

/// A time-out that is reached only by what never ends.
const LONG: Duration = Duration::from_secs(20);

/// A server that answers pings and nothing else, and a client of it.
fn server_of_pings() -> (Client, Server) {
    let server = Server::start(Family::Fulcrum2_1);
    server.quirks(|quirks| quirks.answers_only_pings = true);
    (client(&server), server)
}

fn client(server: &Server) -> Client {
    Client::connect(server.url().parse::<electrum_blocking::transport::ServerAddr>().unwrap()).unwrap()
}

#[track_caller]
fn wait_for_the_banner_to_be_asked_for(server: &Server) {
    assert!(server.wait_until(LONG, |stats| stats.requests("server.banner") == 1));
}

/// The caller that reads from the socket waits for an answer that never comes, while others make calls.
#[test]
fn a_long_call_keeps_no_caller_from_its_own_and_ends_with_the_client() {
    let (client, server) = server_of_pings();
    client.call(Ping).unwrap();
    let patient = client.clone();
    let patient = thread::spawn(move || patient.call_within(2 * LONG, Banner));
    wait_for_the_banner_to_be_asked_for(&server);
    for _ in 0..20 {
        client.call_within(LONG, Ping).unwrap();
    }
    let others: Vec<_> = (0..4)
        .map(|_| {
            let client = client.clone();
            thread::spawn(move || (0..50).try_for_each(|_| client.call_within(LONG, Ping)))
        })
        .collect();
    for other in others {
        other.join().unwrap().unwrap();
    }
    client.close();
    assert_eq!(patient.join().unwrap(), Err(CallError::Closed));
    assert_eq!(client.call(Ping), Err(CallError::Closed));
    assert!(server.wait_until(LONG, |stats| stats.open == 0));
}

/// A call times out while its caller reads from the socket.
#[test]
fn a_call_ends_at_its_deadline() {
    let (client, server) = server_of_pings();
    client.call(Ping).unwrap();
    assert_eq!(client.call_within(Duration::from_millis(20), Banner), Err(CallError::TimedOut));
    wait_for_the_banner_to_be_asked_for(&server);
    client.call_within(LONG, Ping).unwrap();
    drop(client);
    assert!(server.wait_until(LONG, |stats| stats.open == 0));
}

/// Changes reach their consumer while calls are made, and after the last one.
#[test]
fn changes_come_between_calls() {
    let server = Server::start(Family::ALL[0]);
    let client = client(&server);
    let mut tips = client.subscribe(Topic::Headers).unwrap();
    assert_eq!(tips.next_within(LONG).ok().map(|tip| tip.origin), Some(Origin::Subscribed));
    for _ in 0..10 {
        client.call_within(LONG, Ping).unwrap();
        server.mine(1);
        assert_eq!(tips.next_within(LONG).ok().map(|tip| tip.origin), Some(Origin::Live));
    }
}

/// Calls that fail before anything is sent, one right after the other, leave the socket to another thread.
#[test]
fn calls_that_end_at_once_keep_no_change_from_its_consumer() {
    let server = Server::start(Family::ElectrumX1_16);
    let client = client(&server);
    let mut tips = client.subscribe(Topic::Headers).unwrap();
    assert_eq!(tips.next_within(LONG).ok().map(|tip| tip.origin), Some(Origin::Subscribed));
    let (other, is_over) = (client.clone(), Arc::new(AtomicBool::new(false)));
    let over = Arc::clone(&is_over);
    let hasty = thread::spawn(move || {
        // Afterwards the connection's thread leaves the socket to callers for a moment.
        other.call_within(LONG, Ping).unwrap();
        while !over.load(Relaxed) {
            assert!(other.call(MempoolRecent).is_err(), "the version has no such operation");
        }
    });
    // By then it would be left to the loop, which never needs it.
    thread::sleep(Duration::from_millis(50));
    server.mine(1);
    let emitted = tips.next_within(LONG).ok().map(|tip| tip.origin);
    is_over.store(true, Relaxed);
    hasty.join().unwrap();
    assert_eq!(emitted, Some(Origin::Live));
}

/// The iterator that makes the topics may call the client.
#[test]
fn topics_may_be_made_with_the_client() {
    let server = Server::start(Family::ALL[0]);
    let client = client(&server);
    let topics = (0..3).map(|number| {
        client.call_within(LONG, Ping).unwrap();
        Topic::Script(electrum_blocking::proto::Script::new(script(number)))
    });
    let mut updates = client.subscribe_all(topics).unwrap();
    let mut emitted: Vec<_> = (0..3).map(|_| updates.next_within(LONG).unwrap().topic).collect();
    emitted.sort_unstable();
    assert_eq!(emitted, [0, 1, 2]);
}

/// A wallet that uses a new address adds it to the iterator that it already reads.
#[test]
fn topics_may_be_added_to_what_is_listened_to() {
    let server = Server::start(Family::ALL[0]);
    let client = client(&server);
    let topic = |number| Topic::Script(electrum_blocking::proto::Script::new(script(number)));
    let mut updates = client.subscribe(topic(0)).unwrap();
    assert_eq!(updates.next_within(LONG).ok().map(|change| change.topic), Some(0));
    assert_eq!(updates.add(topic(1)), Ok(1));
    let first = updates.next_within(LONG).unwrap();
    assert_eq!((first.topic, first.origin), (1, Origin::Subscribed));
    for (paid, topic) in [(1, 1), (0, 0)] {
        server.pay(&script(paid), 10_000);
        let change = updates.next_within(LONG).unwrap();
        assert_eq!((change.topic, change.origin), (topic, Origin::Live));
    }
    client.close();
    assert_eq!(updates.add(topic(2)), Err(RejectReason::Closed));
}
