//! Queries of the chain, from which answers to clients are made.

use super::tx::{OutPoint, Output, Transaction};
use super::{Chain, merkle};
use crate::hash::{Hash256, Scripthash, Txid, sha256, to_hex};

/// A transaction that touches a script.
///
/// # Example
/// ```
/// use electrum_testkit::chain::{Chain, FEE, HistoryEntry, script};
/// use electrum_testkit::hash::Hash256;
///
/// let (mut chain, scripthash) = (Chain::funded(), Hash256::of_script(&script(1)));
/// let txid = chain.pay(&script(1), 70_000);
/// assert_eq!(chain.history(&scripthash), [HistoryEntry { txid, height: 0, fee: Some(FEE) }]);
/// chain.mine(1);
/// assert_eq!(chain.history(&scripthash), [HistoryEntry { txid, height: 111, fee: None }]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Its id.
    pub txid: Txid,
    /// The height of its block; 0 in the mempool, -1 if one of its parents is there too.
    pub height: i64,
    /// Its fee, if it is in the mempool.
    pub fee: Option<u64>,
}

/// The balance of a script, in satoshi.
///
/// # Example
/// ```
/// use electrum_testkit::chain::{Balance, Chain, script};
/// use electrum_testkit::hash::Hash256;
///
/// let mut chain = Chain::funded();
/// chain.pay(&script(1), 70_000);
/// chain.mine(1);
/// chain.pay(&script(1), 5_000);
/// let balance = chain.balance(&Hash256::of_script(&script(1)));
/// assert_eq!(balance, Balance { confirmed: 70_000, unconfirmed: 5_000 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// The amount in blocks.
    pub confirmed: i64,
    /// The change by the mempool, negative if it spends more than it pays.
    pub unconfirmed: i64,
}

/// An unspent output.
///
/// # Example
/// ```
/// use electrum_testkit::prelude::*;
///
/// let (mut chain, scripthash) = (Chain::funded(), Hash256::of_script(&script(1)));
/// chain.pay(&script(1), 70_000);
/// let unspent = chain.unspent(&scripthash).remove(0);
/// assert_eq!((unspent.value, unspent.height), (70_000, 0));
/// chain.spend(unspent.outpoint, &script(2));
/// assert!(chain.unspent(&scripthash).is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unspent {
    /// The output.
    pub outpoint: OutPoint,
    /// The height of its block, or 0.
    pub height: i64,
    /// The position of its transaction in the block, or 0.
    pub position: u32,
    /// Satoshis.
    pub value: u64,
}

/// The state of an output: where it was made, and what spends it.
///
/// # Example
/// ```
/// use electrum_testkit::prelude::*;
///
/// let mut chain = Chain::funded();
/// let output = OutPoint::new(chain.pay(&script(1), 70_000), 0);
/// chain.mine(1);
/// let spender = chain.spend(output, &script(2));
/// let status = chain.outpoint_status(&output);
/// assert_eq!(status.funder_height, Some(111));
/// assert_eq!(status.spender, Some((spender, 0)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutpointStatus {
    /// The height of the transaction that made it, as in a history; `None` if there is none.
    pub funder_height: Option<i64>,
    /// Who spends it, and at what height.
    pub spender: Option<(Txid, i64)>,
}

impl Chain {
    /// Returns the history of a script: by height and position, then the mempool, 0 before -1, each by id.
    pub fn history(&self, script: &Scripthash) -> Vec<HistoryEntry> {
        let confirmed = self.index.confirmed(script).map(|(place, txid)| HistoryEntry {
            txid,
            height: place.height.into(),
            fee: None,
        });
        confirmed.chain(self.mempool_history(script)).collect()
    }

    /// Returns the part of [`Chain::history`] that is in the mempool.
    pub fn mempool_history(&self, script: &Scripthash) -> Vec<HistoryEntry> {
        let mut waiting: Vec<_> = self
            .index
            .waiting(script)
            .filter_map(|txid| {
                let (tx, fee) = self.index.waiting_transaction(&txid)?;
                Some(HistoryEntry { txid, height: self.waiting_height(tx), fee: Some(fee) })
            })
            .collect();
        waiting.sort_by_cached_key(|entry| (-entry.height, entry.txid.to_string()));
        waiting
    }

    /// Returns the status of a script, over its history in the order of [`Chain::history`].
    pub fn status(&self, script: &Scripthash) -> Option<String> {
        status_of(&self.history(script))
    }

    /// Returns the balance of a script.
    pub fn balance(&self, script: &Scripthash) -> Balance {
        let mut balance = Balance::default();
        for entry in self.history(script) {
            let Some(tx) = self.index.transaction(&entry.txid) else {
                continue;
            };
            let paid = tx.outputs.iter().filter(|output| pays(output, script));
            let spent = tx.inputs.iter().filter_map(|input| self.index.output(&input.previous));
            let spent = spent.filter(|output| pays(output, script));
            let sum = paid.map(|o| o.value as i64).sum::<i64>() - spent.map(|o| o.value as i64).sum::<i64>();
            match entry.fee {
                None => balance.confirmed += sum,
                Some(_) => balance.unconfirmed += sum,
            }
        }
        balance
    }

