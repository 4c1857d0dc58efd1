//! What a server knows of a script: its balance, history and unspent outputs.

use alloc::vec::Vec;
use serde_core::{Serialize, Serializer};

use super::{Amount, OutPoint, SignedAmount, Txid};
use crate::json::{DecodeError, Read, Reader, required, wrong};

/// Where a transaction stands: in a block, or in the mempool.
///
/// # Example
/// ```
/// use electrum_proto::types::TxHeight;
///
/// fn describe(height: TxHeight, tip: u32) -> String {
///     match height {
///         TxHeight::Confirmed(_) => format!("{} confirmations", height.confirmations(tip)),
///         TxHeight::Unconfirmed => "unconfirmed".into(),
///         TxHeight::UnconfirmedParent => "unconfirmed, and so is what it spends".into(),
///     }
/// }
/// assert_eq!(describe(TxHeight::Confirmed(153), 155), "3 confirmations");
/// assert_eq!(TxHeight::from_wire(-1), Some(TxHeight::UnconfirmedParent));
/// assert_eq!(TxHeight::Unconfirmed.confirmed(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TxHeight {
    /// In the block of this height.
    Confirmed(u32),
    /// In the mempool, and all that it spends is confirmed. Height 0 on the wire.
    Unconfirmed,
    /// In the mempool, and it spends an output that is there too. Height -1 on the wire.
    UnconfirmedParent,
}

/// The balance of a script.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Balance;
/// use electrum_proto::types::{Amount, Script};
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = Balance::new(Script::from_hex("51")?);
/// let result = RawJson::new(r#"{"confirmed":5399000,"unconfirmed":-1000}"#);
/// let balance = request.decode(ProtocolVersion::V1_4, result)?;
/// assert_eq!(balance.confirmed.to_string(), "0.05399000");
/// // What will be left when all is confirmed.
/// assert_eq!(balance.total(), Amount::from_sat(5_398_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScriptBalance {
    /// What confirmed transactions left on it.
    pub confirmed: Amount,
    /// How the transactions in the mempool will change that; negative if they spend from it.
    pub unconfirmed: SignedAmount,
}

/// One transaction of a script's history.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::History;
/// use electrum_proto::types::{Amount, Script, TxHeight};
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = History::new(Script::from_hex("51")?);
/// let (old, new) = ("aa".repeat(32), "bb".repeat(32));
/// let result = format!(r#"[{{"height":153,"tx_hash":"{old}"}},{{"height":0,"tx_hash":"{new}","fee":141}}]"#);
/// let history = request.decode(ProtocolVersion::V1_4, RawJson::new(&result))?;
/// assert_eq!((history[0].height, history[0].fee), (TxHeight::Confirmed(153), None));
/// assert_eq!((history[1].txid, history[1].fee), (new.parse()?, Amount::from_sat(141)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The transaction.
    pub txid: Txid,
    /// Where it stands.
    pub height: TxHeight,
    /// The fee that it pays, which servers send for unconfirmed ones only; `None` if what they send is not an amount.
    pub fee: Option<Amount>,
}

/// An unspent output of a script.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Unspent;
/// use electrum_proto::types::{Amount, OutPoint, Script};
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = Unspent::new(Script::from_hex("51")?);
/// let txid = "aa".repeat(32);
/// let result = format!(r#"[{{"height":153,"tx_hash":"{txid}","tx_pos":1,"value":3000000}}]"#);
/// let unspent = request.decode(ProtocolVersion::V1_4, RawJson::new(&result))?;
/// assert_eq!(unspent[0].outpoint(), OutPoint::new(txid.parse()?, 1));
/// // Only what is confirmed may be spent.
/// let mut confirmed = unspent.iter().filter(|output| output.height.confirmed().is_some());
/// let spendable = confirmed.try_fold(Amount::ZERO, |sum, output| sum.checked_add(output.value));
/// assert_eq!(spendable, Amount::from_sat(3_000_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnspentOutput {
    /// The transaction that made it.
    pub txid: Txid,
    /// Which of the transaction's outputs it is.
    pub vout: u32,
    /// Where the transaction stands. Servers use height 0 for all that are in the mempool.
    pub height: TxHeight,
    /// Its amount.
    pub value: Amount,
}

