//! The ids of a transaction, from its bytes.

use sha2::{Digest, Sha256};

use crate::types::{Amount, RawTransaction, Txid, Wtxid};

/// Why bytes are no transaction.
///
/// # Example
/// ```
/// use electrum_proto::proof::TransactionError;
/// use electrum_proto::types::RawTransaction;
///
/// // The smallest transaction that has an input and an output.
/// let bytes = format!("0100000001{}ffffffff01{}", "00".repeat(37), "00".repeat(13));
/// let id_of = |digits: &str| RawTransaction::from_hex(digits).map(|transaction| transaction.txid());
/// assert!(id_of(&bytes)?.is_ok());
/// assert_eq!(id_of(&bytes[..100])?, Err(TransactionError::CutOff));
/// assert_eq!(id_of(&(bytes + "0000"))?, Err(TransactionError::Trailing(2)));
/// assert_eq!(TransactionError::Trailing(2).to_string(), "2 bytes follow the transaction");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransactionError {
    /// They end before the transaction does.
    CutOff,
    /// They go on after the transaction's end.
    Trailing(usize),
    /// A length is written in more bytes than it needs.
    LongLength,
    /// It has no input or no output, which no transaction lacks.
    Empty,
    /// The marker for witnesses is there, and then no witness.
    NoWitness,
}

error_texts!(TransactionError {
    Self::CutOff => "the transaction is cut off";
    Self::Trailing(inner) => "{inner} bytes follow the transaction";
    Self::LongLength => "a length in the transaction is not in its shortest form";
    Self::Empty => "the transaction has no input or no output";
    Self::NoWitness => "the transaction is marked to have witnesses and has none";
});

/// Computes the id of the transaction that `bytes` are: the double SHA-256 without the witnesses.
///
/// # Errors
/// [`TransactionError`] if they are not exactly one transaction.
pub fn txid(bytes: &[u8]) -> Result<Txid, TransactionError> {
    let Some(witnesses) = find_witnesses(bytes)? else {
        return Ok(Txid::hash(bytes));
    };
    let mut hash = Sha256::new();
    hash.update(&bytes[..4]);
    hash.update(&bytes[6..witnesses]);
    hash.update(&bytes[bytes.len() - 4..]);
    Ok(Txid::from_digest(Sha256::digest(hash.finalize()).into()))
}

/// Computes the id of the transaction that `bytes` are with its witnesses: the double SHA-256 of all of them.
///
/// # Errors
/// [`TransactionError`] if they are not exactly one transaction.
pub fn wtxid(bytes: &[u8]) -> Result<Wtxid, TransactionError> {
    find_witnesses(bytes).map(|_| Wtxid::hash(bytes))
}

/// Whether bytes can be a transaction of the chain: as one is written, and with outputs of no more than all coins.
///
/// Inner nodes of a merkle tree are 64 bytes that now and then read as a transaction, mostly one with absurd amounts.
pub(super) fn can_be_transaction(bytes: &[u8]) -> bool {
    walk(bytes).is_ok_and(|parts| parts.value <= Amount::SUPPLY.to_sat())
}

/// Where the witnesses begin if the transaction has any.
fn find_witnesses(bytes: &[u8]) -> Result<Option<usize>, TransactionError> {
    walk(bytes).map(|parts| parts.witnesses)
}

/// What was found in a transaction.
struct Parts {
    /// Where the witnesses begin.
    witnesses: Option<usize>,
    /// The satoshi of all outputs.
    value: u64,
}

