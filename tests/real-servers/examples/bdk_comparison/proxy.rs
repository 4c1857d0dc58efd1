//! A proxy that counts what passes between a client and a server.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use electrum_testkit::listener::Listener;

/// What passed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    /// How many of these asked for a transaction.
    pub(crate) transactions: u64,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    /// A request belongs to the next round trip if an answer of the current one had come before it was sent.
    pub(crate) round_trips: u64,
}

#[derive(Debug, Default)]
struct State {
    counts: Counts,
    /// The round trip of each request that waits for its answer.
    waiting: HashMap<u64, u64>,
    /// Whether an answer of the current round trip came.
    is_answered: bool,
}

#[derive(Debug)]
pub(crate) struct Proxy {
    listener: Listener,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    /// Adds half of `round_trip` on the way there and back.
    pub(crate) fn before(server: u16, round_trip: Duration) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let delay = round_trip / 2;
        let listener = Listener::start(move |_, client| {
            let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) else { return };
            server.set_nodelay(true).expect("a socket");
            let (from, to) = (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
            let state = Arc::clone(&shared);
            thread::spawn(move || pass(from, to, delay, |line| lock(&state).request(line), |_| ()));
            let state = Arc::clone(&shared);
            pass(server, client, delay, |_| (), move |line| lock(&state).answer(line));
        });
        Self { listener, state }
    }

    pub(crate) fn address(&self) -> String {
        format!("tcp://{}", self.listener.addr())
    }

    /// Begins to count anew.
    pub(crate) fn reset(&self) {
        *lock(&self.state) = State { is_answered: true, ..State::default() };
    }

    pub(crate) fn counts(&self) -> Counts {
        lock(&self.state).counts
    }
}

/// Passes on what comes, `delay` later, in as few writes as it comes in.
fn pass(
    from: TcpStream,
    mut to: TcpStream,
    delay: Duration,
    on_arrival: impl Fn(&[u8]),
    on_departure: impl Fn(&[u8]) + Send + 'static,
) {
    let (sender, delayed) = channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut lines = Lines::default();
        for (due, bytes) in delayed {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            lines.each(&bytes, &on_departure);
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        // It may be closed already.
        let _ = to.shutdown(Shutdown::Both);
    });
    let mut reader = BufReader::with_capacity(1 << 18, from);
    let mut lines = Lines::default();
    while let Ok(bytes) = reader.fill_buf() {
        if bytes.is_empty() {
            break;
        }
        lines.each(bytes, &on_arrival);
        let sent = sender.send((Instant::now() + delay, bytes.to_vec()));
        let length = bytes.len();
        reader.consume(length);
        if sent.is_err() {
            break;
        }
    }
}

/// Cuts bytes into lines.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    fn each(&mut self, bytes: &[u8], line: impl Fn(&[u8])) {
        self.rest.extend_from_slice(bytes);
        let end = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.rest[..end].split_inclusive(|byte| *byte == b'\n').for_each(line);
        self.rest.drain(..end);
    }
}

impl State {
    fn request(&mut self, line: &[u8]) {
        if contains(line, b"\"server.version\"") {
            return;
        }
        if self.is_answered {
            self.counts.round_trips += 1;
            self.is_answered = false;
        }
        self.counts.requests += 1;
        self.counts.transactions += u64::from(contains(line, b"\"blockchain.transaction.get\""));
        self.counts.sent += line.len() as u64;
        let start = line.windows(4).position(|part| part == b"\"id\"");
        if let Some(id) = start.and_then(|start| number(&line[start + 4..])) {
            self.waiting.insert(id, self.counts.round_trips);
        }
    }

    fn answer(&mut self, line: &[u8]) {
        self.counts.received += line.len() as u64;
        // The last one: results may have fields of that name.
        let ids = line.windows(4).rposition(|part| part == b"\"id\"");
        let round_trip = ids.and_then(|start| number(&line[start + 4..])).and_then(|id| self.waiting.remove(&id));
        self.is_answered |= round_trip == Some(self.counts.round_trips);
    }
}

fn contains(line: &[u8], part: &[u8]) -> bool {
    line.windows(part.len()).any(|found| found == part)
}

/// The number after `:`.
fn number(text: &[u8]) -> Option<u64> {
    let digits: Vec<u8> =
        text.iter().copied().skip_while(|byte| b": ".contains(byte)).take_while(u8::is_ascii_digit).collect();
    String::from_utf8(digits).ok()?.parse().ok()
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
