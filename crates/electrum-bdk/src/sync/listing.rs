//! The transactions of an update, with the place at which the server lists each.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use bitcoin::{OutPoint, ScriptBuf, Transaction, TxOut, Txid};
use electrum_session::proto::types::HistoryEntry;

use super::problem::Problem;
use super::scripts::Histories;

type Transactions = HashMap<Txid, Arc<Transaction>>;

/// Where a server lists a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the block at this height.
    Confirmed(u32),
    /// In the mempool.
    Unconfirmed,
    /// In no history.
    Unlisted,
}

/// The transactions of an update, each with its place.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// In the order in which they were added.
    txids: Vec<Txid>,
    places: HashMap<Txid, Place>,
    scripts: Vec<ScriptBuf>,
}

impl Listing {
    /// Adds the history of a script of the wallet.
    ///
    /// # Errors
    /// If two histories list a transaction at different places: they are of different moments.
    pub(crate) fn add_history(&mut self, script: &ScriptBuf, history: &[HistoryEntry]) -> Result<(), Problem> {
        if !history.is_empty() {
            self.scripts.push(script.clone());
        }
        history.iter().try_for_each(|entry| self.add(entry.txid.into(), Some(*entry)))
    }

    /// Adds a transaction.
    ///
    /// # Errors
    /// If it was added at another place.
    pub(crate) fn add(&mut self, txid: Txid, entry: Option<HistoryEntry>) -> Result<(), Problem> {
        let place = entry.map_or(Place::Unlisted, |entry| match entry.height.confirmed() {
            Some(height) => Place::Confirmed(height),
            None => Place::Unconfirmed,
        });
        match self.places.entry(txid) {
            Entry::Vacant(vacant) => {
                vacant.insert(place);
                self.txids.push(txid);
            }
            Entry::Occupied(mut known) if *known.get() == Place::Unlisted => drop(known.insert(place)),
            Entry::Occupied(known) if *known.get() == place || place == Place::Unlisted => {}
            Entry::Occupied(_) => return Err(Problem::Moved(format!("it lists {txid} at two places"))),
        }
        Ok(())
    }

    /// Returns the transactions and their places.
    pub(crate) fn places(&self) -> impl Iterator<Item = (Txid, Place)> {
        self.txids.iter().filter_map(|txid| Some((*txid, *self.places.get(txid)?)))
    }

    /// Returns the confirmed transactions, with the heights of their blocks.
    pub(crate) fn confirmed(&self) -> impl Iterator<Item = (Txid, u32)> {
        self.places().filter_map(|(txid, place)| match place {
            Place::Confirmed(height) => Some((txid, height)),
            _ => None,
        })
    }

    /// Returns the place of a transaction, if it is part of the update.
    pub(crate) fn place(&self, txid: &Txid) -> Option<Place> {
        self.places.get(txid).copied()
    }

    /// Returns the transactions that are not fetched yet.
    pub(crate) fn missing(&self, transactions: &Transactions) -> impl Iterator<Item = Txid> {
        self.txids.iter().copied().filter(|txid| !transactions.contains_key(txid))
    }

    /// Returns the outputs that the transactions spend.
    pub(crate) fn spent(&self, transactions: &Transactions) -> impl Iterator<Item = OutPoint> {
        let fetched = self.txids.iter().filter_map(|txid| transactions.get(txid));
        let spending = fetched.filter(|transaction| !transaction.is_coinbase());
        spending.flat_map(|transaction| transaction.input.iter().map(|input| input.previous_output))
    }

    /// Returns the outputs that the transactions spend, with their amounts and scripts.
    ///
    /// # Errors
    /// If one of them does not exist.
    pub(crate) fn spent_outputs(&self, transactions: &Transactions) -> Result<BTreeMap<OutPoint, TxOut>, Problem> {
        let output = |outpoint: OutPoint| {
            let output = transactions.get(&outpoint.txid)?.output.get(outpoint.vout as usize)?;
            Some((outpoint, output.clone()))
        };
        let found = |outpoint| {
            output(outpoint).ok_or_else(|| Problem::Untrue(format!("its transactions spend {outpoint}, which is none")))
        };
        self.spent(transactions).map(found).collect()
    }

    /// Checks that each transaction touches the scripts that it is listed for, and that no two spend the same output.
    ///
    /// # Errors
    /// Returns the first contradiction.
    pub(crate) fn check(&self, histories: &Histories, transactions: &Transactions) -> Result<(), Problem> {
        for script in &self.scripts {
            let listed = histories.get(script).map_or(&[][..], Vec::as_slice);
            check_history(script, listed, transactions)?;
        }
        let mut spenders = HashMap::new();
        for (txid, place) in self.places().filter(|(_, place)| *place != Place::Unlisted) {
            let Some(transaction) = transactions.get(&txid).filter(|transaction| !transaction.is_coinbase()) else {
                continue;
            };
            for input in &transaction.input {
                if let Some(other) = spenders.insert(input.previous_output, txid).filter(|other| *other != txid) {
                    let what = format!("it lists {other} and {txid} ({place:?}), which spend the same output");
                    return Err(Problem::Moved(what));
                }
            }
        }
        Ok(())
    }
}

