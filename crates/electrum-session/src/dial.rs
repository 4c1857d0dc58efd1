//! Opening a socket, which blocks: for a thread that has nothing else to do.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use electrum_transport::{DialHost, DialTarget};

/// Opens a socket to `target`. If its name has several addresses, they are tried in turn, each with its share of `timeout`.
///
/// # Errors
/// What the last address failed with, or that the name has none.
pub fn dial(target: &DialTarget, timeout: Duration) -> io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> = match &target.host {
        DialHost::Ip(ip) => vec![(*ip, target.port).into()],
        DialHost::Name(name) => (name.as_str(), target.port).to_socket_addrs()?.collect(),
    };
    let share = timeout / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, share) {
            // Dialling a port of this machine that nobody listens on can, rarely, end at the dialling port itself.
            Ok(socket) if socket.local_addr()? == socket.peer_addr()? => {
                failure = io::Error::new(io::ErrorKind::ConnectionRefused, "nobody listens there");
            }
            Ok(socket) => {
                // Requests are written whole, and waited for: nothing is gained by holding them back.
                socket.set_nodelay(true)?;
                socket.set_nonblocking(true)?;
                return Ok(socket);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}
