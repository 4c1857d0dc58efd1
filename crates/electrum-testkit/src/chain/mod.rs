//! A small deterministic chain by the rules of regtest, with a mempool.
//!
//! Everything that a client can check is real: ids, merkle roots, links and proof of work. Signatures
//! are not: any output can be spent by anyone.

mod block;
mod entry;
mod index;
mod mempool;
pub mod merkle;
mod query;
mod tx;

use std::collections::HashSet;
use std::sync::OnceLock;

pub use block::{Block, Header, REGTEST_BITS, REGTEST_GENESIS};
pub use entry::{MempoolEntry, Rejection};
pub use query::{Balance, HistoryEntry, OutpointStatus, Unspent, status_of};
pub use tx::{Input, OutPoint, Output, Transaction};

use crate::hash::{BlockHash, Hash256, Scripthash, Txid};
use index::Index;

/// The fee of the chain's own payments, in satoshi.
pub const FEE: u64 = 500;
/// The script to which mining pays, and from which payments are made: a push of "faucet" and a drop.
const FAUCET: &[u8] = b"\x06faucet\x75\x51";
/// Confirmations that a reward needs before it is spent (when there is a choice).
const MATURITY: u32 = 100;

/// The chain, its mempool, and an index over both.
///
/// # Example
/// ```
/// use electrum_testkit::prelude::*;
///
/// let mut chain = Chain::funded();
/// let txid = chain.pay(&script(1), 70_000);
/// let scripthash = Hash256::of_script(&script(1));
/// assert_eq!(chain.balance(&scripthash).unconfirmed, 70_000);
/// chain.mine(1);
/// assert_eq!(chain.height_of(&txid), Some(111));
/// // Two other blocks take the place of its block, and it waits again.
/// chain.reorganise(1, 2);
/// assert_eq!((chain.height(), chain.height_of(&txid)), (112, Some(0)));
/// ```
#[derive(Debug, Clone)]
pub struct Chain {
    blocks: Vec<Block>,
    /// The mempool in the order of arrival, so that parents come before children.
    mempool: Vec<MempoolEntry>,
    index: Index,
    /// Makes the blocks of two branches, and payments of equal amounts, different.
    salt: u32,
    revision: u64,
    /// The chain before a reorganisation that did not make it longer.
    stale: Option<Box<Self>>,
    shaken: Shaken,
}

/// The scripts that the last reorganisation touched.
#[derive(Debug, Clone, Default)]
struct Shaken {
    revision: u64,
    scripts: HashSet<Scripthash>,
}

impl Default for Chain {
    /// Makes the chain of [`Chain::funded`].
    fn default() -> Self {
        Self::funded()
    }
}

impl Chain {
    /// Makes a chain of only the first block of regtest.
    pub fn genesis() -> Self {
        let genesis = Block::genesis();
        let mut index = Index::default();
        index.connect(0, &genesis);
        Self {
            blocks: vec![genesis],
            mempool: Vec::new(),
            index,
            salt: 0,
            revision: 0,
            stale: None,
            shaken: Shaken::default(),
        }
    }

    /// Makes a chain of 110 blocks, whose first rewards can be spent by [`Chain::pay`].
    pub fn funded() -> Self {
        // Made once, since tests start many servers.
        static FUNDED: OnceLock<Chain> = OnceLock::new();
        let funded = FUNDED.get_or_init(|| {
            let mut chain = Self::genesis();
            chain.mine(110);
            chain
        });
        funded.clone()
    }

    /// Returns the height of the last block.
    pub fn height(&self) -> u32 {
        (self.blocks.len() - 1) as u32
    }

    /// Returns the header of the last block.
    pub fn tip(&self) -> &Header {
        &self.blocks[self.blocks.len() - 1].header
    }

    /// Returns the block at a height.
    pub fn block(&self, height: u32) -> Option<&Block> {
        self.blocks.get(height as usize)
    }

    /// Returns the header at a height.
    pub fn header(&self, height: u32) -> Option<&Header> {
        self.block(height).map(|block| &block.header)
    }

    /// Returns the transactions in the mempool, parents before children.
    pub fn mempool(&self) -> &[MempoolEntry] {
        &self.mempool
    }

    /// Returns the revision, which grows with every change of the blocks or the mempool.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the chain as a server sees it that notices only higher tips: the state before a reorganisation that did
    /// not make the chain longer. `None` if there was none.
    pub fn stale(&self) -> Option<&Self> {
        self.stale.as_deref()
    }

