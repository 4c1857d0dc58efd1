//! A listener between client and server that passes everything on and remembers what the client asked.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use electrum_testkit::listener::Listener;
use serde_json::Value;

/// Listens on a port of its own for connections to a server on loopback.
///
/// It ends with the connections that it carries when it is dropped.
#[derive(Debug)]
pub struct Relay {
    listener: Listener,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl Relay {
    /// Stands before the server of this port.
    ///
    /// # Panics
    /// When the system has no port.
    #[must_use]
    pub fn before(server: u16) -> Self {
        let requests = Arc::<Mutex<Vec<Value>>>::default();
        let noted = Arc::clone(&requests);
        // If the server is down, the client sees its connection end.
        let listener = Listener::start(move |_, client| drop(carry(&client, server, &noted)));
        Self { listener, requests }
    }

    /// Where it listens, as `tcp://127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("tcp://{}", self.listener.addr())
    }

    /// All requests so far, in the order in which they were written, whatever connection they came on.
    /// One is here before the server has it, so whatever was answered is here.
    #[must_use]
    pub fn requests(&self) -> Vec<Value> {
        lock(&self.requests).clone()
    }

    /// How often each method was asked for so far.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for request in lock(&self.requests).iter() {
            *counts.entry(request["method"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        counts
    }
}

fn carry(client: &TcpStream, server: u16, requests: &Mutex<Vec<Value>>) -> io::Result<()> {
    let server = &TcpStream::connect((Ipv4Addr::LOCALHOST, server))?;
    server.set_nodelay(true)?;
    thread::scope(|scope| {
        scope.spawn(|| pass_on(server, client, |_| {}));
        let mut unread = Vec::new();
        pass_on(client, server, |bytes| note(requests, &mut unread, bytes));
    });
    Ok(())
}

/// Takes the whole lines out of what came.
fn note(requests: &Mutex<Vec<Value>>, unread: &mut Vec<u8>, bytes: &[u8]) {
    unread.extend_from_slice(bytes);
    let Some(end) = unread.iter().rposition(|byte| *byte == b'\n') else { return };
    let lines: Vec<u8> = unread.drain(..=end).collect();
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let request = serde_json::from_slice(line).unwrap_or_else(|_| String::from_utf8_lossy(line).into());
        match request {
            Value::Array(batch) => lock(requests).extend(batch),
            request => lock(requests).push(request),
        }
    }
}

fn lock(requests: &Mutex<Vec<Value>>) -> MutexGuard<'_, Vec<Value>> {
    requests.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Until one side ends, which ends the other.
fn pass_on(mut from: &TcpStream, mut to: &TcpStream, mut look: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        look(&buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // They may be closed already.
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
