//! The probe: a wrapper of the client that checks the invariants at each call.

mod commands;
mod emitted;
mod examine;
mod observe;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use electrum_proto::{
    Client, Config, ConnId, Input, Phase, ProtocolVersion, RequestId, SubId, Timestamp, Topic, Update, Wait,
};

pub use emitted::Emitted;

use super::methods::AnyRequest;

/// A violated invariant.
///
/// # Example
/// ```
/// use electrum_proto::{Config, Timestamp};
/// use electrum_sim::Probe;
///
/// let mut probe = Probe::new(Config::default(), Timestamp::ZERO);
/// probe.violate(0, "the driver slept with work to do");
/// let violation = probe.violation().unwrap();
/// assert_eq!(violation.to_string(), "invariant 0 is broken: the driver slept with work to do");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The number of the invariant in the documentation of this crate.
    pub invariant: u8,
    /// What happened.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invariant {} is broken: {}", self.invariant, self.what)
    }
}

/// A client with the part of its history that the checks need.
///
/// # Example
/// ```
/// use electrum_proto::{Config, Input, Phase, Timestamp};
/// use electrum_sim::Probe;
///
/// let mut probe = Probe::new(Config::default(), Timestamp::ZERO);
/// probe.drain();
/// let conn = probe.conn().expect("a link that is being opened");
/// probe.handle(Timestamp::from_millis(20), Input::Connected(conn));
/// probe.drain();
/// assert_eq!(probe.phase(), Phase::Handshaking);
/// assert!(probe.outgoing().starts_with(b"{") && probe.waits_for().unwrap().write);
/// assert_eq!(probe.violation(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Probe {
    client: Client,
    config: Config,
    now: Timestamp,
    phase: Phase,
    link: Option<LinkLog>,
    /// The previous link.
    former: Option<ConnId>,
    last_id: u64,
    pending: BTreeMap<u64, Pending>,
    /// The requests that were answered while they waited for a padded write, in which they are still sent.
    answered_early: BTreeSet<u64>,
    /// The answers of servers to each id.
    answers: BTreeMap<u64, Vec<Result<String, String>>>,
    /// The errors without an id that the server of this link has sent.
    errors_without_id: BTreeSet<String>,
    subs: BTreeMap<SubId, SubLog>,
    servers: Vec<ServerLog>,
    retry_at: Option<Timestamp>,
    wait: Option<Wait>,
    /// The last request that was refused for lack of room, and whether `Capacity` was emitted since.
    refused: Option<(AnyRequest, bool)>,
    finished: bool,
    violation: Option<Violation>,
    log: Option<Vec<String>>,
}

/// The log of the current link, or the last one.
#[derive(Clone, Debug)]
struct LinkLog {
    conn: ConnId,
    since: Timestamp,
    open: bool,
    over: bool,
    over_since: Timestamp,
    ready: Option<(Timestamp, ProtocolVersion)>,
    /// The client's outgoing bytes.
    outgoing: Vec<u8>,
    acknowledged: u64,
    lines: usize,
    /// The id and the method of each line, until a server takes it to answer it.
    asked: Vec<(u64, String)>,
    /// When a line was last added to the outgoing bytes, or bytes were last written.
    said: Timestamp,
    /// When the client may last have received a complete line.
    heard: Timestamp,
    unread_line: bool,
    /// How many bytes were received of an incomplete line, or written of an incomplete write.
    progress: usize,
    was_read: bool,
}

/// A request that was accepted and not yet answered.
#[derive(Clone, Debug)]
struct Pending {
    id: RequestId,
    request: AnyRequest,
    begin: u64,
    deadline: Timestamp,
    cancelled: bool,
}

/// A subscription that was accepted and not ended.
#[derive(Clone, Debug)]
pub(super) struct SubLog {
    pub(super) topic: Topic,
    pub(super) last: Option<Update>,
    /// Whether the topic is refused on this link.
    pub(super) refused: bool,
    /// Whether the last event was a refusal, on any link.
    pub(super) was_refused: bool,
}

/// The failures of one server.
#[derive(Clone, Debug, Default)]
struct ServerLog {
    /// The minimum and the maximum number of attempts in a row for which no connection was opened: after a refused
    /// offer an attempt may count or not.
    unopened: (u32, u32),
    /// The minimum and the maximum number of connections in a row that did not last.
    cut: (u32, u32),
    not_before: Timestamp,
}

/// How many polls in a row may pass without a wait.
const SPIN: usize = 100_000;

impl Probe {
    /// Makes a new client and its probe.
    #[must_use]
    pub fn new(config: Config, now: Timestamp) -> Self {
        Self {
            client: Client::new(config.clone(), now),
            servers: vec![ServerLog::default(); config.servers.max(1)],
            config,
            now,
            phase: Phase::Connecting,
            link: None,
            former: None,
            last_id: 0,
            pending: BTreeMap::new(),
            answered_early: BTreeSet::new(),
            answers: BTreeMap::new(),
            errors_without_id: BTreeSet::new(),
            subs: BTreeMap::new(),
            retry_at: None,
            wait: None,
            refused: None,
            finished: false,
            violation: None,
            log: None,
        }
    }

    /// Keeps a record of every call from now on.
    pub fn record(&mut self) {
        self.log.get_or_insert_with(Vec::new);
    }

    /// Returns the record, if one is kept.
    #[must_use]
    pub fn log(&self) -> &[String] {
        self.log.as_deref().unwrap_or_default()
    }

