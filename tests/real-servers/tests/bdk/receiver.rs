//! What a wallet keeps: a chain and a graph of transactions, which updates are applied to.

use bdk_chain::indexed_tx_graph::IndexedTxGraph;
use bdk_chain::local_chain::LocalChain;
use bdk_chain::spk_client::{SyncRequest, SyncResponse};
use bdk_chain::spk_txout::SpkTxOutIndex;
use bdk_chain::{Balance, CanonicalizationParams, ConfirmationBlockTime};
use bdk_core::bitcoin::ScriptBuf;
use bdk_core::bitcoin::constants::genesis_block;

use crate::backend::Backend;
use crate::scene::{History, Scene};

pub(crate) struct Receiver {
    pub(crate) chain: LocalChain,
    pub(crate) graph: IndexedTxGraph<ConfirmationBlockTime, SpkTxOutIndex<u32>>,
}

impl Receiver {
    /// A wallet of these scripts that knows the first block only.
    pub(crate) fn new(scripts: &[ScriptBuf]) -> Self {
        let genesis = genesis_block(bdk_core::bitcoin::Network::Regtest).block_hash();
        let mut index = SpkTxOutIndex::default();
        for (number, script) in (0..).zip(scripts) {
            index.insert_spk(number, script.clone());
        }
        Self { chain: LocalChain::from_genesis_hash(genesis).0, graph: IndexedTxGraph::new(index) }
    }

    /// Waits until the server has these histories, and syncs: then the wallet has this balance.
    #[track_caller]
    pub(crate) fn sync<B: Backend>(&mut self, scene: &Scene<B>, histories: &[History<'_>], balance: (u64, u64)) {
        scene.settle(histories);
        drop(self.synced(scene));
        assert_eq!(self.balance(), balance);
    }

    /// Syncs all scripts, and takes the update, which must lead to the server's tip. Gives the update.
    #[track_caller]
    pub(crate) fn synced<B: Backend>(&mut self, scene: &Scene<B>) -> SyncResponse {
        let scripts: Vec<ScriptBuf> = self.graph.index.all_spks().values().cloned().collect();
        let expected = self.graph.list_expected_spk_txids(&self.chain, self.chain.tip().block_id(), ..);
        let expected: Vec<_> = expected.collect();
        let request = SyncRequest::builder().chain_tip(self.chain.tip()).spks(scripts).expected_spk_txids(expected);
        let response = scene.backend.sync(request.build());
        let update = response.chain_update.clone().expect("an update of the chain");
        self.chain.apply_update(update).expect("it connects");
        let _ = self.graph.apply_update(response.tx_update.clone());
        let height = scene.bitcoind.height();
        assert_eq!((self.chain.tip().height(), self.chain.tip().hash()), (height, scene.hash(height)));
        response
    }

    /// What is confirmed, and what is pending, in satoshi.
    pub(crate) fn balance(&self) -> (u64, u64) {
        let outputs = self.graph.index.outpoints().clone();
        let balance: Balance = self.graph.graph().balance(
            &self.chain,
            self.chain.tip().block_id(),
            CanonicalizationParams::default(),
            outputs,
            |_, _| true,
        );
        assert_eq!(balance.untrusted_pending.to_sat(), 0, "all are trusted");
        let confirmed = balance.confirmed + balance.immature;
        (confirmed.to_sat(), balance.trusted_pending.to_sat())
    }
}
