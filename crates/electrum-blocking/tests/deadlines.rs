//! Everything that waits has a variant with a time-out, which returns why it ended.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use electrum_blocking::proto::operations::{Banner, Ping, Raw};
use electrum_blocking::proto::{Phase, Topic};
use electrum_blocking::transport::ServerAddr;
use electrum_blocking::{CallError, Client, NoUpdate, NotReady};
use electrum_testkit::listener::ClosedPort;
use electrum_testkit::prelude::*;

/// A time-out that is reached only by what never ends.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(20);

fn client(url: &str) -> Client {
    Client::connect(url.parse::<ServerAddr>().unwrap()).unwrap()
}

/// A client whose server accepts connections and never answers.
fn client_of_a_mute_server() -> (Client, TcpListener) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    (client(&format!("tcp://{}", listener.local_addr().unwrap())), listener)
}

fn is_unsent<T>(result: Result<T, CallError>) -> bool {
    matches!(result, Err(CallError::Unsent { .. }))
}

#[test]
fn calls_batches_and_pipelines_end_in_time() {
    let (client, _listener) = client_of_a_mute_server();
    assert!(is_unsent(client.call_within(SHORT, Ping)));
    let batch = client.batch_within(SHORT, vec![Raw::reading("server.ping", vec![]), Raw::reading("a", vec![])]);
    assert_eq!(batch.len(), 2);
    assert!(batch.into_iter().all(is_unsent));
    let (ping, banner) = client.pipeline_within(SHORT, |calls| (calls.call(Ping), calls.call(Banner)));
    assert!(is_unsent(banner.wait()));
    assert!(is_unsent(ping.wait()));
    let pending = client.pipeline(|calls| calls.call(Ping));
    assert_eq!(pending.wait_within(SHORT), Err(CallError::TimedOut));
}

#[test]
fn a_pipeline_may_wait_for_its_own_calls() {
    let server = Server::start(Family::ALL[0]);
    let client = client(&server.url());
    let (first, second) = client.pipeline_within(LONG, |calls| {
        let first = calls.call(Ping).wait();
        (first, calls.call(Ping))
    });
    assert_eq!((first, second.wait_within(LONG)), (Ok(()), Ok(())));
}

#[test]
fn readiness_says_why_there_is_no_connection() {
    let server = Server::start(Family::ALL[0]);
    assert_eq!(client(&server.url()).ready(LONG).map(|state| state.phase), Ok(Phase::Ready));

    let closed = ClosedPort::new().unwrap();
    let client = client(&format!("tcp://{}", closed.addr()));
    let mut events = client.events();
    while !matches!(events.next(), Some(electrum_blocking::ConnectionEvent::Down { .. })) {}
    let Err(NotReady::TimedOut { why }) = client.ready(SHORT) else { panic!("there is no server") };
    assert!(why.contains(&closed.addr().to_string()), "{why}");
    client.close();
    assert_eq!(client.ready(LONG), Err(NotReady::Closed));
}

#[test]
fn updates_and_events_end_in_time() {
    let (client, _listener) = client_of_a_mute_server();
    let mut tips = client.subscribe(Topic::Headers).unwrap();
    assert_eq!(tips.next_within(SHORT), Err(NoUpdate::TimedOut));
    let mut events = client.events();
    // The client connects, and then nothing happens for a while.
    while events.next_within(SHORT).is_ok() {}
    client.close();
    assert_eq!(tips.next_within(LONG), Err(NoUpdate::Closed));
    while events.next_within(LONG) != Err(NoUpdate::Closed) {}
}

#[test]
fn a_topic_that_was_removed_is_silent() {
    let server = Server::start(Family::ALL[0]);
    let client = client(&server.url());
    let topic = |number| Topic::Script(electrum_blocking::proto::Script::new(script(number)));
    let mut updates = client.subscribe_all([topic(0), topic(1)]).unwrap();
    for _ in 0..2 {
        updates.next_within(LONG).unwrap();
    }
    assert!(updates.remove(0));
    assert!(!updates.remove(0));
    // The other script is reported, although it was paid later.
    server.pay(&script(0), 10_000);
    server.pay(&script(1), 10_000);
    assert_eq!(updates.next_within(LONG).map(|update| update.topic), Ok(1));
}
