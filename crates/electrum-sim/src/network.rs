//! Runs a client, its driver, a network that delays, splits and loses, and servers, all in virtual time.
//!
//! The driver does exactly what the client asks for: it sleeps until the client's timer, or a little longer, as real
//! timers do, and it writes only when the client has outgoing bytes.

use std::time::Duration;

use electrum_proto::{CloseCause, ConnId, Input, RequestId, SubId, Timestamp};

use super::application::{Application, Truth};
use super::clock::Clock;
use super::generate::{self, TOPICS, topic};
use super::messages;
use super::methods::can_be_ended;
use super::pipe::{LONGEST_DELAY, Pipe};
use super::probe::{Emitted, Probe};
use super::server::{Answer, Chain, Server, ServerRequest, thing_of};
use super::timeline::{Occurrence, Timeline};
use super::trace::Trace;

/// The number of steps with faults.
const CHAOS: u32 = 150;
/// The maximum number of steps after that, until the run is quiet.
const PATIENCE: usize = 20_000;

/// Plays one run in a network that `trace` decides. In the end the network and the servers work without faults, and the
/// client must know everything.
///
/// # Example
/// ```
/// use electrum_sim::{Trace, network_run};
///
/// let probe = network_run(&mut Trace::from_seed(1), true);
/// assert_eq!(probe.violation(), None);
/// assert!(probe.log().iter().any(|line| line.contains("Connect(")), "the record has all that happened");
/// ```
#[must_use]
pub fn network_run(trace: &mut Trace, record: bool) -> Probe {
    let mut network = Network::new(trace, record);
    network.run();
    network.probe
}

/// Plays one run in which `application` makes the commands, in a network that `trace` decides. Once everything works
/// again, the application is checked; if it does not know what it must, invariant 0 is violated.
///
/// # Example
/// An application that needs one update; `examples/wallet.rs` has a cache, with a mistake that is found.
/// ```
/// use electrum_proto::Timestamp;
/// use electrum_sim::{Application, Emitted, Probe, Trace, Truth, application_run, known_topic};
///
/// /// Closes the client once it knows the tip of the chain.
/// struct Tip;
///
/// impl Application for Tip {
///     fn start(&mut self, client: &mut Probe, now: Timestamp) {
///         client.subscribe(now, known_topic(1)).expect("room for a first subscription");
///     }
///     fn react(&mut self, client: &mut Probe, now: Timestamp, emitted: &Emitted) {
///         if matches!(emitted, Emitted::Update { .. }) {
///             client.close(now);
///         }
///     }
///     fn check(&self, _: &Truth<'_>) -> Result<(), String> {
///         Err("the client is not closed, so there was no update".into())
///     }
/// }
///
/// let probe = application_run(&mut Trace::from_seed(1), false, &mut Tip);
/// assert_eq!(probe.violation(), None);
/// assert!(probe.has_finished());
/// ```
#[must_use]
pub fn application_run(trace: &mut Trace, record: bool, application: &mut dyn Application) -> Probe {
    let mut network = Network::new(trace, record);
    application.start(&mut network.probe, Timestamp::ZERO);
    network.application = Some(application);
    network.run();
    network.probe
}

struct Network<'a> {
    trace: &'a mut Trace,
    probe: Probe,
    clock: Clock,
    timeline: Timeline,
    pipe: Option<Pipe>,
    servers: Vec<Server>,
    chain: Chain,
    serial: u32,
    requests: Vec<RequestId>,
    subs: Vec<SubId>,
    ready_since: Option<Timestamp>,
    /// The application that makes the commands, if they are not random.
    application: Option<&'a mut dyn Application>,
}

