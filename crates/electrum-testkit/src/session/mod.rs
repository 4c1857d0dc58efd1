//! The server's side of one connection, without I/O: bytes in, actions out, time as a parameter.

mod handshake;
mod methods;
mod notify;
mod outbox;
mod read;
mod rpc;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::chain::Chain;
use crate::family::{Dialect, Failure, Family, Manners, Padding, Unversioned, Verdict, Version};
use crate::hash::Scripthash;
use crate::json::Json;
use handshake::Agreement;
pub use notify::Subscribed;
use notify::Subscriptions;
use outbox::Outbox;
use rpc::{Call, Habits, Message, Unit};

/// What a connection's owner is to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Action {
    /// Write these bytes; real servers hand as much to their socket at once.
    Write(Vec<u8>),
    /// Close the connection, after what was written before.
    Close,
}

/// The server's side of one connection.
#[derive(Debug)]
pub struct Session {
    family: Family,
    manners: Manners,
    identity: Identity,
    input: Vec<u8>,
    /// Inside a line that was given up as too long.
    skipping: bool,
    habits: Habits,
    version: Option<Version>,
    subscriptions: Subscriptions,
    outbox: Outbox,
    /// Lines of this turn, the quick ones and those that they overtake.
    quick: Vec<String>,
    slow: Vec<String>,
    actions: VecDeque<Action>,
    state: State,
    /// Errors less good answers, as Fulcrum counts them, or errors, as ElectrumX 1.10 does.
    debt: i32,
    lines: Vec<Vec<u8>>,
    requests: BTreeMap<String, u64>,
}

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name and version that `server.version` and `server.features` give.
    pub software: String,
    /// The port that `server.features` gives, by families that give one.
    pub port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Reads, and answers nothing.
    Dead,
    Closed,
}

/// What becomes of a call.
enum Outcome {
    Result(Json),
    Error(Failure),
    /// The error, and then the end of the connection.
    Last(Failure),
    Close,
    Dead,
}

/// Lines and bytes kept for [`Session::lines`].
const KEPT_LINES: usize = 10_000;

impl Session {
    /// A connection that was accepted at this time.
    pub fn new(family: Family, now: Duration) -> Self {
        let manners = family.manners();
        let identity = Identity { software: manners.software.to_owned(), port: 50001 };
        Self::with_identity(family, identity, now)
    }

    /// The same, of a server with a name and a port of its own.
    pub fn with_identity(family: Family, identity: Identity, now: Duration) -> Self {
        let manners = family.manners();
        Self {
            outbox: Outbox::new(manners.padding, now),
            family,
            manners,
            identity,
            input: Vec::new(),
            skipping: false,
            habits: Habits::default(),
            version: None,
            subscriptions: Subscriptions::default(),
            quick: Vec::new(),
            slow: Vec::new(),
            actions: VecDeque::new(),
            state: State::Open,
            debt: 0,
            lines: Vec::new(),
            requests: BTreeMap::new(),
        }
    }

