//! The threads of a client end when the client is dropped.

#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};
use std::{fs, thread};

use electrum_blocking::proto::operations::Ping;
use electrum_blocking::transport::ServerAddr;
use electrum_blocking::{CallError, Client};
use electrum_testkit::listener::ClosedPort;
use electrum_testkit::prelude::*;

/// A time-out that is reached only by what never ends.
const LONG: Duration = Duration::from_secs(60);

/// Counts the threads of this process that belong to clients, by their names.
fn threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim() == "electrum" || name.starts_with("electrum-")).count()
}

/// Waits until so many threads belong to clients: a new thread has its name only once it runs.
fn wait_for_threads(count: usize) {
    let end = Instant::now() + LONG;
    while threads() != count {
        assert!(Instant::now() < end, "{} threads instead of {count}", threads());
        thread::sleep(Duration::from_millis(5));
    }
}

/// A single test, since it counts all threads of the process.
#[test]
fn no_thread_outlives_its_client() {
    let server = Server::start(Family::ALL[0]);
    let address: ServerAddr = server.url().parse().unwrap();

    // While it is connected, and its connection's thread reads.
    let client = Client::connect(address.clone()).unwrap();
    client.call_within(LONG, Ping).unwrap();
    wait_for_threads(2);
    drop(client);
    wait_for_threads(0);

    // While callers read: a moment after several calls.
    let client = Client::connect(address).unwrap();
    for _ in 0..20 {
        client.call_within(LONG, Ping).unwrap();
    }
    client.close();
    assert_eq!(client.call(Ping), Err(CallError::Closed));
    wait_for_threads(0);

    // While it waits to connect again.
    let closed = ClosedPort::new().unwrap();
    let client = Client::connect(format!("tcp://{}", closed.addr()).parse::<ServerAddr>().unwrap()).unwrap();
    let mut events = client.events();
    while !matches!(events.next(), Some(electrum_blocking::ConnectionEvent::Down { .. })) {}
    drop((client, events));
    wait_for_threads(0);
}
