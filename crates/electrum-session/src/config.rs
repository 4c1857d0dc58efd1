//! The configuration of a client: servers, route, pins, and the settings of the protocol.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use electrum_transport::{Route, ServerAddr};

use crate::pins::{MemoryPins, PinStore};

/// The configuration of a client: its servers, the route to them, certificate pins, and the settings of the protocol.
///
/// ```
/// use std::time::Duration;
///
/// use electrum_session::Config;
/// use electrum_session::proto::types::Network;
/// use electrum_session::transport::Route;
///
/// let mut config = Config::new(["ssl://electrum.example.org".parse()?, "tcp://abcdef.onion".parse()?]);
/// config.route = Route::direct().with_proxy("socks5://127.0.0.1:9050".parse()?);
/// config.protocol.client_name = "my wallet 1.0".into();
/// config.protocol.genesis_hash = Some(Network::Bitcoin.genesis_hash());
/// config.protocol.timeouts.request = Duration::from_secs(10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// The servers, the preferred one first. One is used at a time; after a failure the next is tried.
    pub servers: Vec<ServerAddr>,
    /// How to reach them: directly or through a proxy, and which certificates to trust.
    pub route: Route,
    /// Where the certificates of servers are remembered; by default in memory, for as long as the client runs.
    pub pins: Arc<dyn PinStore>,
    /// Lets the certificate that each server shows at the next connection replace its pin, once.
    pub accept_new_pins: bool,
    /// Everything about the protocol: versions, time-outs, limits.
    pub protocol: electrum_proto::Config,
    /// How many calls may wait to be sent, while there is no connection or too many requests are in flight.
    pub queue: usize,
}

impl Config {
    /// Makes the default configuration for these servers, with a random seed, so that clients that lose a server at the
    /// same time do not reconnect in step.
    pub fn new(servers: impl IntoIterator<Item = ServerAddr>) -> Self {
        Self {
            servers: servers.into_iter().collect(),
            route: Route::default(),
            pins: Arc::new(MemoryPins::new()),
            accept_new_pins: false,
            protocol: electrum_proto::Config { seed: RandomState::new().hash_one(0), ..Default::default() },
            queue: 100_000,
        }
    }

    /// Returns the configuration of the machine: with the number of servers, and longer time-outs if the route needs
    /// them.
    pub(crate) fn for_machine(&self) -> electrum_proto::Config {
        let mut protocol = self.protocol.clone();
        protocol.servers = self.servers.len();
        let factor = self.route.timeout_factor();
        let timeouts = &mut protocol.timeouts;
        for timeout in [&mut timeouts.connect, &mut timeouts.handshake, &mut timeouts.request, &mut timeouts.pong] {
            *timeout = timeout.saturating_mul(factor);
        }
        protocol
    }
}

impl From<ServerAddr> for Config {
    fn from(server: ServerAddr) -> Self {
        Self::new([server])
    }
}

impl<const N: usize> From<[ServerAddr; N]> for Config {
    fn from(servers: [ServerAddr; N]) -> Self {
        Self::new(servers)
    }
}

impl From<Vec<ServerAddr>> for Config {
    fn from(servers: Vec<ServerAddr>) -> Self {
        Self::new(servers)
    }
}