    /// Takes bytes from the client. A broadcast among them changes the chain.
    pub fn receive(&mut self, now: Duration, chain: &mut Chain, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some(end) = piece.strip_suffix(b"\n") else {
                self.keep(piece);
                break;
            };
            self.keep(end);
            let line = std::mem::take(&mut self.input);
            if std::mem::take(&mut self.skipping) || self.state == State::Closed {
                continue;
            }
            if self.lines.len() < KEPT_LINES {
                self.lines.push(line.clone());
            }
            if self.state == State::Open {
                self.line(now, chain, &line);
            }
        }
        self.send(now);
    }

    /// The client has closed its sending side.
    pub fn end_of_input(&mut self, now: Duration) {
        if !self.manners.answers_half_closed {
            // What waits to be written goes with the connection.
            self.actions.retain(|action| *action == Action::Close);
            self.outbox = Outbox::new(self.manners.padding, now);
        }
        self.close(now);
    }

    /// Time has passed.
    pub fn wake(&mut self, now: Duration) {
        if self.state != State::Closed {
            while let Some(packet) = self.outbox.wake(now) {
                self.actions.push_back(Action::Write(packet));
            }
        }
    }

    /// When to call [`Session::wake`] at the latest.
    pub fn wake_at(&self) -> Option<Duration> {
        self.outbox.wake_at().filter(|_| self.state != State::Closed)
    }

    /// The chain is not what it was: subscribers are told.
    pub fn chain_changed(&mut self, now: Duration, chain: &Chain) {
        if self.state == State::Open {
            self.notify(chain);
            self.send(now);
        }
    }

    /// Whether a tip that is not higher than the one before goes unnoticed, with all that came with it.
    /// Its owner then shows it [`Chain::stale`].
    pub fn notices_only_higher_tips(&self) -> bool {
        self.manners.dialect == Dialect::Python
    }

    /// What to do next; `None` for nothing.
    pub fn action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The version negotiated.
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// The lines received, without their ends; the first ten thousand.
    pub fn lines(&self) -> &[Vec<u8>] {
        &self.lines
    }

    /// How often each method was called, known or not.
    pub fn requests(&self) -> &BTreeMap<String, u64> {
        &self.requests
    }

    /// What its client is subscribed to.
    pub fn subscribed(&self) -> Subscribed {
        self.subscriptions.subscribed()
    }

    /// The status that it would give for a script: over the history in the order of its family.
    pub fn status(&self, chain: &Chain, script: &Scripthash) -> Option<String> {
        notify::status(chain, self.manners.history_order, script)
    }

    /// Whether it is over: nothing more will be read or written.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    fn keep(&mut self, piece: &[u8]) {
        if self.input.len() + piece.len() > self.manners.line_limit {
            self.skipping = true;
        }
        match self.skipping {
            true => self.input.clear(),
            false => self.input.extend_from_slice(piece),
        }
    }

    fn line(&mut self, now: Duration, chain: &mut Chain, line: &[u8]) {
        match rpc::read(&self.manners, &mut self.habits, line) {
            Message::Single(unit) => self.single(now, chain, unit),
            Message::Batch(units) => self.batch(now, chain, units),
            Message::Close => self.close(now),
            Message::Dead => self.state = State::Dead,
        }
    }

    fn single(&mut self, now: Duration, chain: &mut Chain, unit: Unit) {
        let call = match unit {
            Unit::Call(call) => call,
            Unit::Ignored => return,
            Unit::Bad(failure, id) => return self.failed(now, id, false, failure),
            Unit::Fatal(failure) => {
                self.failed(now, Json::Null, false, failure);
                return self.close(now);
            }
        };
        match self.call(chain, &call) {
            Outcome::Result(result) => {
                self.debt -= i32::from(self.manners.dialect == Dialect::Fulcrum);
                self.answer(&call, Ok(result));
            }
            Outcome::Error(failure) => {
                if let Some(id) = call.id {
                    self.failed(now, id, call.legacy, failure);
                }
            }
            Outcome::Last(failure) => {
                self.answer(&call, Err(failure));
                self.close(now);
            }
            Outcome::Close => self.close(now),
            Outcome::Dead => self.state = State::Dead,
        }
    }

    fn batch(&mut self, now: Duration, chain: &mut Chain, units: Vec<Unit>) {
        let is_empty = units.is_empty();
        let (mut quick, mut slow) = (Vec::new(), Vec::new());
        for unit in units {
            let (call, result) = match unit {
                Unit::Call(call) => match self.call(chain, &call) {
                    Outcome::Result(result) => (call, Ok(result)),
                    Outcome::Error(failure) => (call, Err(failure)),
                    // libbitcoin answers with what it has and abandons the rest; others say nothing.
                    Outcome::Last(failure) if self.manners.dialect == Dialect::Libbitcoin => {
                        let id = call.id.unwrap_or(Json::Null);
                        quick.push(rpc::reply(&self.manners, id, false, Err(failure)));
                        self.quick.push(rpc::batch_text(&self.manners, &quick));
                        return self.close(now);
                    }
                    Outcome::Last(failure) if self.manners.dialect == Dialect::Fulcrum => {
                        self.answer(&call, Err(failure));
                        return self.close(now);
                    }
                    Outcome::Last(_) | Outcome::Close => return self.close(now),
                    Outcome::Dead => return self.state = State::Dead,
                },
                Unit::Bad(failure, id) => {
                    quick.push(rpc::reply(&self.manners, id, false, Err(failure)));
                    continue;
                }
                Unit::Fatal(_) => return self.close(now),
                Unit::Ignored => continue,
            };
            let Some(id) = call.id else { continue };
            let reply = rpc::reply(&self.manners, id, call.legacy, result);
            match self.manners.dialect == Dialect::Fulcrum && methods::is_slow(&call.method) {
                true => slow.push(reply),
                false => quick.push(reply),
            }
        }
        quick.append(&mut slow);
        if !quick.is_empty() || is_empty {
            self.quick.push(rpc::batch_text(&self.manners, &quick));
        }
    }

    fn call(&mut self, chain: &mut Chain, call: &Call) -> Outcome {
        *self.requests.entry(call.method.clone()).or_default() += 1;
        if call.method == "server.version" {
            return self.agree(call);
        }
        if self.version.is_none() {
            match self.manners.unversioned {
                Unversioned::Served(_) => {}
                Unversioned::Stalled if methods::exists(&call.method) => return Outcome::Dead,
                Unversioned::Stalled => return Outcome::Close,
                Unversioned::ShownOut => {
                    // Notifications without parameters: made to crash clients of 2018.
                    for method in ["blockchain.relayfee", "blockchain.estimatefee"] {
                        let text = self.manners.style.write(&rpc::notification(method, None));
                        self.quick.push(text);
                    }
                    let message = "use server.version to identify client";
                    return Outcome::Last(Failure::new(1, message));
                }
            }
        }
        match self.method(chain, call) {
            Ok(result) => Outcome::Result(result),
            Err(problem) => match problem.verdict(&self.manners, &call.method) {
                Verdict::Error(failure) => Outcome::Error(failure),
                Verdict::Close => Outcome::Close,
            },
        }
    }

    fn agree(&mut self, call: &Call) -> Outcome {
        if let Some(version) = &self.version {
            match self.manners.dialect {
                Dialect::Python | Dialect::Fulcrum => {
                    return Outcome::Error(Failure::new(1, "server.version already sent"));
                }
                Dialect::Libbitcoin => return self.introduce(version.to_string()),
                Dialect::Electrs | Dialect::Esplora => {}
            }
        }
        match handshake::negotiate(&self.manners, &call.params) {
            Agreement::Version(version, words) => {
                self.version = Some(version);
                self.introduce(words)
            }
            Agreement::Refused(failure) if self.manners.closes_on_refusal => Outcome::Last(failure),
            Agreement::Refused(failure) | Agreement::Wrong(failure) => Outcome::Error(failure),
            Agreement::Close => Outcome::Close,
        }
    }

    fn introduce(&self, version: String) -> Outcome {
        Outcome::Result(Json::array([self.identity.software.clone().into(), version.into()]))
    }

    /// The version that shapes answers now.
    fn spoken(&self) -> Version {
        match (&self.version, self.manners.unversioned) {
            (Some(version), _) => version.clone(),
            (None, Unversioned::Served(components)) => Version::new(components),
            (None, _) => self.manners.protocol_min.clone(),
        }
    }

    fn answer(&mut self, call: &Call, result: Result<Json, Failure>) {
        let Some(id) = call.id.clone() else { return };
        let reply = rpc::reply(&self.manners, id, call.legacy, result);
        let text = self.manners.style.write(&reply);
        match self.manners.reorders && methods::is_slow(&call.method) {
            true => self.slow.push(text),
            false => self.quick.push(text),
        }
    }

    /// Answers with an error, and counts it where errors end a connection.
    fn failed(&mut self, now: Duration, id: Json, legacy: bool, failure: Failure) {
        const PATIENCE: i32 = 10;
        let is_1_10 = self.manners.dialect == Dialect::Python && !self.manners.closes_on_refusal;
        let counts = match self.manners.dialect {
            Dialect::Fulcrum => failure.code < -32000,
            _ => is_1_10,
        };
        if counts {
            self.debt += 1;
            if self.manners.dialect == Dialect::Fulcrum && self.debt >= PATIENCE {
                return self.close(now);
            }
        }
        let text = self.manners.style.write(&rpc::reply(&self.manners, id, legacy, Err(failure)));
        self.quick.push(text);
        if is_1_10 && self.debt >= PATIENCE {
            self.close(now);
        }
    }

    /// Hands the lines of this turn over: those without padding in one write, padded ones as their
    /// rules have it.
    fn send(&mut self, now: Duration) {
        let mut lines = std::mem::take(&mut self.quick);
        lines.append(&mut self.slow);
        let mut plain = Vec::new();
        for line in lines {
            let line = [line.as_bytes(), self.manners.line_end.as_bytes()].concat();
            match self.manners.padding {
                Padding::None => plain.extend(line),
                _ => self.actions.extend(self.outbox.push(now, &line).map(Action::Write)),
            }
        }
        if !plain.is_empty() {
            self.actions.push_back(Action::Write(plain));
        }
    }

    fn close(&mut self, now: Duration) {
        if self.state == State::Closed {
            return;
        }
        self.send(now);
        if self.manners.flushes_on_close {
            self.actions.extend(self.outbox.flush(now).map(Action::Write));
        }
        self.actions.push_back(Action::Close);
        self.state = State::Closed;
    }
}
