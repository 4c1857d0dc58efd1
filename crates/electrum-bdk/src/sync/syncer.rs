//! The syncer, which makes scans of wallets.

use std::sync::Arc;

use bdk_core::ConfirmationBlockTime;
use bdk_core::spk_client::{FullScanRequest, FullScanResponse, SyncRequest, SyncResponse};
use bitcoin::{Transaction, Txid};
use electrum_session::Client;

use super::cache::Cache;
use super::connection::{Connection, Work};
use super::follow::Follow;
use super::items::Items;
use super::options::Options;
use super::plan::Plan;
use super::run::InFlight;
use super::scan::Scan;
use super::scripts::{Keychains, ScriptList};

/// Syncs wallets of the Bitcoin Dev Kit with an Electrum server. Clones share what they cache: transactions, proven
/// anchors and the server's headers. The cache grows with what is scanned, until it is [cleared](Self::clear_cache).
///
/// ```
/// use bdk_core::spk_client::FullScanRequest;
/// use electrum_bdk::electrum_blocking::Client;
/// use electrum_bdk::sync::Syncer;
/// use electrum_bdk::transport::ServerAddr;
/// # use electrum_testkit::prelude::*;
/// # let server = Server::builder(Family::ElectrumX2_0).prompt().start()?;
/// # let script = |index| bdk_core::bitcoin::ScriptBuf::from_bytes(script(index));
/// # let address = server.url();
/// # server.pay(script(3).as_bytes(), 70_000);
///
/// let syncer = Syncer::blocking(Client::connect(address.parse::<ServerAddr>()?)?);
/// // With bdk_wallet, `wallet.start_full_scan()` makes the request and `wallet.apply_update(…)` takes the result.
/// let request = FullScanRequest::builder().spks_for_keychain("receive", (0..).map(move |index| (index, script(index))));
/// let update = syncer.full_scan(request, 20).wait()?;
/// assert_eq!(update.last_active_indices["receive"], 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Syncer {
    connection: Arc<Connection>,
    options: Options,
}

