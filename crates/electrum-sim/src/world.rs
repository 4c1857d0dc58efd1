//! A client, its driver, a network that delays, cuts and loses, and servers, all in virtual time.
//!
//! The driver does what it is told and nothing else: it sleeps exactly until the client wants to be woken, and it
//! writes only when the client wants to write.

use std::collections::BTreeMap;
use std::time::Duration;

use electrum_proto::{CloseCause, ConnId, Input, RequestId, SubId, Timestamp};

use super::choices::{self, TOPICS, ask, topic};
use super::link::{LONGEST_DELAY, Link};
use super::messages;
use super::probe::{Probe, Told};
use super::server::{Answer, Chain, Question, Server, thing_of};
use super::tape::Tape;
use super::vocabulary::can_be_ended;

/// How much can happen before the world calms down, in happenings.
const CHAOS: u32 = 150;
/// How many happenings it may take then until all is quiet.
const PATIENCE: usize = 20_000;

/// Plays one life in a network that `tape` decides. In the end the network heals and the servers behave, and the
/// client must have come to know everything.
#[must_use]
pub fn network_life(tape: &mut Tape, record: bool) -> Probe {
    let mut world = World::new(tape, record);
    world.run();
    world.probe
}

/// Something that is going to happen.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    Opened(ConnId, bool),
    ToServer(ConnId, Vec<u8>),
    ToClient(ConnId, Vec<u8>),
    Ended(ConnId, CloseCause),
    Work(ConnId, Question),
    Say(ConnId, Vec<u8>),
    Notify(ConnId, usize),
    Writable(ConnId),
    Wish,
    Change,
}

pub(super) struct World<'a> {
    pub(super) tape: &'a mut Tape,
    pub(super) probe: Probe,
    pub(super) now: Timestamp,
    pub(super) link: Option<Link>,
    pub(super) is_calm: bool,
    servers: Vec<Server>,
    chain: Chain,
    queue: BTreeMap<(Timestamp, u64), Happening>,
    serial: u64,
    asks: u32,
    requests: Vec<RequestId>,
    subs: Vec<SubId>,
    ready_since: Option<Timestamp>,
}

impl<'a> World<'a> {
    fn new(tape: &'a mut Tape, record: bool) -> Self {
        let mut config = choices::config(tape);
        // Here the servers' lines are never too long, and pings not so frequent that they fill a life.
        config.limits.line = config.limits.line.max(10_000);
        config.limits.line_before_ready = config.limits.line_before_ready.max(10_000);
        config.timeouts.ping_idle = config.timeouts.ping_idle.max(Duration::from_secs(5));
        config.backoff.initial = config.backoff.initial.max(Duration::from_millis(200));
        config.backoff.cap = config.backoff.cap.max(Duration::from_secs(3));
        config.timeouts.connect = config.timeouts.connect.max(Duration::from_secs(1));
        config.timeouts.handshake = config.timeouts.handshake.max(Duration::from_secs(2));
        config.timeouts.request = config.timeouts.request.max(Duration::from_secs(2));
        config.timeouts.pong = config.timeouts.pong.max(Duration::from_secs(2));
        let servers = (0..config.servers).map(|_| Server::draw(tape)).collect();
        let mut probe = Probe::new(config, Timestamp::ZERO);
        if record {
            probe.record();
        }
        Self {
            tape,
            probe,
            now: Timestamp::ZERO,
            link: None,
            is_calm: false,
            servers,
            chain: Chain::default(),
            queue: BTreeMap::new(),
            serial: 0,
            asks: 0,
            requests: Vec::new(),
            subs: Vec::new(),
            ready_since: None,
        }
    }

    fn run(&mut self) {
        self.happens_in(0, Happening::Wish);
        self.happens_in(0, Happening::Change);
        for _ in 0..self.tape.below(CHAOS) {
            self.turn();
            if self.probe.violation().is_some() || self.probe.has_finished() {
                return;
            }
            if self.tape.chance(100) {
                self.probe.examine(self.tape);
            }
        }
        self.is_calm = true;
        self.queue.retain(|_, happening| !matches!(happening, Happening::Wish | Happening::Change));
        self.settle();
        self.probe.close(self.now);
        self.probe.drain();
        if !self.probe.has_finished() {
            self.probe.violate(14, "closed, and it has not finished");
        }
    }

