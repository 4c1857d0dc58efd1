//! Which calls are sent again, in which order and when, in virtual time.

mod manual_clock;

use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use electrum_session::proto::json::{DecodeError, Params, RawJson};
use electrum_session::proto::operations::Raw;
use electrum_session::proto::{CloseCause, ConnId, Method, ProtocolVersion, Request, Timestamp, Topic};
use electrum_session::{Call, CallError, Client, Config, Driver, Step};
use serde_json::{Value, json};

use manual_clock::Manual;

const FIRST_PORT: u16 = 50_001;
/// How long an answer may be.
const LINE: usize = 1_000;
/// More steps without a wait are a loop.
const MOST_STEPS: usize = 1_000;

/// A client, its driver, and the clock and the servers that the test plays.
struct World {
    client: Client,
    driver: Driver,
    millis: Arc<AtomicU64>,
    conn: ConnId,
    /// The server of the connection, by its place in the list.
    server: u16,
}

/// A call whose outcome the test looks at.
type Pending = Pin<Box<Call<Value>>>;

impl World {
    /// A client of so many servers that is ready.
    fn ready(servers: u16) -> Self {
        let address = |index| format!("tcp://127.0.0.1:{}", FIRST_PORT + index).parse().unwrap();
        let mut config = Config::new((0..servers).map(address));
        config.protocol.limits.line = LINE;
        config.protocol.timeouts.ping_idle = Duration::from_secs(9);
        let millis = Arc::new(AtomicU64::new(0));
        let (client, driver) = Client::with_clock(config, Manual(Arc::clone(&millis)), || {});
        let Step::Connect(conn, _) = driver.poll() else { panic!("the first step") };
        let mut world = Self { client, driver, millis, conn, server: 0 };
        world.opened();
        world
    }

    /// The connection is open, and the server accepts the version.
    fn opened(&mut self) {
        self.driver.connected(self.conn);
        let handshake = self.written();
        assert_eq!(handshake[0].1, "server.version");
        self.answer(handshake[0].0, json!({ "result": ["Example 1.0", "1.4"] }));
    }

    fn call(&self, method: &str) -> Pending {
        Box::pin(self.client.call_within(Duration::from_secs(30), Raw::reading(method, vec![])))
    }

    /// Carries out what the driver must do. Returns when it is to come back.
    fn poll(&mut self) -> Option<Timestamp> {
        for _ in 0..MOST_STEPS {
            match self.driver.poll() {
                Step::Connect(conn, target) => (self.conn, self.server) = (conn, target.port - FIRST_PORT),
                Step::Wait { until, .. } => return until,
                _ => {}
            }
        }
        panic!("the driver finds nothing to wait for");
    }

    /// Lets time pass until there is a new connection.
    fn reconnect(&mut self) {
        let old = self.conn;
        for _ in 0..MOST_STEPS {
            let until = self.poll().expect("a moment to come back at");
            if self.conn != old {
                return self.opened();
            }
            let until = u64::try_from(until.since_epoch().as_micros().div_ceil(1000)).unwrap();
            self.millis.fetch_max(until, Ordering::Relaxed);
        }
        panic!("the client does not connect");
    }

    /// Writes what is outgoing: the id and the method of each request.
    fn written(&mut self) -> Vec<(u64, String)> {
        self.poll();
        let bytes = self.driver.with(|session, now| {
            let bytes = session.outgoing().to_vec();
            session.wrote(now, self.conn, bytes.len());
            bytes
        });
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let request = |line| {
            let value: Value = serde_json::from_slice(line).unwrap();
            (value["id"].as_u64().unwrap(), value["method"].as_str().unwrap().to_owned())
        };
        lines.map(request).collect()
    }

    /// Answers a request with the members of `outcome`, behind its id.
    fn answer(&self, id: u64, outcome: Value) {
        let outcome = outcome.to_string();
        self.read(&format!("{{\"id\":{id},{}\n", &outcome[1..]));
    }

    fn read(&self, text: &str) {
        self.driver.with(|session, now| session.read(now, self.conn, text.as_bytes()));
    }

    fn hang_up(&self) {
        self.driver.with(|session, now| session.closed(now, self.conn, CloseCause::End));
    }

    /// Writes what is outgoing, which must be calls of these methods, and returns their ids.
    fn expect(&mut self, methods: &[&str]) -> Vec<u64> {
        let (ids, written): (Vec<_>, Vec<_>) = self.written().into_iter().unzip();
        assert_eq!(written, methods);
        ids
    }
}

