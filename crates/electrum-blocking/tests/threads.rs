//! Threads that share a client take turns reading from its socket: no caller waits while no thread reads.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use electrum_blocking::proto::operations::{Banner, MempoolRecent, Ping};
use electrum_blocking::proto::{Origin, RejectReason, Topic};
use electrum_blocking::{CallError, Client};
use electrum_testkit::prelude::*;

/// A time-out that is reached only by what never ends.
const LONG: Duration = Duration::from_secs(20);

/// A server that answers pings, and reports each request for the banner, which it never answers.
fn server_without_banner() -> (Client, JoinHandle<()>, std::sync::mpsc::Receiver<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, was_asked) = channel();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut answers: TcpStream = stream.try_clone().unwrap();
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let request: String = line.chars().filter(|c| !c.is_whitespace()).collect();
            let id: u64 = request.split("\"id\":").nth(1).unwrap().split([',', '}']).next().unwrap().parse().unwrap();
            let result = match () {
                () if request.contains("server.version") => r#"["x","1.4"]"#,
                () if request.contains("server.ping") => "null",
                () => {
                    asked.send(()).unwrap();
                    continue;
                }
            };
            writeln!(answers, r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#).unwrap();
        }
    });
    let client =
        Client::connect(format!("tcp://{address}").parse::<electrum_blocking::transport::ServerAddr>().unwrap());
    (client.unwrap(), server, was_asked)
}

/// The caller that reads from the socket waits for an answer that never comes, while others make calls.
#[test]
fn a_long_call_keeps_no_caller_from_its_own_and_ends_with_the_client() {
    let (client, server, was_asked) = server_without_banner();
    client.call(Ping).unwrap();
    let patient = client.clone();
    let patient = thread::spawn(move || patient.call_within(2 * LONG, Banner));
    was_asked.recv_timeout(LONG).unwrap();
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
    server.join().unwrap();
}

/// A call times out while its caller reads from the socket.
#[test]
fn a_call_ends_at_its_deadline() {
    let (client, server, was_asked) = server_without_banner();
    client.call(Ping).unwrap();
    assert_eq!(client.call_within(Duration::from_millis(20), Banner), Err(CallError::TimedOut));
    was_asked.recv_timeout(LONG).unwrap();
    client.call_within(LONG, Ping).unwrap();
    drop(client);
    server.join().unwrap();
}

/// Changes reach their consumer while calls are made, and after the last one.
#[test]
fn changes_come_between_calls() {
    let server = Server::start(Family::ALL[0]);
    let client = Client::connect(server.url().parse::<electrum_blocking::transport::ServerAddr>().unwrap()).unwrap();
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
    let client = Client::connect(server.url().parse::<electrum_blocking::transport::ServerAddr>().unwrap()).unwrap();
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
    let client = Client::connect(server.url().parse::<electrum_blocking::transport::ServerAddr>().unwrap()).unwrap();
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
    let client = Client::connect(server.url().parse::<electrum_blocking::transport::ServerAddr>().unwrap()).unwrap();
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