/// Checks that each transaction pays the script, or spends an output of a listed transaction that pays it.
fn check_history(script: &ScriptBuf, listed: &[HistoryEntry], transactions: &Transactions) -> Result<(), Problem> {
    let mut paid = HashSet::new();
    let txids = || listed.iter().map(|entry| Txid::from(entry.txid));
    let fetched = || txids().filter_map(|txid| Some((txid, transactions.get(&txid)?)));
    for (txid, transaction) in fetched() {
        let outputs = (0..).zip(&transaction.output).filter(|(_, output)| output.script_pubkey == *script);
        paid.extend(outputs.map(|(vout, _)| OutPoint { txid, vout }));
    }
    for (txid, transaction) in fetched() {
        let pays = transaction.output.iter().any(|output| output.script_pubkey == *script);
        if !pays && !transaction.input.iter().any(|input| paid.contains(&input.previous_output)) {
            let script = script.to_hex_string();
            return Err(Problem::Untrue(format!("it lists {txid} for the script {script}, which that does not touch")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bitcoin::absolute::LockTime;
    use bitcoin::transaction::Version;
    use bitcoin::{Amount, TxIn};
    use electrum_session::proto::types::TxHeight;

    use super::*;

    fn transaction(spent: OutPoint, script: &ScriptBuf, sat: u64) -> (Txid, Arc<Transaction>) {
        let input = TxIn { previous_output: spent, ..TxIn::default() };
        let output = TxOut { value: Amount::from_sat(sat), script_pubkey: script.clone() };
        let transaction =
            Transaction { version: Version::TWO, lock_time: LockTime::ZERO, input: vec![input], output: vec![output] };
        (transaction.compute_txid(), Arc::new(transaction))
    }

    fn entry(txid: Txid, height: TxHeight) -> HistoryEntry {
        HistoryEntry { txid: txid.into(), height, fee: None }
    }

    fn outpoint(digit: u8) -> OutPoint {
        use bitcoin::hashes::Hash as _;
        OutPoint { txid: Txid::from_byte_array([digit; 32]), vout: 0 }
    }

    fn check(script: &ScriptBuf, listed: &[(Txid, TxHeight)], transactions: &Transactions) -> Result<(), Problem> {
        let history: Vec<_> = listed.iter().map(|(txid, height)| entry(*txid, *height)).collect();
        let mut listing = Listing::default();
        listing.add_history(script, &history)?;
        listing.check(&Histories::from([(script.clone(), history)]), transactions)
    }

    #[test]
    fn a_history_may_only_list_what_pays_the_script_or_spends_from_it() {
        let (script, other) = (ScriptBuf::from_bytes(vec![0x51]), ScriptBuf::from_bytes(vec![0x52]));
        let (paying, first) = transaction(outpoint(1), &script, 5000);
        let (spending, second) = transaction(OutPoint { txid: paying, vout: 0 }, &other, 4000);
        let (foreign, third) = transaction(outpoint(2), &other, 3000);
        let transactions = Transactions::from([(paying, first), (spending, second), (foreign, third)]);
        let confirmed = TxHeight::Confirmed(7);
        assert!(check(&script, &[(paying, confirmed), (spending, TxHeight::Unconfirmed)], &transactions).is_ok());
        assert!(matches!(check(&script, &[(foreign, confirmed)], &transactions), Err(Problem::Untrue(_))));
        // Without the transaction that pays the script there is nothing to spend.
        assert!(matches!(check(&script, &[(spending, confirmed)], &transactions), Err(Problem::Untrue(_))));
    }

    #[test]
    fn two_places_and_two_spenders_are_of_different_moments() {
        let script = ScriptBuf::from_bytes(vec![0x51]);
        let (one, first) = transaction(outpoint(1), &script, 5000);
        let (two, second) = transaction(outpoint(1), &script, 4000);
        let transactions = Transactions::from([(one, first), (two, second)]);
        let both = [(one, TxHeight::Unconfirmed), (two, TxHeight::Unconfirmed)];
        assert!(matches!(check(&script, &both, &transactions), Err(Problem::Moved(_))));
        let twice = [(one, TxHeight::Confirmed(7)), (one, TxHeight::Unconfirmed)];
        assert!(matches!(check(&script, &twice, &transactions), Err(Problem::Moved(_))));
    }

    #[test]
    fn an_output_that_does_not_exist_is_no_previous_output() {
        let script = ScriptBuf::from_bytes(vec![0x51]);
        let (parent, first) = transaction(outpoint(1), &script, 5000);
        let (child, second) = transaction(OutPoint { txid: parent, vout: 1 }, &script, 4000);
        let transactions = Transactions::from([(parent, first), (child, second)]);
        let mut listing = Listing::default();
        assert!(listing.add(child, None).is_ok());
        assert!(matches!(listing.spent_outputs(&transactions), Err(Problem::Untrue(_))));
    }
}
