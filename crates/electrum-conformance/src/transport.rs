//! The transports over which clients reach servers in the scenarios.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use electrum_proto::{Backoff, Config};
use electrum_testkit::Front;
use electrum_testkit::tls::Identity;

use super::{Adapter, Setup};

/// The transport between client and server.
///
/// # Example
/// ```
/// use electrum_conformance::Transport;
///
/// let over_tls = Transport::ALL.into_iter().filter(|transport| transport.to_string().contains("TLS"));
/// assert!(over_tls.eq([Transport::Tls, Transport::TlsThroughSocks, Transport::WebSocketOverTls]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Plain,
    /// TLS, with a self-signed certificate.
    Tls,
    /// A SOCKS5 proxy.
    Socks,
    /// TLS through a SOCKS5 proxy.
    TlsThroughSocks,
    /// A WebSocket.
    WebSocket,
    /// A WebSocket over TLS.
    WebSocketOverTls,
}

impl Transport {
    /// All transports.
    pub const ALL: [Self; 6] =
        [Self::Plain, Self::Tls, Self::Socks, Self::TlsThroughSocks, Self::WebSocket, Self::WebSocketOverTls];

    /// Returns whether lines are WebSocket messages.
    #[must_use]
    pub const fn is_websocket(self) -> bool {
        matches!(self, Self::WebSocket | Self::WebSocketOverTls)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Tls => "TLS",
            Self::Socks => "SOCKS5",
            Self::TlsThroughSocks => "TLS through SOCKS5",
            Self::WebSocket => "WebSocket",
            Self::WebSocketOverTls => "WebSocket over TLS",
        })
    }
}

/// Connects a client to some servers. The route must be held as long as the client.
pub(super) fn connect<A: Adapter>(adapter: A, transport: Transport, servers: &[SocketAddr]) -> (Route, A::Client) {
    let route = Route::to(transport, servers);
    let client = adapter.connect(route.setup.clone());
    (route, client)
}

/// A route to some servers, which works until it is dropped.
#[derive(Debug)]
pub(super) struct Route {
    /// The setup of the client, with default time-outs but a short backoff.
    pub(super) setup: Setup,
    _fronts: Vec<Front>,
}

impl Route {
    pub(super) fn to(transport: Transport, servers: &[SocketAddr]) -> Self {
        let mut fronts = Vec::new();
        let mut front = |front: Front| {
            let url = front.url();
            fronts.push(front);
            url
        };
        let identity = Identity::self_signed("127.0.0.1");
        let mut reached = |server: SocketAddr| match transport {
            Transport::Plain | Transport::Socks => format!("tcp://{server}"),
            Transport::Tls | Transport::TlsThroughSocks => front(Front::tls(server, identity.config())),
            Transport::WebSocket => front(Front::websocket(server)),
            Transport::WebSocketOverTls => front(Front::websocket_over_tls(server, identity.config())),
        };
        let servers = servers.iter().map(|server| reached(*server)).collect();
        let is_proxied = matches!(transport, Transport::Socks | Transport::TlsThroughSocks);
        let proxy = is_proxied.then(|| front(Front::socks()));
        let backoff = Backoff {
            initial: Duration::from_millis(10),
            cap: Duration::from_millis(100),
            set_aside: Duration::from_millis(200),
            ..Backoff::default()
        };
        let protocol = Config { backoff, ..Config::default() };
        Self { setup: Setup { servers, proxy, protocol, queue: 100_000 }, _fronts: fronts }
    }
}
