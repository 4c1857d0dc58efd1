//! What must hold of a list from a server that is not trusted.

use alloc::format;
use alloc::vec::Vec;

use crate::json::DecodeError;
use crate::types::{HistoryEntry, TxHeight, Txid, UnspentOutput};

/// Confirmed heights never fall, the mempool comes last, and no transaction comes twice.
pub(super) fn check_history(history: &[HistoryEntry]) -> Result<(), DecodeError> {
    let mut reached = 0;
    let mut in_mempool = false;
    for (index, entry) in history.iter().enumerate() {
        match entry.height {
            TxHeight::Confirmed(height) if in_mempool => {
                return Err(fault(index, format_args!("height {height} after unconfirmed transactions")));
            }
            TxHeight::Confirmed(height) if height < reached => {
                return Err(fault(index, format_args!("height {height} after height {reached}")));
            }
            TxHeight::Confirmed(height) => reached = height,
            TxHeight::Unconfirmed | TxHeight::UnconfirmedParent => in_mempool = true,
        }
    }
    check_txids(history)
}

/// Nothing in the mempool is confirmed, and no transaction comes twice.
pub(super) fn check_mempool(mempool: &[HistoryEntry]) -> Result<(), DecodeError> {
    for (index, entry) in mempool.iter().enumerate() {
        if let TxHeight::Confirmed(height) = entry.height {
            return Err(fault(index, format_args!("height {height} in the mempool")));
        }
    }
    check_txids(mempool)
}

/// No output comes twice.
pub(super) fn check_unspent(unspent: &[UnspentOutput]) -> Result<(), DecodeError> {
    match find_repeated(unspent, |output| (output.txid, output.vout)) {
        None => Ok(()),
        Some(index) => {
            let output = &unspent[index];
            let what = alloc::format!("output {} of {} comes twice", output.vout, output.txid);
            Err(DecodeError::new(format!("utxos[{index}]"), what))
        }
    }
}

fn check_txids(history: &[HistoryEntry]) -> Result<(), DecodeError> {
    match find_repeated(history, |entry| (entry.txid, 0)) {
        None => Ok(()),
        Some(index) => {
            let what = alloc::format!("{} comes twice", history[index].txid);
            Err(DecodeError::new(format!("history[{index}].tx_hash"), what))
        }
    }
}

fn fault(index: usize, what: core::fmt::Arguments<'_>) -> DecodeError {
    DecodeError::new(format!("history[{index}].height"), what)
}

/// The index of an item whose key another one before it has.
///
/// Sorting short prefixes is quick and, unlike a hash table without a secret, cannot be made slow by a server that
/// picks its hashes. Only where prefixes agree, the whole keys are compared.
fn find_repeated<T>(items: &[T], key: impl Fn(&T) -> (Txid, u32)) -> Option<usize> {
    let prefix = |item: &T| {
        let (txid, vout) = key(item);
        let [a, b, c, d, e, f, g, h, ..] = *txid.as_display_bytes();
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) ^ u64::from(vout)
    };
    // The usual case of few items needs no memory.
    if items.len() <= 1 {
        return None;
    }
    let mut prefixes: Vec<u64> = items.iter().map(prefix).collect();
    prefixes.sort_unstable();
    if prefixes.windows(2).all(|pair| pair[0] != pair[1]) {
        return None;
    }
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_unstable_by_key(|index| (key(&items[*index]), *index));
    order.windows(2).find(|pair| key(&items[pair[0]]) == key(&items[pair[1]])).map(|pair| pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Amount;

    fn entry(first: u8, last: u8, height: i64) -> HistoryEntry {
        let mut bytes = [0; 32];
        (bytes[0], bytes[31]) = (first, last);
        let height = TxHeight::from_wire(height).unwrap();
        HistoryEntry { txid: Txid::from_display_bytes(bytes), height, fee: None }
    }

    #[test]
    fn histories_that_can_be_are_accepted() {
        // In a block and in the mempool any order is the server's own. The ids differ in their last byte only.
        let history =
            [entry(0, 9, 5), entry(0, 1, 5), entry(0, 5, 7), entry(0, 8, -1), entry(0, 2, 0), entry(0, 3, -1)];
        assert_eq!(check_history(&history), Ok(()));
        assert_eq!(check_mempool(&history[3..]), Ok(()));
        assert_eq!(check_history(&[]), Ok(()));
    }

    #[test]
    fn histories_that_cannot_be_are_refused_where_they_go_wrong() {
        for (history, place) in [
            (&[entry(1, 0, 5), entry(2, 0, 4)][..], "history[1].height"),
            (&[entry(1, 0, 5), entry(2, 0, -1), entry(3, 0, 6)], "history[2].height"),
            (&[entry(1, 0, 5), entry(3, 0, 6), entry(2, 0, 7), entry(3, 0, 0)], "history[3].tx_hash"),
        ] {
            assert_eq!(check_history(history).unwrap_err().place(), place);
        }
        assert_eq!(check_mempool(&[entry(1, 0, 0), entry(2, 0, 3)]).unwrap_err().place(), "history[1].height");
    }

    #[test]
    fn outputs_of_one_transaction_differ_and_one_output_does_not() {
        let output = |first, vout| {
            let HistoryEntry { txid, height, .. } = entry(first, 0, 1);
            UnspentOutput { txid, vout, height, value: Amount::ZERO }
        };
        assert_eq!(check_unspent(&[output(1, 0), output(1, 1), output(2, 0)]), Ok(()));
        let error = check_unspent(&[output(1, 1), output(2, 0), output(1, 1)]).unwrap_err();
        assert_eq!(error.place(), "utxos[2]");
    }
}