impl<'a> Network<'a> {
    fn new(trace: &'a mut Trace, record: bool) -> Self {
        let mut config = generate::config(trace);
        // The servers' lines are never too long here, and pings are not so frequent that they fill a run.
        config.limits.line = config.limits.line.max(10_000);
        config.limits.line_before_ready = config.limits.line_before_ready.max(10_000);
        config.timeouts.ping_idle = config.timeouts.ping_idle.max(Duration::from_secs(5));
        config.backoff.initial = config.backoff.initial.max(Duration::from_millis(200));
        config.backoff.cap = config.backoff.cap.max(Duration::from_secs(3));
        config.timeouts.connect = config.timeouts.connect.max(Duration::from_secs(1));
        config.timeouts.handshake = config.timeouts.handshake.max(Duration::from_secs(2));
        config.timeouts.request = config.timeouts.request.max(Duration::from_secs(2));
        config.timeouts.pong = config.timeouts.pong.max(Duration::from_secs(2));
        let clock = Clock::draw(trace);
        let servers = (0..config.servers).map(|_| Server::draw(trace)).collect();
        let mut probe = Probe::new(config, Timestamp::ZERO);
        if record {
            probe.record();
        }
        Self {
            trace,
            probe,
            clock,
            timeline: Timeline::new(),
            pipe: None,
            servers,
            chain: Chain::default(),
            serial: 0,
            requests: Vec::new(),
            subs: Vec::new(),
            ready_since: None,
            application: None,
        }
    }

    fn run(&mut self) {
        if self.application.is_none() {
            self.timeline.after(0, Occurrence::Command);
        }
        self.timeline.after(0, Occurrence::ServerChange);
        for _ in 0..self.trace.below(CHAOS) {
            self.step();
            if self.probe.violation().is_some() || self.probe.has_finished() {
                return;
            }
            if self.trace.chance(100) {
                self.probe.examine(self.trace);
            }
        }
        self.timeline.is_healed = true;
        self.timeline.stop_commands();
        self.settle();
        self.probe.close(self.timeline.now);
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
        // The time to detect a dead pipe after the last bytes, plus: a request on a live one keeps its entry until its
        // late answer is no longer expected; a lost subscription is waited for twice, each time after others were
        // answered; and a timer that fires seconds late may find a ping in flight and wait for one more pong.
        let pong = config.timeouts.pong.max(config.timeouts.request);
        let silence = config.timeouts.ping_idle + 4 * config.timeouts.request + 2 * pong;
        let long_enough = Duration::from_millis(LONGEST_DELAY) + silence + Duration::from_secs(20);
        // Earlier faults count until the pipe was given up.
        self.ready_since = self.ready_since.map(|_| self.timeline.now);
        for _ in 0..PATIENCE {
            self.step();
            self.drain();
            if self.probe.violation().is_some() || self.probe.has_finished() {
                return;
            }
            let ready_for = self.ready_since.map(|since| self.timeline.now.since(since));
            if ready_for.is_some_and(|time| time > long_enough)
                && self.timeline.is_empty()
                && self.probe.outgoing().is_empty()
                && self.probe.waits_for().is_some()
            {
                self.check_knowledge();
                if let Some(Err(what)) = self.application.as_ref().map(|logic| logic.check(&Truth(&self.chain))) {
                    self.probe.violate(0, what);
                }
                return;
            }
        }
        let what =
            format!("all is well with the network, and at {} it is still {}", self.timeline.now, self.probe.phase());
        self.probe.violate(9, what);
    }

    /// Checks that the wanted topics are subscribed and known, and that no other topic is subscribed that can be ended.
    fn check_knowledge(&mut self) {
        let Some(pipe) = &self.pipe else { return };
        let mut unwanted = pipe.session.subscribed.clone();
        let mut wrong = None;
        for (id, sub) in self.probe.subs() {
            let Some(thing) = thing_of(&sub.topic) else { continue };
            unwanted.remove(&thing);
            if sub.refused {
                continue;
            }
            if !pipe.session.subscribed.contains(&thing) {
                wrong = Some(format!("{id:?} is wanted and not subscribed"));
            } else if !sub.last.as_ref().is_some_and(|update| self.chain.matches(thing, update)) {
                wrong = Some(format!("{id:?} was last emitted {:?}, which is not what the server has", sub.last));
            }
        }
        if let Some(version) = pipe.session.version {
            let method = |thing| self.chain.notification(thing, version).0;
            unwanted.retain(|thing| can_be_ended(method(*thing), version) && !pipe.session.loose.contains(thing));
        }
        if let (Some(thing), None) = (unwanted.first(), &wrong) {
            wrong = Some(format!("{:?} is subscribed and not wanted", topic(*thing)));
        }
        if let Some(what) = wrong {
            self.probe.violate(9, what);
        }
    }

