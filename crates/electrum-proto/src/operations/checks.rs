//! Checks of lists from a server that is not trusted.

use alloc::format;
use alloc::vec::Vec;

use crate::json::DecodeError;
use crate::types::{HistoryEntry, TxHeight, Txid, UnspentOutput};

/// The two coinbase transactions that the main chain has twice, with the heights of their blocks, which are older than the
/// rule against it (BIP 30). The second one replaced the first, whose outputs cannot be spent any more.
const TWICE_IN_THE_CHAIN: [(&str, [u32; 2]); 2] = [
    ("d5d27987d2a3dfc724e359870c6644b40e497bdc0589a033220fe15429d88599", [91_812, 91_842]),
    ("e3bf3d07d4b0375638d5f1db5255fe07ba2c4cb067cd81b84ee974b6585fb468", [91_722, 91_880]),
];

/// Checks that confirmed heights never fall, that the mempool comes last, and that no transaction comes twice.
///
/// For a moment after a block, servers list a transaction as confirmed and as unconfirmed: the unconfirmed entry is
/// dropped.
pub(super) fn check_history(mut history: Vec<HistoryEntry>) -> Result<Vec<HistoryEntry>, DecodeError> {
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
    check_txids(&mut history)?;
    Ok(history)
}

/// Checks that nothing in the mempool is confirmed, and that no transaction comes twice.
pub(super) fn check_mempool(mut mempool: Vec<HistoryEntry>) -> Result<Vec<HistoryEntry>, DecodeError> {
    for (index, entry) in mempool.iter().enumerate() {
        if let TxHeight::Confirmed(height) = entry.height {
            return Err(fault(index, format_args!("height {height} in the mempool")));
        }
    }
    check_txids(&mut mempool)?;
    Ok(mempool)
}

/// Checks that no output comes twice.
///
/// Of an output that is listed as confirmed and as unconfirmed the confirmed one counts, and of an output of the
/// coinbase transactions that the chain has twice the later one.
pub(super) fn check_unspent(mut unspent: Vec<UnspentOutput>) -> Result<Vec<UnspentOutput>, DecodeError> {
    let mut dropped = Vec::new();
    for (first, second) in find_repeated(&unspent, |output| (output.txid, output.vout)) {
        let [a, b] = [first, second].map(|index| unspent[index]);
        match (a.height.confirmed(), b.height.confirmed()) {
            _ if a.value != b.value => return Err(doubled(second, &b)),
            (Some(_), None) => dropped.push(second),
            (None, Some(_)) => dropped.push(first),
            (Some(low), Some(high)) if is_twice_in_the_chain(b.txid, low, high) => {
                dropped.push(if low < high { first } else { second });
            }
            _ => return Err(doubled(second, &b)),
        }
    }
    remove(&mut unspent, dropped);
    Ok(unspent)
}

fn doubled(index: usize, output: &UnspentOutput) -> DecodeError {
    let what = format!("output {} of {} comes twice", output.vout, output.txid);
    DecodeError::new(format!("utxos[{index}]"), what)
}

fn check_txids(history: &mut Vec<HistoryEntry>) -> Result<(), DecodeError> {
    let mut dropped = Vec::new();
    for (first, second) in find_repeated(history, |entry| (entry.txid, 0)) {
        match (history[first].height.confirmed(), history[second].height.confirmed()) {
            (Some(_), None) => dropped.push(second),
            (Some(low), Some(high)) if is_twice_in_the_chain(history[first].txid, low, high) => {}
            _ => {
                let what = format!("{} comes twice", history[second].txid);
                return Err(DecodeError::new(format!("history[{second}].tx_hash"), what));
            }
        }
    }
    remove(history, dropped);
    Ok(())
}

/// Returns whether the main chain has a transaction with this id in the blocks of both heights.
fn is_twice_in_the_chain(txid: Txid, one: u32, other: u32) -> bool {
    TWICE_IN_THE_CHAIN.iter().any(|(id, heights)| {
        *heights == [one.min(other), one.max(other)] && id.parse::<Txid>().is_ok_and(|twice| twice == txid)
    })
}

/// Removes the items with these indexes.
fn remove<T>(items: &mut Vec<T>, mut dropped: Vec<usize>) {
    dropped.sort_unstable();
    let mut dropped = dropped.into_iter().peekable();
    let mut index = 0..;
    items.retain(|_| dropped.next_if_eq(&index.next().unwrap_or(usize::MAX)).is_none());
}

fn fault(index: usize, what: core::fmt::Arguments<'_>) -> DecodeError {
    DecodeError::new(format!("history[{index}].height"), what)
}

