//! The server over real sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use electrum_testkit::prelude::*;
use serde_json::{Value, json};

const BOUND: Duration = Duration::from_secs(10);

struct Client {
    stream: TcpStream,
    lines: BufReader<TcpStream>,
    next: u64,
}

impl Client {
    fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(server.addr()).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap());
        Self { stream, lines, next: 0 }
    }

    /// A client that has agreed on a version.
    fn ready(server: &Server, version: &str) -> Self {
        let mut client = Self::connect(server);
        let result = client.call("server.version", json!(["test", version]));
        assert!(result[1].as_str().unwrap().starts_with(version), "{result}");
        client
    }

    fn send(&mut self, line: &str) {
        self.stream.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        (!line.is_empty()).then(|| serde_json::from_str(&line).unwrap())
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let call = json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params});
        self.send(&call.to_string());
        let mut reply = self.line().unwrap();
        assert_eq!(reply["id"], self.next, "{reply}");
        reply["result"].take()
    }
}

#[test]
fn every_family_shakes_hands_and_serves_headers_and_scripts() {
    for family in Family::ALL {
        let server = Server::builder(family).prompt().start().unwrap();
        let paid = server.pay(&script(1), 70_000);
        server.mine(1);
        let mut client = Client::ready(&server, "1.4");
        let tip = client.call("blockchain.headers.subscribe", json!([]));
        assert_eq!(tip["height"], 111, "{family}");
        assert_eq!(tip["hex"], server.chain(|chain| chain.tip().to_hex()));
        let hash = Hash256::of_script(&script(1));
        let status = client.call("blockchain.scripthash.subscribe", json!([hash.to_string()]));
        assert_eq!(status, json!(server.chain(|chain| chain.status(&hash))), "{family}");
        let balance = client.call("blockchain.scripthash.get_balance", json!([hash.to_string()]));
        assert_eq!(balance, json!({"confirmed": 70_000, "unconfirmed": 0}));
        let history = client.call("blockchain.scripthash.get_history", json!([hash.to_string()]));
        assert_eq!(history, json!([{"tx_hash": paid.to_string(), "height": 111}]));
    }
}

#[test]
fn subscribers_hear_of_blocks_and_payments() {
    let server = Server::start(Family::Fulcrum2_1);
    let mut client = Client::ready(&server, "1.4");
    client.call("blockchain.headers.subscribe", json!([]));
    let hash = Hash256::of_script(&script(1));
    assert_eq!(client.call("blockchain.scripthash.subscribe", json!([hash.to_string()])), Value::Null);
    server.pay(&script(1), 70_000);
    let notification = client.line().unwrap();
    assert_eq!(notification["method"], "blockchain.scripthash.subscribe");
    let status = server.chain(|chain| chain.status(&hash));
    assert_eq!(notification["params"], json!([hash.to_string(), status]));
    server.mine(1);
    assert_eq!(client.line().unwrap()["params"][0]["height"], 111);
    assert_ne!(client.line().unwrap()["params"][1], json!(status));
}

#[test]
fn a_broadcast_by_one_client_is_heard_by_another() {
    let server = Server::start(Family::ElectrumX1_16);
    let paid = server.pay(&script(1), 70_000);
    server.mine(1);
    let mut listener = Client::ready(&server, "1.4");
    let hash = Hash256::of_script(&script(2)).to_string();
    listener.call("blockchain.scripthash.subscribe", json!([hash]));
    let spend = Transaction::spending(OutPoint::new(paid, 0), 60_000, script(2));
    let mut sender = Client::ready(&server, "1.4");
    let txid = sender.call("blockchain.transaction.broadcast", json!([spend.to_hex()]));
    assert_eq!(txid, json!(spend.txid().to_string()));
    assert_eq!(listener.line().unwrap()["params"][0], json!(hash));
}

#[test]
fn a_restart_closes_connections_and_keeps_port_and_chain() {
    let mut server = Server::start(Family::Electrs);
    server.mine(1);
    let mut client = Client::ready(&server, "1.4");
    let address = server.addr();
    server.stop();
    assert_eq!(client.line(), None, "the connection ended");
    assert!(TcpStream::connect(address).is_err());
    server.mine(1);
    server.restart();
    assert_eq!(server.addr(), address);
    let mut client = Client::ready(&server, "1.4");
    assert_eq!(client.call("blockchain.headers.subscribe", json!([]))["height"], 112);
    assert_eq!(server.stats().connections, 2);
    assert_eq!(server.stats().open, 1);
}

