//! Random runs: inputs and commands in any order, with a server that sends anything.

use std::time::Duration;

use electrum_proto::{CloseCause, ConnId, Input, Phase, RequestId, SubId, Timestamp};

use super::clock::Clock;
use super::generate::{self, GENESIS, TOPICS, TXID, VERSIONS, topic};
use super::messages::{self, Layout};
use super::probe::{Emitted, Probe};
use super::trace::Trace;

/// The maximum number of steps of a run.
const STEPS: u32 = 150;

/// Plays one run that `trace` decides, and returns the client with its violation, if there is one.
///
/// # Example
/// ```
/// use electrum_sim::{Trace, hostile_run};
///
/// let mut trace = Trace::from_seed(7);
/// assert_eq!(hostile_run(&mut trace, false).violation(), None);
///
/// // The same decisions make the same run, now with its record.
/// let probe = hostile_run(&mut Trace::replay(trace.decisions().to_vec()), true);
/// assert!(!probe.log().is_empty());
/// ```
#[must_use]
pub fn hostile_run(trace: &mut Trace, record: bool) -> Probe {
    let mut run = Hostile::new(trace, record);
    run.run();
    run.probe
}

struct Hostile<'a> {
    trace: &'a mut Trace,
    probe: Probe,
    clock: Clock,
    now: Duration,
    layout: Layout,
    /// Bytes of the server that the client has not read yet.
    coming: Vec<u8>,
    conns: Vec<ConnId>,
    requests: Vec<RequestId>,
    subs: Vec<SubId>,
    answered: Vec<u64>,
    serial: u32,
}

impl<'a> Hostile<'a> {
    fn new(trace: &'a mut Trace, record: bool) -> Self {
        let config = generate::config(trace);
        let clock = Clock::draw(trace);
        let now = Duration::from_millis(u64::from(trace.below(1_000_000)));
        let mut probe = Probe::new(config, Timestamp::new(now));
        if record {
            probe.record();
        }
        let layout = Layout::draw(trace);
        Self {
            trace,
            probe,
            clock,
            now,
            layout,
            coming: Vec::new(),
            conns: Vec::new(),
            requests: Vec::new(),
            subs: Vec::new(),
            answered: Vec::new(),
            serial: 0,
        }
    }

    fn run(&mut self) {
        for _ in 0..self.trace.below(STEPS) {
            self.step();
            if self.probe.violation().is_some() || self.probe.has_finished() {
                return;
            }
        }
        self.drain();
        self.probe.close(self.at());
        self.drain();
        if !self.probe.has_finished() && self.probe.violation().is_none() {
            self.probe.violate(14, "closed, and it has not finished");
        }
    }

    /// Draws a time of less than `bound` milliseconds.
    fn millis(&mut self, bound: u32) -> Duration {
        Duration::from_millis(u64::from(self.trace.below(bound)))
    }

    fn at(&self) -> Timestamp {
        Timestamp::new(self.now)
    }

    fn step(&mut self) {
        match self.trace.below(32) {
            0..=6 => self.drain(),
            7 => {
                let emitted = self.probe.poll();
                self.observe(&emitted);
            }
            8..=14 => self.read(),
            15..=16 => self.sleep(),
            17..=18 => self.write(),
            19..=20 => self.request(),
            21..=22 => self.subscribe(),
            23 => self.cancel(),
            24..=26 => self.connected(),
            27 => self.old_inputs(),
            28 => {
                self.now = self.now.saturating_sub(self.millis(1000));
                self.probe.handle(self.at(), Input::Tick);
            }
            29 => self.closed(),
            30 => {
                self.drain();
                self.probe.examine(self.trace);
            }
            _ if self.trace.chance(50) => self.probe.close(self.at()),
            _ => {
                let pause = self.millis(3000);
                self.now += pause;
            }
        }
    }

    /// Polls until the client waits. A request that was refused for lack of room is made again when there is room.
    fn drain(&mut self) {
        let mut repeated = 0;
        self.observe_all();
        while let Some(request) = self.probe.take_refused() {
            repeated += 1;
            if repeated > 20 {
                self.probe.violate(6, "it emits Capacity again and again where there is none");
            }
            self.requests.extend(self.probe.request(self.at(), None, request));
            self.observe_all();
        }
    }

    fn observe_all(&mut self) {
        for emitted in self.probe.drain() {
            self.observe(&emitted);
        }
    }

