//! How the connection to a TLS server ends, as the server sees it.
#![cfg(feature = "tls")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use electrum_blocking::transport::{Fingerprint, Pin};
use electrum_blocking::{Client, Config, ConnectionEvent, MemoryPins, PinStore};
use electrum_testkit::tls::Identity;
use rustls::{ServerConnection, StreamOwned};

/// A time-out that is reached only by what never ends.
const BOUND: Duration = Duration::from_secs(60);

/// Serves one connection. Returns the server's address, the fingerprint of its certificate, and how the connection
/// ended.
fn server() -> (String, Fingerprint, Receiver<String>) {
    let identity = Identity::self_signed("127.0.0.1");
    let config = identity.config();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ssl://{}", listener.local_addr().unwrap());
    let (sender, ended) = channel();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        let tls = ServerConnection::new(config).unwrap();
        let mut stream = BufReader::new(StreamOwned::new(tls, stream));
        let end = loop {
            let mut line = String::new();
            match stream.read_line(&mut line) {
                Ok(0) => break "close_notify".to_owned(),
                Ok(_) => {
                    let id = line.split("\"id\":").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
                    let answer = format!("{{\"id\":{id},\"result\":[\"Peer 1\",\"1.4\"]}}\n");
                    stream.get_mut().write_all(answer.as_bytes()).unwrap();
                }
                Err(error) => break error.to_string(),
            }
        };
        // Fails if the test has failed meanwhile.
        let _ = sender.send(end);
    });
    (url, Fingerprint::of_certificate(identity.certificate()), ended)
}

#[test]
fn a_client_that_is_closed_sends_close_notify() {
    let (url, _, ended) = server();
    let client = Client::connect(Config::new([url.parse().unwrap()])).unwrap();
    let mut events = client.events();
    while !matches!(events.next_within(BOUND), Ok(ConnectionEvent::Ready { .. })) {}
    client.close();
    assert_eq!(ended.recv_timeout(BOUND).unwrap(), "close_notify");
}

#[test]
fn a_certificate_that_is_refused_is_refused_with_an_alert() {
    let (url, fingerprint, ended) = server();
    let server: electrum_blocking::transport::ServerAddr = url.parse().unwrap();
    let other = Pin::Certificate(Fingerprint::from_bytes([7; 32]));
    assert_ne!(other, Pin::Certificate(fingerprint));
    let pins = MemoryPins::new();
    pins.replace(&server.host().to_string(), server.port(), None, Some(other)).unwrap();
    let config = Config { pins: Arc::new(pins), ..Config::new([server]) };
    let client = Client::connect(config).unwrap();
    let end = ended.recv_timeout(BOUND).unwrap();
    assert!(end.contains("AccessDenied"), "{end}");
    drop(client);
}