    /// Carries out the client's actions, then lets the next occurrence happen.
    fn step(&mut self) {
        self.drain();
        if self.probe.has_finished() {
            return;
        }
        let Some(wait) = self.probe.waits_for() else { return };
        if let (true, Some(pipe)) = (wait.write, &mut self.pipe) {
            if pipe.write(self.trace, &mut self.timeline, &mut self.probe) {
                return;
            }
        }
        let next = self.timeline.next_at();
        match (wait.until, next) {
            (Some((until, _)), next) if next.is_none_or(|next| until <= next) => {
                self.timeline.now = self.timeline.now.max(until) + self.clock.lateness(self.trace);
                // Sometimes the computer sleeps, or its clock is set.
                if !self.timeline.is_healed && self.trace.chance(10) {
                    self.timeline.now = until + Duration::from_millis(u64::from(self.trace.below(200_000)));
                }
                self.probe.handle(self.timeline.now, Input::Tick);
            }
            _ => {
                if let Some(occurrence) = self.timeline.pop() {
                    self.dispatch(occurrence);
                }
            }
        }
    }

    fn drain(&mut self) {
        for emitted in self.probe.drain() {
            self.carry_out(&emitted);
            if let Some(application) = &mut self.application {
                application.react(&mut self.probe, self.timeline.now, &emitted);
            }
        }
    }

    fn carry_out(&mut self, emitted: &Emitted) {
        match emitted {
            Emitted::Connect(conn, server) => {
                self.pipe = Some(Pipe::open(self.trace, &mut self.timeline, *conn, server.0));
            }
            Emitted::Disconnect(_) | Emitted::Down { .. } => {
                self.pipe = None;
                self.ready_since = None;
            }
            Emitted::Ready { .. } => self.ready_since = Some(self.timeline.now),
            Emitted::Capacity => {
                if let Some(request) = self.probe.take_refused() {
                    self.requests.extend(self.probe.request(self.timeline.now, None, request));
                }
            }
            _ => {}
        }
    }

    fn is_current(&self, conn: ConnId) -> bool {
        self.pipe.as_ref().is_some_and(|pipe| pipe.conn == conn)
    }

    fn dispatch(&mut self, occurrence: Occurrence) {
        match occurrence {
            Occurrence::Command => self.command(),
            Occurrence::ServerChange => self.change(),
            Occurrence::Opened(conn, is_open) => {
                let refused = Input::Closed(conn, CloseCause::Failed("refused".into()));
                self.probe.handle(self.timeline.now, if is_open { Input::Connected(conn) } else { refused });
            }
            Occurrence::ToClient(conn, bytes) => self.probe.handle(self.timeline.now, Input::Read(conn, &bytes)),
            Occurrence::Ended(conn, cause) => self.probe.handle(self.timeline.now, Input::Closed(conn, cause)),
            Occurrence::Writable(conn) => {
                if let Some(pipe) = self.pipe.as_mut().filter(|pipe| pipe.conn == conn) {
                    pipe.is_full = false;
                }
            }
            Occurrence::ToServer(conn, _)
            | Occurrence::Process(conn, _)
            | Occurrence::Send(conn, _)
            | Occurrence::Notify(conn, _)
                if !self.is_current(conn) => {}
            Occurrence::ToServer(_, bytes) => {
                let requests = self.pipe.as_mut().map(|pipe| pipe.session.read(&bytes)).unwrap_or_default();
                requests.into_iter().for_each(|request| self.received(request));
            }
            Occurrence::Process(conn, request) => self.process(conn, &request),
            Occurrence::Send(_, bytes) => self.send(&bytes),
            Occurrence::Notify(_, thing) => {
                let Some(pipe) = &self.pipe else { return };
                let Some(version) = pipe.session.version.filter(|_| pipe.session.subscribed.contains(&thing)) else {
                    return;
                };
                let layout = self.servers[pipe.server].layout;
                let (method, params) = self.chain.notification(thing, version);
                self.send(&layout.line(layout.notification(method, &params)));
            }
        }
    }

