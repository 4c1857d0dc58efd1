//! A wallet of plain scripts, a syncer, and the comparison of the wallet with the server's chain.

use std::collections::BTreeSet;
use std::time::Duration;

use bdk_chain::bitcoin::{BlockHash, OutPoint, ScriptBuf, Txid, constants};
use bdk_chain::local_chain::LocalChain;
use bdk_chain::spk_client::{FullScanRequest, FullScanResponse, SyncRequest, SyncResponse};
use bdk_chain::{BlockId, ConfirmationBlockTime, TxGraph, TxUpdate};
use electrum_bdk::electrum_blocking::{Client, Config};
use electrum_bdk::sync::{Options, Syncer};
use electrum_bdk::transport::ServerAddr;
use electrum_testkit::chain::{Chain, HistoryEntry};
use electrum_testkit::prelude::{Family, Scripthash, Server, script as testkit_script};

/// A wallet with one keychain, whose scripts are those of the testkit.
pub(crate) struct Wallet {
    pub(crate) chain: LocalChain,
    pub(crate) graph: TxGraph<ConfirmationBlockTime>,
    pub(crate) last_active: Option<u32>,
    /// The time of the next request.
    pub(crate) now: u64,
}

pub(crate) fn server() -> Server {
    Server::builder(Family::ElectrumX2_0).prompt().start().unwrap()
}

pub(crate) fn config(server: &Server) -> Config {
    let mut config = Config::from(server.url().parse::<ServerAddr>().unwrap());
    // Tests cut connections again and again.
    config.protocol.backoff.initial = Duration::from_millis(20);
    config.protocol.backoff.cap = Duration::from_millis(200);
    config
}

pub(crate) fn syncer(server: &Server) -> Syncer {
    Syncer::blocking(Client::connect(config(server)).unwrap())
}

pub(crate) fn with_prev_txouts(syncer: Syncer) -> Syncer {
    syncer.with_options(Options { prev_txouts: true, ..Options::default() })
}

pub(crate) fn script(index: u32) -> ScriptBuf {
    ScriptBuf::from_bytes(testkit_script(index))
}

pub(crate) fn txid(txid: electrum_testkit::prelude::Txid) -> Txid {
    txid.to_string().parse().unwrap()
}

impl Wallet {
    pub(crate) fn new() -> Self {
        let genesis = constants::genesis_block(bdk_chain::bitcoin::Network::Regtest).block_hash();
        let chain = LocalChain::from_genesis_hash(genesis).0;
        Self { chain, graph: TxGraph::default(), last_active: None, now: 1000 }
    }

    pub(crate) fn full_scan(&mut self) -> FullScanRequest<u32> {
        self.now += 10;
        FullScanRequest::builder_at(self.now)
            .chain_tip(self.chain.tip())
            .spks_for_keychain(0, (0..).map(|index| (index, script(index))))
            .build()
    }

    /// A request for the scripts before `end`, with the unconfirmed transactions that the wallet expects.
    pub(crate) fn sync(&mut self, end: u32) -> SyncRequest<()> {
        self.now += 10;
        let unconfirmed: Vec<_> = self.canonical().into_iter().filter(|(_, height)| height.is_none()).collect();
        let expected = unconfirmed.iter().flat_map(|(txid, _)| {
            let outputs = self.graph.get_tx(*txid).map(|transaction| transaction.output.clone()).unwrap_or_default();
            outputs.into_iter().map(|output| (output.script_pubkey, *txid))
        });
        SyncRequest::builder_at(self.now)
            .chain_tip(self.chain.tip())
            .spks((0..end).map(script))
            .expected_spk_txids(expected.collect::<Vec<_>>())
            .build()
    }

    /// Scans with a gap of 20.
    pub(crate) fn scan(&mut self, syncer: &Syncer) {
        let update = syncer.full_scan(self.full_scan(), 20).wait().unwrap();
        self.apply_scan(update);
    }