/// Returns the pairs of items with the same key, as the indexes of two that follow each other, in order.
///
/// Sorting short prefixes is quick and, unlike a hash table without a secret, cannot be made slow by a server that
/// picks its hashes. Only where prefixes agree, the whole keys are compared.
fn find_repeated<T>(items: &[T], key: impl Fn(&T) -> (Txid, u32)) -> Vec<(usize, usize)> {
    let prefix = |item: &T| {
        let (txid, vout) = key(item);
        let [a, b, c, d, e, f, g, h, ..] = *txid.as_display_bytes();
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) ^ u64::from(vout)
    };
    // The usual case of few items needs no memory.
    if items.len() <= 1 {
        return Vec::new();
    }
    let mut prefixes: Vec<u64> = items.iter().map(prefix).collect();
    prefixes.sort_unstable();
    if prefixes.windows(2).all(|pair| pair[0] != pair[1]) {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_unstable_by_key(|index| (key(&items[*index]), *index));
    let same = order.windows(2).filter(|pair| key(&items[pair[0]]) == key(&items[pair[1]]));
    let mut pairs: Vec<(usize, usize)> = same.map(|pair| (pair[0], pair[1])).collect();
    pairs.sort_unstable();
    pairs
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
        assert_eq!(check_history(history.to_vec()), Ok(history.to_vec()));
        assert_eq!(check_mempool(history[3..].to_vec()), Ok(history[3..].to_vec()));
        assert_eq!(check_history(Vec::new()), Ok(Vec::new()));
    }

    #[test]
    fn histories_that_cannot_be_are_refused_where_they_go_wrong() {
        for (history, place) in [
            (&[entry(1, 0, 5), entry(2, 0, 4)][..], "history[1].height"),
            (&[entry(1, 0, 5), entry(2, 0, -1), entry(3, 0, 6)], "history[2].height"),
            (&[entry(1, 0, 5), entry(3, 0, 6), entry(2, 0, 7), entry(3, 0, 7)], "history[3].tx_hash"),
            (&[entry(1, 0, 5), entry(1, 0, 5)], "history[1].tx_hash"),
            (&[entry(1, 0, 0), entry(1, 0, -1)], "history[1].tx_hash"),
            (&[entry(1, 0, 5), entry(1, 0, 0), entry(1, 0, 0)], "history[2].tx_hash"),
        ] {
            assert_eq!(check_history(history.to_vec()).unwrap_err().place(), place);
        }
        assert_eq!(
            check_mempool(alloc::vec![entry(1, 0, 0), entry(2, 0, 3)]).unwrap_err().place(),
            "history[1].height"
        );
    }

    #[test]
    fn of_a_transaction_listed_before_and_after_its_block_the_confirmed_entry_counts() {
        let listed = alloc::vec![
            entry(1, 0, 5),
            entry(2, 0, 9),
            entry(3, 0, 9),
            entry(3, 0, 0),
            entry(4, 0, 0),
            entry(2, 0, -1)
        ];
        let settled = alloc::vec![entry(1, 0, 5), entry(2, 0, 9), entry(3, 0, 9), entry(4, 0, 0)];
        assert_eq!(check_history(listed), Ok(settled));
    }

    #[test]
    fn many_repetitions_are_removed_in_one_go() {
        let ids = || (0..=u8::MAX).flat_map(|a| (0..=u8::MAX).map(move |b| (a, b)));
        let confirmed: Vec<_> = ids().map(|(a, b)| entry(a, b, 5)).collect();
        let listed = confirmed.iter().copied().chain(ids().map(|(a, b)| entry(a, b, 0))).collect();
        assert!(check_history(listed) == Ok(confirmed));
    }

    #[test]
    fn the_coinbases_that_the_chain_has_twice_are_legal_at_their_heights_only() {
        for (txid, [first, second]) in TWICE_IN_THE_CHAIN {
            let at = |height| HistoryEntry { txid: txid.parse().unwrap(), height, fee: None };
            let [low, high] = [first, second].map(TxHeight::Confirmed);
            let history = alloc::vec![at(low), at(high)];
            assert_eq!(check_history(history.clone()), Ok(history));
            for heights in [[low, low], [high, high], [low, TxHeight::Confirmed(second + 1)]] {
                assert!(check_history(heights.map(at).to_vec()).is_err());
            }
            let output = |height| UnspentOutput { txid: txid.parse().unwrap(), vout: 0, height, value: Amount::ZERO };
            // The later one replaced the earlier one.
            for heights in [[low, high], [high, low]] {
                assert_eq!(check_unspent(heights.map(output).to_vec()), Ok(alloc::vec![output(high)]));
            }
            assert!(check_unspent([low, low].map(output).to_vec()).is_err());
        }
        let other = [91_812, 91_842].map(|height| entry(1, 0, height));
        assert!(check_history(other.to_vec()).is_err());
    }

    #[test]
    fn outputs_of_one_transaction_differ_and_one_output_does_not() {
        let output = |first, vout, height| {
            let HistoryEntry { txid, height, .. } = entry(first, 0, height);
            UnspentOutput { txid, vout, height, value: Amount::ZERO }
        };
        let different = alloc::vec![output(1, 0, 1), output(1, 1, 1), output(2, 0, 1)];
        assert_eq!(check_unspent(different.clone()), Ok(different));
        for height in [1, 2] {
            let twice = alloc::vec![output(1, 1, 1), output(2, 0, 1), output(1, 1, height)];
            assert_eq!(check_unspent(twice).unwrap_err().place(), "utxos[2]");
        }
        // Before and after its block, in either order.
        for heights in [[7, 0], [0, 7]] {
            let listed = [output(1, 1, heights[0]), output(2, 0, 0), output(1, 1, heights[1])];
            let settled = listed.into_iter().filter(|found| *found != output(1, 1, 0)).collect();
            assert_eq!(check_unspent(listed.to_vec()), Ok(settled));
        }
        let worth = |value| UnspentOutput { value: Amount::from_sat(value).unwrap(), ..output(1, 1, 7) };
        let unsettled = UnspentOutput { height: TxHeight::Unconfirmed, ..worth(6) };
        assert!(check_unspent(alloc::vec![worth(5), unsettled]).is_err(), "one output has one value");
    }
}
