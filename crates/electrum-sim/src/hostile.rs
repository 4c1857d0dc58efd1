//! A life without any sense: facts and wishes in any order, from a server that says anything.

use electrum_proto::{CloseCause, ConnId, Input, Phase, RequestId, SubId, Timestamp};

use super::choices::{self, GENESIS, TOPICS, TXID, VERSIONS, ask, topic};
use super::messages::{self, Layout};
use super::probe::{Probe, Told};
use super::tape::Tape;

/// The longest life, in steps.
const STEPS: u32 = 150;

/// Plays one life that `tape` decides, and gives back the client with what was found.
#[must_use]
pub fn hostile_life(tape: &mut Tape, record: bool) -> Probe {
    let mut life = Hostile::new(tape, record);
    life.run();
    life.probe
}

struct Hostile<'a> {
    tape: &'a mut Tape,
    probe: Probe,
    now: u64,
    layout: Layout,
    /// What the server wrote and the client did not read yet.
    coming: Vec<u8>,
    conns: Vec<ConnId>,
    requests: Vec<RequestId>,
    subs: Vec<SubId>,
    answered: Vec<u64>,
    serial: u32,
}

impl<'a> Hostile<'a> {
    fn new(tape: &'a mut Tape, record: bool) -> Self {
        let config = choices::config(tape);
        let now = u64::from(tape.below(1_000_000));
        let mut probe = Probe::new(config, Timestamp::from_millis(now));
        if record {
            probe.record();
        }
        let layout = Layout::draw(tape);
        Self {
            tape,
            probe,
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
        for _ in 0..self.tape.below(STEPS) {
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

    fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    fn step(&mut self) {
        match self.tape.below(32) {
            0..=6 => self.drain(),
            7 => {
                let told = self.probe.poll();
                self.learn(&told);
            }
            8..=14 => self.read(),
            15..=16 => self.sleep(),
            17..=18 => self.write(),
            19..=20 => self.ask(),
            21..=22 => self.subscribe(),
            23 => self.take_back(),
            24..=26 => self.connected(),
            27 => self.old_fact(),
            28 => {
                self.now = self.now.saturating_sub(u64::from(self.tape.below(1000)));
                self.probe.handle(self.at(), Input::Tick);
            }
            29 => self.closed(),
            30 => {
                self.drain();
                self.probe.examine(self.tape);
            }
            _ if self.tape.chance(50) => self.probe.close(self.at()),
            _ => self.now += u64::from(self.tape.below(3000)),
        }
    }

    /// Polls until the client waits. A wish that was refused for want of room is repeated when there is room.
    fn drain(&mut self) {
        let mut repeated = 0;
        for told in self.probe.drain() {
            self.learn(&told);
        }
        while let Some(ask) = self.probe.take_room() {
            repeated += 1;
            if repeated > 20 {
                self.probe.violate(6, "it tells of room again and again where there is none");
            }
            self.requests.extend(self.probe.request(self.at(), None, ask));
            for told in self.probe.drain() {
                self.learn(&told);
            }
        }
    }

    fn learn(&mut self, told: &Told) {
        if let Told::Connect(conn, _) = told {
            self.conns.push(*conn);
            self.coming.clear();
        }
    }

    /// Sleeps until the client wants to be woken, or less, or longer.
    fn sleep(&mut self) {
        self.drain();
        let Some((until, _)) = self.probe.waits_for().and_then(|wait| wait.until) else { return };
        let Ok(until) = u64::try_from(until.since_epoch().as_millis()) else { return };
        self.now = match self.tape.below(4) {
            0..=1 => until.max(self.now),
            2 => self.now + until.saturating_sub(self.now) / 2,
            _ => until.max(self.now) + u64::from(self.tape.below(100_000)),
        };
        self.probe.handle(self.at(), Input::Tick);
    }

    fn write(&mut self) {
        let Some(conn) = self.probe.conn() else { return };
        let count = self.probe.outgoing().len();
        let count = if self.tape.chance(300) { self.tape.index(count + 2) } else { count };
        self.probe.handle(self.at(), Input::Wrote(conn, count));
    }

    fn connected(&mut self) {
        if let Some(conn) =
            self.probe.conn().filter(|_| self.probe.phase() == Phase::Connecting || self.tape.chance(50))
        {
            self.probe.handle(self.at(), Input::Connected(conn));
        }
    }

    fn closed(&mut self) {
        let Some(conn) = self.probe.conn().filter(|_| self.tape.chance(500)) else { return };
        let cause = if self.tape.chance(500) { CloseCause::Failed("broken".into()) } else { CloseCause::End };
        self.probe.handle(self.at(), Input::Closed(conn, cause));
    }

    fn old_fact(&mut self) {
        let Some(conn) = self.conns.len().checked_sub(2).map(|last| self.conns[self.tape.index(last + 1)]) else {
            return;
        };
        let input = match self.tape.below(4) {
            0 => Input::Read(conn, b"{\"id\":1,\"result\":1}\ngarbage\n"),
            1 => Input::Closed(conn, CloseCause::End),
            2 => Input::Wrote(conn, 10),
            _ => Input::Connected(conn),
        };
        self.probe.handle(self.at(), input);
    }

    fn ask(&mut self) {
        let count = if self.tape.chance(300) { self.tape.below(5) } else { 1 };
        let deadline = self.tape.chance(300).then(|| match self.tape.below(3) {
            0 => Timestamp::MAX,
            _ => Timestamp::from_millis(self.now.saturating_sub(1000) + u64::from(self.tape.below(10_000))),
        });
        for _ in 0..count {
            self.serial += 1;
            let ask = ask(self.tape, self.serial);
            self.requests.extend(self.probe.request(self.at(), deadline, ask));
        }
    }

    fn take_back(&mut self) {
        if !self.requests.is_empty() {
            // Those that came last are more likely to wait.
            let back = 1 + self.tape.index(self.requests.len().min(5));
            self.probe.cancel(self.requests[self.requests.len() - back]);
        }
    }

    fn subscribe(&mut self) {
        if self.subs.is_empty() || !self.tape.chance(400) {
            let topic = topic(self.tape.index(TOPICS));
            if let Ok(sub) = self.probe.subscribe(self.at(), topic) {
                self.subs.push(sub);
            }
        } else {
            let sub = self.subs[self.tape.index(self.subs.len())];
            self.probe.unsubscribe(self.at(), sub);
        }
    }

    /// Some of what comes is read, cut anywhere.
    fn read(&mut self) {
        let Some(conn) = self.probe.conn() else { return };
        for _ in 0..=self.tape.below(3) {
            let mut line = self.message();
            self.coming.append(&mut line);
        }
        let count = if self.tape.chance(400) { self.tape.index(self.coming.len() + 1) } else { self.coming.len() };
        let bytes: Vec<u8> = self.coming.drain(..count).collect();
        self.probe.handle(self.at(), Input::Read(conn, &bytes));
    }

    fn message(&mut self) -> Vec<u8> {
        let layout = self.layout;
        let text = match self.tape.below(32) {
            20 => {
                let parts: Vec<String> = (0..self.tape.below(4)).map(|_| self.object()).collect();
                format!("[{}]", parts.join(self.tape.pick(&[",", " , "])))
            }
            21 if self.tape.chance(300) => {
                return self
                    .tape
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
            22 => return self.tape.pick(&[&b"\n"[..], b"\r\n", b"  \n"]).to_vec(),
            23 if self.tape.chance(200) => return vec![self.tape.pick(b" x["); self.tape.index(20_000)],
            _ => self.object(),
        };
        layout.line(text)
    }

    fn object(&mut self) -> String {
        let layout = self.layout;
        match self.tape.below(24) {
            16 => {
                let (error, message) = messages::error(self.tape, 300);
                self.probe.will_be_answered(None, Err(message));
                layout.error("null", &error)
            }
            17 => {
                let id = self.answered.last().copied().unwrap_or(99_999);
                self.probe.will_be_answered(Some(id), Ok("\"again\"".into()));
                layout.result(&id.to_string(), "\"again\"")
            }
            18 => layout.result(self.tape.pick(&["77777777", "-1", "\"1\"", "1.5", "null", "{}"]), "true"),
            19..=21 => self.news(),
            22 => format!(r#"{{"id":{},"method":"client.get","params":[]}}"#, self.tape.below(20)),
            23 => layout.notification("server.odd", self.tape.pick(&["[]", "null", "{\"a\":1}"])),
            _ => self.answer(),
        }
    }

    fn news(&mut self) -> String {
        let status = messages::status(self.tape.below(3));
        let script = self.tape.pick(&[0, 3, 4, 9]);
        let by_script = self.tape.chance(300);
        let news = messages::script_news(script, by_script, &status);
        match self.tape.below(9) {
            0..=3 => self.layout.notification("blockchain.scripthash.subscribe", &news),
            4 => self.layout.notification("blockchain.scriptpubkey.subscribe", &news),
            5 => {
                let tip = messages::tip(self.tape.below(3), 0);
                self.layout.notification("blockchain.headers.subscribe", &format!("[{tip}]"))
            }
            7 => {
                let output = messages::output(self.tape.below(4));
                self.layout.notification("blockchain.outpoint.subscribe", &format!("[\"{TXID}\",0,{output}]"))
            }
            6 => self.layout.notification("raw.news", self.tape.pick(&["[\"a\",1]", "[\"a\"]", "[\"b\"]", "[]"])),
            _ => self.layout.notification(
                "blockchain.scripthash.subscribe",
                self.tape.pick(&["[]", "[1,2]", "null", "[\"00\",null]"]),
            ),
        }
    }

    /// An answer to something that was asked, right or wrong.
    fn answer(&mut self) -> String {
        let asked = self.probe.asked().len();
        if asked == 0 {
            return self.news();
        }
        let index = if self.tape.chance(300) { self.tape.index(asked) } else { 0 };
        let Some((id, method)) = self.probe.take_asked(index) else { return self.news() };
        self.answered.push(id);
        if self.tape.chance(150) {
            let (error, message) = messages::error(self.tape, 300);
            self.probe.will_be_answered(Some(id), Err(message));
            return self.layout.error(&id.to_string(), &error);
        }
        let odd = self.tape.chance(60);
        let result = match method.as_str() {
            _ if odd => self.tape.pick(&["null", "\"1.4\"", "[]", "tru", "{\"hex\":\"\"}", "[\"x\",1.4]"]).into(),
            "server.version" => {
                let range = self.probe.config().versions;
                let version =
                    if self.tape.chance(150) { self.tape.pick(&VERSIONS).into() } else { range.max().to_string() };
                format!("[\"Sim 1\",\"{version}\"]")
            }
            "server.features" if self.tape.chance(100) => messages::features(&messages::other_genesis()),
            "server.features" => messages::features(GENESIS),
            "blockchain.headers.subscribe" => messages::tip(self.tape.below(3), 0),
            "raw.news" => "[1]".into(),
            "blockchain.outpoint.subscribe" => messages::output(self.tape.below(4)),
            method if method.ends_with(".unsubscribe") => "true".into(),
            method if method.ends_with(".subscribe") => messages::status(self.tape.below(3)),
            "server.ping" => "null".into(),
            _ => format!("\"for {id}\""),
        };
        self.probe.will_be_answered(Some(id), Ok(result.clone()));
        self.layout.result(&id.to_string(), &result)
    }
}