    /// Syncs so many scripts.
    pub(crate) fn sync_to(&mut self, syncer: &Syncer, end: u32) {
        let update = syncer.sync(self.sync(end)).wait().unwrap();
        self.apply_sync(update);
    }

    pub(crate) fn apply_scan(&mut self, update: FullScanResponse<u32>) {
        self.last_active = update.last_active_indices.get(&0).copied().or(self.last_active);
        self.apply(update.tx_update, update.chain_update);
    }

    pub(crate) fn apply_sync(&mut self, update: SyncResponse) {
        self.apply(update.tx_update, update.chain_update);
    }

    pub(crate) fn apply(&mut self, update: TxUpdate<ConfirmationBlockTime>, chain: Option<bdk_chain::CheckPoint>) {
        if let Some(chain) = chain {
            self.chain.apply_update(chain).unwrap();
        }
        let _ = self.graph.apply_update(update);
    }

    /// Returns the canonical transactions, with their heights.
    pub(crate) fn canonical(&self) -> BTreeSet<(Txid, Option<u32>)> {
        let tip = self.chain.tip().block_id();
        let transactions = self.graph.list_canonical_txs(&self.chain, tip, Default::default());
        let place = |height: Option<&ConfirmationBlockTime>| height.map(|anchor| anchor.block_id.height);
        transactions
            .map(|it| {
                let anchor = match &it.chain_position {
                    bdk_chain::ChainPosition::Confirmed { anchor, .. } => Some(anchor),
                    bdk_chain::ChainPosition::Unconfirmed { .. } => None,
                };
                (it.tx_node.txid, place(anchor))
            })
            .collect()
    }

    /// Returns the unspent amount of the scripts before `end`, in satoshi.
    pub(crate) fn balance(&self, end: u32) -> u64 {
        let scripts: BTreeSet<ScriptBuf> = (0..end).map(script).collect();
        let outputs = self.graph.all_txouts().filter(|(_, output)| scripts.contains(&output.script_pubkey));
        let outpoints: Vec<((), OutPoint)> = outputs.map(|(outpoint, _)| ((), outpoint)).collect();
        let tip = self.chain.tip().block_id();
        let unspent = self.graph.filter_chain_unspents(&self.chain, tip, Default::default(), outpoints);
        unspent.map(|(_, output)| output.txout.value.to_sat()).sum()
    }

    /// Asserts that the wallet has the transactions of the server's chain that touch the scripts before `end`.
    pub(crate) fn assert_equals(&self, server: &Server, end: u32) {
        let (expected, tip) = server.chain(|chain| (truth(chain, end), tip(chain)));
        assert_eq!(self.canonical(), expected);
        assert_eq!(self.chain.tip().block_id(), tip);
    }
}

/// Returns the transactions of a chain that touch the scripts before `end`.
pub(crate) fn truth(chain: &Chain, end: u32) -> BTreeSet<(Txid, Option<u32>)> {
    let histories = (0..end).flat_map(|index| history(chain, index));
    histories.map(|entry| (txid(entry.txid), u32::try_from(entry.height).ok().filter(|height| *height > 0))).collect()
}

/// Returns the last script before `end` that is used in a chain.
pub(crate) fn last_active(chain: &Chain, end: u32) -> Option<u32> {
    (0..end).rev().find(|index| !history(chain, *index).is_empty())
}

fn history(chain: &Chain, index: u32) -> Vec<HistoryEntry> {
    chain.history(&Scripthash::of_script(&testkit_script(index)))
}

/// The last block of a chain.
pub(crate) fn tip(chain: &Chain) -> BlockId {
    BlockId { height: chain.height(), hash: block_hash(chain, chain.height()) }
}

pub(crate) fn block_hash(chain: &Chain, height: u32) -> BlockHash {
    chain.header(height).unwrap().hash().to_string().parse().unwrap()
}
