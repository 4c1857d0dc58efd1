//! The client of a syncer, and what its scans have in common.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use electrum_session::proto::Topic;
use electrum_session::{Client, Updates};

use super::cache::Cache;
use super::plan::Plan;

/// A client, and what was found with it.
pub(crate) struct Connection {
    client: Client,
    cache: Mutex<Cache>,
    /// Keeps the tip subscribed between scans, so that each knows it when it begins.
    _tips: Option<Updates>,
    /// The client that moves the bytes.
    #[cfg(feature = "blocking")]
    _blocking: Option<electrum_blocking::Client>,
}

impl Connection {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            // Without a subscription, which only a closed client refuses, a scan reports the error.
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

    /// Takes all that is cached, for one scan.
    pub(crate) fn take_cache(&self) -> Cache {
        std::mem::take(&mut *self.cache.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts back what a scan took and found.
    pub(crate) fn put_back(&self, cache: Cache) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).merge(cache);
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// A plan that is carried out on a connection. Dropping it puts back what it took and found.
pub(crate) struct Work {
    pub(crate) connection: Arc<Connection>,
    pub(crate) plan: Plan,
}

impl Drop for Work {
    fn drop(&mut self) {
        self.connection.put_back(std::mem::take(&mut self.plan.cache));
    }
}