    fn observe(&mut self, emitted: &Emitted) {
        if let Emitted::Connect(conn, _) = emitted {
            self.conns.push(*conn);
            self.coming.clear();
        }
    }

    /// Sleeps until the client's timer, or shorter, or longer.
    fn sleep(&mut self) {
        self.drain();
        let Some((until, _)) = self.probe.waits_for().and_then(|wait| wait.until) else { return };
        let until = until.since_epoch();
        self.now = match self.trace.below(4) {
            0..=1 => until.max(self.now) + self.clock.lateness(self.trace),
            2 => self.now + until.saturating_sub(self.now) / 2,
            _ => until.max(self.now) + self.millis(100_000),
        };
        self.probe.handle(self.at(), Input::Tick);
    }

    fn write(&mut self) {
        let Some(conn) = self.probe.conn() else { return };
        let count = self.probe.outgoing().len();
        let count = if self.trace.chance(300) { self.trace.index(count + 2) } else { count };
        self.probe.handle(self.at(), Input::Wrote(conn, count));
    }

    fn connected(&mut self) {
        if let Some(conn) =
            self.probe.conn().filter(|_| self.probe.phase() == Phase::Connecting || self.trace.chance(50))
        {
            self.probe.handle(self.at(), Input::Connected(conn));
        }
    }

    fn closed(&mut self) {
        let Some(conn) = self.probe.conn().filter(|_| self.trace.chance(500)) else { return };
        let cause = if self.trace.chance(500) { CloseCause::Failed("broken".into()) } else { CloseCause::End };
        self.probe.handle(self.at(), Input::Closed(conn, cause));
    }

    fn old_inputs(&mut self) {
        let Some(conn) = self.conns.len().checked_sub(2).map(|last| self.conns[self.trace.index(last + 1)]) else {
            return;
        };
        let input = match self.trace.below(4) {
            0 => Input::Read(conn, b"{\"id\":1,\"result\":1}\ngarbage\n"),
            1 => Input::Closed(conn, CloseCause::End),
            2 => Input::Wrote(conn, 10),
            _ => Input::Connected(conn),
        };
        self.probe.handle(self.at(), input);
    }

    fn request(&mut self) {
        let deadline = self.trace.chance(300).then(|| match self.trace.below(3) {
            0 => Timestamp::MAX,
            _ => Timestamp::new(self.now.saturating_sub(Duration::from_secs(1)) + self.millis(10_000)),
        });
        for _ in 0..=if self.trace.chance(300) { self.trace.below(4) } else { 0 } {
            self.serial += 1;
            let request = generate::request(self.trace, self.serial);
            self.requests.extend(self.probe.request(self.at(), deadline, request));
        }
    }

    fn cancel(&mut self) {
        if !self.requests.is_empty() {
            // The latest ones are more likely to be in flight.
            let back = 1 + self.trace.index(self.requests.len().min(5));
            self.probe.cancel(self.requests[self.requests.len() - back]);
        }
    }

    fn subscribe(&mut self) {
        if self.subs.is_empty() || !self.trace.chance(400) {
            let topic = topic(self.trace.index(TOPICS));
            if let Ok(sub) = self.probe.subscribe(self.at(), topic) {
                self.subs.push(sub);
            }
        } else {
            let sub = self.subs[self.trace.index(self.subs.len())];
            self.probe.unsubscribe(self.at(), sub);
        }
    }

    /// Reads some of the server's bytes, split anywhere.
    fn read(&mut self) {
        let Some(conn) = self.probe.conn() else { return };
        for _ in 0..=self.trace.below(3) {
            let mut line = self.message();
            self.coming.append(&mut line);
        }
        let count = if self.trace.chance(400) { self.trace.index(self.coming.len() + 1) } else { self.coming.len() };
        let bytes: Vec<u8> = self.coming.drain(..count).collect();
        self.probe.handle(self.at(), Input::Read(conn, &bytes));
    }

    fn message(&mut self) -> Vec<u8> {
        let layout = self.layout;
        let text = match self.trace.below(32) {
            20 => {
                let parts: Vec<String> = (0..self.trace.below(4)).map(|_| self.object()).collect();
                format!("[{}]", parts.join(self.trace.pick(&[",", " , "])))
            }
            21 if self.trace.chance(300) => {
                return self
                    .trace
                    .pick(&[
                        &b"x\n"[..],
                        b"[1]\n",
                        b"{}\n",
                        b"[{}\n",
                        b"\xff\n",
                        b"{\"id\":1,\"result\":1,\"result\":1}\n",
                    ])
                    .to_vec();
            }
            22 => return self.trace.pick(&[&b"\n"[..], b"\r\n", b"  \n"]).to_vec(),
            23 if self.trace.chance(200) => return vec![self.trace.pick(b" x["); self.trace.index(20_000)],
            _ => self.object(),
        };
        layout.line(text)
    }

