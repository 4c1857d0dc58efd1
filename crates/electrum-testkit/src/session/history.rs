//! Histories in the order of the family, and what follows from them.

use crate::chain::{Chain, HistoryEntry, status_of};
use crate::family::HistoryOrder;
use crate::hash::{Scripthash, Txid};

/// A history in the order of the family, and so what its status is made of.
pub(super) fn ordered(order: HistoryOrder, mut history: Vec<HistoryEntry>) -> Vec<HistoryEntry> {
    match order {
        HistoryOrder::Canonical => {}
        // Stands for the order of a Python set: deterministic, and neither by height nor by id.
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

/// The status of a script in the order of the family.
pub(super) fn status(chain: &Chain, order: HistoryOrder, hash: &Scripthash) -> Option<String> {
    status_of(&ordered(order, chain.history(hash)))
}

/// The height of a transaction, 0 if it waits.
pub(super) fn height_of(chain: &Chain, txid: &Txid) -> Option<i64> {
    chain.height_of(txid).map(|height| height.max(0))
}
