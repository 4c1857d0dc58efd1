//! The client, its driver, the network and the servers of one run, in virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use electrum_proto::{CloseCause, ConnId, Timestamp};
use electrum_session::transport::ServerAddr;
use electrum_session::{Client, Config, Driver, Step};

use super::caller::{Caller, Kind, LATENESS};
use super::run::CallsRun;
use super::server::{Fault, Reaction, Received, Served, delay};
use crate::clock::Clock;
use crate::suite::Played as _;
use crate::trace::Trace;

/// The port of the first server; the others have the next ones.
const FIRST_PORT: u16 = 50_001;
/// The limit on the length of an answer.
const LINE: usize = 10_000;
/// The maximum number of calls that are neither healthy nor broadcasts: each call that ends connections costs pauses.
const MOST_ODD: u32 = 1;
/// The maximum number of steps of a run.
const MOST_STEPS: usize = 50_000;

/// Plays a run.
pub(super) fn play(trace: &mut Trace, run: &mut CallsRun) {
    let mut network = Network::new(trace, run);
    for _ in 0..MOST_STEPS {
        if network.run.violation().is_some() || network.is_over() {
            return;
        }
        network.step();
    }
    network.run.violate(14, "it never ends");
}

/// The clock that the client reads.
struct Virtual(Arc<AtomicU64>);

impl electrum_session::Clock for Virtual {
    fn now(&self) -> Timestamp {
        Timestamp::new(Duration::from_micros(self.0.load(Ordering::Relaxed)))
    }

    fn unix_time(&self) -> u64 {
        1_750_000_000
    }
}

/// A scheduled occurrence.
enum Occurrence {
    Call(Kind, Duration),
    Opened(ConnId, bool),
    ToServer(ConnId, Vec<u8>),
    ToClient(ConnId, String),
    Ended(ConnId, CloseCause),
}

struct Network<'a> {
    trace: &'a mut Trace,
    run: &'a mut CallsRun,
    micros: Arc<AtomicU64>,
    clock: Clock,
    /// By how much the driver was late in total.
    late: Duration,
    client: Client,
    driver: Driver,
    servers: Vec<Fault>,
    /// The current connection: its id, its server, and the server's side of it.
    link: Option<(ConnId, usize, Served)>,
    is_open: bool,
    to_come: BTreeMap<(Timestamp, u64), Occurrence>,
    last_occurrence: u64,
    calls: Vec<Caller>,
    /// Whether every server answers every call except for one.
    is_alone: bool,
}

impl<'a> Network<'a> {
    fn new(trace: &'a mut Trace, run: &'a mut CallsRun) -> Self {
        let mut servers: Vec<Fault> = (0..trace.below(3)).map(|_| Fault::draw(trace)).collect();
        let place = trace.index(servers.len() + 1);
        let serving = Fault::serving(trace);
        servers.insert(place, if servers.is_empty() { serving } else { Fault::None });
        let micros = Arc::new(AtomicU64::new(0));
        let address = |index| format!("tcp://127.0.0.1:{}", FIRST_PORT + index).parse();
        let addresses: Vec<ServerAddr> = (0..servers.len() as u16).filter_map(|index| address(index).ok()).collect();
        let mut config = Config::new(addresses);
        config.protocol.seed = u64::from(trace.below(u32::MAX));
        config.protocol.limits.line = LINE;
        let (client, driver) = Client::with_clock(config, Virtual(Arc::clone(&micros)), || {});
        let clock = Clock::draw(trace);
        let mut network = Self {
            trace,
            run,
            micros,
            clock,
            late: Duration::ZERO,
            client,
            driver,
            servers,
            link: None,
            is_open: false,
            to_come: BTreeMap::new(),
            last_occurrence: 0,
            calls: Vec::new(),
            is_alone: false,
        };
        network.plan_calls();
        let servers = format!("servers: {:?}", network.servers);
        network.run.note(Timestamp::ZERO, || servers);
        network
    }

