//! Transactions and their real serialisation.

use std::fmt;

use crate::hash::{Hash256, Txid, to_hex};

/// An output of a transaction, by the id of the transaction and its index there.
///
/// # Example
/// ```
/// use electrum_testkit::prelude::*;
///
/// let mut chain = Chain::funded();
/// let txid = chain.pay(&script(1), 70_000);
/// let outpoint = OutPoint::new(txid, 0);
/// assert_eq!(chain.output(&outpoint).unwrap().value, 70_000);
/// assert_eq!(format!("{outpoint:?}"), format!("{txid}:0"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutPoint {
    /// The transaction.
    pub txid: Txid,
    /// The output's index.
    pub index: u32,
}

impl OutPoint {
    /// Names the output of a transaction at an index.
    pub const fn new(txid: Txid, index: u32) -> Self {
        Self { txid, index }
    }

    /// Returns the outpoint in the input of a coinbase transaction.
    pub(crate) fn null() -> Self {
        Self::new(Hash256::default(), u32::MAX)
    }
}

impl fmt::Debug for OutPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.txid, self.index)
    }
}

/// An input: the output it spends, and what unlocks it (never checked here).
///
/// # Example
/// ```
/// use electrum_testkit::prelude::*;
///
/// let mut chain = Chain::funded();
/// let mut input = Input::spending(OutPoint::new(chain.pay(&script(1), 70_000), 0));
/// input.witness = vec![b"no signature".to_vec()];
/// let tx = Transaction::new(vec![input], vec![Output { value: 69_000, script: script(2) }]);
/// assert_ne!(tx.wtxid(), tx.txid(), "a witness changes the first of them only");
/// assert_eq!(chain.broadcast(tx.clone()), Ok(tx.txid()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The output that is spent.
    pub previous: OutPoint,
    /// The signature script.
    pub script_sig: Vec<u8>,
    /// The sequence number.
    pub sequence: u32,
    /// The witness stack; empty for a legacy input.
    pub witness: Vec<Vec<u8>>,
}

impl Input {
    /// Makes an input that spends an output without a signature.
    pub const fn spending(previous: OutPoint) -> Self {
        Self { previous, script_sig: Vec::new(), sequence: 0xffff_fffd, witness: Vec::new() }
    }
}

/// An output: an amount for a script.
///
/// # Example
/// ```
/// use electrum_testkit::prelude::*;
///
/// let mut chain = Chain::funded();
/// let txid = chain.pay(&script(1), 70_000);
/// let paid = Output { value: 70_000, script: script(1) };
/// assert_eq!(chain.output(&OutPoint::new(txid, 0)), Some(&paid));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Satoshis.
    pub value: u64,
    /// The output script.
    pub script: Vec<u8>,
}

/// A transaction.
///
/// # Example
/// ```
/// use electrum_testkit::prelude::*;
///
/// let mut chain = Chain::funded();
/// let paid = OutPoint::new(chain.pay(&script(1), 70_000), 0);
/// let tx = Transaction::spending(paid, 69_500, script(2));
/// assert_eq!(Transaction::from_bytes(&tx.to_bytes()), Some(tx.clone()));
/// chain.broadcast(tx.clone()).unwrap();
/// assert_eq!(chain.transaction(&tx.txid()), Some(&tx));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The version number.
    pub version: i32,
    /// The inputs.
    pub inputs: Vec<Input>,
    /// The outputs.
    pub outputs: Vec<Output>,
    /// The lock time.
    pub lock_time: u32,
}

impl Transaction {
    /// Makes a transaction of version 2 without lock time.
    pub const fn new(inputs: Vec<Input>, outputs: Vec<Output>) -> Self {
        Self { version: 2, inputs, outputs, lock_time: 0 }
    }

    /// Makes a transaction that spends an output, and pays this value in satoshi to a script.
    pub fn spending(outpoint: OutPoint, value: u64, script: Vec<u8>) -> Self {
        Self::new(vec![Input::spending(outpoint)], vec![Output { value, script }])
    }

    /// Returns the id: the double hash of the serialisation without witnesses.
    pub fn txid(&self) -> Txid {
        Hash256::double(&self.serialize(false))
    }

    /// Returns the double hash of the serialisation with witnesses.
    pub fn wtxid(&self) -> Txid {
        Hash256::double(&self.serialize(true))
    }