    /// Lets time pass until everything must be known, and checks that it is.
    fn settle(&mut self) {
        let config = self.probe.config();
        if !self.servers.iter().any(|server| server.suits(config)) {
            return;
        }
        // A dead link is found out so long after the last bytes that got through; what was asked on a live one may
        // hold its place once more until its late answer is not expected any more, and a subscription that was lost
        // is waited for twice, both times after others were answered.
        let silence = config.timeouts.ping_idle + 4 * config.timeouts.request + config.timeouts.pong;
        let long_enough = Duration::from_millis(LONGEST_DELAY) + silence + Duration::from_secs(20);
        // What went wrong before counts until it was given up.
        self.ready_since = self.ready_since.map(|_| self.now);
        for _ in 0..PATIENCE {
            self.turn();
            self.listen();
            if self.probe.violation().is_some() || self.probe.has_finished() {
                return;
            }
            let ready_for = self.ready_since.map(|since| self.now.since(since));
            if ready_for.is_some_and(|time| time > long_enough)
                && self.queue.is_empty()
                && self.probe.outgoing().is_empty()
                && self.probe.waits_for().is_some()
            {
                return self.check_knowledge();
            }
        }
        let what = format!("all is well with the network, and at {} it is still {}", self.now, self.probe.phase());
        self.probe.violate(9, what);
    }

    /// What is wanted is subscribed and known, and nothing else is subscribed that can be ended.
    fn check_knowledge(&mut self) {
        let Some(link) = &self.link else { return };
        let mut unwanted = link.session.subscribed.clone();
        let mut wrong = None;
        for (id, sub) in self.probe.subs() {
            let Some(thing) = thing_of(&sub.topic) else { continue };
            unwanted.remove(&thing);
            if sub.refused {
                continue;
            }
            if !link.session.subscribed.contains(&thing) {
                wrong = Some(format!("{id:?} is wanted and not subscribed"));
            } else if !sub.last.as_ref().is_some_and(|update| self.chain.is_told_by(thing, update)) {
                wrong = Some(format!("{id:?} was last told {:?}, which is not what the server has", sub.last));
            }
        }
        if let Some(version) = link.session.version {
            let method = |thing| self.chain.news(thing, version).0;
            unwanted.retain(|thing| can_be_ended(method(*thing), version) && !link.session.loose.contains(thing));
        }
        if let (Some(thing), None) = (unwanted.first(), &wrong) {
            wrong = Some(format!("{:?} is subscribed and not wanted", topic(*thing)));
        }
        if let Some(what) = wrong {
            self.probe.violate(9, what);
        }
    }

    pub(super) fn happens_at(&mut self, at: Timestamp, happening: Happening) {
        self.serial += 1;
        self.queue.insert((at, self.serial), happening);
    }

    pub(super) fn happens_in(&mut self, millis: u64, happening: Happening) {
        self.happens_at(self.now + Duration::from_millis(millis), happening);
    }

    /// Carries out what the client says, then lets the next thing happen.
    fn turn(&mut self) {
        self.listen();
        if self.probe.has_finished() {
            return;
        }
        let Some(wait) = self.probe.waits_for() else { return };
        if wait.write && self.write() {
            return;
        }
        let next = self.queue.keys().next().map(|(at, _)| *at);
        match (wait.until, next) {
            (Some((until, _)), next) if next.is_none_or(|next| until <= next) => {
                self.now = until;
                // Now and then the machine sleeps, or its clock is set.
                if !self.is_calm && self.tape.chance(10) {
                    self.now = until + Duration::from_millis(u64::from(self.tape.below(200_000)));
                }
                self.probe.handle(self.now, Input::Tick);
            }
            _ => {
                let Some(((at, _), happening)) = self.queue.pop_first() else { return };
                self.now = self.now.max(at);
                self.happen(happening);
            }
        }
    }

    fn listen(&mut self) {
        for told in self.probe.drain() {
            self.carry_out(&told);
        }
    }

    fn carry_out(&mut self, told: &Told) {
        match told {
            Told::Connect(conn, server) => self.connect(*conn, server.0),
            Told::Disconnect(_) | Told::Down { .. } => {
                self.link = None;
                self.ready_since = None;
            }
            Told::Ready { .. } => self.ready_since = Some(self.now),
            Told::Capacity => {
                if let Some(ask) = self.probe.take_room() {
                    self.requests.extend(self.probe.request(self.now, None, ask));
                }
            }
            _ => {}
        }
    }

