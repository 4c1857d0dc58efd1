//! Makes the update of a wallet from a complete scan.

use bdk_core::{CheckPoint, ConfirmationBlockTime, TxUpdate};
use bitcoin::Txid;

use super::listing::{Listing, Place};
use super::plan::Plan;
use super::scripts::Scripts;

/// Returns the update of a complete scan: its transactions and the wallet's chain.
pub(crate) fn update(plan: &Plan, scripts: &dyn Scripts) -> (TxUpdate<ConfirmationBlockTime>, Option<CheckPoint>) {
    let listing = plan.complete_listing(scripts);
    let mut update = TxUpdate::default();
    update.txs = listing.places().filter_map(|(txid, _)| plan.cache.transactions.get(&txid).cloned()).collect();
    update.anchors = anchors(plan, &listing).map(|(txid, anchor)| (anchor, txid)).collect();
    let unconfirmed = listing.places().filter(|(_, place)| *place == Place::Unconfirmed);
    update.seen_ats = unconfirmed.map(|(txid, _)| (txid, plan.start_time)).collect();
    for (script, expected) in scripts.expected().into_iter().flatten() {
        let listed = plan.histories.get(script).map_or(&[][..], Vec::as_slice);
        let is_listed = |txid: &&Txid| listed.iter().any(|entry| Txid::from(entry.txid) == **txid);
        let missing = expected.iter().filter(|txid| !is_listed(txid));
        update.evicted_ats.extend(missing.map(|txid| (*txid, plan.start_time)));
    }
    if plan.options.prev_txouts {
        update.txouts = listing.spent_outputs(&plan.cache.transactions).unwrap_or_default();
    }
    let chain = plan.chain_update(update.anchors.iter().map(|(anchor, _)| *anchor));
    (update, chain)
}

/// Returns the proven anchors of the confirmed transactions.
pub(crate) fn anchors<'a>(
    plan: &'a Plan,
    listing: &'a Listing,
) -> impl Iterator<Item = (Txid, ConfirmationBlockTime)> + 'a {
    listing.confirmed().filter_map(|(txid, height)| Some((txid, plan.anchor(txid, height)?)))
}