    /// Handles a request at the server, which may react in another way than with an answer.
    fn received(&mut self, request: ServerRequest) {
        let Some(pipe) = &mut self.pipe else { return };
        let conn = pipe.conn;
        let layout = self.servers[pipe.server].layout;
        let is_handshake = ["server.version", "server.features"].contains(&request.method.as_str());
        if self.timeline.is_healed || !self.trace.chance(150) {
            let pause = if self.timeline.is_healed { 1 } else { self.trace.pick(&[0, 1, 5, 900]) };
            return self.timeline.after(pause, Occurrence::Process(conn, request));
        }
        pipe.session.neglect(&request);
        match self.trace.below(4) {
            0 => {}
            1 => {
                let (error, message) = messages::error(self.trace, 700);
                self.probe.will_be_answered(Some(request.id), Err(message));
                self.send(&layout.line(layout.error(&request.id.to_string(), &error)));
            }
            2 if !is_handshake => {
                // It is not known which request this error fails, so the state of no thing is known.
                pipe.session.loose.extend(0..TOPICS);
                let (error, message) = messages::error(self.trace, 100);
                self.probe.will_be_answered(None, Err(message));
                self.send(&layout.line(layout.error("null", &error)));
            }
            _ => self.end_pipe(),
        }
    }

    fn process(&mut self, conn: ConnId, request: &ServerRequest) {
        let Some(pipe) = &mut self.pipe else { return };
        let server = &self.servers[pipe.server];
        let layout = server.layout;
        let id = request.id.to_string();
        let text = match server.answer(&mut pipe.session, request, &self.chain) {
            Answer::Close => return self.end_pipe(),
            Answer::Nothing => return,
            Answer::Result(result) => {
                self.probe.will_be_answered(Some(request.id), Ok(result.clone()));
                layout.result(&id, &result)
            }
            Answer::Error(error, message) => {
                self.probe.will_be_answered(Some(request.id), Err(message));
                layout.error(&id, &error)
            }
        };
        let line = layout.line(text);
        // An answer may be overtaken by later messages, and may come twice.
        let pause = if self.timeline.is_healed { 0 } else { self.trace.pick(&[0, 1, 30, 2_000]) };
        if !self.timeline.is_healed && self.trace.chance(20) {
            self.timeline.after(pause + 10, Occurrence::Send(conn, line.clone()));
        }
        self.timeline.after(pause, Occurrence::Send(conn, line));
    }

    fn change(&mut self) {
        let thing = self.trace.index(TOPICS);
        self.chain.change(thing);
        let now = self.timeline.now;
        self.probe.note(now, || format!("{:?} changes", topic(thing)));
        if let Some(conn) = self.pipe.as_ref().map(|pipe| pipe.conn) {
            for _ in 0..=u32::from(self.trace.chance(100)) {
                let lag = self.trace.pick(&[0, 3, 50, 2_000]);
                self.timeline.after(lag, Occurrence::Notify(conn, thing));
            }
        }
        let next = self.trace.pick(&[1, 20, 700, 15_000]);
        self.timeline.after(next, Occurrence::ServerChange);
    }

    fn command(&mut self) {
        match self.trace.below(10) {
            0..=3 => {
                let wanted = topic(self.trace.index(TOPICS));
                if let Ok(sub) = self.probe.subscribe(self.timeline.now, wanted) {
                    self.subs.push(sub);
                }
            }
            4..=5 if !self.subs.is_empty() => {
                let sub = self.subs[self.trace.index(self.subs.len())];
                self.probe.unsubscribe(self.timeline.now, sub);
            }
            6 if !self.requests.is_empty() => {
                let id = self.requests[self.requests.len() - 1 - self.trace.index(self.requests.len().min(3))];
                self.probe.cancel(id);
            }
            7 if self.trace.chance(20) => self.probe.close(self.timeline.now),
            _ => {
                for _ in 0..=self.trace.below(3) {
                    self.serial += 1;
                    let request = generate::request(self.trace, self.serial);
                    self.requests.extend(self.probe.request(self.timeline.now, None, request));
                }
            }
        }
        let next = self.trace.pick(&[1, 20, 700, 15_000, 100_000]);
        self.timeline.after(next, Occurrence::Command);
    }

    /// Ends the pipe: the server closes it, or it breaks.
    fn end_pipe(&mut self) {
        let Some(pipe) = &mut self.pipe else { return };
        let cause = if self.trace.chance(500) { CloseCause::Failed("reset".into()) } else { CloseCause::End };
        pipe.end(&mut self.timeline, cause);
    }

    fn send(&mut self, bytes: &[u8]) {
        if let Some(pipe) = &mut self.pipe {
            pipe.send(self.trace, &mut self.timeline, bytes);
        }
    }
}
