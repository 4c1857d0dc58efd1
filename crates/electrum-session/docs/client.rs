// The hidden part of the examples of `Client`: a client, and a server in the same process that answers it.
use std::collections::VecDeque;
use std::future::{Future, ready};
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use electrum_session::drive::{Runtime, Socket, Timer, drive};
use electrum_session::transport::{DialTarget, ServerAddr};
use electrum_session::{Client, Driver, Step};

/// Makes a client that is driven by a thread of its own.
pub fn client() -> Client {
    let server: ServerAddr = "tcp://in-process:50001".parse().unwrap();
    let (client, driver) = drive(server, InProcess);
    std::thread::spawn(|| electrum_session::block_on(driver));
    client
}

/// Runs an example.
pub fn run(example: impl Future<Output = Result<(), Box<dyn std::error::Error>>>) {
    electrum_session::block_on(example).unwrap();
}

/// Lets the handshake of a client that is driven by hand take place.
pub fn handshake(driver: &Driver) {
    let Step::Connect(conn, _) = driver.poll() else { unreachable!() };
    driver.connected(conn);
    driver.with(|session, now| {
        let written = session.outgoing().len();
        session.wrote(now, conn, written);
        session.read(now, conn, b"{\"id\":1,\"result\":[\"Example 1.0\",\"1.4\"]}\n");
    });
}

/// What the server answers to a method.
fn answer(method: &str) -> String {
    let result = match method {
        "server.version" => r#"["Example 1.0","1.4"]"#,
        "server.banner" => r#""Welcome!""#,
        "blockchain.scripthash.get_balance" => r#"{"confirmed":70000,"unconfirmed":0}"#,
        "blockchain.scripthash.get_history" => r#"[]"#,
        "blockchain.scripthash.subscribe" => "null",
        "blockchain.headers.subscribe" => {
            let merkle_root = "3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a";
            let (before, rest) = ("00".repeat(32), "29ab5f49ffff001d1dac2b7c");
            return format!(r#""result":{{"height":0,"hex":"01000000{before}{merkle_root}{rest}"}}"#);
        }
        "blockchain.transaction.broadcast" => {
            let message = r"the transaction was rejected by network rules.\n\nbad-txns-vin-empty\n[00]";
            return format!(r#""error":{{"code":1,"message":"{message}"}}"#);
        }
        _ => return r#""error":{"code":-32601,"message":"unknown method"}"#.to_owned(),
    };
    format!(r#""result":{result}"#)
}

struct InProcess;

/// The server's answers that are still unread.
#[derive(Default)]
pub struct Answers(VecDeque<u8>);

/// A timer that never fires.
pub struct Never;

impl Runtime for InProcess {
    type Socket = Answers;
    type Timer = Never;

    fn connect(&mut self, _: DialTarget, _: Duration) -> impl Future<Output = io::Result<Answers>> + Send + 'static {
        ready(Ok(Answers::default()))
    }

    fn timer(&self) -> Never {
        Never
    }
}

impl Socket for Answers {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match io::Read::read(&mut self.0, buffer)? {
            0 => Poll::Pending,
            count => Poll::Ready(Ok(count)),
        }
    }

    fn poll_write(&mut self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        for request in bytes.split_inclusive(|&byte| byte == b'\n') {
            let request: serde_json::Value = serde_json::from_slice(request)?;
            let answer = answer(request["method"].as_str().unwrap_or_default());
            self.0.extend(format!("{{\"id\":{},{answer}}}\n", request["id"]).as_bytes());
        }
        Poll::Ready(Ok(bytes.len()))
    }
}

impl Timer for Never {
    fn set(&mut self, _: Duration) {}

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}
