//! Histories in the order of the family, and their statuses.

use crate::chain::{Chain, HistoryEntry, status_of};
use crate::family::HistoryOrder;
use crate::hash::{Scripthash, Txid};

/// Returns a history in the order of the family, in which its status is hashed.
pub(super) fn ordered(order: HistoryOrder, mut history: Vec<HistoryEntry>) -> Vec<HistoryEntry> {
    match order {
        HistoryOrder::Canonical => {}
        // In place of the order of a Python set: neither by height nor by id, but the same in each run.
        HistoryOrder::OwnMempool => {
            let confirmed = history.iter().take_while(|entry| entry.height > 0).count();
            history[confirmed..].sort_by_key(|entry| *entry.txid.as_bytes());
        }
        HistoryOrder::OwnBlocks => history.sort_by_key(|entry| {
            let height = if entry.height > 0 { entry.height } else { i64::MAX };
            (height, *entry.txid.as_bytes())
        }),
    }
    history
}

/// Returns the status of a script.
pub(super) fn status(chain: &Chain, order: HistoryOrder, hash: &Scripthash) -> Option<String> {
    status_of(&ordered(order, chain.history(hash)))
}

/// Returns the height of a transaction, 0 in the mempool.
pub(super) fn height_of(chain: &Chain, txid: &Txid) -> Option<i64> {
    chain.height_of(txid).map(|height| height.max(0))
}
