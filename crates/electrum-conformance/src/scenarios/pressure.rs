//! Servers that are busy, limit their clients, or close the connection on a request: all other calls are answered.

use std::collections::BTreeSet;
use std::io;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use electrum_proto::operations::Raw;
use electrum_proto::{Script, SubscribeError};
use electrum_testkit::chain::script;
use electrum_testkit::hash::Txid;
use electrum_testkit::listener::{Listener, receive_few};
use electrum_testkit::session::{Busy, Cost, Quirks};
use electrum_testkit::{Family, Server};

use crate::expect::{BROADCAST, HEADER, PATIENCE, aside, call_aside, header, next, outcome, read, topic};
use crate::transport::{Route, connect};
use crate::wire::Wire;
use crate::{Adapter, Client, Failure, Source, TopicUpdate, Transport};

/// Waits until each of so many topics has a value. Until then a topic may be reported as refused.
fn values(updates: &mut impl Source<TopicUpdate>, topics: usize) {
    let mut valued = BTreeSet::new();
    while valued.len() < topics {
        let update = next(updates);
        if update.value.is_ok() {
            valued.insert(update.topic);
        }
    }
}

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
            assert!(server.wait_until(PATIENCE, |stats| stats.requests(HEADER) == 1));
            server.quirks(|quirks| quirks.busy = None);
            assert!(outcome(&answer).is_ok(), "{code}");
        } else {
            assert!(client.call(header(1), None).is_ok(), "{code}");
        }
    }
}

/// A call that changes something is sent once to a busy server, whose answer is its error. A call that only reads is then
/// sent to the next server.
pub(super) fn one_busy_server_of_two<A: Adapter>(adapter: A, transport: Transport) {
    let (busy, good) = (Server::start(Family::Fulcrum2_1), Server::start(Family::Fulcrum2_1));
    let answer = Busy { requests: usize::MAX, code: -102, message: "server busy".into(), closes: false };
    busy.quirks(|quirks| quirks.busy = Some(answer));
    let (_route, client) = connect(adapter, transport, &[busy.addr(), good.addr()]);
    let refused = Failure::Server { code: Some(-102), message: "server busy".into() };
    assert_eq!(client.call(Raw::new(BROADCAST, vec!["00".into()]), None), Err(refused));
    assert!(client.call(header(1), None).is_ok());
    assert_eq!([&busy, &good].map(|server| server.stats().requests(BROADCAST)), [1, 0]);
    assert_eq!(good.stats().requests(HEADER), 1);
}