fn outcome(call: &mut Pending) -> Poll<Result<Value, CallError>> {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_call_that_is_likely_to_end_the_connection_waits_for_all_others() {
    let mut world = World::ready(1);
    let _calls = ["a", "bad", "b", "c"].map(|method| world.call(method));
    world.expect(&["a", "bad", "b", "c"]);
    // The answer to the first one is lost.
    world.hang_up();
    world.reconnect();
    let ids = world.expect(&["a"]);
    world.answer(ids[0], json!({ "result": 1 }));
    world.expect(&["bad", "b"]);
    world.hang_up();
    world.reconnect();
    for method in ["c", "b"] {
        let ids = world.expect(&[method]);
        world.answer(ids[0], json!({ "result": 1 }));
    }
    world.expect(&["bad"]);
}

#[test]
fn an_answer_that_is_too_long_makes_no_other_call_a_suspect() {
    let mut world = World::ready(1);
    let mut calls = ["a", "long", "b"].map(|method| world.call(method));
    let ids = world.expect(&["a", "long", "b"]);
    world.read(&format!("{{\"id\":{},\"result\":\"{}", ids[1], "x".repeat(LINE)));
    world.poll();
    let Poll::Ready(Err(CallError::AnswerTooLarge { .. })) = outcome(&mut calls[1]) else { panic!("it fails at once") };
    world.reconnect();
    world.expect(&["a", "b"]);
}

#[test]
fn a_call_for_which_a_server_is_too_busy_is_sent_to_another_one_without_a_pause() {
    let mut world = World::ready(2);
    let mut call = world.call("a");
    let busy = json!({ "error": { "code": -102, "message": "server busy" } });
    let ids = world.expect(&["a"]);
    world.answer(ids[0], busy.clone());
    world.expect(&[]);
    world.millis.store(200, Ordering::Relaxed);
    let ids = world.expect(&["a"]);
    world.answer(ids[0], busy);
    world.poll();
    assert_eq!(world.server, 1);
    world.opened();
    let ids = world.expect(&["a"]);
    world.answer(ids[0], json!({ "result": 1 }));
    world.poll();
    assert_eq!(outcome(&mut call), Poll::Ready(Ok(json!(1))));
    assert_eq!(world.millis.load(Ordering::Relaxed), 200);
}

#[test]
fn a_driver_that_comes_late_does_not_leave_a_server_whose_answer_waits_to_be_read() {
    let mut world = World::ready(2);
    let mut call = world.call("a");
    let ids = world.expect(&["a"]);
    assert_eq!(world.poll(), Some(Timestamp::from_millis(9_000)), "a ping is due before the server is left");
    world.millis.store(13_000, Ordering::Relaxed);
    world.expect(&["server.ping"]);
    assert_eq!(world.server, 0);
    world.answer(ids[0], json!({ "result": 1 }));
    world.poll();
    assert_eq!(outcome(&mut call), Poll::Ready(Ok(json!(1))));
}

#[test]
fn a_subscription_that_ends_connections_costs_no_call() {
    let mut world = World::ready(1);
    let _tips = world.client.subscribe(Topic::Headers).unwrap();
    let mut call = world.call("a");
    let mut losses = 0;
    let ids = loop {
        let (ids, methods): (Vec<_>, Vec<_>) = world.written().into_iter().unzip();
        if methods == ["a"] {
            break ids;
        }
        assert_eq!(methods, ["blockchain.headers.subscribe", "a"]);
        losses += 1;
        assert!(losses < 5, "the subscription is put off");
        world.hang_up();
        world.reconnect();
    };
    assert!(losses >= 2);
    world.answer(ids[0], json!({ "result": 1 }));
    world.poll();
    assert_eq!(outcome(&mut call), Poll::Ready(Ok(json!(1))));
}

#[test]
fn a_call_that_was_sent_in_vain_is_not_called_unsent() {
    let mut world = World::ready(1);
    let mut sent = world.call("a");
    world.expect(&["a"]);
    world.hang_up();
    let mut queued = world.call("b");
    // The server is away until the deadline.
    world.poll();
    world.millis.store(30_000, Ordering::Relaxed);
    world.poll();
    assert_eq!(outcome(&mut sent), Poll::Ready(Err(CallError::TimedOut)));
    let unsent = outcome(&mut queued);
    assert!(matches!(unsent, Poll::Ready(Err(CallError::Unsent { .. }))), "{unsent:?}");
}

#[test]
fn suspects_go_in_groups_of_limited_size() {
    let mut world = World::ready(1);
    let _calls: Vec<_> = (0..100).map(|_| world.call("a")).collect();
    assert_eq!(world.written().len(), 100);
    world.hang_up();
    world.reconnect();
    for size in [1, 2, 4, 8, 16, 32, 32, 5] {
        let group = world.written();
        assert_eq!(group.len(), size);
        for (id, _) in group {
            world.answer(id, json!({ "result": 1 }));
        }
    }
}

/// A request that counts how often it is encoded.
struct Counted(Arc<AtomicU64>);

impl Request for Counted {
    const NAME: &'static str = "counted request";
    const METHODS: &'static [Method] = &[Method::since("a", ProtocolVersion::V1_1).reading()];
    type Response = Value;

    fn params(&self, _: ProtocolVersion, _: &mut Params<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Value, DecodeError> {
        result.decode()
    }
}

#[test]
fn few_more_requests_are_encoded_than_the_server_takes() {
    let mut world = World::ready(1);
    let encoded = Arc::new(AtomicU64::new(0));
    let _first: Vec<_> = (0..8).map(|_| world.call("a")).collect();
    let mut in_flight: VecDeque<_> = world.written().into();
    // The server takes few at a time.
    let busy = json!({ "error": { "code": -102, "message": "server busy" } });
    world.answer(in_flight.pop_front().unwrap().0, busy);
    world.poll();
    let _calls: Vec<_> = (0..1_000).map(|_| Box::pin(world.client.call(Counted(Arc::clone(&encoded))))).collect();
    let (mut most, mut answered) = (0, 0);
    while answered < 100 {
        in_flight.extend(world.written());
        most = most.max(in_flight.len());
        world.answer(in_flight.pop_front().unwrap().0, json!({ "result": 1 }));
        answered += 1;
    }
    assert!(most < 50, "the window is small: {most} were in flight");
    let encoded = encoded.load(Ordering::Relaxed);
    // Each call was encoded once when it was made.
    assert!(encoded < 2_000, "{encoded} were encoded while {answered} were answered");
}