/// Walks through the whole transaction.
fn walk(bytes: &[u8]) -> Result<Parts, TransactionError> {
    let mut at = Cursor { bytes, at: 0 };
    at.step(4)?;
    let marked = bytes.get(4..6) == Some(&[0, 1]);
    if marked {
        at.step(2)?;
    }
    let inputs = at.length()?;
    for _ in 0..inputs {
        at.step(36)?;
        at.bytes()?;
        at.step(4)?;
    }
    let outputs = at.length()?;
    if inputs == 0 || outputs == 0 {
        return Err(TransactionError::Empty);
    }
    let mut value = 0_u64;
    for _ in 0..outputs {
        value = value.saturating_add(at.amount()?);
        at.bytes()?;
    }
    let witnesses = at.at;
    if marked {
        let mut items = 0;
        for _ in 0..inputs {
            let stack = at.length()?;
            items |= stack;
            for _ in 0..stack {
                at.bytes()?;
            }
        }
        if items == 0 {
            return Err(TransactionError::NoWitness);
        }
    }
    at.step(4)?;
    match bytes.len() - at.at {
        0 => Ok(Parts { witnesses: marked.then_some(witnesses), value }),
        trailing => Err(TransactionError::Trailing(trailing)),
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    /// Steps over `count` bytes. As each step of a loop takes at least one, no count in the bytes can make it endless.
    fn step(&mut self, count: u64) -> Result<(), TransactionError> {
        let left = self.bytes.len() - self.at;
        match usize::try_from(count) {
            Ok(count) if count <= left => {
                self.at += count;
                Ok(())
            }
            _ => Err(TransactionError::CutOff),
        }
    }

    /// An amount: eight bytes, the least significant first.
    fn amount(&mut self) -> Result<u64, TransactionError> {
        let start = self.at;
        self.step(8)?;
        Ok(self.bytes[start..self.at].iter().rev().fold(0, |value, byte| (value << 8) | u64::from(*byte)))
    }

    /// Steps over a length and as many bytes.
    fn bytes(&mut self) -> Result<(), TransactionError> {
        let length = self.length()?;
        self.step(length)
    }

    /// A length: one byte, or a mark and two, four or eight bytes.
    fn length(&mut self) -> Result<u64, TransactionError> {
        let start = self.at;
        self.step(1)?;
        let (width, least) = match self.bytes[start] {
            0xfd => (2, 0xfd),
            0xfe => (4, 0x1_0000),
            0xff => (8, 0x1_0000_0000),
            short => return Ok(short.into()),
        };
        self.step(width)?;
        let value = self.bytes[start + 1..self.at].iter().rev().fold(0, |value, byte| (value << 8) | u64::from(*byte));
        if value < least { Err(TransactionError::LongLength) } else { Ok(value) }
    }
}

impl RawTransaction {
    /// Returns the transaction's id, computed from the bytes without the witnesses.
    ///
    /// # Errors
    /// [`TransactionError`] if the bytes are not a transaction.
    pub fn txid(&self) -> Result<Txid, TransactionError> {
        txid(self.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::hex;
    use alloc::vec::Vec;

    /// The first transaction of the main chain, and the example with a witness from BIP 143 (P2SH-P2WPKH), signed.
    const GENESIS: &str = "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff00\
        1d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e6420\
        6261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909\
        a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000";
    const GENESIS_TXID: &str = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";
    const SEGWIT: &str = "01000000000101db6b1b20aa0fd7b23880be2ecbd4a98130974cf4748fb66092ac4d3ceb1a5477010000001716001479\
        091972186c449eb1ded22b78e40d009bdf0089feffffff02b8b4eb0b000000001976a914a457b684d7f0d539a46a45bbc043f35b59d0d963\
        88ac0008af2f000000001976a914fd270b1ee6abcaea97fea7ad0402e8bd8ad6d77c88ac02473044022047ac8e878352d3ebbde1c94ce3a1\
        0d057c24175747116f8288e5d794d12d482f0220217f36a485cae903c713331d877c1f64677e3622ad4010726870540656fe9dcb012103ad\
        1d8e89212f0b92c74d23bb710c00662ad1470198ac48c43f7d6f93a2a2687392040000";
    const SEGWIT_TXID: &str = "ef48d9d0f595052e0f8cdcf825f7a5e50b6a388a81f206f3f4846e5ecd7a0c23";

    fn bytes(digits: &str) -> Vec<u8> {
        hex::decode(digits.as_bytes()).unwrap()
    }

    #[test]
    fn ids_of_known_transactions() {
        assert_eq!(txid(&bytes(GENESIS)).unwrap().to_string(), GENESIS_TXID);
        assert_eq!(wtxid(&bytes(GENESIS)).unwrap().to_string(), GENESIS_TXID);
        assert_eq!(txid(&bytes(SEGWIT)).unwrap().to_string(), SEGWIT_TXID);
        assert_ne!(wtxid(&bytes(SEGWIT)).unwrap().to_string(), SEGWIT_TXID);
    }

    #[test]
    fn every_cut_and_every_addition_is_refused() {
        for whole in [bytes(GENESIS), bytes(SEGWIT)] {
            for length in 0..whole.len() {
                assert!(txid(&whole[..length]).is_err(), "{length}");
            }
            let longer = [&whole[..], &[0]].concat();
            assert_eq!(txid(&longer), Err(TransactionError::Trailing(1)));
        }
    }

    #[test]
    fn lengths_beyond_reason_or_beyond_need_are_refused() {
        let start = [1, 0, 0, 0];
        for (count, error) in [
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..], TransactionError::CutOff),
            (&[0xfd, 0xfc, 0x00], TransactionError::LongLength),
            (&[0xfe, 0xff, 0xff, 0x00, 0x00], TransactionError::LongLength),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], TransactionError::LongLength),
        ] {
            assert_eq!(txid(&[&start, count].concat()), Err(error));
        }
    }

    #[test]
    fn a_marker_without_witnesses_is_refused() {
        // One input, one output, an empty witness stack.
        let mut empty = alloc::vec![1, 0, 0, 0, 0, 1, 1];
        empty.extend([0; 41]);
        empty.push(1);
        empty.extend([0; 9]);
        empty.extend([0; 5]);
        assert_eq!(txid(&empty), Err(TransactionError::NoWitness));
        empty[47 + 5] = 0;
        empty[48] = 0;
        assert_eq!(txid(&empty), Err(TransactionError::Empty));
    }
}
