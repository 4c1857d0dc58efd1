//! A listener between client and server that passes everything on and remembers what the client asked.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use serde_json::Value;

/// Listens on a port of its own for connections to a server on loopback.
///
/// It ends with the connections that it carries when it is dropped.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    server: u16,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_over: bool,
    streams: Vec<TcpStream>,
    requests: Vec<Value>,
}

impl Relay {
    /// Stands before the server of this port.
    ///
    /// # Panics
    /// When the system has no port.
    #[must_use]
    pub fn before(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared { server, state: Mutex::default() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept(&listener));
        Self { port, shared }
    }

    /// Where it listens, as `tcp://127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port)
    }

    /// All requests so far, in the order in which they were written, whatever connection they came on.
    /// One is here before the server has it, so whatever was answered is here.
    #[must_use]
    pub fn requests(&self) -> Vec<Value> {
        self.shared.lock().requests.clone()
    }

    /// How often each method was asked for so far.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for request in &self.shared.lock().requests {
            *counts.entry(request["method"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        counts
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_over = true;
        for stream in state.streams.drain(..) {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        // Wakes the one that accepts, which then ends.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.lock().is_over {
                return;
            }
            // Who came has gone again, or the server is down: the client sees its connection end.
            let (Ok(client), Ok(server)) = (client, TcpStream::connect((Ipv4Addr::LOCALHOST, self.server))) else {
                continue;
            };
            self.carry(client, server).expect("the sockets work");
        }
    }

    fn carry(self: &Arc<Self>, mut client: TcpStream, mut server: TcpStream) -> std::io::Result<()> {
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
        self.lock().streams.extend([client.try_clone()?, server.try_clone()?]);
        let shared = Arc::clone(self);
        thread::spawn(move || {
            let mut unread = Vec::new();
            pass_on(&mut client, &mut server, |bytes| shared.note(&mut unread, bytes));
        });
        thread::spawn(move || pass_on(&mut from_server, &mut to_client, |_| {}));
        Ok(())
    }

    /// Takes the whole lines out of what came.
    fn note(&self, unread: &mut Vec<u8>, bytes: &[u8]) {
        unread.extend_from_slice(bytes);
        let Some(end) = unread.iter().rposition(|byte| *byte == b'\n') else { return };
        let lines: Vec<u8> = unread.drain(..=end).collect();
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let request = serde_json::from_slice(line).unwrap_or_else(|_| String::from_utf8_lossy(line).into());
            match request {
                Value::Array(batch) => self.lock().requests.extend(batch),
                request => self.lock().requests.push(request),
            }
        }
    }
}

/// Until one side ends, which ends the other.
fn pass_on(from: &mut TcpStream, to: &mut TcpStream, mut look: impl FnMut(&[u8])) {
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
