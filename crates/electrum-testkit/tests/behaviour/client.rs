//! A client in virtual time, without sockets.

use std::time::Duration;

use electrum_testkit::chain::Chain;
use electrum_testkit::session::{Action, Session};
use electrum_testkit::{Family, Host, Peer};
use serde_json::{Value, json};

/// Longer than anything is held back, shorter than a connection may be idle.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to a host.
pub(crate) struct Client {
    /// The server.
    pub(crate) host: Host,
    /// Whether the server has closed the connection.
    pub(crate) closed: bool,
    peer: Peer,
    /// The time.
    pub(crate) now: Duration,
    received: String,
}

impl Client {
    /// A connection to a new server on a funded chain.
    pub(crate) fn connect(family: Family) -> Self {
        let mut host = Host::new(family, Chain::funded());
        let peer = host.connect(Duration::ZERO);
        Self { host, peer, now: Duration::ZERO, received: String::new(), closed: false }
    }

    /// A connection that has negotiated a version.
    pub(crate) fn ready(family: Family, version: &str) -> Self {
        let mut client = Self::connect(family);
        let result = client.call("server.version", json!(["test", version]));
        assert_eq!(result[1], version, "{family}");
        client
    }

    /// Sends bytes and gives the lines that came, however long they were held back.
    pub(crate) fn send(&mut self, bytes: &str) -> Vec<Value> {
        self.host.receive(self.now, self.peer, bytes.as_bytes());
        self.lines()
    }

    /// The answer to a call, all of it.
    pub(crate) fn reply(&mut self, method: &str, params: Value) -> Value {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let mut lines = self.send(&format!("{call}\n"));
        assert_eq!(lines.len(), 1, "{call}: {lines:?}");
        lines.remove(0)
    }

    /// The result of a call.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        let mut reply = self.reply(method, params);
        assert!(reply["error"].is_null(), "{method}: {reply}");
        reply["result"].take()
    }

    /// The error code of a call.
    pub(crate) fn error(&mut self, method: &str, params: Value) -> i64 {
        let reply = self.reply(method, params);
        reply["error"]["code"].as_i64().unwrap_or_else(|| panic!("{method}: {reply}"))
    }

    /// Changes the chain and gives the lines that came of it.
    pub(crate) fn change<T>(&mut self, change: impl FnOnce(&mut Chain) -> T) -> Vec<Value> {
        self.host.change(self.now, change);
        self.lines()
    }

    /// The session at the other end.
    pub(crate) fn session(&self) -> &Session {
        self.host.session(self.peer).unwrap()
    }

    /// Lets time pass, and no more of it.
    pub(crate) fn wait(&mut self, time: Duration) {
        self.now += time;
        self.host.wake(self.now, self.peer);
        self.drain();
    }

    fn lines(&mut self) -> Vec<Value> {
        loop {
            self.drain();
            let soon = self.now + PATIENCE;
            let due = self.host.wake_at(self.peer).filter(|due| *due <= soon);
            let Some(due) = due else { break };
            self.now = self.now.max(due);
            self.host.wake(self.now, self.peer);
        }
        let text = std::mem::take(&mut self.received);
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn drain(&mut self) {
        while let Some(action) = self.host.action(self.peer) {
            match action {
                Action::Write(bytes) => {
                    self.received.push_str(std::str::from_utf8(&bytes).unwrap());
                }
                Action::Close => self.closed = true,
            }
        }
    }
}
