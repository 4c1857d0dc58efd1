//! The server's side of one connection, without I/O: bytes in, actions out, time as a parameter.

mod answers;
mod handshake;
mod history;
mod methods;
mod notify;
mod outbox;
mod quirks;
mod read;
mod rpc;
mod subscriptions;
mod throttle;
mod turn;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::chain::Chain;
use crate::family::{Dialect, Failure, Family, Padding, Profile, Version};
use crate::hash::{Scripthash, Txid};
use crate::json::Json;
use outbox::Outbox;
pub use quirks::{BIP30_PAIRS, Busy, Cost, OnPair, Quirks};
use rpc::Habits;
pub use subscriptions::Subscribed;
use subscriptions::Subscriptions;
use throttle::Throttle;

/// An action for the owner of a connection.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// use electrum_testkit::Family;
/// use electrum_testkit::chain::Chain;
/// use electrum_testkit::session::{Action, Session};
///
/// // ElectrumX 1.18 closes without a byte on a version that it does not speak.
/// let (mut session, mut chain) = (Session::new(Family::ElectrumX1_18, Duration::ZERO), Chain::funded());
/// let hello = b"{\"id\":0,\"method\":\"server.version\",\"params\":[\"me\",\"9.0\"]}\n";
/// session.receive(Duration::ZERO, &mut chain, hello);
/// let mut written = Vec::new();
/// while let Some(action) = session.action() {
///     match action {
///         Action::Write(bytes) => written.extend(bytes),
///         Action::Close => println!("the server closes"),
///     }
/// }
/// assert!(written.is_empty() && session.is_closed());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Action {
    /// Write these bytes; real servers hand as much to their socket at once.
    Write(Vec<u8>),
    /// Close the connection, after what was written before.
    Close,
}

/// The server's side of one connection.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// use electrum_testkit::Family;
/// use electrum_testkit::chain::Chain;
/// use electrum_testkit::session::{Action, Session};
///
/// let (mut session, mut chain) = (Session::new(Family::Electrs, Duration::ZERO), Chain::funded());
/// let hello = b"{\"id\":0,\"method\":\"server.version\",\"params\":[\"me\",\"1.4\"]}\n";
/// session.receive(Duration::ZERO, &mut chain, hello);
/// let Some(Action::Write(answer)) = session.action() else { panic!("no answer") };
/// assert_eq!(answer, b"{\"id\":0,\"jsonrpc\":\"2.0\",\"result\":[\"electrs/0.11.1\",\"1.4\"]}\n");
/// assert_eq!(session.version().unwrap().components(), [1, 4]);
/// ```
#[derive(Debug)]
pub struct Session {
    family: Family,
    profile: Profile,
    settings: Settings,
    input: Vec<u8>,
    /// Whether the rest of a line that is too long is being skipped.
    skipping: bool,
    habits: Habits,
    version: Option<Version>,
    subscriptions: Subscriptions,
    outbox: Outbox,
    /// Lines to send now: quick ones, and those that they overtake.
    quick: Vec<String>,
    slow: Vec<String>,
    actions: VecDeque<Action>,
    state: State,
    /// Whether no line was received yet.
    silent: bool,
    /// When the client connected, or when its last line was received.
    last_line: Duration,
    /// When a client that sent too long a line gets the error for a flood and is disconnected.
    flooded: Option<Duration>,
    /// Errors minus successful answers, as Fulcrum counts them, or errors, as ElectrumX 1.10 does.
    debt: i32,
    /// The name that the client gave in `server.version`.
    client_name: String,
    /// The transaction of the last forged proof.
    forged: Option<Txid>,
    /// The costs of the requests so far.
    throttle: Throttle,
    /// Lines that are sent later, in the order of their times.
    delayed: VecDeque<(Duration, String)>,
    /// Bytes that wait for the client to read them.
    unwritten: usize,
    lines: Vec<Vec<u8>>,
    requests: BTreeMap<String, u64>,
}