/// What a server knows of an output.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::OutPointGetStatus;
/// use electrum_proto::types::{OutPoint, Script, Txid};
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let outpoint = OutPoint::new(Txid::from_display_bytes([0xaa; 32]), 0);
/// let request = OutPointGetStatus { outpoint, script: Script::from_hex("51")? };
/// let ask = |answer| request.decode(ProtocolVersion::V1_7, RawJson::new(answer));
/// assert_eq!(ask("{}")?.funder_height, None);
/// let status = ask(r#"{"funder_height":153}"#)?;
/// let is_unspent = status.funder_height.is_some() && status.spender.is_none();
/// assert!(is_unspent);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutPointStatus {
    /// Where the transaction that makes it stands; `None` if the server does not know that transaction or output.
    pub funder_height: Option<TxHeight>,
    /// The transaction that spends it, if there is one.
    pub spender: Option<Spender>,
}

/// The transaction that spends an output.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::OutPointGetStatus;
/// use electrum_proto::types::{OutPoint, Script, TxHeight, Txid};
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let outpoint = OutPoint::new(Txid::from_display_bytes([0xaa; 32]), 0);
/// let request = OutPointGetStatus { outpoint, script: Script::from_hex("51")? };
/// let txid = "bb".repeat(32);
/// let result = format!(r#"{{"funder_height":153,"spender_txhash":"{txid}","spender_height":0}}"#);
/// let status = request.decode(ProtocolVersion::V1_7, RawJson::new(&result))?;
/// let spender = status.spender.ok_or("it is not spent")?;
/// assert_eq!((spender.txid, spender.height), (txid.parse()?, TxHeight::Unconfirmed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spender {
    /// The transaction.
    pub txid: Txid,
    /// Where it stands.
    pub height: TxHeight,
}

impl TxHeight {
    /// Reads the number on the wire; `None` for one below -1 or beyond 32 bits.
    #[must_use]
    pub fn from_wire(height: i64) -> Option<Self> {
        match height {
            -1 => Some(Self::UnconfirmedParent),
            0 => Some(Self::Unconfirmed),
            height => u32::try_from(height).ok().map(Self::Confirmed),
        }
    }

    /// Returns the number on the wire.
    #[must_use]
    pub fn to_wire(self) -> i64 {
        match self {
            Self::Confirmed(height) => height.into(),
            Self::Unconfirmed => 0,
            Self::UnconfirmedParent => -1,
        }
    }

    /// Returns the height of its block, or `None` if it is in the mempool.
    #[must_use]
    pub const fn confirmed(self) -> Option<u32> {
        match self {
            Self::Confirmed(height) => Some(height),
            _ => None,
        }
    }

    /// Returns how many blocks there are from its block to `tip`, the height of the last block, both included; 0 if it is
    /// in the mempool, or in a block above the tip.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::types::TxHeight;
    ///
    /// assert_eq!(TxHeight::Confirmed(155).confirmations(155), 1);
    /// assert_eq!(TxHeight::Unconfirmed.confirmations(155), 0);
    /// // The block came after the tip that is known.
    /// assert_eq!(TxHeight::Confirmed(156).confirmations(155), 0);
    /// ```
    #[must_use]
    pub const fn confirmations(self, tip: u32) -> u32 {
        match self {
            Self::Confirmed(height) if height <= tip => (tip - height).saturating_add(1),
            _ => 0,
        }
    }

    #[inline]
    fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let height = reader.integer()?;
        Self::from_wire(height).ok_or_else(|| wrong(format_args!("{height} is no height")))
    }
}

impl Serialize for TxHeight {
    /// Writes the number on the wire.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.to_wire())
    }
}

impl ScriptBalance {
    /// Returns what will be left when all that is in the mempool is confirmed; `None` if that is less than nothing or
    /// more than all coins, which only a wrong answer can say.
    #[must_use]
    pub fn total(&self) -> Option<Amount> {
        let satoshi = self.confirmed.to_sat().checked_add_signed(self.unconfirmed.to_sat())?;
        Amount::from_sat(satoshi)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let (mut confirmed, mut unconfirmed) = (None, None);
        reader.object(|reader, key| {
            match key {
                b"confirmed" => confirmed = Some(Amount::read(reader)?),
                b"unconfirmed" => unconfirmed = Some(SignedAmount::read(reader)?),
                _ => drop(reader.skip()?),
            }
            Ok(())
        })?;
        Ok(Self { confirmed: required(confirmed, "confirmed")?, unconfirmed: required(unconfirmed, "unconfirmed")? })
    }
}

