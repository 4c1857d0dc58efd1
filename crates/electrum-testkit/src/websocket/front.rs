//! Listens for WebSockets before a server that speaks in lines.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::endpoint::Endpoint;

/// A listener for WebSockets that passes each connection on to a server, one of its own for each.
///
/// ```
/// use electrum_testkit::prelude::*;
///
/// let server = Server::start(Family::ElectrumX1_16);
/// let front = server.websocket();
/// assert!(front.url().starts_with("ws://127.0.0.1:"));
/// ```
///
/// It stops, with all its connections, when it is dropped. What becomes of the server's side of a connection becomes of
/// the client's: an end is a close frame and the end of the stream.
#[derive(Debug)]
pub struct WebSocketFront {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_over: bool,
    streams: Vec<TcpStream>,
    threads: Vec<JoinHandle<()>>,
}

impl WebSocketFront {
    /// Starts to listen on 127.0.0.1, at a port that the system picks, before this server.
    ///
    /// # Errors
    /// If the system has no port.
    pub fn start(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { server, state: Mutex::default() });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&shared, &listener)
        });
        Ok(Self { address, shared, acceptor: Some(acceptor) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as `ws://127.0.0.1:PORT`. Any path is fine.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }
}

impl Drop for WebSocketFront {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        // The acceptor looks whether to go on when someone connects.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        let (streams, threads) = {
            let mut state = self.shared.lock();
            (std::mem::take(&mut state.streams), std::mem::take(&mut state.threads))
        };
        streams.iter().for_each(shut);
        for thread in threads {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accept(shared: &Shared, listener: &TcpListener) {
    for client in listener.incoming() {
        let mut state = shared.lock();
        if state.is_over {
            return;
        }
        let Ok(client) = client else { continue };
        // Without a server the client's connection ends, as it would at the server's own port.
        let Ok(server) = TcpStream::connect(shared.server) else { continue };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        state.streams.extend([&client, &server].into_iter().filter_map(|stream| stream.try_clone().ok()));
        state.threads.push(thread::spawn(move || pass_on(&client, &server)));
    }
}

/// Passes bytes on in both directions until one side ends.
fn pass_on(client: &TcpStream, server: &TcpStream) {
    let endpoint = Mutex::new(Endpoint::default());
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = to_server(client, server, &endpoint);
            shut(server);
        });
        let _ = to_client(client, server, &endpoint);
        shut(client);
    });
}

fn to_server(mut client: &TcpStream, mut server: &TcpStream, endpoint: &Mutex<Endpoint>) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = client.read(&mut buffer)?;
        let lines = answering(client, endpoint, |endpoint| endpoint.received(&buffer[..count]))?;
        match lines? {
            Some(lines) if count > 0 => server.write_all(&lines)?,
            _ => return Ok(()),
        }
    }
}

fn to_client(client: &TcpStream, mut server: &TcpStream, endpoint: &Mutex<Endpoint>) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = server.read(&mut buffer)?;
        if count == 0 {
            return answering(client, endpoint, Endpoint::close);
        }
        answering(client, endpoint, |endpoint| endpoint.send(&buffer[..count]))?;
    }
}

/// Does something with the endpoint, and writes what it then has for the client.
fn answering<T>(
    mut client: &TcpStream,
    endpoint: &Mutex<Endpoint>,
    act: impl FnOnce(&mut Endpoint) -> T,
) -> io::Result<T> {
    // Held while writing: frames of both directions must not mix.
    let mut endpoint = endpoint.lock().unwrap_or_else(PoisonError::into_inner);
    let result = act(&mut endpoint);
    client.write_all(&endpoint.take_outgoing())?;
    Ok(result)
}

fn shut(stream: &TcpStream) {
    // It may be closed already.
    let _ = stream.shutdown(Shutdown::Both);
}
