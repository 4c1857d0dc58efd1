//! Follows a wallet by subscriptions.

use std::collections::HashSet;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

use bdk_core::CheckPoint;
use bdk_core::spk_client::FullScanResponse;
use bitcoin::ScriptBuf;
use electrum_session::proto::proof::script_status;
use electrum_session::proto::types::{ScriptStatus, Tip};
use electrum_session::proto::{Topic, Update};
use electrum_session::{CallError, NoUpdate, TopicUpdate, Updates};
use futures_core::Stream;

use super::ask::Ask;
use super::connection::Work;
use super::error::SyncError;
use super::progress::Progress;
use super::report::Report;
use super::run::{Watch, complete, is_lost, ready_updates, tip};
use super::scripts::Keychains;

/// The updates of a wallet that is followed: first that of a full scan, then the changes since the update before. Made
/// by [`Syncer::follow`](crate::sync::Syncer::follow).
///
/// The wallet's scripts and the tip of the chain are subscribed, across reconnections, and more scripts as the wallet
/// uses them. The next update after an outage has the changes of that time; nothing is reported twice. Apply every
/// update: each builds on those before it.
///
/// ```
/// use bdk_core::spk_client::FullScanRequest;
/// use electrum_bdk::electrum_blocking::Client;
/// use electrum_bdk::sync::Syncer;
/// use electrum_bdk::transport::ServerAddr;
/// # use electrum_testkit::prelude::*;
/// # let server = Server::builder(Family::Fulcrum2_1).prompt().start()?;
/// # let script = |index| bdk_core::bitcoin::ScriptBuf::from_bytes(script(index));
/// # let address = server.url();
///
/// let syncer = Syncer::blocking(Client::connect(address.parse::<ServerAddr>()?)?);
/// let request = FullScanRequest::builder().spks_for_keychain("receive", (0..).map(move |index| (index, script(index))));
/// let mut updates = syncer.follow(request, 20);
/// assert!(updates.wait()?.tx_update.is_empty());
///
/// // Someone pays the wallet.
/// # server.pay(script(3).as_bytes(), 70_000);
/// let update = updates.wait()?;
/// assert_eq!((update.tx_update.txs.len(), update.last_active_indices["receive"]), (1, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Follow<K> {
    work: Work,
    keychains: Keychains<K>,
    subscriptions: Option<Subscriptions>,
    report: Report<K>,
    /// Whether something may have changed since the last complete update.
    is_dirty: bool,
}

/// The subscriptions of a wallet.
struct Subscriptions {
    updates: Updates,
    /// The scripts in the order of their topics, which begin with 1: the tip is topic 0.
    scripts: Vec<ScriptBuf>,
    subscribed: HashSet<ScriptBuf>,
}

impl Watch for Subscriptions {
    fn asking(&mut self, asks: &[Ask]) -> Result<(), SyncError> {
        for ask in asks {
            let Ask::History(script) = ask else { continue };
            if self.subscribed.insert(script.clone()) {
                self.updates.add(Topic::Script(script.clone().into())).map_err(SyncError::NoSubscription)?;
                self.scripts.push(script.clone());
            }
        }
        Ok(())
    }

    fn answered(&mut self, _: &Progress) {}
}

/// A change that a subscription has reported.
enum WalletUpdate {
    Tip(Tip),
    Script(ScriptBuf, Option<ScriptStatus>),
}

impl Subscriptions {
    fn change(&self, update: &TopicUpdate) -> Option<WalletUpdate> {
        if let Some(tip) = tip(update) {
            return Some(WalletUpdate::Tip(tip));
        }
        let script = self.scripts.get(update.topic.checked_sub(1)?)?;
        match update.value {
            Ok(Update::Script(status)) => Some(WalletUpdate::Script(script.clone(), status)),
            // The client makes a refused subscription again.
            _ => None,
        }
    }
}

impl<K: Ord + Clone + Send> Follow<K> {
    pub(crate) fn new(work: Work, chain: Option<CheckPoint>, keychains: Keychains<K>) -> Self {
        Self { work, keychains, subscriptions: None, report: Report::new(chain), is_dirty: true }
    }