    /// Draws the calls and the times at which they are made.
    fn plan_calls(&mut self) {
        let (mut at, mut odd) = (Timestamp::ZERO, 0);
        let is_capped = self.servers.iter().any(|fault| matches!(fault, Fault::Capped(_)));
        for _ in 0..=self.trace.below(40) {
            at = at + Duration::from_millis(self.trace.pick(&[0, 0, 0, 1, 60, 3_000]));
            let kind = match self.trace.below(16) {
                10 | 11 if odd < MOST_ODD && !is_capped => Kind::Deadly,
                12 if odd < MOST_ODD => Kind::Long,
                13 if odd < MOST_ODD => Kind::Silent,
                14 if odd < MOST_ODD => Kind::Busy,
                15 => Kind::Broadcast,
                _ => Kind::Healthy,
            };
            odd += u32::from(!matches!(kind, Kind::Healthy | Kind::Broadcast));
            let time = Duration::from_secs(self.trace.pick(&[30, 60]));
            self.schedule(at, Occurrence::Call(kind, time));
        }
        self.is_alone = odd <= 1 && self.servers.iter().all(|fault| fault.is_harmless());
    }

    fn now(&self) -> Timestamp {
        self.driver.now()
    }

    fn schedule(&mut self, at: Timestamp, occurrence: Occurrence) {
        self.last_occurrence += 1;
        self.to_come.insert((at, self.last_occurrence), occurrence);
    }

    fn after(&mut self, pause: Duration, occurrence: Occurrence) {
        self.schedule(self.now() + pause, occurrence);
    }

    /// Whether every call was made and has an outcome.
    fn is_over(&self) -> bool {
        let is_call = |occurrence: &Occurrence| matches!(occurrence, Occurrence::Call(..));
        !self.calls.iter().any(Caller::is_pending) && !self.to_come.values().any(is_call)
    }

    /// Carries out the steps of the driver, checks the calls, and lets the next occurrence happen.
    fn step(&mut self) {
        let (until, write) = loop {
            match self.driver.poll() {
                Step::Connect(conn, target) => self.connect(conn, usize::from(target.port - FIRST_PORT)),
                Step::Disconnect(conn, _) => drop(self.link.take_if(|(current, ..)| *current == conn)),
                Step::ReadPin(..) | Step::KeepPin(..) => {}
                Step::Finished => return self.run.violate(14, "it finished, and was not closed"),
                Step::Wait { until, write } => break (until, write),
            }
        };
        self.check_calls();
        if let (true, true, Some(conn)) = (write, self.is_open, self.link.as_ref().map(|(conn, ..)| *conn)) {
            let bytes = self.driver.with(|session, now| {
                let bytes = session.outgoing().to_vec();
                session.wrote(now, conn, bytes.len());
                bytes
            });
            let pause = delay(self.trace);
            return self.after(pause, Occurrence::ToServer(conn, bytes));
        }
        let next = self.to_come.first_key_value().map(|((at, _), _)| *at);
        match (until, next) {
            (Some(until), next) if next.is_none_or(|next| until <= next) => {
                let late = self.clock.lateness(self.trace);
                self.late += late;
                self.advance(until + late);
            }
            _ => {
                let Some(((at, _), occurrence)) = self.to_come.pop_first() else {
                    return self.run.violate(14, "it waits for ever");
                };
                self.advance(at);
                self.dispatch(occurrence);
            }
        }
    }

    fn advance(&self, to: Timestamp) {
        let micros = u64::try_from(to.since_epoch().as_nanos().div_ceil(1000)).unwrap_or(u64::MAX);
        self.micros.fetch_max(micros, Ordering::Relaxed);
    }

    fn connect(&mut self, conn: ConnId, server: usize) {
        let now = self.now();
        self.run.note(now, || format!("connects to server {server}"));
        self.link = Some((conn, server, Served::default()));
        self.is_open = false;
        let pause = delay(self.trace);
        match self.servers.get(server) {
            Some(Fault::Unreachable) => {}
            fault => self.after(pause, Occurrence::Opened(conn, fault != Some(&Fault::Refuses))),
        }
    }

