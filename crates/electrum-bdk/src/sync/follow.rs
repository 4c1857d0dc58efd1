//! Follows a wallet by subscriptions.

use std::collections::HashSet;
use std::fmt;
use std::future::pending;
use std::time::{Duration, SystemTime};

use bdk_core::CheckPoint;
use bdk_core::spk_client::FullScanResponse;
use bitcoin::ScriptBuf;
use electrum_session::proto::proof::script_status;
use electrum_session::proto::types::{ScriptStatus, Tip};
use electrum_session::proto::{Topic, Update};
use electrum_session::{CallError, TopicUpdate, Updates, block_on, block_within};

use super::ask::Ask;
use super::connection::Work;
use super::error::SyncError;
use super::progress::{Cancel, Progress};
use super::report::Report;
use super::run::{InFlight, PAUSE, Watch, complete, is_lost, or_cancelled, ready_updates, tip};
use super::scripts::Keychains;

/// The updates of a wallet that is followed: first that of a full scan, then the changes since the update before. Made
/// by [`Syncer::follow`](crate::sync::Syncer::follow).
///
/// The wallet's scripts and the tip of the chain are subscribed, across reconnections, and more scripts as the wallet
/// uses them. The next update after an outage has the changes of that time; nothing is reported twice. Apply every
/// update: each builds on those before it.
///
/// What is followed ends with the stop gap after the last script that is used or was revealed when the request was made.
/// [`reveal`](Self::reveal) moves it on for a wallet that hands out more addresses than that.
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
    cancel: Cancel,
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
        let (report, cancel) = (Report::new(chain), Cancel::default());
        Self { work, keychains, subscriptions: None, report, cancel, is_dirty: true }
    }

    /// Returns a handle that cancels the wait for the next update from another thread or task. The wallet stays
    /// followed: the next call continues.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/wallet.rs")); }
    /// # let (_server, syncer, mut wallet) = example::wallet();
    /// use electrum_bdk::sync::SyncError;
    ///
    /// let mut updates = syncer.follow(wallet.start_full_scan(), 20);
    /// let cancel = updates.canceller();
    /// let waiting = std::thread::spawn(move || {
    ///     loop {
    ///         match updates.wait() {
    ///             Ok(update) => wallet.apply_update(update)?,
    ///             Err(SyncError::Cancelled) => return Ok::<_, Box<dyn std::error::Error + Send + Sync>>(wallet),
    ///             Err(error) => return Err(error.into()),
    ///         }
    ///     }
    /// });
    /// cancel.cancel(); // the user closes the window
    /// let wallet = waiting.join().unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn canceller(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Follows the scripts of a keychain up to `index`, and the stop gap after it, from the next call on that waits for an
    /// update. Returns whether the keychain is among those of the request.
    ///
    /// Call it when the wallet reveals an address. Scripts that are followed already cost nothing; all others up to
    /// `index` are derived and subscribed at once. A keychain that the request lists only a part of ends with that.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/wallet.rs")); }
    /// # let (server, syncer, _) = example::wallet();
    /// use bdk_wallet::{KeychainKind, Wallet, bitcoin::Network};
    ///
    /// # use bdk_wallet::bitcoin::{bip32::{Xpriv, Xpub}, secp256k1::Secp256k1};
    /// # let secp = Secp256k1::new();
    /// # let key = Xpub::from_priv(&secp, &Xpriv::new_master(Network::Regtest, &[7; 32])?);
    /// # let descriptor = format!("wpkh({key}/0/*)");
    /// let mut wallet = Wallet::create_single(descriptor).network(Network::Regtest).create_wallet_no_persist()?;
    /// let mut updates = syncer.follow(wallet.start_full_scan(), 20);
    /// wallet.apply_update(updates.wait()?)?;
    ///
    /// // A shop hands out many addresses, and the customer with the last one pays.
    /// let address = wallet.reveal_addresses_to(KeychainKind::External, 50).last().expect("none was revealed");
    /// assert!(updates.reveal(&KeychainKind::External, address.index));
    /// # server.pay(address.script_pubkey().as_bytes(), 70_000);
    /// wallet.apply_update(updates.wait()?)?;
    /// assert_eq!(wallet.balance().total().to_sat(), 70_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reveal(&mut self, keychain: &K, index: u32) -> bool {
        let is_known = self.keychains.reveal(keychain, index);
        self.is_dirty |= is_known;
        is_known
    }

    /// Waits for the next update, in any runtime. While there is no connection it waits for one, however long, and while
    /// too many calls of the client wait it tries again twice a second.
    ///
    /// # Errors
    /// [`SyncError`] says who must act. The next call continues.
    ///
    /// # Cancel safety
    /// Dropping the future loses no update and nothing that was fetched, and leaves what was asked for in flight: the next
    /// call continues.
    pub async fn next(&mut self) -> Result<FullScanResponse<K>, SyncError> {
        let cancel = self.cancel.clone();
        let outcome = or_cancelled(&cancel, self.changed()).await;
        if outcome.is_err() {
            self.work.in_flight = InFlight::default();
        }
        outcome
    }

    /// Waits for the next update for at most `timeout`, in any runtime. Returns `None` if there was none by then, whatever
    /// the reason: nothing has changed, there is no connection, or the server is slow. The next call continues, with the
    /// answers that came meanwhile.
    ///
    /// # Errors
    /// As with [`next`](Self::next).
    ///
    /// # Cancel safety
    /// As with [`next`](Self::next).
    pub async fn next_within(&mut self, timeout: Duration) -> Result<Option<FullScanResponse<K>>, SyncError> {
        let client = self.work.connection.client().clone();
        client.within(timeout, self.next()).await.transpose()
    }

    /// Waits for the next update in the calling thread.
    ///
    /// # Errors
    /// As with [`next`](Self::next).
    pub fn wait(&mut self) -> Result<FullScanResponse<K>, SyncError> {
        block_on(self.next())
    }

    /// Waits for the next update for at most `timeout` in the calling thread. Returns `None` if there was none by then,
    /// as [`next_within`](Self::next_within) does.
    ///
    /// # Errors
    /// As with [`next`](Self::next).
    pub fn wait_within(&mut self, timeout: Duration) -> Result<Option<FullScanResponse<K>>, SyncError> {
        block_within(timeout, self.next()).transpose()
    }

    /// Waits until something has changed.
    async fn changed(&mut self) -> Result<FullScanResponse<K>, SyncError> {
        loop {
            if let Some(update) = self.refresh().await? {
                return Ok(update);
            }
            let Some(subscriptions) = &mut self.subscriptions else { continue };
            let update = subscriptions.updates.next().await.ok_or(SyncError::Call(CallError::Closed))?;
            self.take(&update);
        }
    }

    /// Fetches what has changed by the reports of the subscriptions. Returns the update, if there is anything new.
    async fn refresh(&mut self) -> Result<Option<FullScanResponse<K>>, SyncError> {
        loop {
            let ready = match &mut self.subscriptions {
                // Later, when the histories are known that these may be newer than.
                _ if self.work.in_flight.has_round() => Vec::new(),
                Some(subscriptions) => ready_updates(&mut subscriptions.updates).await,
                None => Vec::new(),
            };
            for update in &ready {
                self.take(update);
            }
            if !self.is_dirty {
                return Ok(None);
            }
            let Self { work: Work { connection, plan, in_flight }, keychains, subscriptions, report, is_dirty, .. } =
                self;
            let subscriptions = match subscriptions {
                Some(subscriptions) => subscriptions,
                None => {
                    let updates = connection.client().subscribe(Topic::Headers).map_err(SyncError::NoSubscription)?;
                    subscriptions.insert(Subscriptions { updates, scripts: Vec::new(), subscribed: HashSet::new() })
                }
            };
            match complete(connection.client(), plan, in_flight, keychains, subscriptions).await {
                // Calls wait for a connection for a limited time; a follower waits without a limit. Where too many wait,
                // calls fail at once.
                Err(error) if is_lost(&error) => {
                    connection.client().within(PAUSE, pending::<()>()).await;
                    continue;
                }
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
