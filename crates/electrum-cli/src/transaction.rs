//! Parses the inputs and outputs of a transaction.

use electrum_smol::proto::types::{OutPoint, RawTransaction, Txid};

/// A transaction, as far as the tool shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transaction {
    pub(crate) version: i32,
    pub(crate) inputs: Vec<TxInput>,
    pub(crate) outputs: Vec<TxOutput>,
    pub(crate) lock_time: u32,
    /// The length in bytes, with witnesses.
    pub(crate) size: usize,
    /// The weight: four times the length without witnesses, plus the length of the witnesses.
    pub(crate) weight: usize,
}

/// An input of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TxInput {
    pub(crate) previous: OutPoint,
    pub(crate) sequence: u32,
}

/// An output of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TxOutput {
    /// The amount in satoshi.
    pub(crate) value: u64,
    pub(crate) script: Vec<u8>,
}

impl Transaction {
    /// Parses a transaction of Bitcoin, which must take all of the bytes.
    pub(crate) fn read(raw: &RawTransaction) -> Result<Self, String> {
        // This checks the structure of all bytes, so that the parsing below does not run out of them.
        raw.txid().map_err(|error| error.to_string())?;
        Self::parts(raw.as_bytes()).ok_or_else(|| "the transaction is cut off".into())
    }

    fn parts(bytes: &[u8]) -> Option<Self> {
        let mut left = bytes;
        let version = i32::from_le_bytes(take(&mut left)?);
        let has_witnesses = left.starts_with(&[0, 1]);
        if has_witnesses {
            left = &left[2..];
        }
        let inputs = (0..length(&mut left)?)
            .map(|_| {
                let (txid, vout) = (take::<32>(&mut left)?, u32::from_le_bytes(take(&mut left)?));
                script(&mut left)?;
                let sequence = u32::from_le_bytes(take(&mut left)?);
                Some(TxInput { previous: OutPoint { txid: Txid::from_digest(txid), vout }, sequence })
            })
            .collect::<Option<Vec<_>>>()?;
        let outputs = (0..length(&mut left)?)
            .map(|_| {
                let value = u64::from_le_bytes(take(&mut left)?);
                Some(TxOutput { value, script: script(&mut left)?.to_vec() })
            })
            .collect::<Option<Vec<_>>>()?;
        // All bytes up to the lock time, plus the marker, which counts as a witness.
        let witnesses = if has_witnesses { left.len().checked_sub(4)? + 2 } else { 0 };
        let lock_time = u32::from_le_bytes(*left.last_chunk()?);
        let weight = (bytes.len() - witnesses) * 4 + witnesses;
        Some(Self { version, inputs, outputs, lock_time, size: bytes.len(), weight })
    }

    /// Returns the size for fee rates, in virtual bytes.
    pub(crate) const fn virtual_size(&self) -> usize {
        self.weight.div_ceil(4)
    }

    /// Whether this is a coinbase transaction, which spends nothing.
    pub(crate) fn is_coinbase(&self) -> bool {
        matches!(&self.inputs[..], [input] if input.previous.txid.to_digest() == [0; 32])
    }
}

fn take<const N: usize>(left: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = left.split_first_chunk()?;
    *left = rest;
    Some(*taken)
}

fn script<'a>(left: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(length(left)?).ok()?;
    let (taken, rest) = left.split_at_checked(length)?;
    *left = rest;
    Some(taken)
}

/// Reads a length: one byte, or a marker and two, four or eight bytes.
fn length(left: &mut &[u8]) -> Option<u64> {
    Some(match take(left)? {
        [0xfd] => u16::from_le_bytes(take(left)?).into(),
        [0xfe] => u32::from_le_bytes(take(left)?).into(),
        [0xff] => u64::from_le_bytes(take(left)?),
        [short] => short.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_bip_143_with_a_witness() {
        let digits = "01000000000101db6b1b20aa0fd7b23880be2ecbd4a98130974cf4748fb66092ac4d3ceb1a5477010000001716001479\
            091972186c449eb1ded22b78e40d009bdf0089feffffff02b8b4eb0b000000001976a914a457b684d7f0d539a46a45bbc043f35b59d0\
            d96388ac0008af2f000000001976a914fd270b1ee6abcaea97fea7ad0402e8bd8ad6d77c88ac02473044022047ac8e878352d3ebbde1\
            c94ce3a10d057c24175747116f8288e5d794d12d482f0220217f36a485cae903c713331d877c1f64677e3622ad4010726870540656fe\
            9dcb012103ad1d8e89212f0b92c74d23bb710c00662ad1470198ac48c43f7d6f93a2a2687392040000";
        let raw = RawTransaction::from_hex(digits).unwrap();
        let read = Transaction::read(&raw).unwrap();
        // As the BIP says: the values of the outputs, the lock time, and the output that is spent.
        assert_eq!(read.outputs.iter().map(|output| output.value).collect::<Vec<_>>(), [199_996_600, 800_000_000]);
        assert_eq!((read.version, read.lock_time, read.inputs[0].sequence), (1, 1170, 0xffff_fffe));
        let spent = "77541aeb3c4dac9260b68f74f44c973081a9d4cb2ebe8038b2d70faa201b6bdb";
        assert_eq!((read.inputs[0].previous.txid.to_string(), read.inputs[0].previous.vout), (spent.into(), 1));
        // 251 bytes, of which the marker (2), the count of items (1), and items of 71 and 33 bytes with their lengths.
        assert_eq!((read.size, read.weight), (251, (251 - 109) * 4 + 109));
        assert_eq!(read.virtual_size(), 170);
        assert!(!read.is_coinbase());
        let cut = RawTransaction::new(&raw.as_bytes()[..100]);
        assert!(Transaction::read(&cut).is_err());
    }
}