impl Syncer {
    /// Makes a syncer that uses a client of an async adapter, as `electrum_tokio::connect` returns it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use electrum_bdk::transport::ServerAddr;
    /// use electrum_bdk::sync::Syncer;
    ///
    /// # let server = electrum_testkit::Server::start(electrum_testkit::Family::Fulcrum2_1);
    /// # let client = electrum_tokio::connect(server.url().parse::<ServerAddr>()?);
    /// # let request = bdk_core::spk_client::FullScanRequest::<u32>::builder();
    /// let update = Syncer::new(client).full_scan(request, 20).run().await?;
    /// # assert!(update.tx_update.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { connection: Arc::new(Connection::new(client)), options: Options::default() }
    }

    /// Makes a syncer that uses a blocking client.
    #[cfg(feature = "blocking")]
    #[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
    #[must_use]
    pub fn blocking(client: electrum_blocking::Client) -> Self {
        Self { connection: Arc::new(Connection::blocking(client)), options: Options::default() }
    }

    /// Returns the same syncer with other options.
    ///
    /// ```
    /// # fn example(syncer: electrum_bdk::sync::Syncer) -> electrum_bdk::sync::Syncer {
    /// use electrum_bdk::sync::Options;
    ///
    /// syncer.with_options(Options { prev_txouts: true, ..Options::default() })
    /// # }
    /// ```
    #[must_use]
    pub fn with_options(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// Adds transactions that a wallet has stored, so that they are not fetched. They need no check, since their ids
    /// are computed.
    ///
    /// ```
    /// # fn example(syncer: electrum_bdk::sync::Syncer, graph: bdk_chain::TxGraph) {
    /// syncer.add_transactions(graph.full_txs().map(|node| node.tx));
    /// # }
    /// ```
    pub fn add_transactions(&self, transactions: impl IntoIterator<Item = Arc<Transaction>>) {
        let transactions = transactions.into_iter().map(|transaction| (transaction.compute_txid(), transaction));
        self.connection.put_back(Cache { transactions: transactions.collect(), ..Cache::default() });
    }

    /// Adds anchors that a wallet has stored, so that they are not proved again. An anchor is used as long as its block
    /// is in the server's chain.
    ///
    /// ```
    /// # fn example(syncer: electrum_bdk::sync::Syncer, graph: bdk_chain::TxGraph) {
    /// syncer.add_anchors(graph.all_anchors().iter().flat_map(|(txid, anchors)| {
    ///     anchors.iter().map(move |anchor| (*txid, *anchor))
    /// }));
    /// # }
    /// ```
    pub fn add_anchors(&self, anchors: impl IntoIterator<Item = (Txid, ConfirmationBlockTime)>) {
        self.connection.put_back(Cache { anchors: anchors.into_iter().collect(), ..Cache::default() });
    }

    /// Drops what is cached: transactions, anchors and headers, those that were added too. Later scans fetch them again.
    ///
    /// A scan and a followed wallet take the cache when they are made, and put it back, with what they have found, when
    /// they are dropped.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/wallet.rs")); }
    /// # let (_server, syncer, mut wallet) = example::wallet();
    /// let update = syncer.full_scan(wallet.start_full_scan(), 20).wait()?;
    /// wallet.apply_update(update)?;
    /// // The wallet is closed, and the next one has other transactions.
    /// syncer.clear_cache();
    /// # assert_eq!(wallet.balance().total().to_sat(), 70_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clear_cache(&self) {
        drop(self.connection.take_cache());
    }

    /// Makes a scan of a wallet's keychains: of the revealed scripts, and of more until `stop_gap` scripts in a row are
    /// unused. It takes one round trip for each window of scripts, and at most four more.
    pub fn full_scan<K: Ord + Clone + Send + 'static>(
        &self,
        request: impl Into<FullScanRequest<K>>,
        stop_gap: usize,
    ) -> Scan<FullScanResponse<K>> {
        let request = request.into();
        let work = self.work(request.start_time(), request.chain_tip(), Items::default());
        Scan::new(work, Box::new(Keychains::new(request, stop_gap)))
    }

    /// Makes a scan of given scripts, transactions and outputs. If nothing is new, it takes two round trips.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/wallet.rs")); }
    /// # let (_server, syncer, mut wallet) = example::wallet();
    /// let update = syncer.sync(wallet.start_sync_with_revealed_spks()).wait()?;
    /// wallet.apply_update(update)?;
    /// # assert_eq!(wallet.balance().total().to_sat(), 70_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sync<I>(&self, request: impl Into<SyncRequest<I>>) -> Scan<SyncResponse> {
        let mut request = request.into();
        let scripts = ScriptList::new(&mut request);
        let items = Items { txids: request.iter_txids().collect(), outpoints: request.iter_outpoints().collect() };
        let work = self.work(request.start_time(), request.chain_tip(), items);
        Scan::new(work, Box::new(scripts))
    }

    /// Follows a wallet: scans it like [`full_scan`](Self::full_scan), then yields an update whenever something
    /// changes.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/wallet.rs")); }
    /// # let (_server, syncer, mut wallet) = example::wallet();
    /// let mut updates = syncer.follow(wallet.start_full_scan(), 20);
    /// loop {
    ///     wallet.apply_update(updates.wait()?)?;
    ///     println!("{}", wallet.balance());
    /// #   break;
    /// }
    /// # assert_eq!(wallet.balance().total().to_sat(), 70_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn follow<K: Ord + Clone + Send + 'static>(
        &self,
        request: impl Into<FullScanRequest<K>>,
        stop_gap: usize,
    ) -> Follow<K> {
        let request = request.into();
        let mut work = self.work(request.start_time(), request.chain_tip(), Items::default());
        work.plan.live();
        Follow::new(work, request.chain_tip(), Keychains::new(request, stop_gap))
    }

    fn work(&self, start_time: u64, wallet: Option<bdk_core::CheckPoint>, items: Items) -> Work {
        let plan = Plan::new(start_time, wallet, items, self.connection.take_cache(), self.options.clone());
        Work { connection: Arc::clone(&self.connection), plan, in_flight: InFlight::default() }
    }
}
