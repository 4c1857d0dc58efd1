//! The ways by which a client reaches a server.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use electrum_proto::{Backoff, Config};
use electrum_testkit::Front;
use electrum_testkit::tls::Identity;

use super::{Adapter, Setup};

/// What lies between client and server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Nothing.
    Plain,
    /// TLS, with a certificate that signs itself.
    Tls,
    /// A SOCKS5 proxy.
    Socks,
    /// Both.
    TlsThroughSocks,
    /// A WebSocket.
    WebSocket,
    /// A WebSocket over TLS.
    WebSocketOverTls,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Plain, Self::Tls, Self::Socks, Self::TlsThroughSocks, Self::WebSocket, Self::WebSocketOverTls];

    /// Whether lines are messages of a WebSocket.
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

/// Connects a client to some servers, over a route that must be held as long as the client.
pub(super) fn connect<A: Adapter>(adapter: A, transport: Transport, servers: &[SocketAddr]) -> (Route, A::Client) {
    let route = Route::to(transport, servers);
    let client = adapter.connect(route.setup.clone());
    (route, client)
}

/// A route to some servers, for as long as it is held.
#[derive(Debug)]
pub(super) struct Route {
    /// How the client is to be started. Time-outs are the defaults, but it tries again soon.
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
