//! Fronts: TLS, WebSocket and SOCKS5 listeners in front of a server that speaks in lines.

mod layer;
mod socks;
mod splice;
#[cfg(feature = "websocket")]
mod websocket;

#[cfg(any(feature = "tls", feature = "websocket"))]
use std::io;
use std::net::SocketAddr;
#[cfg(any(feature = "tls", feature = "websocket"))]
use std::net::TcpStream;

use crate::listener::Listener;
#[cfg(feature = "tls")]
use crate::tls::{TlsPeer, rustls::ServerConfig};
#[cfg(feature = "websocket")]
use websocket::Endpoint;

/// A listener on 127.0.0.1 that passes each connection on to a server, with TLS, WebSockets or both on the client's
/// side; or a SOCKS5 proxy. It stops, with all its connections, when it is dropped.
///
/// The client's side of a connection ends as the server's does: in order, or with a reset.
///
/// # Example
/// ```
/// # #[cfg(feature = "websocket")] {
/// use electrum_testkit::prelude::*;
///
/// let server = Server::start(Family::ElectrumX1_16);
/// let front = server.websocket();
/// assert!(front.url().starts_with("ws://127.0.0.1:"));
/// # }
/// ```
#[derive(Debug)]
pub struct Front {
    scheme: &'static str,
    listener: Listener,
}

impl Front {
    /// Starts a SOCKS5 proxy (RFC 1928) without authentication, to the target that the client names.
    ///
    /// # Panics
    /// If the system has no port on the loopback interface.
    pub fn socks() -> Self {
        Self {
            scheme: "socks5",
            listener: Listener::start(|_, client| {
                // A client that cannot be served is disconnected; it reports what it makes of that.
                let _ = socks::serve(client);
            }),
        }
    }

    /// Starts to listen for TLS.
    ///
    /// # Panics
    /// If the system has no port on the loopback interface.
    #[cfg(feature = "tls")]
    pub fn tls(server: SocketAddr, config: std::sync::Arc<ServerConfig>) -> Self {
        Self::start("ssl", server, move || TlsPeer::new(config.clone()))
    }

    /// Starts to listen for WebSockets. Any path is fine.
    ///
    /// # Panics
    /// If the system has no port on the loopback interface.
    #[cfg(feature = "websocket")]
    pub fn websocket(server: SocketAddr) -> Self {
        Self::start("ws", server, Endpoint::default)
    }

    /// Starts to listen for WebSockets over TLS. Any path is fine.
    ///
    /// # Panics
    /// If the system has no port on the loopback interface.
    #[cfg(all(feature = "tls", feature = "websocket"))]
    pub fn websocket_over_tls(server: SocketAddr, config: std::sync::Arc<ServerConfig>) -> Self {
        Self::start("wss", server, move || layer::Over {
            upper: Endpoint::default(),
            lower: TlsPeer::new(config.clone()),
        })
    }

    #[cfg(any(feature = "tls", feature = "websocket"))]
    fn start<L: layer::Layer>(
        scheme: &'static str,
        server: SocketAddr,
        layer: impl Fn() -> L + Send + Sync + 'static,
    ) -> Self {
        let serve =
            move |client: TcpStream| -> io::Result<()> { splice::splice(client, splice::connect(server)?, layer()) };
        Self { scheme, listener: Listener::start(move |_, client| drop(serve(client))) }
    }

    /// Returns the address on which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// Returns its address for a client, such as `ws://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.addr())
    }
}
