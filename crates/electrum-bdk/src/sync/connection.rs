//! The client of a syncer, and the cache that its scans share.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use electrum_session::proto::Topic;
use electrum_session::{Client, Updates};

use super::cache::Cache;
use super::plan::Plan;
use super::run::InFlight;

/// A client, and the cache of what scans have found with it.
pub(crate) struct Connection {
    client: Client,
    cache: Mutex<Cache>,
    /// Keeps the tip subscribed between scans, so that it is known when a scan begins.
    _tips: Option<Updates>,
    /// Keeps the client's threads running.
    #[cfg(feature = "blocking")]
    _blocking: Option<electrum_blocking::Client>,
}

impl Connection {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            // Fails only if the client is closed, which a scan reports.
            _tips: client.subscribe(Topic::Headers).ok(),
            client,
            cache: Mutex::default(),
            #[cfg(feature = "blocking")]
            _blocking: None,
        }
    }

    #[cfg(feature = "blocking")]
    pub(crate) fn blocking(client: electrum_blocking::Client) -> Self {
        Self { _blocking: Some(client.clone()), ..Self::new(client.session().clone()) }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Takes the cache, for one scan.
    pub(crate) fn take_cache(&self) -> Cache {
        std::mem::take(&mut *self.cache.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts back the cache of a scan, with what the scan has found.
    pub(crate) fn put_back(&self, cache: Cache) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).merge(cache);
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// A plan with the connection on which it is carried out. Dropping it puts the cache back.
pub(crate) struct Work {
    pub(crate) connection: Arc<Connection>,
    pub(crate) plan: Plan,
    pub(crate) in_flight: InFlight,
}

impl Drop for Work {
    fn drop(&mut self) {
        self.connection.put_back(std::mem::take(&mut self.plan.cache));
    }
}
