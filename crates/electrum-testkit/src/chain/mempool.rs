//! The mempool: makes, accepts and rejects transactions.

use super::entry::{MempoolEntry, Rejection};
use super::tx::{Input, OutPoint, Output, Transaction};
use super::{Chain, FAUCET, FEE, MATURITY};
use crate::hash::{Hash256, Txid};

impl Chain {
    /// Pays a script from the rewards of mining, with a transaction in the mempool. It spends a confirmed output as
    /// long as the chain has an unspent reward.
    ///
    /// # Panics
    /// If no funds are left: mine some blocks.
    pub fn pay(&mut self, script: &[u8], sat: u64) -> Txid {
        let mut inputs = Vec::new();
        let mut funds = 0;
        for (outpoint, value) in self.faucet() {
            if funds >= sat + FEE {
                break;
            }
            inputs.push(Input::spending(outpoint));
            funds += value;
        }
        assert!(funds >= sat + FEE, "the faucet is empty: mine some blocks first");
        let mut outputs = vec![Output { value: sat, script: script.to_vec() }];
        if funds > sat + FEE {
            outputs.push(Output { value: funds - sat - FEE, script: FAUCET.to_vec() });
        }
        self.take(Transaction::new(inputs, outputs))
    }

    /// Spends all of an output, less [`FEE`], to a script. If the output is in the mempool, the new transaction has
    /// height -1 in histories.
    ///
    /// # Panics
    /// If the output is unknown, spent, or smaller than the fee.
    pub fn spend(&mut self, outpoint: OutPoint, script: &[u8]) -> Txid {
        let value = self.output(&outpoint).map_or(0, |output| output.value);
        assert!(value >= FEE, "{outpoint:?} is unknown or smaller than the fee");
        self.take(Transaction::spending(outpoint, value - FEE, script.to_vec()))
    }

    /// Accepts a transaction into the mempool, like a node that does not check signatures. A transaction that is there
    /// already is accepted again.
    pub fn broadcast(&mut self, tx: Transaction) -> Result<Txid, Rejection> {
        let txid = tx.txid();
        if self.index.waiting_transaction(&txid).is_some() {
            return Ok(txid);
        }
        let fee = self.check(&tx, &txid)?;
        self.index.add_waiting(&tx, txid, fee);
        self.mempool.push(MempoolEntry { vsize: tx.vsize(), tx, txid, fee });
        self.revision += 1;
        Ok(txid)
    }

    /// Returns the fee of a transaction if the mempool would accept it, without adding it.
    pub fn check(&self, tx: &Transaction, txid: &Txid) -> Result<u64, Rejection> {
        let reject = |words: &str| Err(Rejection(words.to_owned()));
        if self.index.place(txid).is_some() {
            return reject("Transaction outputs already in utxo set");
        }
        if tx.is_coinbase() {
            return reject("coinbase");
        }
        let mut paid_in = 0_u64;
        for (i, input) in tx.inputs.iter().enumerate() {
            if tx.inputs[..i].iter().any(|other| other.previous == input.previous) {
                return reject("bad-txns-inputs-duplicate");
            }
            match self.index.spender(&input.previous) {
                Some(spender) if self.index.place(&spender).is_none() => {
                    return reject("txn-mempool-conflict");
                }
                None => {}
                Some(_) => return reject("bad-txns-inputs-missingorspent"),
            }
            let Some(output) = self.index.output(&input.previous) else {
                return reject("bad-txns-inputs-missingorspent");
            };
            paid_in += output.value;
        }
        let paid_out = tx.outputs.iter().try_fold(0_u64, |sum, o| sum.checked_add(o.value));
        let Some(fee) = paid_out.and_then(|paid_out| paid_in.checked_sub(paid_out)) else {
            return reject("bad-txns-in-belowout");
        };
        // A tenth of a satoshi per virtual byte, as recorded: "min relay fee not met, 0 < 15".
        let least = tx.vsize().div_ceil(10);
        if fee < least {
            return Err(Rejection(format!("min relay fee not met, {fee} < {least}")));
        }
        Ok(fee)
    }

    /// Removes a transaction and its descendants from the mempool, as if they had been replaced.
    pub fn evict(&mut self, txid: &Txid) {
        let Some(at) = self.mempool.iter().position(|entry| entry.txid == *txid) else {
            return;
        };
        let children = (0..self.mempool[at].tx.outputs.len() as u32)
            .filter_map(|index| self.index.spender(&OutPoint::new(*txid, index)))
            .collect::<Vec<_>>();
        children.iter().for_each(|child| self.evict(child));
        if let Some(at) = self.mempool.iter().position(|entry| entry.txid == *txid) {
            let entry = self.mempool.remove(at);
            self.index.remove_waiting(&entry.tx, &entry.txid);
            self.revision += 1;
        }
    }

    fn take(&mut self, tx: Transaction) -> Txid {
        match self.broadcast(tx) {
            Ok(txid) => txid,
            Err(rejection) => panic!("the chain refused its own transaction: {rejection}"),
        }
    }

    /// Returns the outputs to pay from, the best first: mature rewards, then younger ones, then change.
    fn faucet(&self) -> Vec<(OutPoint, u64)> {
        let mut funds: Vec<_> = self
            .unspent(&Hash256::of_script(FAUCET))
            .into_iter()
            .filter(|unspent| unspent.value > 0)
            .map(|unspent| {
                let waiting = unspent.height == 0;
                let young = waiting || unspent.height as u32 + MATURITY > self.height() + 1;
                let is_reward = unspent.position == 0;
                ((waiting, young && is_reward), unspent.height, unspent.outpoint, unspent.value)
            })
            .collect();
        funds.sort();
        funds.into_iter().map(|(_, _, outpoint, value)| (outpoint, value)).collect()
    }
}