    /// Returns the unspent outputs of a script, those in the mempool last.
    pub fn unspent(&self, script: &Scripthash) -> Vec<Unspent> {
        let mut found = Vec::new();
        for entry in self.history(script) {
            let Some(tx) = self.index.transaction(&entry.txid) else {
                continue;
            };
            for (index, output) in tx.outputs.iter().enumerate() {
                let outpoint = OutPoint::new(entry.txid, index as u32);
                if pays(output, script) && self.index.spender(&outpoint).is_none() {
                    found.push(Unspent {
                        outpoint,
                        height: entry.height.max(0),
                        position: self.index.place(&entry.txid).map_or(0, |place| place.position),
                        value: output.value,
                    });
                }
            }
        }
        found
    }

    /// Returns a transaction of the chain or the mempool.
    pub fn transaction(&self, txid: &Txid) -> Option<&Transaction> {
        self.index.transaction(txid)
    }

    /// Returns an output of the chain or the mempool, spent or not.
    pub fn output(&self, outpoint: &OutPoint) -> Option<&Output> {
        self.index.output(outpoint)
    }

    /// Returns the height of a transaction as in a history, or `None` if it does not exist.
    pub fn height_of(&self, txid: &Txid) -> Option<i64> {
        match self.index.height_of(txid) {
            Some(height) => Some(height.into()),
            None => {
                let (tx, _) = self.index.waiting_transaction(txid)?;
                Some(self.waiting_height(tx))
            }
        }
    }

    /// Returns where an output was made, and what spends it.
    pub fn outpoint_status(&self, outpoint: &OutPoint) -> OutpointStatus {
        if self.output(outpoint).is_none() {
            return OutpointStatus::default();
        }
        let spender = self.index.spender(outpoint);
        OutpointStatus {
            funder_height: self.height_of(&outpoint.txid),
            spender: spender.and_then(|txid| Some((txid, self.height_of(&txid)?))),
        }
    }

    /// Returns the position of a transaction in the block at a height, and its merkle branch.
    pub fn merkle(&self, txid: &Txid, height: u32) -> Option<(usize, Vec<Hash256>)> {
        let txids = &self.block(height)?.txids;
        let position = txids.iter().position(|other| other == txid)?;
        Some((position, merkle::branch(txids, position)))
    }

    /// Returns the transaction at a position of a block, and its merkle branch.
    pub fn id_from_pos(&self, height: u32, position: usize) -> Option<(Txid, Vec<Hash256>)> {
        let txids = &self.block(height)?.txids;
        Some((*txids.get(position)?, merkle::branch(txids, position)))
    }

    /// Returns the branch of a header in the tree over all header hashes up to a checkpoint, and the root of that tree.
    pub fn checkpoint(&self, height: u32, cp_height: u32) -> Option<(Vec<Hash256>, Hash256)> {
        let headers = self.blocks.get(..=cp_height as usize)?;
        let leaves: Vec<_> = headers.iter().map(|block| block.header.hash()).collect();
        (height <= cp_height).then(|| merkle::branch_and_root(&leaves, height as usize))
    }

    /// Returns the falling fee rates of the mempool in sat/vB, each with the virtual size that pays it.
    pub fn fee_histogram(&self) -> Vec<(u64, u64)> {
        let mut rates: Vec<_> = self.mempool().iter().map(|entry| (entry.fee / entry.vsize, entry.vsize)).collect();
        rates.sort_by(|a, b| b.cmp(a));
        let mut histogram: Vec<(u64, u64)> = Vec::new();
        for (rate, vsize) in rates {
            match histogram.last_mut() {
                Some(last) if last.0 == rate => last.1 += vsize,
                _ => histogram.push((rate, vsize)),
            }
        }
        histogram
    }

    fn waiting_height(&self, tx: &Transaction) -> i64 {
        let confirmed = |txid: &Txid| self.index.height_of(txid).is_some();
        if tx.inputs.iter().all(|input| confirmed(&input.previous.txid)) { 0 } else { -1 }
    }
}

/// Returns the status over a history in the given order, or `None` if it is empty.
pub fn status_of(history: &[HistoryEntry]) -> Option<String> {
    if history.is_empty() {
        return None;
    }
    let text: String = history.iter().map(|entry| format!("{}:{}:", entry.txid, entry.height)).collect();
    Some(to_hex(&sha256(text.as_bytes())))
}

fn pays(output: &Output, script: &Scripthash) -> bool {
    Hash256::of_script(&output.script) == *script
}
