//! Derives each update of a follower from the updates that it has returned before.

use std::collections::{BTreeMap, HashMap, HashSet};

use bdk_core::spk_client::FullScanResponse;
use bdk_core::{BlockId, CheckPoint, TxUpdate};
use bitcoin::Txid;

use super::listing::Place;
use super::plan::Plan;
use super::scripts::Keychains;
use super::update::anchors;

/// Everything that was reported so far.
#[derive(Debug)]
pub(crate) struct Report<K> {
    transactions: HashMap<Txid, Reported>,
    last_active: BTreeMap<K, u32>,
    chain: Option<CheckPoint>,
    has_begun: bool,
}

/// What was reported of a transaction.
#[derive(Debug, Default)]
struct Reported {
    /// The block that it is in.
    block: Option<BlockId>,
    /// Whether it is in the mempool.
    is_seen: bool,
    /// When the transaction was last reported to be in the mempool.
    seen_at: u64,
    /// When it was last reported to be missing.
    evicted_at: Option<u64>,
}

impl<K: Ord + Clone + Send> Report<K> {
    pub(crate) fn new(chain: Option<CheckPoint>) -> Self {
        Self { transactions: HashMap::new(), last_active: BTreeMap::new(), chain, has_begun: false }
    }

    /// Returns the wallet's chain after all updates so far.
    pub(crate) fn chain(&self) -> Option<CheckPoint> {
        self.chain.clone()
    }

    /// Returns the part of a complete plan that was not reported yet: everything the first time, `None` if nothing is
    /// new. `now` is the present time in seconds since 1970.
    pub(crate) fn advance(&mut self, plan: &Plan, keychains: &Keychains<K>, now: u64) -> Option<FullScanResponse<K>> {
        let listing = plan.complete_listing(keychains);
        let mut update = TxUpdate::default();
        let mut new = HashSet::new();
        for (txid, place) in listing.places() {
            let reported = self.transactions.entry(txid).or_insert_with(|| {
                new.insert(txid);
                update.txs.extend(plan.cache.transactions.get(&txid).cloned());
                Reported::default()
            });
            let is_seen = place == Place::Unconfirmed;
            if is_seen && !reported.is_seen {
                // Wallets take the later report; of two in the same second, that it is missing.
                reported.seen_at = now.max(reported.evicted_at.map_or(0, |evicted| evicted + 1));
                update.seen_ats.insert((txid, reported.seen_at));
            }
            reported.is_seen = is_seen;
            if is_seen {
                reported.block = None;
            }
        }
        for (txid, anchor) in anchors(plan, &listing) {
            let reported = self.transactions.entry(txid).or_default();
            if reported.block.replace(anchor.block_id) != Some(anchor.block_id) {
                update.anchors.insert((anchor, txid));
            }
        }
        for (txid, reported) in &mut self.transactions {
            if listing.place(txid).is_none() && (reported.is_seen || reported.block.is_some()) {
                let evicted = now.max(reported.seen_at);
                *reported = Reported { seen_at: reported.seen_at, evicted_at: Some(evicted), ..Reported::default() };
                update.evicted_ats.insert((*txid, evicted));
            }
        }
        if plan.options.prev_txouts && !new.is_empty() {
            let spent = listing.spent_outputs(&plan.cache.transactions).unwrap_or_default();
            let spending = update.txs.iter().flat_map(|transaction| &transaction.input);
            let outpoints: Vec<_> = spending.map(|input| input.previous_output).collect();
            update.txouts = outpoints.into_iter().filter_map(|it| Some((it, spent.get(&it)?.clone()))).collect();
        }
        let chain_update = plan.chain_update(anchors(plan, &listing).map(|(_, anchor)| anchor));
        let chain_update = chain_update.filter(|chain| !self.has_begun || self.chain.as_ref() != Some(chain));
        if let Some(chain) = &chain_update {
            self.chain = Some(chain.clone());
        }
        let mut last_active_indices = keychains.last_active(&plan.histories);
        last_active_indices.retain(|keychain, index| self.last_active.get(keychain) != Some(index));
        self.last_active.extend(last_active_indices.clone());
        let response = FullScanResponse { tx_update: update, chain_update, last_active_indices };
        let is_new = !self.has_begun || !response.is_empty();
        self.has_begun = true;
        is_new.then_some(response)
    }
}