    /// Returns the first violation.
    #[must_use]
    pub const fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Returns the configuration of the client.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the latest time that was reported to the client.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns the phase of the client, by its outputs.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns the current link, open or being opened.
    #[must_use]
    pub fn conn(&self) -> Option<ConnId> {
        self.link.as_ref().filter(|link| !link.over).map(|link| link.conn)
    }

    /// Returns the outgoing bytes.
    #[must_use]
    pub fn outgoing(&self) -> &[u8] {
        self.client.outgoing()
    }

    /// Returns the requests that wait for an answer.
    pub fn pending(&self) -> impl Iterator<Item = RequestId> + '_ {
        self.pending.values().map(|pending| pending.id)
    }

    /// Returns the id and the method of each line on the current link that no server has taken yet.
    #[must_use]
    pub fn asked(&self) -> &[(u64, String)] {
        self.link.as_ref().filter(|link| !link.over).map_or(&[], |link| &link.asked)
    }

    /// Takes one of those lines, to answer it.
    pub fn take_asked(&mut self, index: usize) -> Option<(u64, String)> {
        let link = self.link.as_mut().filter(|link| index < link.asked.len())?;
        Some(link.asked.remove(index))
    }

    /// Takes the last request that was refused for lack of room, if there is room by now.
    pub fn take_refused(&mut self) -> Option<AnyRequest> {
        self.refused.take_if(|(_, has_room)| *has_room).map(|(request, _)| request)
    }

    /// Returns the negotiated version, if the client is ready.
    #[must_use]
    pub fn version(&self) -> Option<ProtocolVersion> {
        self.link.as_ref().filter(|link| !link.over)?.ready.map(|(_, version)| version)
    }

    /// Returns the subscriptions of the application.
    pub(super) const fn subs(&self) -> &BTreeMap<SubId, SubLog> {
        &self.subs
    }

    /// Notes what a server is about to answer to a request, or to send as an error without an id.
    pub fn will_be_answered(&mut self, id: Option<u64>, outcome: Result<String, String>) {
        match id {
            Some(id) => self.answers.entry(id).or_default().push(outcome),
            None => self.errors_without_id.extend(outcome.err()),
        }
    }

    /// Passes an input to the client.
    pub fn handle(&mut self, now: Timestamp, input: Input<'_>) {
        self.note(now, || match &input {
            Input::Read(conn, bytes) => format!("Read({conn:?}, {:?})", String::from_utf8_lossy(bytes)),
            other => format!("{other:?}"),
        });
        self.client.handle(now, input.clone());
        self.wait = None;
        self.now = self.now.max(now);
        let now = self.now;
        if let Some(link) = self.link.as_mut().filter(|link| !link.over) {
            match input {
                Input::Connected(conn) if conn == link.conn && !link.open => {
                    link.open = true;
                    (link.since, link.said, link.heard) = (now, now, now);
                    self.phase = Phase::Handshaking;
                }
                Input::Read(conn, bytes) if conn == link.conn && link.open => {
                    link.was_read = true;
                    let behind = bytes.iter().rposition(|b| *b == b'\n').map(|at| bytes.len() - at - 1);
                    link.unread_line |= behind.is_some();
                    link.progress = behind.unwrap_or(link.progress + bytes.len());
                }
                Input::Wrote(conn, count) if conn == link.conn => {
                    let count = count.min(link.outgoing.len());
                    link.acknowledged += count as u64;
                    if count > 0 {
                        link.said = now;
                    }
                    link.outgoing.drain(..count);
                    if !link.outgoing.is_empty() {
                        link.progress += count;
                    }
                }
                _ => {}
            }
        }
        self.check_outgoing();
    }

    /// Polls the client once.
    pub fn poll(&mut self) -> Emitted {
        let emitted = Emitted::from(self.client.poll());
        if !matches!(emitted, Emitted::Wait(_)) || self.wait.is_none() {
            let now = self.now;
            self.note(now, || format!("    → {emitted:?}"));
        }
        // The outgoing bytes are checked at a wait: the end of a link drops them.
        if matches!(emitted, Emitted::Wait(_)) {
            self.check_outgoing();
        }
        self.learn(&emitted);
        self.check_outgoing();
        emitted
    }

    /// Polls until the client waits or has finished, and returns its outputs.
    pub fn drain(&mut self) -> Vec<Emitted> {
        let mut all = Vec::new();
        loop {
            match self.poll() {
                Emitted::Wait(_) | Emitted::Finished => {
                    // Polling again must change nothing.
                    self.poll();
                    return all;
                }
                emitted => all.push(emitted),
            }
            if all.len() > SPIN {
                self.violate(5, "it emits more and more without a new input");
                return all;
            }
            if self.violation.is_some() {
                return all;
            }
        }
    }

    /// Returns what the client waits for, if it was polled until it waits.
    #[must_use]
    pub const fn waits_for(&self) -> Option<Wait> {
        self.wait
    }

    /// Returns whether the client has finished.
    #[must_use]
    pub const fn has_finished(&self) -> bool {
        self.finished
    }

    /// Adds a line of the driver to the log.
    pub fn note(&mut self, now: Timestamp, word: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            log.push(format!("{now} {}", word()));
        }
    }

    /// Reports that an invariant is violated. Only the first report counts.
    pub fn violate(&mut self, invariant: u8, what: impl Into<String>) {
        if self.violation.is_none() {
            self.violation = Some(Violation { invariant, what: what.into() });
        }
    }
}
