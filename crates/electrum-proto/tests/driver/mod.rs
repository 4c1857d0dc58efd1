//! A driver for tests of the machine, in which the test plays the server.
#![allow(dead_code, unreachable_pub, reason = "each test uses what it needs")]

use electrum_proto::{
    Action, Client, CloseCause, Config, ConnId, Event, Input, Request, Script, SubId, TimerKind, Timestamp, Topic,
    Update,
};

/// A driver that does only what the client returned.
pub struct Driver {
    pub client: Client,
    pub now: Timestamp,
    pub conn: Option<ConnId>,
    /// Everything that the client did, in words.
    pub seen: Vec<String>,
}

impl Driver {
    pub fn new(config: Config) -> Self {
        let now = Timestamp::from_millis(1_000_000);
        Self { client: Client::new(config, now), now, conn: None, seen: Vec::new() }
    }

    /// A driver whose client is ready on protocol `version`.
    pub fn ready(version: &str) -> Self {
        Self::ready_with(Config::default(), version)
    }

    /// The same with this configuration.
    pub fn ready_with(config: Config, version: &str) -> Self {
        let mut driver = Self::new(config);
        driver.connect();
        driver.agree(version);
        driver
    }

    pub fn connect(&mut self) {
        self.drain();
        let conn = self.conn.expect("it wants to connect");
        self.client.handle(self.now, Input::Connected(conn));
        self.drain();
    }

    pub fn agree(&mut self, version: &str) {
        let id = self.written_id("server.version");
        self.read(&format!(r#"{{"jsonrpc":"2.0","result":["Test 1.0","{version}"],"id":{id}}}"#));
    }

    /// What is outgoing counts as written.
    pub fn write(&mut self) -> String {
        let text = String::from_utf8(self.client.outgoing().to_vec()).unwrap();
        if let Some(conn) = self.conn {
            self.client.handle(self.now, Input::Wrote(conn, text.len()));
        }
        text
    }

    /// Writes, and gives the id of the only request of this method among what was written.
    pub fn written_id(&mut self, method: &str) -> u64 {
        let ids = self.written_ids(method);
        assert_eq!(ids.len(), 1, "{method}");
        ids[0]
    }

    pub fn written_ids(&mut self, method: &str) -> Vec<u64> {
        ids_of(&self.write(), method)
    }

    pub fn read(&mut self, line: &str) {
        let conn = self.conn.expect("a link");
        self.client.handle(self.now, Input::Read(conn, format!("{line}\n").as_bytes()));
        self.drain();
    }

    /// Sends each request, and gives the ids.
    pub fn request_all<R: Request + std::fmt::Debug>(&mut self, requests: Vec<R>) -> Vec<u64> {
        let mut send = |request| self.client.request_until(self.now, Timestamp::MAX, request).unwrap().id.number();
        requests.into_iter().map(&mut send).collect()
    }

    /// Sleeps exactly until the client wants to be woken.
    pub fn sleep(&mut self) -> TimerKind {
        let (until, kind) = self.drain().expect("a moment to wake up at");
        assert!(until > self.now, "{kind:?} would spin");
        self.now = until;
        self.client.handle(self.now, Input::Tick);
        self.drain();
        kind
    }

    /// Sleeps until this timer fires.
    pub fn sleep_until(&mut self, kind: TimerKind) {
        assert!((0..1000).any(|_| self.sleep() == kind), "{kind:?} does not come");
    }

    /// Polls until the client waits, noting what it does.
    pub fn drain(&mut self) -> Option<(Timestamp, TimerKind)> {
        for _ in 0..100_000 {
            let word = match self.client.poll() {
                Action::Wait(wait) => {
                    assert_eq!(self.client.poll(), Action::Wait(wait), "waiting changes nothing");
                    assert_eq!(wait.write, !self.client.outgoing().is_empty());
                    return wait.until;
                }
                Action::Finished => return None,
                Action::Connect(conn, server) => {
                    self.conn = Some(conn);
                    format!("connect {}", server.0)
                }
                Action::Disconnect(_) => "disconnect".into(),
                Action::Event(Event::Ready { version, software, .. }) => format!("ready {version} {software}"),
                Action::Event(Event::Reply { id, result }) => {
                    format!("reply {} {:?}", id.number(), result.map(|reply| reply.result.as_str().to_owned()))
                }
                Action::Event(Event::Update { value, origin, .. }) => format!("{origin:?} {}", short(&value)),
                Action::Event(Event::Down { cause, .. }) => format!("down {}", cause.name()),
                Action::Event(other) => format!("{other:?}"),
            };
            self.seen.push(word);
        }
        panic!("it never waits: {:?}", &self.seen[..10]);
    }

    pub fn seen(&mut self) -> Vec<String> {
        std::mem::take(&mut self.seen)
    }
}

/// The ids of the requests of this method among these lines.
pub fn ids_of(lines: &str, method: &str) -> Vec<u64> {
    let requests = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    requests.filter(|request| request["method"] == method).map(|request| request["id"].as_u64().unwrap()).collect()
}

fn short(value: &Update) -> String {
    match value {
        Update::Headers(tip) => format!("height {}", tip.height),
        Update::Script(None) => "no history".into(),
        Update::Script(Some(status)) => format!("status {}", &status.to_string()[..4]),
        other => format!("{other:?}"),
    }
}

pub fn script() -> Script {
    Script::new(*b"\x51")
}

/// A topic for each number.
pub fn other_script(number: u8) -> Topic {
    Topic::Script(Script::new([0x51, number]))
}

pub fn status(digit: char) -> String {
    digit.to_string().repeat(64)
}

impl Driver {
    pub fn agree_on_nothing(&mut self) {
        assert_eq!(self.sleep(), TimerKind::Handshake);
    }

    /// Waits for the next attempt, after which the client is ready again.
    pub fn reconnect(&mut self, version: &str) {
        self.sleep();
        self.connect();
        self.agree(version);
    }

    pub fn close(&mut self, cause: CloseCause) {
        self.client.handle(self.now, Input::Closed(self.conn.expect("a link"), cause));
        self.drain();
    }

    pub fn subscribe(&mut self) -> SubId {
        self.client.subscribe(self.now, Topic::Script(script())).unwrap()
    }

    pub fn notify(&mut self, status: &str) {
        let hash = script().scripthash();
        self.read(&format!(r#"{{"method":"blockchain.scripthash.subscribe","params":["{hash}","{status}"]}}"#));
    }

    /// What follows from a notification of the script of [`subscribe`](Self::subscribe).
    pub fn notified(&mut self, digit: char) -> Vec<String> {
        self.seen();
        self.notify(&status(digit));
        self.seen()
    }

    pub fn answer_pings(&mut self) {
        for id in self.written_ids("server.ping") {
            self.read(&format!(r#"{{"id":{id},"result":null}}"#));
        }
    }

    pub fn answer(&mut self, method: &str, result: &str) {
        let id = self.written_id(method);
        self.read(&format!(r#"{{"id":{id},"result":{result}}}"#));
    }
}