    /// Checks the outcomes of the calls that have one.
    fn check_calls(&mut self) {
        let now = self.now();
        for caller in &mut self.calls {
            match caller.poll() {
                Some(outcome) => {
                    let deadline = caller.deadline;
                    self.run.note(now, || format!("{:?}, due at {deadline}: {outcome:?}", caller.kind));
                    if let Err((invariant, what)) = caller.check(now, self.late, &outcome) {
                        self.run.violate(invariant, what);
                    }
                }
                None if caller.is_pending() && now > caller.deadline + LATENESS => {
                    self.run.violate(3, format!("at {now} a call has no outcome that was due at {}", caller.deadline));
                }
                None => {}
            }
        }
    }

    fn dispatch(&mut self, occurrence: Occurrence) {
        let current = self.link.as_ref().map(|(conn, ..)| *conn);
        let now = self.now();
        match occurrence {
            Occurrence::Call(kind, time) => {
                let serial = self.calls.len() as u64;
                self.run.note(now, || format!("call {serial} is made, {kind:?}, for {time:?}"));
                self.calls.push(Caller::new(&self.client, kind, serial, now, self.late, time));
            }
            Occurrence::Opened(conn, is_open) if current == Some(conn) => {
                self.is_open = is_open;
                if is_open {
                    self.driver.connected(conn);
                } else {
                    self.end(conn, CloseCause::Failed("refused".into()));
                }
            }
            Occurrence::ToServer(conn, bytes) if current == Some(conn) => self.received(conn, &bytes),
            Occurrence::ToClient(conn, line) if current == Some(conn) => {
                if let Some((_, _, served)) = &mut self.link {
                    served.in_flight = served.in_flight.saturating_sub(1);
                }
                self.driver.with(|session, now| session.read(now, conn, line.as_bytes()));
            }
            Occurrence::Ended(conn, cause) if current == Some(conn) => self.end(conn, cause),
            _ => {}
        }
    }

    fn end(&mut self, conn: ConnId, cause: CloseCause) {
        let now = self.now();
        self.run.note(now, || format!("the connection ends: {cause:?}"));
        self.link = None;
        self.driver.with(|session, now| session.closed(now, conn, cause));
    }

    fn received(&mut self, conn: ConnId, bytes: &[u8]) {
        let Some((_, _, served)) = &mut self.link else { return };
        for request in served.read(bytes) {
            if !self.react(conn, &request) {
                return;
            }
        }
    }

    /// Lets a server react to a request. Returns whether the connection stays open.
    fn react(&mut self, conn: ConnId, request: &Received) -> bool {
        let Some((_, server, served)) = &mut self.link else { return false };
        let reaction = served.react(self.servers[*server], request, LINE);
        let now = self.driver.now();
        self.run.note(now, || format!("server {server} receives {request:?}: {reaction:?}"));
        if let Some(caller) = request.serial.and_then(|serial| self.calls.get_mut(serial as usize)) {
            caller.received += 1;
            if let Err(what) = caller.check_sendings(self.is_alone) {
                self.run.violate(15, what);
            }
            caller.busy += u32::from(matches!(reaction, Reaction::Busy(_)));
        }
        match reaction {
            Reaction::Answer(line) | Reaction::Busy(line) => {
                served.in_flight += 1;
                let pause = delay(self.trace) + Duration::from_millis(self.trace.pick(&[0, 0, 5, 300]));
                self.after(pause, Occurrence::ToClient(conn, line + "\n"));
            }
            Reaction::Silence => {}
            Reaction::Close => {
                let cause = self.trace.pick(&[0, 1]);
                let cause = if cause == 0 { CloseCause::End } else { CloseCause::Failed("reset".into()) };
                let pause = delay(self.trace);
                self.after(pause, Occurrence::Ended(conn, cause));
                if let Some((_, _, served)) = &mut self.link {
                    served.is_over = true;
                }
                return false;
            }
        }
        true
    }
}
