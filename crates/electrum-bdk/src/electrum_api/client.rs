//! The client that implements `ElectrumApi`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use electrum_blocking::Config;
use electrum_blocking::proto::{ProtocolVersion, Request, Timeouts, VersionRange};
use electrum_blocking::transport::ServerAddr;
use electrum_client::Error;

use super::error;
use super::notifications::Notifications;

/// How many requests of a batch are submitted at once.
const BATCH: usize = 50_000;
/// How many requests of a batch share the time-out of one request. Twice as many have twice the time, and so on.
const BATCH_IN_TIME: usize = 1_000;

/// A client of Electrum servers that implements [`ElectrumApi`](electrum_client::ElectrumApi).
///
/// Clones are the same client, which reconnects by itself and is closed when the last clone is dropped.
///
/// ```
/// use bdk_electrum::BdkElectrumClient;
/// use electrum_bdk::Client;
/// use electrum_bdk::electrum_client::ElectrumApi;
/// # use electrum_testkit::prelude::*;
/// # let server = Server::builder(Family::ElectrumX2_0).prompt().start()?;
/// # let address = server.url();
///
/// let client = Client::new(&address)?;
/// let tip = client.block_headers_subscribe()?;
/// assert_eq!(client.block_header(tip.height)?, tip.header);
/// let for_wallets = BdkElectrumClient::new(client);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Client {
    inner: electrum_blocking::Client,
    /// How long an answer may take.
    timeout: Duration,
    shared: Arc<Shared>,
}

/// The state that clones share.
#[derive(Debug, Default)]
struct Shared {
    calls: AtomicUsize,
    notifications: Notifications,
}

impl Client {
    /// Connects to a server, such as `ssl://electrum.example:50002` or `tcp://127.0.0.1:50001`, and waits until it is
    /// connected, for at most 30 s.
    ///
    /// It offers the protocol versions 1.4 to 1.6, as `electrum-client` does: from 1.7 on servers take scripts instead
    /// of scripthashes, which [`raw_call`](electrum_client::ElectrumApi::raw_call) could not translate.
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
        Ok(Self { inner, timeout, shared: Arc::default() })
    }

    /// Returns the blocking client, for everything that `ElectrumApi` lacks: typed calls, subscriptions as iterators,
    /// connection events, closing.
    #[must_use]
    pub fn inner(&self) -> &electrum_blocking::Client {
        &self.inner
    }

    pub(super) fn call<R>(&self, request: R) -> Result<R::Response, Error>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        let result = self.inner.call_within(self.timeout, request);
        self.counted(1, result).map_err(error::of_call)
    }

    /// Makes calls at once. Returns the results in the order of the requests, or the first error among them.
    pub(super) fn batch<R>(&self, requests: Vec<R>) -> Result<Vec<R::Response>, Error>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        let mut results = Vec::with_capacity(requests.len());
        let mut requests = requests.into_iter();
        loop {
            let some: Vec<R> = requests.by_ref().take(BATCH).collect();
            if some.is_empty() {
                return Ok(results);
            }
            let count = some.len();
            let timeout = self.timeout.saturating_mul(u32::try_from(count.div_ceil(BATCH_IN_TIME)).unwrap_or(u32::MAX));
            for result in self.counted(count, self.inner.batch_within(timeout, some)) {
                results.push(result.map_err(error::of_call)?);
            }
        }
    }

    /// Counts `calls` calls, and passes on their result.
    pub(super) fn counted<T>(&self, calls: usize, result: T) -> T {
        self.shared.calls.fetch_add(calls, Ordering::Relaxed);
        result
    }

    pub(super) fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::Relaxed)
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) fn notifications(&self) -> &Notifications {
        &self.shared.notifications
    }
}

impl From<electrum_blocking::Client> for Client {
    /// Wraps a client, connected or not. Answers may take 30 s.
    fn from(inner: electrum_blocking::Client) -> Self {
        Self { inner, timeout: Timeouts::default().request, shared: Arc::default() }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
