//! How much memory a client needs, for any server.

use electrum_proto::{Action, Client, Config, ConnId, DownCause, Event, Input, Timestamp};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static MEMORY: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const LIMIT: usize = 100_000;
const READ: usize = 10_000;

/// The only test of this file, since the memory of the whole process is counted.
#[test]
fn memory_is_bounded() {
    for (what, bytes, cause) in [
        ("a line without an end", &b"x"[..], "malformed"),
        ("an array without an end", b"[[[[", "malformed"),
        ("spaces without an end", b"    ", "malformed"),
    ] {
        let (peak, down) = feed(bytes, true);
        assert_eq!(down.as_deref(), Some(cause), "{what}");
        assert!(peak < 4 * (LIMIT + READ), "{what}: {peak} bytes");
    }
    let (peak, down) = feed(b"{\"method\":\"x\"}\n", false);
    assert_eq!(down.as_deref(), Some("undrained"), "lines that are not polled for");
    assert!(peak < 4 * (LIMIT + READ), "lines that are not polled for: {peak} bytes");
    let (peak, down) = feed(b"\n{\"method\":\"x\"}\n[{\"method\":\"y\"}]\n", true);
    assert_eq!(down, None, "lines that are polled for");
    assert!(peak < 4 * (LIMIT + READ), "lines that are polled for: {peak} bytes");
}

/// A ready client reads the same bytes again and again: how much memory it took at most, and why the link went down.
fn feed(bytes: &[u8], polls: bool) -> (usize, Option<String>) {
    let read: Vec<u8> = bytes.iter().copied().cycle().take(READ / bytes.len() * bytes.len()).collect();
    let (mut client, conn) = ready();
    let before = in_use();
    let mut peak = 0;
    for _ in 0..100 {
        client.handle(Timestamp::ZERO, Input::Read(conn, &read));
        if polls {
            if let Some(cause) = down(&mut client) {
                return (peak, Some(cause));
            }
        }
        peak = peak.max(in_use().saturating_sub(before));
    }
    (peak, down(&mut client))
}

fn in_use() -> usize {
    let stats = MEMORY.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// Polls until the client waits; why the link went down, if it did.
fn down(client: &mut Client) -> Option<String> {
    let mut name = None;
    loop {
        match client.poll() {
            Action::Wait(_) | Action::Finished => return name,
            Action::Event(Event::Down { cause, .. }) => {
                assert!(!matches!(cause, DownCause::Timeout { .. }));
                name = Some(cause.name().to_owned());
            }
            _ => {}
        }
    }
}

fn ready() -> (Client, ConnId) {
    let mut config = Config::default();
    config.limits.line = LIMIT;
    let mut client = Client::new(config, Timestamp::ZERO);
    let Action::Connect(conn, _) = client.poll() else { panic!("it wants to connect") };
    client.handle(Timestamp::ZERO, Input::Connected(conn));
    client.handle(Timestamp::ZERO, Input::Read(conn, b"{\"id\":1,\"result\":[\"x\",\"1.4\"]}\n"));
    assert_eq!(down(&mut client), None);
    assert!(client.state().agreed.is_some());
    (client, conn)
}
