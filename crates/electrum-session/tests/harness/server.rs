//! A server whose answers are decided by a function of the test.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use electrum_testkit::listener::Listener;
use serde_json::{Value, json};

/// A request that the server received.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The number of the connection, from zero.
    pub(crate) connection: usize,
    pub(crate) method: String,
    pub(crate) params: Value,
    /// The authorization that it carries.
    pub(crate) authorization: Option<String>,
    pub(crate) at: Instant,
}

/// What the server does about a request.
#[derive(Clone, Debug)]
pub(crate) enum Reaction {
    Result(Value),
    Error(i64, &'static str),
    /// No answer.
    Silence,
    /// The answer comes with that to the next request.
    Later(Value),
    /// A line as it is.
    Line(&'static str),
    /// The end of the connection.
    Close,
}

/// Decides on the answer to a request; `None` stands for the usual one.
pub(crate) trait Behaviour: Fn(&Asked) -> Option<Reaction> + Send + Sync + 'static {}

impl<F: Fn(&Asked) -> Option<Reaction> + Send + Sync + 'static> Behaviour for F {}

/// A running server. Dropping it ends its connections.
pub(crate) struct Server {
    listener: Listener,
    shared: Arc<Shared>,
}

struct Shared {
    behaviour: Box<dyn Behaviour>,
    asked: Mutex<Vec<Asked>>,
    /// The newest connection, for notifications.
    socket: Mutex<Option<TcpStream>>,
}

impl Server {
    pub(crate) fn start(behaviour: impl Behaviour) -> Self {
        let shared =
            Arc::new(Shared { behaviour: Box::new(behaviour), asked: Mutex::default(), socket: Mutex::default() });
        let serving = Arc::clone(&shared);
        let listener = Listener::start(move |connection, socket| {
            *serving.socket.lock().unwrap() = Some(socket.try_clone().unwrap());
            serving.serve(connection, &socket);
        });
        Self { listener, shared }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// The requests so far, other than the handshake.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// The authorizations of the requests so far that carry one, other than the handshake.
    pub(crate) fn authorizations(&self) -> Vec<String> {
        self.asked().into_iter().filter_map(|asked| asked.authorization).collect()
    }

    /// Waits until the server was asked something of which `is_it` holds.
    pub(crate) fn wait_asked(&self, is_it: impl Fn(&Asked) -> bool) {
        while !self.asked().iter().any(&is_it) {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Sends a notification on the newest connection.
    pub(crate) fn notify(&self, method: &str, params: &Value) {
        let notification = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        let socket = self.shared.socket.lock().unwrap();
        writeln!(socket.as_ref().expect("a connection"), "{notification}").unwrap();
    }
}

impl Shared {
    fn serve(&self, connection: usize, socket: &TcpStream) {
        let mut later = None;
        for line in BufReader::new(socket).lines() {
            let Ok(line) = line else { return };
            let request: Value = serde_json::from_str(&line).unwrap();
            let (method, params) = (request["method"].as_str().unwrap().to_owned(), request["params"].clone());
            let authorization = request["authorization"].as_str().map(str::to_owned);
            let asked = Asked { connection, method, params, authorization, at: Instant::now() };
            let usual = usual(&asked.method);
            let reaction = (self.behaviour)(&asked).unwrap_or(Reaction::Result(usual));
            if asked.method != "server.version" {
                self.asked.lock().unwrap().push(asked);
            }
            let id = &request["id"];
            let mut text = match reaction {
                Reaction::Result(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string() + "\n",
                Reaction::Error(code, message) => {
                    let error = json!({ "code": code, "message": message });
                    json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string() + "\n"
                }
                Reaction::Silence => continue,
                Reaction::Later(result) => {
                    later = Some(json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string() + "\n");
                    continue;
                }
                Reaction::Line(line) => format!("{line}\n"),
                Reaction::Close => return drop(socket.shutdown(std::net::Shutdown::Both)),
            };
            text.insert_str(0, &later.take().unwrap_or_default());
            if (&*socket).write_all(text.as_bytes()).is_err() {
                return;
            }
        }
    }
}

fn usual(method: &str) -> Value {
    match method {
        "server.version" => json!(["Test 1.0", "1.4"]),
        "server.banner" => json!("Welcome!"),
        "blockchain.headers.subscribe" => tip(1),
        _ => Value::Null,
    }
}

/// A tip of some height.
pub(crate) fn tip(height: u32) -> Value {
    json!({ "height": height, "hex": "00".repeat(80) })
}
