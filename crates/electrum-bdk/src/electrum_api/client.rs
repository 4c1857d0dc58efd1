//! The client that implements `ElectrumApi`.

use std::fmt;
use std::time::Duration;

use electrum_blocking::Config;
use electrum_blocking::proto::{ProtocolVersion, Timeouts, VersionRange};
use electrum_blocking::transport::ServerAddr;
use electrum_client::Error;

use super::error;

/// A client of Electrum servers that implements [`ElectrumApi`](electrum_client::ElectrumApi).
///
/// Clones are the same client, which reconnects by itself and is closed when the last of them is dropped.
#[derive(Clone)]
pub struct Client {
    inner: electrum_blocking::Client,
    /// How long an answer may take.
    timeout: Duration,
}

impl Client {
    /// Connects to a server, such as `ssl://electrum.example:50002` or `tcp://127.0.0.1:50001`, and waits until it is
    /// connected, for at most 30 s.
    ///
    /// It offers the protocol versions 1.4 to 1.6, as `electrum-client` does: from 1.7 on servers take scripts instead of
    /// scripthashes, which [`raw_call`](electrum_client::ElectrumApi::raw_call) could not translate.
    ///
    /// # Errors
    /// If the address cannot be read, or no connection could be made in time.
    pub fn new(server: &str) -> Result<Self, Error> {
        let address: ServerAddr = server.parse().map_err(|error| Error::Message(format!("{server}: {error}")))?;
        let versions = VersionRange::new(ProtocolVersion::V1_4, ProtocolVersion::V1_6);
        let mut config = Config::from(address);
        config.protocol.versions = versions.map_err(|error| Error::Message(error.to_string()))?;
        Self::with_config(config)
    }

    /// Connects with a configuration of one's own (several servers, a proxy, pinned certificates, limits), and waits
    /// until it is connected, for at most the time that a request may take.
    ///
    /// # Errors
    /// If no connection could be made in that time.
    pub fn with_config(config: Config) -> Result<Self, Error> {
        let timeout = config.protocol.timeouts.request;
        let inner = electrum_blocking::Client::connect(config)?;
        inner.ready(timeout).map_err(|error| error::of_not_ready(&error))?;
        Ok(Self { inner, timeout })
    }

    /// The client below, for all that `ElectrumApi` does not have: typed calls, subscriptions as iterators, the events of
    /// the connection, closing.
    #[must_use]
    pub fn inner(&self) -> &electrum_blocking::Client {
        &self.inner
    }
}

impl From<electrum_blocking::Client> for Client {
    /// Takes a client as it is, connected or not. Answers may take 30 s.
    fn from(inner: electrum_blocking::Client) -> Self {
        Self { inner, timeout: Timeouts::default().request }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