#[test]
fn a_paused_server_answers_when_it_goes_on() {
    let server = Server::start(Family::Electrs);
    let mut client = Client::ready(&server, "1.4");
    server.pause();
    client.send(r#"{"id":7,"method":"server.ping"}"#);
    client.stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut byte = [0];
    assert!(client.stream.read(&mut byte).is_err(), "nothing came");
    client.stream.set_read_timeout(Some(BOUND)).unwrap();
    server.resume();
    assert_eq!(client.line().unwrap()["id"], 7);
}

#[test]
fn killed_connections_end_and_new_ones_are_welcome() {
    let server = Server::start(Family::ElectrumX1_16);
    let mut clients: Vec<_> = (0..5).map(|_| Client::ready(&server, "1.4")).collect();
    assert_eq!(server.stats().ready, 5);
    server.kill_connections();
    assert!(clients.iter_mut().all(|client| client.line().is_none()));
    assert_eq!(server.stats().open, 0);
    Client::ready(&server, "1.4");
}

#[test]
fn the_log_holds_the_lines_of_each_connection() {
    let server = Server::start(Family::Electrs);
    let mut client = Client::ready(&server, "1.4");
    client.call("server.ping", json!([]));
    drop(client);
    assert!(server.wait_until(BOUND, |stats| stats.open == 0));
    let log = server.log();
    assert_eq!(log.len(), 1);
    assert!(log[0].lines[0].contains("server.version"));
    assert!(log[0].lines[1].contains("server.ping"));
    assert_eq!(log[0].version.as_deref(), Some("1.4"));
    assert!(!log[0].open);
}

#[test]
fn a_client_that_writes_without_reading_does_not_stop_the_server() {
    let server = Server::start(Family::Electrs);
    let mut client = Client::ready(&server, "1.4");
    let call = r#"{"id":1,"method":"blockchain.block.headers","params":[0,100]}"#;
    let many = format!("{call}\n").repeat(1000);
    // 16 MB of answers: far more than the buffers of the two sockets hold.
    client.stream.write_all(many.as_bytes()).unwrap();
    for _ in 0..1000 {
        assert_eq!(client.line().unwrap()["result"]["count"], 100);
    }
}

#[test]
fn a_client_that_does_not_read_is_disconnected_beyond_the_buffer() {
    let server = Server::start(Family::Electrs);
    server.quirks(|quirks| quirks.max_buffer = Some(100_000));
    let mut client = Client::ready(&server, "1.4");
    let call = r#"{"id":1,"method":"blockchain.block.headers","params":[0,100]}"#;
    // The connection may be reset while this is written.
    let _ = client.stream.write_all(format!("{call}\n").repeat(1000).as_bytes());
    assert!(server.wait_until(BOUND, |stats| stats.open == 0));
    server.quirks(|quirks| quirks.max_buffer = None);
    let mut client = Client::ready(&server, "1.4");
    assert_eq!(client.call("server.ping", json!([])), Value::Null);
}

#[test]
fn held_back_answers_come_by_themselves() {
    let server = Server::start(Family::ElectrumX1_18);
    let mut client = Client::connect(&server);
    let answer = client.call("server.version", json!(["test", "1.4"]));
    assert_eq!(answer, json!(["ElectrumX 1.18.0", "1.4"]));
}

#[test]
fn restarts_under_load_end_connections_and_nothing_else() {
    let mut server = Server::start(Family::Fulcrum2_1);
    let address = server.addr();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut answers = 0;
                    while !over.load(Ordering::Relaxed) {
                        answers += ping_until_cut(address);
                    }
                    answers
                })
            })
            .collect();
        for round in 1..=5 {
            let pings = server.stats().requests("server.ping");
            let busy = |stats: &Stats| stats.requests("server.ping") > pings + 20;
            assert!(server.wait_until(BOUND, busy), "round {round}");
            server.restart();
        }
        over.store(true, Ordering::Relaxed);
        server.stop();
        assert_eq!(server.stats().open, 0);
        let answers: u64 = clients.into_iter().map(|client| client.join().unwrap()).sum();
        assert!(answers >= 50 && answers <= server.stats().requests("server.ping"));
    });
}

/// Pings one at a time until the connection ends; how many were answered.
fn ping_until_cut(address: SocketAddr) -> u64 {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return 0;
    };
    stream.set_read_timeout(Some(BOUND)).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    for n in 0.. {
        let call = format!("{{\"id\":{n},\"method\":\"server.ping\"}}\n");
        let sent = stream.write_all(call.as_bytes());
        match sent.is_ok().then(|| lines.next()).flatten() {
            Some(Ok(line)) => assert!(line.starts_with(&format!("{{\"id\":{n},")), "{line}"),
            _ => return n,
        }
    }
    0
}
