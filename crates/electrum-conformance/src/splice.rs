//! Moves bytes between two sockets, each direction in a thread of its own: neither waits for the other.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use electrum_testkit::websocket::Endpoint;
use rustls::ServerConnection;

use super::peer::end_with_reset;

/// What becomes of the bytes on the client's side.
pub(super) trait Layer: Sync {
    /// Turns what the client sent into what it means, and answers where the layer must; `None` once the client ended it.
    fn open(&self, client: &TcpStream, received: &[u8]) -> io::Result<Option<Vec<u8>>>;
    /// Sends something to the client.
    fn send(&self, client: &TcpStream, bytes: &[u8]) -> io::Result<()>;
    /// Ends the connection in order.
    fn end_in_order(&self, client: &TcpStream) -> io::Result<()>;
}

/// Bytes as they are.
impl Layer for () {
    fn open(&self, _: &TcpStream, received: &[u8]) -> io::Result<Option<Vec<u8>>> {
        Ok(Some(received.to_vec()))
    }

    fn send(&self, mut client: &TcpStream, bytes: &[u8]) -> io::Result<()> {
        client.write_all(bytes)
    }

    fn end_in_order(&self, _: &TcpStream) -> io::Result<()> {
        Ok(())
    }
}

/// TLS, after its handshake. From then on this side writes only what the server sends.
pub(super) struct Tls(pub(super) Shared);

/// A connection that both directions use.
pub(super) struct Shared(Mutex<ServerConnection>);

impl Shared {
    pub(super) fn new(mut tls: ServerConnection) -> Self {
        tls.set_buffer_limit(None);
        Self(Mutex::new(tls))
    }

    fn lock(&self) -> MutexGuard<'_, ServerConnection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to go over the wire after `change`.
    fn written(&self, change: impl FnOnce(&mut ServerConnection) -> io::Result<()>) -> io::Result<Vec<u8>> {
        let mut tls = self.lock();
        change(&mut tls)?;
        let mut due = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut due)?;
        }
        Ok(due)
    }
}

impl Layer for Tls {
    fn open(&self, _: &TcpStream, mut received: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let mut tls = self.0.lock();
        let mut plain = Vec::new();
        let has_ended = loop {
            if !received.is_empty() {
                tls.read_tls(&mut received)?;
            }
            let has_ended = tls.process_new_packets().map_err(io::Error::other)?.peer_has_closed();
            match tls.reader().read_to_end(&mut plain) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
            if received.is_empty() || has_ended {
                break has_ended;
            }
        };
        Ok(if has_ended && plain.is_empty() { None } else { Some(plain) })
    }

    fn send(&self, mut client: &TcpStream, bytes: &[u8]) -> io::Result<()> {
        let due = self.0.written(|tls| tls.writer().write_all(bytes))?;
        client.write_all(&due)
    }

    fn end_in_order(&self, mut client: &TcpStream) -> io::Result<()> {
        let due = self.0.written(|tls| {
            tls.send_close_notify();
            Ok(())
        })?;
        client.write_all(&due)
    }
}

/// A WebSocket on another layer.
pub(super) struct WebSocket<L> {
    below: L,
    endpoint: Mutex<Endpoint>,
}

impl<L: Layer> WebSocket<L> {
    pub(super) fn over(below: L) -> Self {
        Self { below, endpoint: Mutex::default() }
    }

    /// Does something with the endpoint, and sends what it then has for the client.
    fn answering<T>(&self, client: &TcpStream, act: impl FnOnce(&mut Endpoint) -> T) -> io::Result<T> {
        // Held while sending: frames of both directions must not mix.
        let mut endpoint = self.endpoint.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut endpoint);
        let outgoing = endpoint.take_outgoing();
        if !outgoing.is_empty() {
            self.below.send(client, &outgoing)?;
        }
        Ok(result)
    }
}

impl<L: Layer> Layer for WebSocket<L> {
    fn open(&self, client: &TcpStream, received: &[u8]) -> io::Result<Option<Vec<u8>>> {
        match self.below.open(client, received)? {
            Some(frames) => self.answering(client, |endpoint| endpoint.received(&frames))?,
            None => Ok(None),
        }
    }

    fn send(&self, client: &TcpStream, bytes: &[u8]) -> io::Result<()> {
        self.answering(client, |endpoint| endpoint.send(bytes))
    }

    fn end_in_order(&self, client: &TcpStream) -> io::Result<()> {
        self.answering(client, Endpoint::close)?;
        self.below.end_in_order(client)
    }
}

/// Until both sides are done. The end of the server's stream reaches the client as such, and its reset as a reset.
pub(super) fn splice(client: TcpStream, server: TcpStream, layer: &impl Layer) -> io::Result<()> {
    let is_broken = thread::scope(|scope| {
        scope.spawn(|| {
            // Whichever side failed: the server has no client any more.
            let _ = to_server(&client, &server, layer);
            let _ = server.shutdown(Shutdown::Both);
        });
        let result = to_client(&client, &server, layer);
        if result.is_err() {
            // Ends the other thread's wait, and is not seen on the wire.
            let _ = client.shutdown(Shutdown::Read);
            let _ = server.shutdown(Shutdown::Both);
        }
        result.is_err()
    });
    if is_broken {
        end_with_reset(&client);
    }
    Ok(())
}

fn to_server(mut client: &TcpStream, mut server: &TcpStream, layer: &impl Layer) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    // The last message of the handshake may have brought something along.
    server.write_all(&layer.open(client, &[])?.unwrap_or_default())?;
    loop {
        let count = client.read(&mut buffer)?;
        match layer.open(client, &buffer[..count])? {
            Some(plain) if count > 0 => server.write_all(&plain)?,
            _ => return Ok(()),
        }
    }
}

fn to_client(client: &TcpStream, mut server: &TcpStream, layer: &impl Layer) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = server.read(&mut buffer)?;
        if count == 0 {
            // The client may be gone already.
            let _ = layer.end_in_order(client);
            let _ = client.shutdown(Shutdown::Write);
            return Ok(());
        }
        layer.send(client, &buffer[..count])?;
    }
}
