//! Connections that break, and the calls on them.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use electrum_proto::operations::Raw;

use crate::expect::{BROADCAST, aside, down, header, outcome, read, ready};
use crate::transport::{Route, connect};
use crate::wire::Wire;
use crate::{Adapter, Client, Failure, Transport};
use electrum_testkit::listener::{Listener, end_with_reset};
use electrum_testkit::scripted::{Scripted, Step};
use electrum_testkit::{Family, Server};

/// Returns a script of a server that answers a call of the banner with "hi".
fn greets() -> Vec<Step> {
    Step::session("1.4", &[("server.banner", "\"hi\"")])
}

/// A call whose answer is cut off is sent again, and has one result.
pub(super) fn cut_in_mid_line<A: Adapter>(adapter: A, transport: Transport) {
    let mut cut = Step::handshake("Cuts 1", "1.4").to_vec();
    cut.extend([Step::call("server.banner"), Step::send(&b"{\"jsonrpc\":\"2.0\",\"result\":\"h"[..]), Step::Close]);
    let server = Scripted::in_turn(vec![cut.clone(), [greets(), vec![Step::Silence]].concat()]);
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    assert_eq!(client.call(read("server.banner"), None), Ok("hi".into()));
    server.check();
    assert_eq!(server.connections(), 2);
    // A request that ends every connection is given up, and the next one is sent.
    let server = Scripted::in_turn(vec![cut.clone(), cut, [greets(), vec![Step::Silence]].concat()]);
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let failed = client.call(read("server.banner"), None);
    assert!(matches!(&failed, Err(Failure::Other(why)) if why.contains("2 times")), "{failed:?}");
    assert_eq!(client.call(read("server.banner"), None), Ok("hi".into()));
    server.check();
    assert_eq!(server.connections(), 3);
}

/// Many calls that are lost with a reset are sent again.
pub(super) fn reset_with_calls_waiting<A: Adapter>(adapter: A, transport: Transport) {
    let server = Listener::start(|number, stream| {
        let _ = answer_all(number, stream, 30, |_| {});
    });
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let answers = client.batch((0..100).map(header).collect());
    let numbers: Vec<_> = answers.into_iter().map(|answer| answer.expect("an answer")).collect();
    assert_eq!(numbers, (0..100).map(serde_json::Value::from).collect::<Vec<_>>());
}

/// Answers each call of a header with its height; the first three connections are reset after so many lines.
fn answer_all(number: usize, stream: TcpStream, lines: usize, saw: impl Fn(&str)) -> std::io::Result<()> {
    let mut wire = Wire::handshake(stream, "1.4")?;
    for count in 0.. {
        if number < 3 && count == lines {
            end_with_reset(wire.stream());
            break;
        }
        let line = wire.line()?;
        saw(&line);
        let height = line.rsplit_once('[').map_or("", |(_, rest)| rest.trim_end_matches(['\n', ']', '}']));
        wire.answer(&line, if height.is_empty() { "null" } else { height })?;
    }
    Ok(())
}

/// What a server sends right before it closes is delivered, and then the close is reported.
pub(super) fn last_words<A: Adapter>(adapter: A, transport: Transport) {
    const ROUNDS: usize = 30;
    // The greeting and the end of the stream may arrive together, or not.
    let server = Scripted::each(|n| if n < ROUNDS { greets() } else { [greets(), vec![Step::Silence]].concat() });
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let mut events = client.events();
    for _ in 0..ROUNDS {
        assert_eq!(client.call(read("server.banner"), None), Ok("hi".into()));
        assert_eq!(down(&mut events).name(), "closed");
    }
    assert_eq!(client.call(read("server.banner"), None), Ok("hi".into()));
    assert!(server.wait_done(ROUNDS, Duration::from_secs(10)));
}

/// A server that stops answering is left without any call being made. As long as it answers pings, it is kept.
pub(super) fn mute_when_ready<A: Adapter>(adapter: A, transport: Transport) {
    let server = Server::start(Family::ElectrumX1_16);
    let mut route = Route::to(transport, &[server.addr()]);
    route.setup.protocol.timeouts.ping_idle = Duration::from_millis(50);
    route.setup.protocol.timeouts.pong = Duration::from_millis(700);
    let client = adapter.connect(route.setup.clone());
    let mut events = client.events();
    ready(&mut events);
    let asked = |times| server.wait_until(Duration::from_secs(30), |stats| stats.requests("server.ping") >= times);
    assert!(asked(5));
    server.pause();
    assert_eq!(down(&mut events).name(), "timeout");
    server.resume();
    ready(&mut events);
}

