//! Relays bytes between two sockets, each direction in a thread of its own.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::layer::Layer;
use crate::listener::end_with_reset;

/// Connects to a server.
pub(super) fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&server, Duration::from_secs(10))?;
    stream.set_nodelay(true)?;
    // A connection to a port without a listener can meet itself.
    if stream.local_addr()? == server { Err(io::ErrorKind::ConnectionRefused.into()) } else { Ok(stream) }
}

/// Relays bytes until both sides have ended, with a layer on the client's side. The server is read once the layer is
/// open. The end of the server's stream reaches the client as such, and its reset as a reset.
pub(super) fn splice(client: TcpStream, server: TcpStream, layer: impl Layer) -> io::Result<()> {
    let front = Layered { client: &client, layer: Mutex::new(layer) };
    if !front.open(&server)? {
        return Ok(());
    }
    let is_broken = thread::scope(|scope| {
        scope.spawn(|| {
            // Whichever side failed: the server has no client any more.
            let _ = front.to_server(&server);
            let _ = server.shutdown(Shutdown::Both);
        });
        let result = front.to_client(&server);
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

/// A client, and the layer on its side.
struct Layered<'a, L> {
    client: &'a TcpStream,
    layer: Mutex<L>,
}

impl<L: Layer> Layered<'_, L> {
    /// Reads until the layer is open. Returns false if the client ends before.
    fn open(&self, server: &TcpStream) -> io::Result<bool> {
        let mut buffer = vec![0; 64 * 1024];
        while !self.answering(|layer| layer.is_open())? {
            if !self.read(server, &mut buffer)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn to_server(&self, server: &TcpStream) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        while self.read(server, &mut buffer)? {}
        Ok(())
    }

    /// Passes on the next bytes of the client. Returns false at the end.
    fn read(&self, mut server: &TcpStream, buffer: &mut [u8]) -> io::Result<bool> {
        let mut client = self.client;
        let count = client.read(buffer)?;
        match self.answering(|layer| layer.received(&buffer[..count]))?? {
            Some(plain) if count > 0 => server.write_all(&plain).map(|()| true),
            _ => Ok(false),
        }
    }

    fn to_client(&self, mut server: &TcpStream) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = server.read(&mut buffer)?;
            if count == 0 {
                // The client may be gone already.
                let _ = self.answering(L::close);
                let _ = self.client.shutdown(Shutdown::Write);
                return Ok(());
            }
            self.answering(|layer| layer.send(&buffer[..count]))?;
        }
    }

    /// Runs `act` on the layer, and writes its outgoing bytes to the client.
    fn answering<T>(&self, act: impl FnOnce(&mut L) -> T) -> io::Result<T> {
        // Held while writing: what both directions send must not mix.
        let mut layer = self.layer.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut layer);
        let mut client = self.client;
        client.write_all(&layer.take_outgoing())?;
        Ok(result)
    }
}
