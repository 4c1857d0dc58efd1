//! A plain client: lines of JSON over a socket, and nothing of the project.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::spend::scripthash;

/// For whatever is awaited. The slowest servers look at bitcoind every five seconds, blocks before mempool.
const BOUND: Duration = Duration::from_secs(60);

/// A server's error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its code.
    pub code: i64,
    /// Its words.
    pub message: String,
}

/// A connection to the TCP service of a server on loopback. Methods panic when nothing comes within a minute.
#[derive(Debug)]
pub struct Wire {
    reader: BufReader<TcpStream>,
    next_id: u64,
    notifications: VecDeque<(String, Value)>,
}

impl Wire {
    /// Connects, and says nothing.
    ///
    /// # Panics
    /// When no server listens.
    #[must_use]
    #[track_caller]
    pub fn connect(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        Self { reader: BufReader::new(stream), next_id: 0, notifications: VecDeque::new() }
    }

    /// Connects and agrees on this version.
    ///
    /// # Panics
    /// When the server takes another one.
    #[must_use]
    #[track_caller]
    pub fn negotiated(port: u16, version: &str) -> Self {
        let mut wire = Self::connect(port);
        let answer = wire.call("server.version", &json!(["wire", version])).expect("the version is spoken");
        assert_eq!(answer[1], version);
        wire
    }

    /// Calls a method and waits for its answer; notifications that come before are kept.
    ///
    /// # Panics
    /// When the server closes.
    #[track_caller]
    pub fn call(&mut self, method: &str, params: &Value) -> Result<Value, Refusal> {
        self.try_call(method, params).expect("the server answers")
    }

    /// Like [`call`](Self::call), with `None` when the server closes instead of answering.
    #[track_caller]
    pub fn try_call(&mut self, method: &str, params: &Value) -> Option<Result<Value, Refusal>> {
        let id = self.write(method, params)?;
        let deadline = Instant::now() + BOUND;
        self.answer(deadline).map(|(answered, answer)| {
            assert_eq!(answered, id, "nothing else was asked");
            answer
        })
    }

    /// Calls a method for each of these parameters, all at once; gives the answers in the same order.
    ///
    /// # Panics
    /// When the server closes.
    #[track_caller]
    pub fn calls(&mut self, method: &str, all: &[Value]) -> Vec<Result<Value, Refusal>> {
        let first = self.next_id;
        for params in all {
            self.write(method, params).expect("the server reads");
        }
        let deadline = Instant::now() + BOUND;
        let mut answers: BTreeMap<u64, Result<Value, Refusal>> = BTreeMap::new();
        while answers.len() < all.len() {
            let (id, answer) = self.answer(deadline).expect("the server answers");
            assert!(id >= first && answers.insert(id, answer).is_none(), "{id} was answered twice");
        }
        answers.into_values().collect()
    }

    /// The transactions of a script with their heights, as the server lists them.
    ///
    /// # Panics
    /// When the server refuses.
    #[track_caller]
    pub fn history(&mut self, script: &[u8]) -> Vec<(String, i64)> {
        let history = self.call("blockchain.scripthash.get_history", &json!([scripthash(script)])).expect("a history");
        let entry = |entry: &Value| {
            let txid = entry["tx_hash"].as_str().expect("an id").to_owned();
            (txid, entry["height"].as_i64().expect("a height"))
        };
        history.as_array().expect("a list").iter().map(entry).collect()
    }

    /// Writes a request; gives its id.
    fn write(&mut self, method: &str, params: &Value) -> Option<u64> {
        let id = self.next_id;
        self.next_id += 1;
        let line = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.reader.get_mut().write_all(format!("{line}\n").as_bytes()).ok()?;
        Some(id)
    }

    /// The next answer, and to which request; `None` when the server closes.
    #[track_caller]
    fn answer(&mut self, deadline: Instant) -> Option<(u64, Result<Value, Refusal>)> {
        loop {
            let mut message = self.read(deadline)?;
            if let Some(method) = message["method"].as_str() {
                self.notifications.push_back((method.to_owned(), message["params"].clone()));
            } else if let Some(id) = message["id"].as_u64() {
                let answer = match &message["error"] {
                    Value::Null => Ok(message["result"].take()),
                    error => Err(Refusal {
                        code: error["code"].as_i64().expect("a code"),
                        message: error["message"].as_str().expect("a message").to_owned(),
                    }),
                };
                return Some((id, answer));
            }
        }
    }

    /// The parameters of the next notification of this method; others are dropped.
    ///
    /// # Panics
    /// When the server closes.
    #[track_caller]
    pub fn notification(&mut self, method: &str) -> Value {
        let deadline = Instant::now() + BOUND;
        loop {
            let (next, params) = match self.notifications.pop_front() {
                Some(kept) => kept,
                None => {
                    let message = self.read(deadline).expect("the server stays");
                    let method = message["method"].as_str().expect("a notification");
                    (method.to_owned(), message["params"].clone())
                }
            };
            if next == method {
                return params;
            }
        }
    }

    /// Waits until the server closes, and drops what it still says.
    #[track_caller]
    pub fn closed(mut self) {
        let deadline = Instant::now() + BOUND;
        while self.read(deadline).is_some() {}
    }

    /// The next line as JSON; `None` at the end of the connection, also by a reset.
    #[track_caller]
    fn read(&mut self, deadline: Instant) -> Option<Value> {
        let left = deadline.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "nothing awaited came in {BOUND:?}");
        self.reader.get_ref().set_read_timeout(Some(left)).expect("a socket option");
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                panic!("nothing awaited came in {BOUND:?}");
            }
            Err(_) => None,
        }
    }
}
