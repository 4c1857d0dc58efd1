//! The single transactions and outputs of a sync request.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bitcoin::{OutPoint, Script, ScriptBuf, Transaction, Txid};
use electrum_session::proto::types::HistoryEntry;

use super::scripts::Histories;

/// The transactions and outputs that a sync request names besides its scripts.
#[derive(Debug, Default)]
pub(crate) struct Items {
    pub(crate) txids: Vec<Txid>,
    pub(crate) outpoints: Vec<OutPoint>,
}

/// What is known about the items, and what must be fetched to know more.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The transactions to fetch first.
    pub(crate) transactions: Vec<Txid>,
    /// The scripts whose histories to fetch first.
    pub(crate) scripts: Vec<ScriptBuf>,
    /// The transactions that belong to the items, with their entries in histories. Those without an entry are in none.
    pub(crate) listed: Vec<(Txid, Option<HistoryEntry>)>,
}

/// The transactions and histories that a scan knows.
pub(crate) struct Known<'a> {
    pub(crate) histories: &'a Histories,
    pub(crate) transactions: &'a HashMap<Txid, Arc<Transaction>>,
    /// Transactions that the server does not have.
    pub(crate) gone: &'a HashSet<Txid>,
}

impl Items {
    /// Finds what is known about the items, and what to fetch to know more.
    pub(crate) fn find(&self, known: &Known<'_>) -> Found {
        let mut found = Found::default();
        for txid in &self.txids {
            found.transaction(*txid, known);
        }
        for outpoint in &self.outpoints {
            found.outpoint(*outpoint, known);
        }
        found
    }
}

impl Found {
    /// Adds a transaction by its id. Servers say where it is only in the history of a script.
    fn transaction(&mut self, txid: Txid, known: &Known<'_>) {
        let Some(transaction) = self.fetched(txid, known) else { return };
        let output = transaction.output.iter().map(|output| &output.script_pubkey).find(|script| is_indexed(script));
        // Without an indexed output, the script of an input has it in its history.
        let script = match output {
            Some(script) => Some(script),
            None if transaction.is_coinbase() => None,
            None => {
                let mut spent = transaction.input.iter().map(|input| input.previous_output);
                loop {
                    let Some(outpoint) = spent.next() else { break None };
                    if known.gone.contains(&outpoint.txid) {
                        continue;
                    }
                    let Some(parent) = self.fetched(outpoint.txid, known) else { return };
                    if let Some(output) = parent.output.get(outpoint.vout as usize) {
                        break Some(&output.script_pubkey);
                    }
                }
            }
        };
        let Some(script) = script else { return };
        if let Some(history) = self.history(script, known) {
            let entry = history.iter().find(|entry| Txid::from(entry.txid) == txid);
            self.listed.push((txid, entry.copied()));
        }
    }

    /// Adds an output: the transaction that made it, and the one that spends it.
    fn outpoint(&mut self, outpoint: OutPoint, known: &Known<'_>) {
        let Some(transaction) = self.fetched(outpoint.txid, known) else { return };
        let Some(output) = transaction.output.get(outpoint.vout as usize) else { return };
        let Some(history) = self.history(&output.script_pubkey, known) else { return };
        for entry in history {
            let txid = Txid::from(entry.txid);
            if txid == outpoint.txid {
                self.listed.push((txid, Some(*entry)));
                continue;
            }
            let Some(other) = self.fetched(txid, known) else { continue };
            if other.input.iter().any(|input| input.previous_output == outpoint) {
                self.listed.push((txid, Some(*entry)));
            }
        }
    }

    /// Returns a transaction if it was fetched; otherwise lists it to be fetched, unless the server does not have it.
    fn fetched<'a>(&mut self, txid: Txid, known: &Known<'a>) -> Option<&'a Transaction> {
        let fetched = known.transactions.get(&txid);
        if fetched.is_none() && !known.gone.contains(&txid) {
            self.transactions.push(txid);
        }
        fetched.map(Arc::as_ref)
    }

    fn history<'a>(&mut self, script: &ScriptBuf, known: &Known<'a>) -> Option<&'a [HistoryEntry]> {
        let history = known.histories.get(script);
        if history.is_none() {
            self.scripts.push(script.clone());
        }
        history.map(Vec::as_slice)
    }
}

/// Whether servers index a script: not those that can never be spent.
fn is_indexed(script: &Script) -> bool {
    !script.is_op_return() && !script.as_bytes().starts_with(&[0x00, 0x6a])
}