/// Callers do not notice that the server is restarted: every call is answered exactly once, with the right answer.
pub(super) fn restarts_under_load<A: Adapter>(adapter: A, transport: Transport) {
    let mut server = Server::start(Family::Fulcrum2_1);
    let expected: Vec<_> = server.chain(|chain| (0..100).map(|h| chain.header(h).map(|h| h.to_hex())).collect());
    let expected = Arc::new(expected.into_iter().map(serde_json::Value::from).collect::<Vec<_>>());
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let is_over = Arc::new(AtomicBool::new(false));
    let rounds: [_; 4] = std::array::from_fn(|_| Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = rounds
        .iter()
        .map(|rounds| {
            let (client, expected) = (client.clone(), Arc::clone(&expected));
            let (is_over, rounds) = (Arc::clone(&is_over), Arc::clone(rounds));
            aside(move || {
                let mut wrong = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    let answers = client.batch((0..100).map(header).collect());
                    let pairs = answers.into_iter().zip(expected.iter());
                    wrong.extend(pairs.filter(|(answer, expected)| answer.as_ref() != Ok(expected)));
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
                wrong.into_iter().map(|(answer, _)| answer).collect::<Vec<_>>()
            })
        })
        .collect();
    for restarts in 1..=8 {
        server.restart();
        // A request that is in flight at two restarts may be taken for their cause. Of each caller two rounds must end:
        // the first may have been answered before the restart, and only be counted after it.
        let count = || rounds.each_ref().map(|rounds| rounds.load(Ordering::Relaxed));
        let before = count();
        let all_went_on = || count().iter().zip(before).all(|(now, before)| *now > before + 1);
        let is_back = |stats: &electrum_testkit::Stats| stats.ready == 1 && all_went_on();
        assert!(server.wait_until(Duration::from_secs(30), is_back), "after {restarts} restarts");
    }
    is_over.store(true, Ordering::Relaxed);
    for caller in callers {
        assert_eq!(outcome(&caller), []);
    }
}

/// A call that changes something is sent again only if no byte of it was written.
pub(super) fn changes_are_made_once<A: Adapter>(adapter: A, transport: Transport) {
    const READS: usize = 24_000;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let for_server = Arc::clone(&seen);
    // The first connection is never read from, and is reset. It takes the first bytes and some more.
    let server = Listener::start(move |number, stream| {
        let Ok(wire) = Wire::handshake(stream, "1.4") else { return };
        if number == 0 {
            let _ = wire.stream().peek(&mut [0]);
            return end_with_reset(wire.stream());
        }
        let _ = answer_changes(wire, &for_server);
    });
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let padding = "x".repeat(1000);
    let change = |which: &str| Raw::new(BROADCAST, vec![which.into()]);
    let mut calls = vec![change("first")];
    calls.extend((0..READS).map(|_| Raw::reading("server.banner", vec![padding.as_str().into()])));
    calls.push(change("last"));
    let mut answers = client.batch(calls);
    assert_eq!(answers.pop(), Some(Ok("made".into())));
    assert_eq!(answers.remove(0), Err(Failure::Lost));
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(*seen.lock().expect("no panic elsewhere"), ["last"]);
}

fn answer_changes(mut wire: Wire, seen: &Mutex<Vec<&'static str>>) -> std::io::Result<()> {
    loop {
        let line = wire.line()?;
        if line.contains(BROADCAST) {
            let which = if line.contains("last") { "last" } else { "first" };
            seen.lock().expect("no panic elsewhere").push(which);
            wire.answer(&line, "\"made\"")?;
        } else {
            wire.answer(&line, "1")?;
        }
    }
}

/// Accepted calls are sent again after a loss, even if the queue has no room for new ones.
pub(super) fn queue_and_repeated_calls<A: Adapter>(adapter: A, transport: Transport) {
    let server = Listener::start(|number, stream| {
        let _ = answer_all(number, stream, 1, |_| {});
    });
    let mut route = Route::to(transport, &[server.addr()]);
    route.setup.queue = 3;
    let client = adapter.connect(route.setup.clone());
    let mut events = client.events();
    ready(&mut events);
    // All are in flight before the connection is lost, which happens after the first answer.
    let answers = client.batch((0..50).map(header).collect());
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

/// Dropping calls at any time, while connections break, does not affect other calls.
pub(super) fn dropped_in_the_midst<A: Adapter>(adapter: A, transport: Transport) {
    let server = Server::start(Family::Fulcrum2_1);
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let expected = client.call(header(1), None).expect("a header");
    if client.begin(header(1)).is_none() {
        return;
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..3)
        .map(|_| {
            let (client, is_over) = (client.clone(), Arc::clone(&is_over));
            aside(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let calls: Vec<_> = (0..50).map(|height| client.begin(header(height))).collect();
                    drop(calls);
                }
            })
        })
        .collect();
    for round in 0..30 {
        let before = server.stats().connections;
        server.kill_connections();
        let is_back = |stats: &electrum_testkit::Stats| stats.connections > before && stats.ready == 1;
        assert!(server.wait_until(Duration::from_secs(30), is_back), "round {round}");
    }
    is_over.store(true, Ordering::Relaxed);
    callers.iter().for_each(outcome);
    assert_eq!(client.call(header(1), None), Ok(expected));
}