    /// Waits for the next update, in any runtime. While there is no connection it waits for one.
    ///
    /// # Errors
    /// [`SyncError`] says who must act. The next call continues.
    ///
    /// # Cancel safety
    /// Dropping the future loses no update.
    pub async fn next(&mut self) -> Result<FullScanResponse<K>, SyncError> {
        loop {
            if let Some(update) = self.refresh().await? {
                return Ok(update);
            }
            let Some(subscriptions) = &mut self.subscriptions else { continue };
            let next = poll_fn(|context| Pin::new(&mut subscriptions.updates).poll_next(context)).await;
            let update = next.ok_or(SyncError::Call(CallError::Closed))?;
            self.take(&update);
        }
    }

    /// Waits for the next update for at most about `timeout`, in any runtime. A scan that has begun is finished first.
    ///
    /// # Errors
    /// As with [`next`](Self::next).
    pub async fn next_within(&mut self, timeout: Duration) -> Result<Option<FullScanResponse<K>>, SyncError> {
        let start = Instant::now();
        loop {
            if let Some(update) = self.refresh().await? {
                return Ok(Some(update));
            }
            let Some(subscriptions) = &mut self.subscriptions else { continue };
            match subscriptions.updates.next_within(timeout.saturating_sub(start.elapsed())).await {
                Ok(update) => self.take(&update),
                Err(NoUpdate::TimedOut) => return Ok(None),
                Err(NoUpdate::Closed) => return Err(SyncError::Call(CallError::Closed)),
            }
        }
    }

    /// Waits for the next update in the calling thread.
    ///
    /// # Errors
    /// As with [`next`](Self::next).
    pub fn wait(&mut self) -> Result<FullScanResponse<K>, SyncError> {
        futures_lite::future::block_on(self.next())
    }

    /// Waits for the next update for at most about `timeout` in the calling thread.
    ///
    /// # Errors
    /// As with [`next`](Self::next).
    pub fn wait_within(&mut self, timeout: Duration) -> Result<Option<FullScanResponse<K>>, SyncError> {
        futures_lite::future::block_on(self.next_within(timeout))
    }

    /// Fetches what has changed by the reports of the subscriptions. Returns the update, if there is anything new.
    async fn refresh(&mut self) -> Result<Option<FullScanResponse<K>>, SyncError> {
        loop {
            let ready = match &mut self.subscriptions {
                Some(subscriptions) => ready_updates(&mut subscriptions.updates).await,
                None => Vec::new(),
            };
            for update in &ready {
                self.take(update);
            }
            if !self.is_dirty {
                return Ok(None);
            }
            let Self { work: Work { connection, plan }, keychains, subscriptions, report, is_dirty } = self;
            let subscriptions = match subscriptions {
                Some(subscriptions) => subscriptions,
                None => {
                    let updates = connection.client().subscribe(Topic::Headers).map_err(SyncError::NoSubscription)?;
                    subscriptions.insert(Subscriptions { updates, scripts: Vec::new(), subscribed: HashSet::new() })
                }
            };
            match complete(connection.client(), plan, keychains, subscriptions).await {
                // Calls wait for a connection for a limited time; a follower waits without a limit.
                Err(error) if is_lost(&error) => continue,
                result => result?,
            }
            *is_dirty = false;
            keychains.keep_used(&plan.histories);
            let update = report.advance(plan, keychains, unix_time());
            plan.applied(report.chain());
            if update.is_some() {
                return Ok(update);
            }
        }
    }

    /// Handles an update of a subscription.
    fn take(&mut self, update: &TopicUpdate) {
        let change = self.subscriptions.as_ref().and_then(|subscriptions| subscriptions.change(update));
        self.is_dirty |= match change {
            Some(WalletUpdate::Tip(tip)) => self.work.plan.moved_to(tip),
            Some(WalletUpdate::Script(script, status)) => {
                let known = self.work.plan.histories.get(&script);
                let is_new = known.is_some_and(|history| script_status(history) != status);
                if is_new {
                    self.work.plan.forget(&script);
                }
                is_new
            }
            None => false,
        };
    }
}

impl<K> fmt::Debug for Follow<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follow").field("progress", &self.work.plan.progress).finish_non_exhaustive()
    }
}

fn unix_time() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_secs())
}
