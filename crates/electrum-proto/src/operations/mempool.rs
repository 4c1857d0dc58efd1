//! The newest transactions of the mempool.

use super::fees::read_vsize;
use super::methods::MEMPOOL_RECENT;
use super::transaction::read_txid;
use crate::json::{DecodeError, RawJson, Read, Reader, read, required};
use crate::request::{Method, Request};
use crate::types::{Amount, PartialList, Txid};
use crate::version::ProtocolVersion;

/// Asks for the transactions that came into the mempool last.
///
/// - Result: a [`PartialList`] of [`RecentTransaction`], at most ten, without those that cannot be read.
/// - Versions: from 1.7.
/// - Errors: none of its own.
/// - Protocol documentation: `mempool.recent`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::MempoolRecent;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = MempoolRecent;
/// assert_eq!(request.to_json(ProtocolVersion::V1_7)?, r#"{"method":"mempool.recent","params":[]}"#);
/// let result = RawJson::new(r#"[{"txid":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","fee":1410,"vsize":141}]"#);
/// let recent = request.decode(ProtocolVersion::V1_7, result)?;
/// assert_eq!((recent[0].fee.to_sat(), recent[0].vsize), (1410, 141));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "mempool.recent")]
#[doc(alias = "mempool_recent")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MempoolRecent;

/// A transaction that came into the mempool.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::MempoolRecent;
/// use electrum_proto::types::FeeRate;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let result = format!(r#"[{{"txid":"{}","fee":1410,"vsize":141}}]"#, "aa".repeat(32));
/// let recent = MempoolRecent.decode(ProtocolVersion::V1_7, RawJson::new(&result))?;
/// let rate = FeeRate::from_sat_per_kvb(recent[0].fee.to_sat() * 1000 / recent[0].vsize.max(1));
/// assert_eq!(rate.to_string(), "10.000");
/// # Ok::<(), electrum_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecentTransaction {
    /// The transaction.
    pub txid: Txid,
    /// The fee that it pays.
    pub fee: Amount,
    /// Its size in virtual bytes.
    pub vsize: u64,
}

impl Request for MempoolRecent {
    const NAME: &'static str = "list of recent transactions";
    const METHODS: &'static [Method] = &[MEMPOOL_RECENT];
    type Response = PartialList<RecentTransaction>;

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
        read(result, |reader| PartialList::read(reader, MOST, read_recent))
    }
}

/// Servers list ten.
const MOST: usize = 10_000;

fn read_recent(reader: &mut Reader<'_>) -> Read<RecentTransaction> {
    let (mut txid, mut fee, mut vsize) = (None, None, None);
    reader.object(|reader, key| {
        match key {
            b"txid" => txid = Some(read_txid(reader)?),
            b"fee" => fee = Some(Amount::read(reader)?),
            b"vsize" => vsize = Some(read_vsize(reader)?),
            _ => drop(reader.skip()?),
        }
        Ok(())
    })?;
    Ok(RecentTransaction {
        txid: required(txid, "txid")?,
        fee: required(fee, "fee")?,
        vsize: required(vsize, "vsize")?,
    })
}

serialize_fields! {
    RecentTransaction { txid, fee, vsize }
}