    pub(crate) fn take_stale(&mut self) -> Option<Box<Self>> {
        self.stale.take()
    }

    pub(crate) fn put_stale(&mut self, stale: Box<Self>) {
        self.stale = Some(stale);
    }

    /// Returns whether the last reorganisation came after revision `since` and replaced a block with a transaction that
    /// touches the script.
    pub fn was_shaken(&self, script: &Scripthash, since: u64) -> bool {
        self.shaken.revision > since && self.shaken.scripts.contains(script)
    }

    /// Mines `count` blocks, the first with the whole mempool. Returns the hash of the last.
    pub fn mine(&mut self, count: u32) -> BlockHash {
        for _ in 0..count {
            let waiting = self.mempool.iter().map(|entry| entry.txid).collect::<Vec<_>>();
            self.mine_with(&waiting);
        }
        self.tip().hash()
    }

    /// Mines one block with only these transactions of the mempool. A transaction is left out if its parent in the
    /// mempool is not among them, or if it is not in the mempool.
    pub fn mine_with(&mut self, txids: &[Txid]) -> BlockHash {
        let wanted: HashSet<_> = txids.iter().collect();
        let mut taken: HashSet<Txid> = HashSet::new();
        let (mut mined, mut left) = (Vec::new(), Vec::new());
        for entry in std::mem::take(&mut self.mempool) {
            let ready = entry.tx.inputs.iter().all(|input| {
                taken.contains(&input.previous.txid) || self.index.height_of(&input.previous.txid).is_some()
            });
            if ready && wanted.contains(&entry.txid) {
                taken.insert(entry.txid);
                mined.push(entry);
            } else {
                left.push(entry);
            }
        }
        mined.iter().rev().for_each(|entry| self.index.remove_waiting(&entry.tx, &entry.txid));
        self.mempool = left;
        self.push_block(mined);
        self.tip().hash()
    }

    /// Replaces the last `depth` blocks by `new_len` others. The transactions of the replaced blocks return to the
    /// mempool, except for those that spend a reward of these blocks.
    ///
    /// # Panics
    /// If `depth` is more than the height: the first block stays.
    pub fn reorganise(&mut self, depth: u32, new_len: u32) -> BlockHash {
        assert!(depth <= self.height(), "the first block cannot be replaced");
        let before = self.stale.take().unwrap_or_else(|| Box::new(self.clone()));
        let keep = self.blocks.len() - depth as usize;
        let removed = self.blocks.split_off(keep);
        let gone = removed.iter().flat_map(|block| &block.transactions);
        let scripts = gone.flat_map(|tx| self.index.touched(tx)).collect();
        let waiting = std::mem::take(&mut self.mempool);
        waiting.iter().rev().for_each(|entry| self.index.remove_waiting(&entry.tx, &entry.txid));
        for (offset, block) in removed.iter().enumerate().rev() {
            self.index.disconnect((keep + offset) as u32, block);
        }
        self.salt += 1;
        for _ in 0..new_len {
            self.push_block(Vec::new());
        }
        self.revision += 1;
        self.shaken = Shaken { revision: self.revision, scripts };
        if self.height() <= before.height() {
            self.stale = Some(before);
        }
        let unmined = removed.into_iter().flat_map(|block| block.transactions.into_iter().skip(1));
        for tx in unmined.chain(waiting.into_iter().map(|entry| entry.tx)) {
            // Rejected only if it spends an output of the replaced blocks.
            let _ = self.broadcast(tx);
        }
        self.tip().hash()
    }

    fn push_block(&mut self, entries: Vec<MempoolEntry>) {
        let height = self.height() + 1;
        let fees = entries.iter().map(|entry| entry.fee).sum();
        let mut transactions = vec![block::coinbase(height, self.salt, fees, FAUCET)];
        transactions.extend(entries.into_iter().map(|entry| entry.tx));
        let block = Block::on(self.tip(), height, transactions);
        self.index.connect(height, &block);
        self.blocks.push(block);
        self.revision += 1;
        let height = self.height();
        self.stale.take_if(|stale| stale.height() < height);
    }
}

/// Returns one of many scripts, for tests of wallets.
pub fn script(n: u32) -> Vec<u8> {
    let program = Hash256::double(&n.to_le_bytes());
    [&[0x00, 0x14], &program.as_bytes()[..20]].concat()
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
