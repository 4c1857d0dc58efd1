//! The data that a syncer keeps from one scan to the next.

use std::collections::HashMap;
use std::sync::Arc;

use bdk_core::ConfirmationBlockTime;
use bitcoin::{Transaction, Txid};

use super::chain::Chain;

/// Checked transactions, proven anchors and linked headers.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    pub(crate) transactions: HashMap<Txid, Arc<Transaction>>,
    /// For each transaction, the block in which it was last proved to be.
    pub(crate) anchors: HashMap<Txid, ConfirmationBlockTime>,
    pub(crate) chain: Chain,
}

impl Cache {
    /// Adds the data that another scan has found.
    pub(crate) fn merge(&mut self, other: Self) {
        self.transactions.extend(other.transactions);
        self.anchors.extend(other.anchors);
        if other.chain.tip().is_some() {
            self.chain = other.chain;
        }
    }
}
