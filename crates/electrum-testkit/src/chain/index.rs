//! The index of the chain: the place of each transaction, the history of each script, the spender of each output.

use std::collections::{BTreeSet, HashMap};

use super::block::Block;
use super::tx::{OutPoint, Output, Transaction};
use crate::hash::{Hash256, Scripthash, Txid};

/// A place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) height: u32,
    pub(super) position: u32,
}

#[derive(Debug, Clone, Default)]
struct Touching {
    confirmed: BTreeSet<(Place, Txid)>,
    waiting: BTreeSet<Txid>,
}

#[derive(Debug, Clone)]
struct Record {
    tx: Transaction,
    /// `None` in the mempool.
    place: Option<Place>,
    /// The fee in the mempool.
    fee: u64,
}

/// The index over the blocks and the mempool.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    transactions: HashMap<Txid, Record>,
    scripts: HashMap<Scripthash, Touching>,
    spenders: HashMap<OutPoint, Txid>,
}

impl Index {
    pub(super) fn connect(&mut self, height: u32, block: &Block) {
        for (position, (tx, txid)) in block.transactions.iter().zip(&block.txids).enumerate() {
            let place = Place { height, position: position as u32 };
            for script in self.touched(tx) {
                self.scripts.entry(script).or_default().confirmed.insert((place, *txid));
            }
            self.add(tx, *txid, Some(place), 0);
        }
    }

    /// Undoes [`Index::connect`]. Blocks are disconnected in reverse order.
    pub(super) fn disconnect(&mut self, height: u32, block: &Block) {
        for (position, (tx, txid)) in block.transactions.iter().zip(&block.txids).enumerate().rev() {
            let place = Place { height, position: position as u32 };
            for script in self.touched(tx) {
                self.scripts.entry(script).or_default().confirmed.remove(&(place, *txid));
            }
            self.remove(tx, txid);
        }
    }

    pub(super) fn add_waiting(&mut self, tx: &Transaction, txid: Txid, fee: u64) {
        for script in self.touched(tx) {
            self.scripts.entry(script).or_default().waiting.insert(txid);
        }
        self.add(tx, txid, None, fee);
    }

    pub(super) fn remove_waiting(&mut self, tx: &Transaction, txid: &Txid) {
        for script in self.touched(tx) {
            self.scripts.entry(script).or_default().waiting.remove(txid);
        }
        self.remove(tx, txid);
    }

    pub(super) fn transaction(&self, txid: &Txid) -> Option<&Transaction> {
        self.transactions.get(txid).map(|record| &record.tx)
    }

    pub(super) fn place(&self, txid: &Txid) -> Option<Place> {
        self.transactions.get(txid)?.place
    }

    /// Returns the transaction and its fee, if it is in the mempool.
    pub(super) fn waiting_transaction(&self, txid: &Txid) -> Option<(&Transaction, u64)> {
        let record = self.transactions.get(txid)?;
        record.place.is_none().then_some((&record.tx, record.fee))
    }

    pub(super) fn height_of(&self, txid: &Txid) -> Option<u32> {
        self.place(txid).map(|place| place.height)
    }

    pub(super) fn output(&self, outpoint: &OutPoint) -> Option<&Output> {
        self.transaction(&outpoint.txid)?.outputs.get(outpoint.index as usize)
    }

    pub(super) fn spender(&self, outpoint: &OutPoint) -> Option<Txid> {
        self.spenders.get(outpoint).copied()
    }

    /// Returns the confirmed transactions of a script, in the order of the chain.
    pub(super) fn confirmed(&self, script: &Scripthash) -> impl Iterator<Item = (Place, Txid)> {
        self.scripts.get(script).into_iter().flat_map(|touching| touching.confirmed.iter().copied())
    }

    /// Returns the transactions of a script in the mempool, sorted by id.
    pub(super) fn waiting(&self, script: &Scripthash) -> impl Iterator<Item = Txid> {
        self.scripts.get(script).into_iter().flat_map(|touching| touching.waiting.iter().copied())
    }

    fn add(&mut self, tx: &Transaction, txid: Txid, place: Option<Place>, fee: u64) {
        for input in &tx.inputs {
            self.spenders.insert(input.previous, txid);
        }
        self.transactions.insert(txid, Record { tx: tx.clone(), place, fee });
    }

    fn remove(&mut self, tx: &Transaction, txid: &Txid) {
        for input in &tx.inputs {
            self.spenders.remove(&input.previous);
        }
        self.transactions.remove(txid);
    }

    /// Returns the scripts that a transaction pays or spends from.
    pub(super) fn touched(&self, tx: &Transaction) -> BTreeSet<Scripthash> {
        let paid = tx.outputs.iter();
        let spent = tx.inputs.iter().filter_map(|input| self.output(&input.previous));
        paid.chain(spent).map(|output| Hash256::of_script(&output.script)).collect()
    }
}
