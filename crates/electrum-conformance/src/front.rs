//! What stands before a server: TLS, or a SOCKS5 proxy.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection};

use super::peer::Peer;
use super::splice::{Layer, Shared, Tls, WebSocket, splice};

/// Passes connections on.
#[derive(Debug)]
pub(super) struct Front(Peer);

impl Front {
    /// To this server, with TLS on the client's side.
    pub(super) fn tls(server: SocketAddr, config: Arc<ServerConfig>) -> Self {
        Self(Peer::start(move |_, client| {
            // A client that cannot be served is disconnected; it reports what it makes of that.
            let _ = serve_tls(client, server, &config, |tls| tls);
        }))
    }

    /// To this server, with a WebSocket on the client's side.
    pub(super) fn websocket(server: SocketAddr) -> Self {
        Self(Peer::start(move |_, client| {
            let _ = connect(server).and_then(|server| splice(client, server, &WebSocket::over(())));
        }))
    }

    /// To this server, with a WebSocket over TLS on the client's side.
    pub(super) fn websocket_over_tls(server: SocketAddr, config: Arc<ServerConfig>) -> Self {
        Self(Peer::start(move |_, client| {
            let _ = serve_tls(client, server, &config, WebSocket::over);
        }))
    }

    /// A SOCKS5 proxy (RFC 1928) without authentication, to the target that the client names.
    pub(super) fn socks() -> Self {
        Self(Peer::start(|_, client| {
            let _ = serve_socks(client);
        }))
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.0.addr()
    }
}

fn serve_tls<L: Layer>(
    client: TcpStream,
    server: SocketAddr,
    config: &Arc<ServerConfig>,
    layer: impl FnOnce(Tls) -> L,
) -> io::Result<()> {
    let server = connect(server)?;
    let mut tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut &client)?;
    }
    while tls.wants_write() {
        tls.write_tls(&mut &client)?;
    }
    splice(client, server, &layer(Tls(Shared::new(tls))))
}

fn serve_socks(mut client: TcpStream) -> io::Result<()> {
    let [version, methods] = read(&mut client)?;
    io::copy(&mut (&client).take(u64::from(methods)), &mut io::sink())?;
    client.write_all(&[5, 0])?;
    let [_, command, _, kind] = read(&mut client)?;
    let targets = match (version, command, kind) {
        (5, 1, 1) => vec![IpAddr::from(Ipv4Addr::from(read::<4>(&mut client)?))],
        (5, 1, 4) => vec![IpAddr::from(Ipv6Addr::from(read::<16>(&mut client)?))],
        (5, 1, 3) => {
            let [length] = read(&mut client)?;
            let mut name = String::new();
            (&client).take(u64::from(length)).read_to_string(&mut name)?;
            (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|a| a.ip()).collect()).unwrap_or_default()
        }
        _ => return client.write_all(&[5, 7, 0, 1, 0, 0, 0, 0, 0, 0]),
    };
    let port = u16::from_be_bytes(read(&mut client)?);
    let Some(server) = targets.into_iter().find_map(|ip| connect((ip, port).into()).ok()) else {
        return client.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
    };
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    splice(client, server, &())
}

fn read<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&server, Duration::from_secs(10))?;
    stream.set_nodelay(true)?;
    // A connection to a port without a listener can meet itself.
    if stream.local_addr()? == server { Err(io::ErrorKind::ConnectionRefused.into()) } else { Ok(stream) }
}