impl HistoryEntry {
    #[inline]
    pub(crate) fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let (mut txid, mut height, mut fee) = (None, None, None);
        reader.object(|reader, key| {
            match key {
                b"tx_hash" => txid = Some(Txid::from_display_bytes(reader.hash()?)),
                b"height" => height = Some(TxHeight::read(reader)?),
                // Servers write null, and other things that are no fee, for confirmed transactions.
                b"fee" => fee = reader.lenient(Amount::read)?,
                _ => drop(reader.skip()?),
            }
            Ok(())
        })?;
        Ok(Self { txid: required(txid, "tx_hash")?, height: required(height, "height")?, fee })
    }
}

impl UnspentOutput {
    #[inline]
    pub(crate) fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let (mut txid, mut vout, mut height, mut value) = (None, None, None, None);
        reader.object(|reader, key| {
            match key {
                b"tx_hash" => txid = Some(Txid::from_display_bytes(reader.hash()?)),
                b"tx_pos" => vout = Some(reader.u32()?),
                b"height" => height = Some(TxHeight::read(reader)?),
                b"value" => value = Some(Amount::read(reader)?),
                _ => drop(reader.skip()?),
            }
            Ok(())
        })?;
        Ok(Self {
            txid: required(txid, "tx_hash")?,
            vout: required(vout, "tx_pos")?,
            height: required(height, "height")?,
            value: required(value, "value")?,
        })
    }
}

impl UnspentOutput {
    /// Returns the outpoint by which a transaction spends it.
    #[must_use]
    pub const fn outpoint(&self) -> OutPoint {
        OutPoint::new(self.txid, self.vout)
    }
}

impl OutPointStatus {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let (mut funder_height, mut txid, mut height) = (None, None, None);
        reader.object(|reader, key| {
            match key {
                b"funder_height" | b"spender_txhash" | b"spender_height" if reader.null()? => {}
                b"funder_height" => funder_height = Some(TxHeight::read(reader)?),
                b"spender_txhash" => txid = Some(Txid::from_display_bytes(reader.hash()?)),
                b"spender_height" => height = Some(TxHeight::read(reader)?),
                _ => drop(reader.skip()?),
            }
            Ok(())
        })?;
        let spender = match (txid, height) {
            (None, None) => None,
            (txid, height) => {
                Some(Spender { txid: required(txid, "spender_txhash")?, height: required(height, "spender_height")? })
            }
        };
        if spender.is_some() && funder_height.is_none() {
            return Err(DecodeError::new("funder_height", "an output that is spent was made by something"));
        }
        Ok(Self { funder_height, spender })
    }
}

/// Reads a list of entries, in a vector that holds them without growing.
pub(crate) fn read_entries<'a, T>(
    reader: &mut Reader<'a>,
    mut entry: impl FnMut(&mut Reader<'a>) -> Read<T>,
) -> Read<Vec<T>> {
    /// No entry is shorter than its hash in quotes and what stands around it.
    const SHORTEST: usize = 88;

    let mut entries = Vec::new();
    reader.array(|reader, index| {
        if index == 0 {
            entries.reserve_exact(reader.remaining() / SHORTEST + 1);
        }
        entries.push(entry(reader)?);
        Ok(())
    })?;
    Ok(entries)
}

serialize_fields! {
    ScriptBalance { confirmed, unconfirmed }
    HistoryEntry { txid, height, fee }
    UnspentOutput { txid, vout, height, value }
    OutPointStatus { funder_height, spender }
    Spender { txid, height }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confirmations_are_counted_from_the_block_to_the_tip() {
        for (height, tip, expected) in [
            (TxHeight::Confirmed(5), 5, 1),
            (TxHeight::Confirmed(5), 4, 0),
            (TxHeight::Confirmed(5), 7, 3),
            (TxHeight::Confirmed(u32::MAX), u32::MAX, 1),
            (TxHeight::Confirmed(u32::MAX), 0, 0),
            // One more than the number has room for.
            (TxHeight::Confirmed(0), u32::MAX, u32::MAX),
            (TxHeight::Unconfirmed, 7, 0),
            (TxHeight::UnconfirmedParent, u32::MAX, 0),
        ] {
            assert_eq!(height.confirmations(tip), expected, "{height:?} below {tip}");
        }
    }

    #[test]
    fn a_total_that_cannot_be_is_none() {
        let total = |confirmed, unconfirmed| {
            let confirmed = Amount::from_sat(confirmed).unwrap();
            ScriptBalance { confirmed, unconfirmed: SignedAmount::from_sat(unconfirmed).unwrap() }.total()
        };
        let all = Amount::SUPPLY.to_sat();
        assert_eq!((total(5, -5), total(5, -6)), (Some(Amount::ZERO), None));
        assert_eq!((total(all - 1, 1), total(all, 1)), (Some(Amount::SUPPLY), None));
    }
}
