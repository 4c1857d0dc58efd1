//! A plain client that keeps ten requests in flight, with nothing of the project in it, to compare ours with.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use real_servers::{Kind, to_hex};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const IN_FLIGHT: usize = 10;

/// What a client came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscribed {
    /// How many scripts have a status.
    pub(crate) reported: usize,
    pub(crate) connections: usize,
    /// How many answers said that a script is not subscribed.
    pub(crate) refused: usize,
    pub(crate) time: Duration,
}

/// A connection on which a version was agreed on.
struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    /// `None` when the server does not accept it or does not answer.
    fn open(port: u16, version: &str) -> Option<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
        // A connection to a port that no process listens on can meet itself.
        if stream.local_addr().ok()? == stream.peer_addr().ok()? {
            return None;
        }
        stream.set_nodelay(true).ok()?;
        let mut connection = Self { reader: BufReader::new(stream) };
        connection.write(0, "server.version", &json!(["plain", version]))?;
        connection.read()?["result"].is_array().then_some(connection)
    }

    fn write(&mut self, id: usize, method: &str, params: &Value) -> Option<()> {
        let line = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.reader.get_mut().write_all(format!("{line}\n").as_bytes()).ok()
    }

    /// The next message; `None` when there is none within `limit`, or the server closes.
    fn read_within(&mut self, limit: Duration) -> Option<Value> {
        self.reader.get_ref().set_read_timeout(Some(limit)).ok()?;
        let mut line = String::new();
        self.reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        serde_json::from_str(&line).ok()
    }

    fn read(&mut self) -> Option<Value> {
        self.read_within(Duration::from_secs(60))
    }
}

/// Subscribes to all scripts, and asks again for what was refused or lost.
pub(crate) fn subscribe(kind: Kind, port: u16, scripts: &[Vec<u8>], bound: Duration) -> Subscribed {
    let start = Instant::now();
    let version = kind.newest();
    let (method, params): (_, Vec<String>) = match version {
        "1.7" => ("blockchain.scriptpubkey.subscribe", scripts.iter().map(|script| to_hex(script)).collect()),
        _ => ("blockchain.scripthash.subscribe", scripts.iter().map(|script| scripthash(script)).collect()),
    };
    let mut due: VecDeque<usize> = (0..scripts.len()).collect();
    let mut reported = vec![false; scripts.len()];
    let mut done = Subscribed::default();
    while !due.is_empty() && start.elapsed() < bound {
        let Some(mut connection) = Connection::open(port, version) else { continue };
        done.connections += 1;
        let mut asked: BTreeMap<usize, usize> = BTreeMap::new();
        let mut id = 0;
        while start.elapsed() < bound {
            while asked.len() < IN_FLIGHT {
                let Some(script) = due.pop_front() else { break };
                id += 1;
                asked.insert(id, script);
                if connection.write(id, method, &json!([params[script]])).is_none() {
                    break;
                }
            }
            if asked.is_empty() {
                break;
            }
            let Some(answer) = connection.read() else { break };
            let Some(script) = answer["id"].as_u64().and_then(|id| asked.remove(&(id as usize))) else { continue };
            if answer["error"].is_null() {
                reported[script] = true;
            } else {
                done.refused += 1;
                due.push_back(script);
            }
        }
        due.extend(asked.into_values());
    }
    done.reported = reported.iter().filter(|reported| **reported).count();
    done.time = start.elapsed();
    done
}

/// Connects again and again until the server answers; says when it did.
pub(crate) fn wait_until_answered(kind: Kind, port: u16, bound: Duration) -> Instant {
    let start = Instant::now();
    loop {
        if Connection::open(port, kind.newest()).is_some() {
            return Instant::now();
        }
        assert!(start.elapsed() < bound, "the server did not answer within {bound:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// As the protocol names a script up to 1.6. The crate's own takes a process for each.
fn scripthash(script: &[u8]) -> String {
    let digest = Sha256::digest(script);
    to_hex(&digest.iter().rev().copied().collect::<Vec<_>>())
}