/// Servers that cap the requests in flight, hang up on bursts, or delay and refuse clients whose requests cost too much:
/// all calls and subscriptions are answered.
pub(super) fn servers_with_limits<A: Adapter>(adapter: A, transport: Transport) {
    const CALLS: u32 = 150;
    let (sleep, patience) = (Duration::from_millis(20), Duration::from_secs(30));
    let cost = Cost { soft: 50, hard: 200, sleep, concurrent: 10, patience };
    let limits = [
        (150, Quirks { max_in_flight: Some(100), ..Quirks::default() }),
        (150, Quirks { max_burst: Some(50), ..Quirks::default() }),
        (150, Quirks { cost: Some(cost), ..Quirks::default() }),
    ];
    for (topics, limit) in limits {
        let server = Server::start(Family::Fulcrum2_1);
        server.quirks(|quirks| *quirks = limit);
        let (_route, client) = connect(adapter, transport, &[server.addr()]);
        let mut updates = client.subscribe((0..topics).map(topic).collect());
        let answers = client.batch((0..CALLS).map(|number| header(number % 100)).collect());
        let failed: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
        assert_eq!(failed, []);
        values(&mut updates, topics as usize);
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
    let others: Vec<_> = (2..20).map(|height| call_aside(&client, header(height))).collect();
    assert!(mute.wait_until(PATIENCE, |stats| stats.requests(HEADER) == 18));
    assert!(client.call(header(1), Some(Duration::from_secs(15))).is_ok());
    assert!(others.iter().all(|answer| outcome(answer).is_ok()));
    assert_eq!([&mute, &good].map(|server| server.stats().requests(HEADER)), [19, 19]);
}

/// Subscriptions that are refused because the server is not ready yet are made again on the same connection.
pub(super) fn subscriptions_refused_for_a_moment<A: Adapter>(adapter: A, transport: Transport) {
    const SUBSCRIBE: &str = "blockchain.scripthash.subscribe";
    const FEW: usize = 16;
    for (topics, refused) in [(FEW, FEW), (2_000, usize::MAX)] {
        let server = Server::start(Family::Electrs);
        server.quirks(|quirks| quirks.refused_subscriptions = refused);
        let (_route, client) = connect(adapter, transport, &[server.addr()]);
        let mut updates = client.subscribe((0..topics as u32).map(topic).collect());
        assert!(server.wait_until(PATIENCE, |stats| stats.requests(SUBSCRIBE) >= FEW as u64));
        server.quirks(|quirks| quirks.refused_subscriptions = 0);
        values(&mut updates, topics);
        assert_eq!(server.stats().connections, 1, "{topics}");
    }
}

/// A subscription that a server does not answer, though it answers pings, is reported, and has its value once the server
/// answers.
pub(super) fn unanswered_subscriptions<A: Adapter>(adapter: A, transport: Transport) {
    const REQUEST: Duration = Duration::from_secs(1);
    let begin = |pong| {
        let is_mute = Arc::new(AtomicBool::new(true));
        let for_server = Arc::clone(&is_mute);
        let server = Listener::start(move |_, stream| drop(answer_late(stream, &for_server)));
        let mut route = Route::to(transport, &[server.addr()]);
        let timeouts = &mut route.setup.protocol.timeouts;
        (timeouts.request, timeouts.pong, timeouts.ping_idle) = (REQUEST, pong, REQUEST / 10);
        let updates = adapter.connect(route.setup.clone()).subscribe(vec![topic(1)]);
        (server, route, updates, is_mute)
    };
    for (_server, _route, mut updates, is_mute) in [REQUEST / 2, REQUEST, 20 * REQUEST].map(begin) {
        assert_eq!(next(&mut updates).value, Err(SubscribeError::TimedOut));
        is_mute.store(false, Ordering::Relaxed);
        values(&mut updates, 1);
    }
}

/// Answers everything but subscriptions, and those too once it is no longer mute, at the next request.
fn answer_late(stream: TcpStream, is_mute: &AtomicBool) -> io::Result<()> {
    let mut wire = Wire::handshake(stream, "1.4")?;
    let mut held = Vec::new();
    loop {
        let line = wire.line()?;
        if line.contains(".subscribe") {
            held.push(line);
        } else {
            wire.answer(&line, "null")?;
        }
        if !is_mute.load(Ordering::Relaxed) {
            held.drain(..).try_for_each(|line| wire.answer(&line, "null"))?;
        }
    }
}

/// A call that changes something, whose deadline passes while the server takes no bytes, is never sent.
pub(super) fn nothing_after_its_deadline<A: Adapter>(adapter: A, transport: Transport) {
    /// So many reads have 24 MB, more than the sockets on the way hold.
    const READS: usize = 240;
    const READ: usize = 100_000;
    let broadcasts = Arc::new(AtomicUsize::new(0));
    let for_server = Arc::clone(&broadcasts);
    let (begins, has_begun) = channel();
    let (reads_on, may_read) = channel::<()>();
    let may_read = Mutex::new(may_read);
    let server = Listener::start(move |_, stream| drop(read_later(stream, &begins, &may_read, &for_server)));
    // Dropped before the server, which waits for that.
    let reads_on = reads_on;
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let reads = vec![Raw::reading("server.banner", vec!["x".repeat(READ).into()]); READS];
    let answers = aside({
        let client = client.clone();
        move || client.batch(reads)
    });
    outcome(&has_begun);
    let late = client.call(Raw::new(BROADCAST, vec!["00".into()]), Some(Duration::from_secs(1)));
    assert!(late.is_err(), "{late:?}");
    drop(reads_on);
    assert!(outcome(&answers).iter().all(Result::is_ok));
    assert!(client.call(header(1), None).is_ok());
    assert_eq!(broadcasts.load(Ordering::Relaxed), 0);
}

/// Reads on after the first byte when `may_read` has ended, and counts the broadcasts.
fn read_later(
    stream: TcpStream,
    begins: &Sender<()>,
    may_read: &Mutex<Receiver<()>>,
    broadcasts: &AtomicUsize,
) -> io::Result<()> {
    receive_few(&stream)?;
    let mut wire = Wire::handshake(stream, "1.4")?;
    wire.stream().peek(&mut [0])?;
    // Fails if the test has failed meanwhile.
    let _ = begins.send(());
    let _ = may_read.lock().expect("no panic elsewhere").recv();
    loop {
        let line = wire.line()?;
        broadcasts.fetch_add(line.contains(BROADCAST).into(), Ordering::Relaxed);
        wire.answer(&line, "1")?;
    }
}
