//! Backpressure: servers that read nothing for a while block no thread for long, and lose no request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use electrum_blocking::proto::operations::{Ping, Raw};
use electrum_blocking::transport::ServerAddr;
use electrum_blocking::{CallError, Client};

/// A time-out that is reached only by what never ends.
const LONG: Duration = Duration::from_secs(60);
/// More bytes than the system buffers in one direction.
const FLOOD: usize = 16 * 1024 * 1024;
/// The bytes of one request.
const REQUEST: usize = 256 * 1024;

/// What the server does on a connection after the handshake.
type Script = Box<dyn FnOnce(BufReader<TcpStream>) + Send>;

fn server(script: Script) -> (Client, JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let mut lines = BufReader::new(stream);
        answer(&mut lines, r#"["x","1.4"]"#);
        script(lines);
    });
    let client = Client::connect(format!("tcp://{address}").parse::<ServerAddr>().unwrap()).unwrap();
    (client, server)
}

/// Reads one request and answers it. Returns whether there was one.
fn answer(lines: &mut BufReader<TcpStream>, result: &str) -> bool {
    let mut line = String::new();
    if lines.read_line(&mut line).unwrap_or(0) == 0 {
        return false;
    }
    let line: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    let id: u64 = line.split("\"id\":").nth(1).unwrap().split([',', '}']).next().unwrap().parse().unwrap();
    writeln!(lines.get_mut(), r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#).is_ok()
}

fn large_requests() -> Vec<Raw> {
    (0..FLOOD / REQUEST).map(|_| Raw::reading("large", vec!["x".repeat(REQUEST).into()])).collect()
}

/// The server writes until the buffers of both directions are full, and only then reads requests.
#[test]
fn a_server_that_does_not_read_while_it_writes_answers_every_call() {
    let (client, server) = server(Box::new(|mut lines| {
        // The first request has arrived: the client is writing.
        assert_eq!(lines.fill_buf().unwrap().first(), Some(&b'{'));
        let line = format!("{{\"jsonrpc\":\"2.0\",\"method\":\"unknown\",\"params\":[\"{}\"]}}\n", "y".repeat(1024));
        for _ in 0..FLOOD / 1024 {
            lines.get_mut().write_all(line.as_bytes()).unwrap();
        }
        while answer(&mut lines, "true") {}
    }));
    let results = client.batch(large_requests());
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    drop(client);
    server.join().unwrap();
}

fn deaf() -> (Client, JoinHandle<()>, Sender<()>, Receiver<()>) {
    let (wake, woken) = channel::<()>();
    let (asleep, sleeps) = channel();
    let (client, server) = server(Box::new(move |mut lines| {
        asleep.send(()).unwrap();
        let _ = woken.recv_timeout(LONG);
        let _ = lines.read_to_end(&mut Vec::new());
    }));
    (client, server, wake, sleeps)
}

/// A caller that writes its own request does not block beyond its deadline.
#[test]
fn a_call_to_a_server_that_reads_nothing_ends_at_its_deadline() {
    let (client, server, wake, sleeps) = deaf();
    let full = client.clone();
    let full = thread::spawn(move || full.batch(large_requests()));
    sleeps.recv_timeout(LONG).unwrap();
    for _ in 0..3 {
        let result = client.call_within(Duration::from_millis(20), Ping);
        assert!(result.is_err_and(|error| error != CallError::Closed));
    }
    // Closing does not block either.
    client.close();
    assert!(full.join().unwrap().iter().all(|result| *result == Err(CallError::Closed)));
    wake.send(()).unwrap();
    server.join().unwrap();
}