    fn object(&mut self) -> String {
        let layout = self.layout;
        match self.trace.below(24) {
            16 => {
                let (error, message) = messages::error(self.trace, 300);
                self.probe.will_be_answered(None, Err(message));
                layout.error("null", &error)
            }
            17 => {
                let id = self.answered.last().copied().unwrap_or(99_999);
                self.probe.will_be_answered(Some(id), Ok("\"again\"".into()));
                layout.result(&id.to_string(), "\"again\"")
            }
            18 => layout.result(self.trace.pick(&["77777777", "-1", "\"1\"", "1.5", "null", "{}"]), "true"),
            19..=21 => self.notification(),
            22 => format!(r#"{{"id":{},"method":"client.get","params":[]}}"#, self.trace.below(20)),
            23 => layout.notification("server.odd", self.trace.pick(&["[]", "null", "{\"a\":1}"])),
            _ => self.answer(),
        }
    }

    fn notification(&mut self) -> String {
        let status = messages::status(self.trace.below(3));
        let script = self.trace.pick(&[0, 3, 4, 9]);
        let by_script = self.trace.chance(300);
        let line = messages::script_notification(script, by_script, &status);
        match self.trace.below(9) {
            0..=3 => self.layout.notification("blockchain.scripthash.subscribe", &line),
            4 => self.layout.notification("blockchain.scriptpubkey.subscribe", &line),
            5 => {
                let tip = messages::tip(self.trace.below(3), 0);
                self.layout.notification("blockchain.headers.subscribe", &format!("[{tip}]"))
            }
            7 => {
                let output = messages::output(self.trace.below(4));
                self.layout.notification("blockchain.outpoint.subscribe", &format!("[\"{TXID}\",0,{output}]"))
            }
            6 => self.layout.notification("raw.changes", self.trace.pick(&["[\"a\",1]", "[\"a\"]", "[\"b\"]", "[]"])),
            _ => self.layout.notification(
                "blockchain.scripthash.subscribe",
                self.trace.pick(&["[]", "[1,2]", "null", "[\"00\",null]"]),
            ),
        }
    }

    /// Returns an answer to a request, right or wrong.
    fn answer(&mut self) -> String {
        let asked = self.probe.asked().len();
        if asked == 0 {
            return self.notification();
        }
        let index = if self.trace.chance(300) { self.trace.index(asked) } else { 0 };
        let Some((id, method)) = self.probe.take_asked(index) else { return self.notification() };
        self.answered.push(id);
        if self.trace.chance(150) {
            let (error, message) = messages::error(self.trace, 300);
            self.probe.will_be_answered(Some(id), Err(message));
            return self.layout.error(&id.to_string(), &error);
        }
        let odd = self.trace.chance(60);
        let result = match method.as_str() {
            _ if odd => self.trace.pick(&["null", "\"1.4\"", "[]", "tru", "{\"hex\":\"\"}", "[\"x\",1.4]"]).into(),
            "server.version" => {
                let range = self.probe.config().versions;
                let version =
                    if self.trace.chance(150) { self.trace.pick(&VERSIONS).into() } else { range.max().to_string() };
                format!("[\"Sim 1\",\"{version}\"]")
            }
            "server.features" if self.trace.chance(100) => messages::features(&messages::other_genesis()),
            "server.features" => messages::features(GENESIS),
            "blockchain.block.header" => {
                messages::first_header(self.trace.chance(100), electrum_proto::ProtocolVersion::V1_4)
            }
            "blockchain.headers.subscribe" => messages::tip(self.trace.below(3), 0),
            "raw.changes" => "[1]".into(),
            "blockchain.outpoint.subscribe" => messages::output(self.trace.below(4)),
            method if method.ends_with(".unsubscribe") => "true".into(),
            method if method.ends_with(".subscribe") => messages::status(self.trace.below(3)),
            "server.ping" => "null".into(),
            _ => format!("\"for {id}\""),
        };
        self.probe.will_be_answered(Some(id), Ok(result.clone()));
        self.layout.result(&id.to_string(), &result)
    }
}
