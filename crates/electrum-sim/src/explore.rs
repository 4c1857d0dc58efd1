//! Explores all short runs exhaustively.
//!
//! There is one client with one topic and two requests, and a small server that answers in any order, right or with an
//! error, or not at all, with changes, broken links and time that passes in between. States that were seen before are
//! not entered again.
//!
//! In addition to the checks of [`Probe`], each step is checked for the machine's part of invariant 15: an answer gets
//! to its caller, and a link on which the server answers is not given up, whatever happens to other requests. That a
//! request is written at most once follows from its id, which is new.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use electrum_proto::{CloseCause, Config, Input, Phase, RequestError, Timestamp};

use super::generate::topic;
use super::messages::{self, Layout};
use super::methods::AnyRequest;
use super::probe::{Emitted, Probe, Violation};

/// The result of an exploration.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// use electrum_proto::Config;
/// use electrum_sim::explore::explore;
///
/// let explored = explore(Config::default(), 4, Duration::ZERO);
/// assert_eq!(explored.violation, None);
/// assert!(explored.steps > explored.states && explored.states > 20);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Explored {
    /// The number of different states.
    pub states: usize,
    /// The number of steps between them.
    pub steps: usize,
    /// The first violation, and the steps that lead to it.
    pub violation: Option<(Violation, Vec<&'static str>)>,
}

/// A step of a run.
#[derive(Clone, Copy, Debug)]
enum Step {
    Connect,
    Answer(usize),
    Refuse(usize),
    Busy(usize),
    Notify,
    Cut,
    Wake,
    WriteOne,
    WriteAll,
    Request,
    Cancel,
    Subscribe,
    Unsubscribe,
    Close,
}

/// An answer that a caller must get.
struct Answered {
    id: u64,
    outcome: Result<String, String>,
}

/// A state of a run: a client and its server.
#[derive(Clone, Debug)]
struct State {
    probe: Probe,
    now: Timestamp,
    lateness: Duration,
    /// How many requests the server has received.
    seen: usize,
    changes: u32,
    requests: u32,
}

/// Explores all runs of up to `depth` steps, in which every timer fires `lateness` late.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// use electrum_proto::Config;
/// use electrum_sim::explore::explore;
///
/// // Timers are late by the least by which real ones are late. Each step more takes a few times as long.
/// let explored = explore(Config::default(), 4, Duration::from_micros(1));
/// if let Some((violation, steps)) = explored.violation {
///     panic!("{violation}, after {steps:?}");
/// }
/// ```
#[must_use]
pub fn explore(config: Config, depth: usize, lateness: Duration) -> Explored {
    let mut explored = Explored::default();
    let mut known = BTreeSet::new();
    let probe = Probe::new(config, Timestamp::ZERO);
    let mut start = State { probe, now: Timestamp::ZERO, lateness, seen: 0, changes: 0, requests: 0 };
    start.probe.drain();
    let mut layer = vec![(start, Vec::new())];
    for _ in 0..depth {
        let mut next = Vec::new();
        for (state, path) in layer {
            for step in state.steps() {
                let mut after = state.clone();
                after.take(step);
                explored.steps += 1;
                let mut way = path.clone();
                way.push(step.name());
                if let Some(violation) = after.probe.violation() {
                    explored.violation = Some((violation.clone(), way));
                    return explored;
                }
                if known.insert(after.digest()) {
                    explored.states += 1;
                    next.push((after, way));
                }
            }
        }
        layer = next;
    }
    explored
}

impl State {
    /// Returns the steps that are possible next.
    fn steps(&self) -> Vec<Step> {
        let mut steps = vec![Step::Wake];
        if self.probe.has_finished() {
            return Vec::new();
        }
        if self.probe.conn().is_some() {
            steps.push(Step::Cut);
            if self.probe.phase() == Phase::Connecting {
                steps.push(Step::Connect);
            }
        }
        if !self.probe.outgoing().is_empty() {
            steps.extend([Step::WriteAll, Step::WriteOne]);
        }
        for index in 0..self.seen.min(self.probe.asked().len()) {
            steps.extend([Step::Answer(index), Step::Refuse(index), Step::Busy(index)]);
        }
        if self.probe.version().is_some() {
            steps.push(Step::Notify);
            if self.requests < 2 {
                steps.push(Step::Request);
            }
        }
        match self.probe.subs().is_empty() {
            true => steps.push(Step::Subscribe),
            false => steps.push(Step::Unsubscribe),
        }
        if self.probe.pending().next().is_some() {
            steps.push(Step::Cancel);
        }
        steps.push(Step::Close);
        steps
    }