    fn is_current(&self, conn: ConnId) -> bool {
        self.link.as_ref().is_some_and(|link| link.conn == conn)
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Wish => self.wish(),
            Happening::Change => self.change(),
            Happening::Opened(conn, is_open) => {
                let refused = Input::Closed(conn, CloseCause::Failed("refused".into()));
                self.probe.handle(self.now, if is_open { Input::Connected(conn) } else { refused });
            }
            Happening::ToClient(conn, bytes) => self.probe.handle(self.now, Input::Read(conn, &bytes)),
            Happening::Ended(conn, cause) => self.probe.handle(self.now, Input::Closed(conn, cause)),
            Happening::Writable(conn) => {
                if let Some(link) = self.link.as_mut().filter(|link| link.conn == conn) {
                    link.is_full = false;
                }
            }
            Happening::ToServer(conn, _)
            | Happening::Work(conn, _)
            | Happening::Say(conn, _)
            | Happening::Notify(conn, _)
                if !self.is_current(conn) => {}
            Happening::ToServer(_, bytes) => {
                let questions = self.link.as_mut().map(|link| link.session.read(&bytes)).unwrap_or_default();
                questions.into_iter().for_each(|question| self.asked(question));
            }
            Happening::Work(conn, question) => self.work(conn, &question),
            Happening::Say(_, bytes) => self.send(&bytes),
            Happening::Notify(_, thing) => {
                let Some(link) = &self.link else { return };
                let Some(version) = link.session.version.filter(|_| link.session.subscribed.contains(&thing)) else {
                    return;
                };
                let layout = self.servers[link.server].layout;
                let (method, params) = self.chain.news(thing, version);
                self.send(&layout.line(layout.notification(method, &params)));
            }
        }
    }

    /// A question reached the server, which may do something else about it than answer.
    fn asked(&mut self, question: Question) {
        let Some(link) = &mut self.link else { return };
        let conn = link.conn;
        let layout = self.servers[link.server].layout;
        let is_handshake = ["server.version", "server.features"].contains(&question.method.as_str());
        if self.is_calm || !self.tape.chance(150) {
            let pause = if self.is_calm { 1 } else { self.tape.pick(&[0, 1, 5, 900]) };
            return self.happens_in(pause, Happening::Work(conn, question));
        }
        link.session.neglect(&question);
        match self.tape.below(4) {
            0 => {}
            1 => {
                let (error, message) = messages::error(self.tape, 700);
                self.probe.will_be_answered(Some(question.id), Err(message));
                self.send(&layout.line(layout.error(&question.id.to_string(), &error)));
            }
            2 if !is_handshake => {
                // It is not known whose request this fails, so nothing can be said of any.
                link.session.loose.extend(0..TOPICS);
                let (error, message) = messages::error(self.tape, 100);
                self.probe.will_be_answered(None, Err(message));
                self.send(&layout.line(layout.error("null", &error)));
            }
            _ => self.end_link(),
        }
    }

    fn work(&mut self, conn: ConnId, question: &Question) {
        let Some(link) = &mut self.link else { return };
        let server = &self.servers[link.server];
        let layout = server.layout;
        let id = question.id.to_string();
        let text = match server.answer(&mut link.session, question, &self.chain) {
            Answer::Close => return self.end_link(),
            Answer::Result(result) => {
                self.probe.will_be_answered(Some(question.id), Ok(result.clone()));
                layout.result(&id, &result)
            }
            Answer::Error(error, message) => {
                self.probe.will_be_answered(Some(question.id), Err(message));
                layout.error(&id, &error)
            }
        };
        let line = layout.line(text);
        // An answer may be overtaken by what is said meanwhile, and come twice.
        let pause = if self.is_calm { 0 } else { self.tape.pick(&[0, 1, 30, 2_000]) };
        if !self.is_calm && self.tape.chance(20) {
            self.happens_in(pause + 10, Happening::Say(conn, line.clone()));
        }
        self.happens_in(pause, Happening::Say(conn, line));
    }

    fn change(&mut self) {
        let thing = self.tape.index(TOPICS);
        self.chain.change(thing);
        let now = self.now;
        self.probe.note(now, || format!("{:?} changes", topic(thing)));
        if let Some(conn) = self.link.as_ref().map(|link| link.conn) {
            for _ in 0..=u32::from(self.tape.chance(100)) {
                let lag = self.tape.pick(&[0, 3, 50, 2_000]);
                self.happens_in(lag, Happening::Notify(conn, thing));
            }
        }
        let next = self.tape.pick(&[1, 20, 700, 15_000]);
        self.happens_in(next, Happening::Change);
    }

    fn wish(&mut self) {
        match self.tape.below(10) {
            0..=3 => {
                let wanted = topic(self.tape.index(TOPICS));
                if let Ok(sub) = self.probe.subscribe(self.now, wanted) {
                    self.subs.push(sub);
                }
            }
            4..=5 if !self.subs.is_empty() => {
                let sub = self.subs[self.tape.index(self.subs.len())];
                self.probe.unsubscribe(self.now, sub);
            }
            6 if !self.requests.is_empty() => {
                let id = self.requests[self.requests.len() - 1 - self.tape.index(self.requests.len().min(3))];
                self.probe.cancel(id);
            }
            7 if self.tape.chance(20) => self.probe.close(self.now),
            _ => {
                let count = 1 + self.tape.below(3);
                for _ in 0..count {
                    self.asks += 1;
                    let ask = ask(self.tape, self.asks);
                    self.requests.extend(self.probe.request(self.now, None, ask));
                }
            }
        }
        let next = self.tape.pick(&[1, 20, 700, 15_000, 100_000]);
        self.happens_in(next, Happening::Wish);
    }

    /// The server closes the link, or it breaks.
    fn end_link(&mut self) {
        let Some(conn) = self.link.as_ref().map(|link| link.conn) else { return };
        let cause = if self.tape.chance(500) { CloseCause::Failed("reset".into()) } else { CloseCause::End };
        self.lose_link(conn, cause);
    }
}