/// The settings of a server, beside what its family fixes.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// use electrum_testkit::chain::Chain;
/// use electrum_testkit::{Family, Host};
///
/// let mut host = Host::new(Family::ElectrumX1_18, Chain::funded());
/// assert_eq!(host.settings_mut().software, "ElectrumX 1.18.0");
/// host.settings_mut().hold = Duration::ZERO;
/// host.settings_mut().quirks.answers_only_pings = true;
/// assert!(host.quirks().answers_only_pings);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The name and version that `server.version` and `server.features` give.
    pub software: String,
    /// The port that `server.features` gives, by families that give one.
    pub port: u16,
    /// The longest time that small answers are held back, by families that do so.
    pub hold: Duration,
    /// Its behaviour in addition to that of its family.
    pub quirks: Quirks,
}

impl Settings {
    /// Returns the settings of a family.
    pub fn new(family: Family) -> Self {
        let software = family.profile().software.to_owned();
        Self { software, port: 50001, hold: Duration::from_secs(1), quirks: Quirks::default() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Reads, and answers nothing.
    Dead,
    Closed,
}

const FLOOD: &str = "Excessive flood, please throttle your client implementation to not do this";
const FLOOD_PATIENCE: Duration = Duration::from_secs(5);
/// Lines kept for [`Session::lines`].
const KEPT_LINES: usize = 10_000;

impl Session {
    /// Makes the session of a connection that was accepted at this time.
    pub fn new(family: Family, now: Duration) -> Self {
        Self::with(family, Settings::new(family), now)
    }

    /// Makes the session of a connection to a server with these settings.
    pub fn with(family: Family, settings: Settings, now: Duration) -> Self {
        let profile = family.profile();
        Self {
            outbox: Outbox::new(profile.padding, settings.hold, now),
            family,
            profile,
            settings,
            input: Vec::new(),
            skipping: false,
            habits: Habits::default(),
            version: None,
            subscriptions: Subscriptions::default(),
            quick: Vec::new(),
            slow: Vec::new(),
            actions: VecDeque::new(),
            state: State::Open,
            silent: true,
            last_line: now,
            flooded: None,
            debt: 0,
            client_name: String::new(),
            forged: None,
            throttle: Throttle::default(),
            delayed: VecDeque::new(),
            unwritten: 0,
            lines: Vec::new(),
            requests: BTreeMap::new(),
        }
    }

    /// Takes bytes from the client. A broadcast among them changes the chain.
    pub fn receive(&mut self, now: Duration, chain: &mut Chain, bytes: &[u8]) {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        if self.settings.quirks.max_burst.is_some_and(|most| lines > most) {
            return self.close(now);
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some(end) = piece.strip_suffix(b"\n") else {
                self.keep(now, piece);
                break;
            };
            self.keep(now, end);
            let line = std::mem::take(&mut self.input);
            self.last_line = now;
            self.silent = false;
            if std::mem::take(&mut self.skipping) || self.state == State::Closed {
                continue;
            }
            if self.lines.len() < KEPT_LINES {
                self.lines.push(line.clone());
            }
            if self.state == State::Open {
                self.line(now, chain, &line);
            }
            if self.settings.quirks.cost.is_some() {
                // Each line has its own delay.
                self.send(now);
            }
        }
        self.send(now);
    }

    /// Handles that the client closed its sending side.
    pub fn end_of_input(&mut self, now: Duration) {
        if !self.profile.answers_half_closed {
            // Bytes that wait to be written are dropped.
            self.actions.retain(|action| *action == Action::Close);
            self.outbox = Outbox::new(self.profile.padding, self.settings.hold, now);
        }
        self.close(now);
    }

    /// Runs what is due.
    pub fn wake(&mut self, now: Duration) {
        if self.state == State::Closed {
            return;
        }
        while let Some(packet) = self.outbox.wake(now) {
            self.actions.push_back(Action::Write(packet));
        }
        self.release(now);
        if self.flooded.is_some_and(|due| due <= now) {
            let failure = Failure::new(3, FLOOD);
            let reply = rpc::reply(&self.profile, Json::Null, false, Err(failure));
            self.quick.push(self.profile.style.write(&reply));
            self.close(now);
        }
        if self.idle_until().is_some_and(|due| due <= now) {
            self.close(now);
        }
    }

    /// Returns when to call [`Session::wake`] at the latest.
    pub fn wake_at(&self) -> Option<Duration> {
        let held = self.outbox.wake_at();
        let delayed = self.delayed.front().map(|(due, _)| *due);
        let due = held.into_iter().chain(delayed).chain(self.flooded).chain(self.idle_until()).min();
        due.filter(|_| self.state != State::Closed)
    }

    /// Notifies the subscribers of a change of the chain.
    pub fn chain_changed(&mut self, now: Duration, chain: &Chain) {
        if self.state == State::Open {
            self.notify(chain);
            self.send(now);
        }
    }

    /// Returns whether the server ignores a tip that is not higher than the one before, with all that changed beside it. The
    /// owner of the session then passes it [`Chain::stale`].
    pub fn notices_only_higher_tips(&self) -> bool {
        self.profile.dialect == Dialect::Python
    }

    /// Sets the quirks, in addition to the behaviour of the family.
    pub fn set_quirks(&mut self, quirks: Quirks) {
        self.settings.quirks = quirks;
    }

    /// Reports that the client's side of the connection took this many bytes.
    pub fn wrote(&mut self, bytes: usize) {
        self.unwritten = self.unwritten.saturating_sub(bytes);
    }

    /// Returns the next action, if there is one.
    pub fn action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Returns the negotiated version.
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// Returns the first ten thousand lines received, without their ends.
    pub fn lines(&self) -> &[Vec<u8>] {
        &self.lines
    }

    /// Returns how often each method was called, known or not.
    pub fn requests(&self) -> &BTreeMap<String, u64> {
        &self.requests
    }

    /// Returns the client's subscriptions.
    pub fn subscribed(&self) -> Subscribed {
        self.subscriptions.subscribed()
    }

    /// Returns the status of a script, over the history in the order of the family.
    pub fn status(&self, chain: &Chain, script: &Scripthash) -> Option<String> {
        history::status(chain, self.profile.history_order, script)
    }

    /// Returns whether the connection has ended: nothing more is read or written.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    fn idle_until(&self) -> Option<Duration> {
        let (at_first, later) = self.profile.idle?;
        Some(self.last_line + if self.silent { at_first } else { later })
    }

    fn keep(&mut self, now: Duration, piece: &[u8]) {
        if self.input.len() + piece.len() > self.profile.line_limit {
            self.skipping = true;
            // The other families do not answer it.
            if self.profile.dialect == Dialect::Fulcrum {
                self.flooded.get_or_insert(now + FLOOD_PATIENCE);
            }
        }
        match self.skipping {
            true => self.input.clear(),
            false => self.input.extend_from_slice(piece),
        }
    }

    /// Sends the lines for which it is time: without padding in one write, with padding by the rules of the outbox.
    fn send(&mut self, now: Duration) {
        let mut lines = std::mem::take(&mut self.quick);
        lines.append(&mut self.slow);
        let due = self.throttle.due(lines.iter().map(String::len).sum()).max(now);
        if due > now || !self.delayed.is_empty() {
            let place = self.delayed.partition_point(|(other, _)| *other <= due);
            let later = self.delayed.split_off(place);
            self.delayed.extend(lines.into_iter().map(|line| (due, line)));
            self.delayed.extend(later);
            return;
        }
        self.write(now, lines);
    }

    /// Sends the lines whose delay is over.
    fn release(&mut self, now: Duration) {
        let count = self.delayed.iter().take_while(|(due, _)| *due <= now).count();
        let lines = self.delayed.drain(..count).map(|(_, line)| line).collect();
        self.write(now, lines);
    }

    fn write(&mut self, now: Duration, lines: Vec<String>) {
        let bytes = lines.iter().map(String::len).sum();
        let mut plain = Vec::new();
        for line in lines {
            let line = [line.as_bytes(), self.profile.line_end.as_bytes()].concat();
            match self.profile.padding {
                Padding::None => plain.extend(line),
                _ => self.actions.extend(self.outbox.push(now, &line).map(Action::Write)),
            }
        }
        if !plain.is_empty() {
            self.actions.push_back(Action::Write(plain));
        }
        self.limit_buffer(bytes);
    }

    fn close(&mut self, now: Duration) {
        if self.state == State::Closed {
            return;
        }
        self.send(now);
        self.release(Duration::MAX);
        if self.profile.flushes_on_close {
            self.actions.extend(self.outbox.flush(now).map(Action::Write));
        }
        self.actions.push_back(Action::Close);
        self.state = State::Closed;
    }
}