    fn take(&mut self, step: Step) {
        let layout = Layout::default();
        let conn = self.probe.conn();
        let is_kept = self.is_to_keep_link(step);
        let mut answered = None;
        match step {
            Step::Subscribe => drop(self.probe.subscribe(self.now, topic(0))),
            Step::Unsubscribe => {
                if let Some(sub) = self.probe.subs().keys().next().copied() {
                    self.probe.unsubscribe(self.now, sub);
                }
            }
            Step::Request => {
                self.requests += 1;
                drop(self.probe.request(self.now, None, AnyRequest::Banner));
            }
            Step::Cancel => {
                let first = self.probe.pending().next();
                if let Some(id) = first {
                    self.probe.cancel(id);
                }
            }
            Step::Close => self.probe.close(self.now),
            Step::Wake => {
                if let Some((until, _)) = self.probe.waits_for().and_then(|wait| wait.until) {
                    self.now = self.now.max(until) + self.lateness;
                    self.probe.handle(self.now, Input::Tick);
                }
            }
            Step::Connect | Step::Cut | Step::Notify | Step::WriteOne | Step::WriteAll => {
                let Some(conn) = conn else { return };
                let script_notification = messages::script_notification(0, false, &messages::status(self.changes + 1));
                let line = layout.line(layout.notification("blockchain.scripthash.subscribe", &script_notification));
                let input = match step {
                    Step::Connect => Input::Connected(conn),
                    Step::Cut => Input::Closed(conn, CloseCause::End),
                    Step::WriteOne => Input::Wrote(conn, 1),
                    Step::WriteAll => Input::Wrote(conn, self.probe.outgoing().len()),
                    _ => {
                        self.changes += 1;
                        Input::Read(conn, &line)
                    }
                };
                self.probe.handle(self.now, input);
                // The server sees complete lines only.
                if matches!(step, Step::WriteAll) {
                    self.seen = self.probe.asked().len();
                }
            }
            Step::Answer(index) | Step::Refuse(index) | Step::Busy(index) => answered = self.answer(step, index),
        }
        let emitted = self.probe.drain();
        if let Some(Answered { id, outcome }) = answered.filter(|answered| !answered.is_among(&emitted)) {
            self.probe.violate(15, format!("request {id} was answered {outcome:?}, and of that came {emitted:?}"));
        }
        if is_kept && (self.probe.conn() != conn || self.probe.phase() != Phase::Ready) {
            self.probe.violate(15, format!("the link was given up, on which the server answers: {emitted:?}"));
        }
        if self.probe.conn() != conn {
            self.seen = 0;
        }
    }

    /// Whether this step must not end the link: requests can be sent, and the server only answers. Time may end the
    /// link only if an answer is missing.
    fn is_to_keep_link(&self, step: Step) -> bool {
        let is_ready = self.probe.phase() == Phase::Ready;
        match step {
            Step::Cut | Step::Close => false,
            Step::Wake => is_ready && self.probe.asked().is_empty() && self.probe.outgoing().is_empty(),
            _ => is_ready,
        }
    }

    /// Lets the server answer a request. Returns what the caller must get, if a caller waits.
    fn answer(&mut self, step: Step, index: usize) -> Option<Answered> {
        let layout = Layout::default();
        let conn = self.probe.conn()?;
        let (id, method) = self.probe.take_asked(index)?;
        let is_awaited = self.probe.pending().any(|pending| pending.number() == id);
        self.seen = self.seen.saturating_sub(1);
        let number = id.to_string();
        let (text, outcome) = match step {
            Step::Refuse(_) => (layout.error(&number, "\"no\""), Err("no".into())),
            Step::Busy(_) => (layout.error(&number, r#"{"code":-102,"message":"busy"}"#), Err("busy".into())),
            _ => {
                let result = match method.as_str() {
                    "server.version" => "[\"Sim 1\",\"1.4.2\"]".into(),
                    method if method.ends_with("hash.subscribe") => messages::status(self.changes),
                    _ => "null".to_owned(),
                };
                (layout.result(&number, &result), Ok(result))
            }
        };
        self.probe.will_be_answered(Some(id), outcome.clone());
        self.probe.handle(self.now, Input::Read(conn, &layout.line(text)));
        is_awaited.then_some(Answered { id, outcome })
    }

    /// Returns a digest of the state. States with the same digest continue in the same way.
    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        format!("{self:?}").hash(&mut hasher);
        hasher.finish()
    }
}

impl Answered {
    fn is_among(&self, emitted: &[Emitted]) -> bool {
        emitted.iter().any(|emitted| match (emitted, &self.outcome) {
            (Emitted::Reply { id, result: Ok(result) }, Ok(text)) => id.number() == self.id && result == text,
            (Emitted::Reply { id, result: Err(RequestError::Server(error)) }, Err(message)) => {
                id.number() == self.id && error.message == *message
            }
            _ => false,
        })
    }
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Answer(_) => "answer",
            Self::Refuse(_) => "refuse",
            Self::Busy(_) => "busy",
            Self::Notify => "notify",
            Self::Cut => "cut",
            Self::Wake => "wake",
            Self::WriteOne => "write one byte",
            Self::WriteAll => "write all",
            Self::Request => "request",
            Self::Cancel => "cancel",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::Close => "close",
        }
    }
}