    /// Returns the serialisation, with witnesses if there are any.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.serialize(true)
    }

    /// Returns the serialisation as hex.
    pub fn to_hex(&self) -> String {
        to_hex(&self.to_bytes())
    }

    /// Returns the size in virtual bytes.
    pub fn vsize(&self) -> u64 {
        let weight = self.serialize(false).len() * 3 + self.to_bytes().len();
        weight.div_ceil(4) as u64
    }

    /// Parses a transaction, which must take all of the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let tx = reader.transaction()?;
        reader.0.is_empty().then_some(tx)
    }

    pub(crate) fn is_coinbase(&self) -> bool {
        self.inputs.len() == 1 && self.inputs[0].previous == OutPoint::null()
    }

    fn serialize(&self, with_witness: bool) -> Vec<u8> {
        let witness = with_witness && self.inputs.iter().any(|input| !input.witness.is_empty());
        let mut out = self.version.to_le_bytes().to_vec();
        if witness {
            out.extend([0, 1]);
        }
        compact(&mut out, self.inputs.len());
        for input in &self.inputs {
            out.extend(input.previous.txid.as_bytes());
            out.extend(input.previous.index.to_le_bytes());
            counted(&mut out, &input.script_sig);
            out.extend(input.sequence.to_le_bytes());
        }
        compact(&mut out, self.outputs.len());
        for output in &self.outputs {
            out.extend(output.value.to_le_bytes());
            counted(&mut out, &output.script);
        }
        if witness {
            for input in &self.inputs {
                compact(&mut out, input.witness.len());
                input.witness.iter().for_each(|item| counted(&mut out, item));
            }
        }
        out.extend(self.lock_time.to_le_bytes());
        out
    }
}

fn compact(out: &mut Vec<u8>, n: usize) {
    match n {
        0..=0xfc => out.push(n as u8),
        0xfd..=0xffff => {
            out.push(0xfd);
            out.extend((n as u16).to_le_bytes());
        }
        _ => {
            out.push(0xfe);
            out.extend((n as u32).to_le_bytes());
        }
    }
}

fn counted(out: &mut Vec<u8>, bytes: &[u8]) {
    compact(out, bytes.len());
    out.extend(bytes);
}

/// A reader of the serialisation, which holds the rest.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn transaction(&mut self) -> Option<Transaction> {
        let version = i32::from_le_bytes(self.array()?);
        let witness = self.0.starts_with(&[0, 1]);
        if witness {
            self.take(2)?;
        }
        let mut inputs = self.list(Self::input)?;
        let outputs = self.list(Self::output)?;
        if witness {
            for input in &mut inputs {
                input.witness = self.list(|reader| reader.counted().map(<[u8]>::to_vec))?;
            }
        }
        let lock_time = u32::from_le_bytes(self.array()?);
        (!inputs.is_empty()).then_some(Transaction { version, inputs, outputs, lock_time })
    }

    fn input(&mut self) -> Option<Input> {
        let txid = Hash256::from_bytes(self.array()?);
        let index = u32::from_le_bytes(self.array()?);
        let script_sig = self.counted()?.to_vec();
        let sequence = u32::from_le_bytes(self.array()?);
        let previous = OutPoint { txid, index };
        Some(Input { previous, script_sig, sequence, witness: Vec::new() })
    }

    fn output(&mut self) -> Option<Output> {
        let value = u64::from_le_bytes(self.array()?);
        Some(Output { value, script: self.counted()?.to_vec() })
    }

    /// Reads a list. Its memory grows with the items that are there, not with the count.
    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.compact()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(item(self)?);
        }
        Some(items)
    }

    fn counted(&mut self) -> Option<&'a [u8]> {
        let n = usize::try_from(self.compact()?).ok()?;
        self.take(n)
    }

    fn compact(&mut self) -> Option<u64> {
        Some(match self.array::<1>()?[0] {
            0xfd => u16::from_le_bytes(self.array()?).into(),
            0xfe => u32::from_le_bytes(self.array()?).into(),
            0xff => u64::from_le_bytes(self.array()?),
            n => n.into(),
        })
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(front)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::from_hex;

    #[test]
    fn legacy_and_witness_serialisations_parse_back() {
        let mut tx = Transaction::spending(OutPoint::new(Hash256::of_script(b"x"), 3), 21, vec![0x51; 300]);
        assert_eq!(Transaction::from_bytes(&tx.to_bytes()), Some(tx.clone()));
        assert_eq!(tx.txid(), tx.wtxid());
        let txid = tx.txid();
        tx.inputs[0].witness = vec![vec![1, 2], vec![]];
        assert_eq!(Transaction::from_bytes(&tx.to_bytes()), Some(tx.clone()));
        assert_eq!(tx.txid(), txid, "witnesses do not change the id");
        assert_ne!(tx.wtxid(), txid);
    }

    #[test]
    fn cut_or_longer_bytes_are_not_a_transaction() {
        let tx = Transaction::spending(OutPoint::null(), 1, vec![0x51]);
        let bytes = tx.to_bytes();
        for end in 0..bytes.len() {
            assert_eq!(Transaction::from_bytes(&bytes[..end]), None, "cut at {end}");
        }
        assert_eq!(Transaction::from_bytes(&[bytes.as_slice(), &[0]].concat()), None);
        let absurd = from_hex("02000000ffffffffffffffffff").unwrap();
        assert_eq!(Transaction::from_bytes(&absurd), None);
    }
}
