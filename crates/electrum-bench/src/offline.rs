//! The core alone, without a socket: what callgrind counts and what the allocator is asked for.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use electrum_proto::operations::{Balance, Raw};
use electrum_proto::{Action, Client, Config, ConnId, Event, Input, Request, Ticket, Timestamp, Topic};

use crate::clients::own::asked;
use crate::fixture::{self, WINDOW};

const READ: usize = 64 * 1024;
const NOW: Timestamp = Timestamp::ZERO;

/// A ready machine, and the bytes that a server would send next.
#[derive(Debug)]
pub struct Offline {
    client: Client,
    conn: ConnId,
    /// The number of the last request.
    last_id: u64,
    notifications: Vec<u8>,
    /// What the [probe](set_probe) counted so far, in what is measured alone: allocations and their bytes.
    pub counted: (usize, usize),
}

static PROBE: OnceLock<fn() -> (usize, usize)> = OnceLock::new();

/// Sets what is read before and after each turn: a count of allocations and of their bytes.
pub fn set_probe(probe: fn() -> (usize, usize)) {
    PROBE.get_or_init(|| probe);
}

fn probe() -> (usize, usize) {
    PROBE.get().map_or((0, 0), |probe| probe())
}

impl Offline {
    /// Through the handshake, with [`fixture::NOTIFIED`] topics subscribed.
    pub fn new() -> Self {
        let config = Config { resubscribe_window: usize::MAX, ..Config::default() };
        let mut client = Client::new(config, NOW);
        let Action::Connect(conn, _) = client.poll() else { unreachable!("it connects first") };
        client.handle(NOW, Input::Connected(conn));
        client.handle(NOW, Input::Wrote(conn, usize::MAX));
        let notifications = fixture::notifications(fixture::NOTIFIED);
        let mut offline = Self { client, conn, last_id: 1, notifications, counted: (0, 0) };
        offline.feed(b"{\"jsonrpc\":\"2.0\",\"result\":[\"offline\",\"1.4\"],\"id\":1}\n", |_| ());
        for script in &asked().scripts[..fixture::NOTIFIED] {
            offline.client.subscribe(NOW, Topic::ScriptHash(*script)).expect("there is room");
        }
        offline.feed(b"", |_| ());
        let answers = offline.answers(fixture::NOTIFIED, "null");
        offline.client.handle(NOW, Input::Wrote(conn, usize::MAX));
        offline.feed(&answers, |_| ());
        offline
    }

    /// Requests and replies, [`WINDOW`] of them in each of so many turns.
    pub fn balances(&mut self, turns: usize) {
        for _ in 0..turns {
            let balances: Vec<_> = asked().scripts.into_iter().map(Balance::new).collect();
            let answers = self.answers(WINDOW, &fixture::balance());
            let before = probe();
            self.balances_turn(balances, &answers);
            self.count(before);
        }
    }

    /// What is counted: nothing in it is the benchmark's own but a queue of tickets.
    #[inline(never)]
    fn balances_turn(&mut self, balances: Vec<Balance>, answers: &[u8]) {
        let deadline = NOW + self.client.config().timeouts.request;
        let request = |balance| self.client.request_until(NOW, deadline, balance).expect("there is room");
        let tickets: Vec<_> = balances.into_iter().map(request).collect();
        self.client.handle(NOW, Input::Wrote(self.conn, usize::MAX));
        let mut waiting = tickets.into_iter();
        self.feed(answers, |event| {
            let (Event::Reply { id, result: Ok(reply) }, Some(Ticket { id: first, request })) = (event, waiting.next())
            else {
                panic!("no reply")
            };
            assert_eq!(id, first);
            black_box(request.decode(reply.version, reply.result).expect("a balance"));
        });
        assert_eq!(waiting.len(), 0);
    }

    /// Notifications, two for each topic in each of so many turns.
    pub fn notifications(&mut self, turns: usize) {
        let lines = std::mem::take(&mut self.notifications);
        for _ in 0..turns {
            let before = probe();
            self.notifications_turn(&lines);
            self.count(before);
        }
        self.notifications = lines;
    }

    /// What is counted.
    #[inline(never)]
    fn notifications_turn(&mut self, lines: &[u8]) {
        let mut seen = 0;
        self.feed(lines, |event| {
            black_box(&event);
            seen += usize::from(matches!(event, Event::Update { .. }));
        });
        assert_eq!(seen, 2 * fixture::NOTIFIED);
    }

    /// So many requests sent at once and answered at once, often enough for `total` in all; what each took in the
    /// quickest turn.
    pub fn in_flight(&mut self, count: usize, total: usize) -> Duration {
        let script = asked().scripts[0];
        let turn = |_| {
            let balances = vec![Balance::new(script); count];
            let answers = self.answers(count, &fixture::balance());
            let start = Instant::now();
            self.balances_turn(balances, &answers);
            start.elapsed() / count as u32
        };
        (0..total.div_ceil(count)).map(turn).min().unwrap_or_default()
    }

    /// A reply of `length` bytes that arrives in pieces of `piece`; the quickest of `turns`.
    pub fn long_line(&mut self, length: usize, piece: usize, turns: usize) -> Duration {
        let turn = |_| {
            let request = Raw::reading("server.banner", vec![]);
            self.client.request(NOW, request).expect("there is room");
            self.client.handle(NOW, Input::Wrote(self.conn, usize::MAX));
            let answer = self.answers(1, &format!("\"{}\"", "x".repeat(length)));
            let start = Instant::now();
            let mut answered = false;
            self.feed_in(&answer, piece, |event| answered |= matches!(event, Event::Reply { result: Ok(_), .. }));
            assert!(answered);
            start.elapsed()
        };
        (0..turns).map(turn).min().unwrap_or_default()
    }

    fn count(&mut self, before: (usize, usize)) {
        let after = probe();
        self.counted.0 += after.0 - before.0;
        self.counted.1 += after.1 - before.1;
    }

    fn answers(&mut self, count: usize, result: &str) -> Vec<u8> {
        let first = self.last_id + 1;
        self.last_id += count as u64;
        let line = |id| format!("{{\"jsonrpc\":\"2.0\",\"result\":{result},\"id\":{id}}}\n");
        (first..=self.last_id).map(line).collect::<String>().into_bytes()
    }

    fn feed(&mut self, bytes: &[u8], each: impl FnMut(Event<'_>)) {
        self.feed_in(bytes, READ, each);
    }

    fn feed_in(&mut self, bytes: &[u8], piece: usize, mut each: impl FnMut(Event<'_>)) {
        for bytes in bytes.chunks(piece).chain(bytes.is_empty().then_some(bytes)) {
            self.client.handle(NOW, Input::Read(self.conn, bytes));
            loop {
                match self.client.poll() {
                    Action::Event(event) => each(event),
                    Action::Wait(_) => break,
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

impl Default for Offline {
    fn default() -> Self {
        Self::new()
    }
}
