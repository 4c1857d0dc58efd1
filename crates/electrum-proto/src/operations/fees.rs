//! Fees: estimates, the relay fee, and the fee rates of the mempool.

use super::methods::{ESTIMATE_FEE, FEE_HISTOGRAM, MEMPOOL_INFO, RELAY_FEE};
use crate::json::{DecodeError, Params, RawJson, Read, Reader, read, required, wrong};
use crate::request::{Method, Request};
use crate::types::{FeeRate, PartialList};
use crate::version::ProtocolVersion;

/// Asks for the fee rate with which a transaction is likely confirmed within some blocks.
///
/// - Parameters: the number of blocks; how careful the estimate is to be. Before 1.6 there is no such choice:
///   the mode is left out, and the server's node takes its own.
/// - Result: [`FeeRate`]; `None` if the server has no estimate (`-1` or `null` on the wire).
/// - Versions: all.
/// - Errors: a number of blocks that the node does not estimate for (code 1 or 2); some servers take the nearest one.
/// - Protocol documentation: `blockchain.estimatefee`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::EstimateFee;
/// use electrum_proto::types::FeeRate;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = EstimateFee::within(6);
/// assert_eq!(request.to_json(ProtocolVersion::V1_4)?, r#"{"method":"blockchain.estimatefee","params":[6]}"#);
/// // Servers write coins per 1000 vbytes; 3488 satoshi per 1000 vbytes are 3.488 per vbyte.
/// let rate = request.decode(ProtocolVersion::V1_4, RawJson::new("3.488e-05"))?;
/// assert_eq!(rate, Some(FeeRate::from_sat_per_kvb(3488)));
/// assert_eq!(request.decode(ProtocolVersion::V1_4, RawJson::new("-1"))?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.estimatefee")]
#[doc(alias = "estimatefee")]
#[doc(alias = "estimate_fee")]
#[doc(alias = "estimate_fee_with_mode")]
#[doc(alias = "estimatesmartfee")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EstimateFee {
    /// The number of blocks.
    pub blocks: u32,
    /// How careful the estimate is to be; `None` for the node's own choice.
    pub mode: Option<EstimateMode>,
}

/// How careful a fee estimate is.
///
/// # Example
/// ```
/// use electrum_proto::operations::{EstimateFee, EstimateMode};
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = EstimateFee { blocks: 6, mode: Some(EstimateMode::Economical) };
/// assert!(request.to_json(ProtocolVersion::V1_6)?.ends_with(r#""params":[6,"ECONOMICAL"]}"#));
/// // Before 1.6 the server's node chooses.
/// assert!(request.to_json(ProtocolVersion::V1_4)?.ends_with(r#""params":[6]}"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EstimateMode {
    /// Looks further back: mostly higher, and less volatile.
    Conservative,
    /// Follows the current mempool more closely: lower, and more volatile.
    Economical,
    /// What the node takes by itself.
    Unset,
}

/// Asks for the fee rate below which the server's node does not relay transactions.
///
/// - Result: [`FeeRate`].
/// - Versions: all, as `blockchain.relayfee` before 1.6, out of `mempool.get_info` from 1.6.
/// - Errors: none of its own.
/// - Protocol documentation: `blockchain.relayfee`, `mempool.get_info`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::RelayFee;
/// use electrum_proto::types::FeeRate;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = RelayFee;
/// assert_eq!(request.to_json(ProtocolVersion::V1_4)?, r#"{"method":"blockchain.relayfee","params":[]}"#);
/// let rate = request.decode(ProtocolVersion::V1_4, RawJson::new("1e-05"))?;
/// assert_eq!(rate, FeeRate::from_sat_per_kvb(1000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.relayfee")]
#[doc(alias = "mempool.get_info")]
#[doc(alias = "relayfee")]
#[doc(alias = "relay_fee")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayFee;

/// Requests the minimum fee rates of the mempool of the server's node.
///
/// - Result: [`MempoolFees`].
/// - Versions: from 1.6. [`RelayFee`] exists on every version.
/// - Errors: none of its own.
/// - Protocol documentation: `mempool.get_info`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::MempoolInfo;
/// use electrum_proto::types::FeeRate;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = MempoolInfo;
/// assert_eq!(request.to_json(ProtocolVersion::V1_6)?, r#"{"method":"mempool.get_info","params":[]}"#);
/// let result = RawJson::new(
///     r#"{"incrementalrelayfee":1e-06,"mempoolminfee":2e-06,"minrelaytxfee":1e-06}"#,
/// );
/// let fees = request.decode(ProtocolVersion::V1_6, result)?;
/// assert_eq!(fees.mempool_min, FeeRate::from_sat_per_kvb(200));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "mempool.get_info")]
#[doc(alias = "mempool_get_info")]
#[doc(alias = "getmempoolinfo")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MempoolInfo;

/// Asks how many virtual bytes wait in the mempool at which fee rates.
///
/// - Result: a [`PartialList`] of [`HistogramBin`], mostly by falling fee rate, without those that cannot be read.
/// - Versions: from 1.2.
/// - Errors: none of its own.
/// - Protocol documentation: `mempool.get_fee_histogram`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::FeeHistogram;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = FeeHistogram;
/// assert_eq!(request.to_json(ProtocolVersion::V1_4)?, r#"{"method":"mempool.get_fee_histogram","params":[]}"#);
/// let bins = request.decode(ProtocolVersion::V1_4, RawJson::new("[[63,846],[4.5,1266]]"))?;
/// assert_eq!((bins[0].rate.to_sat_per_kvb(), bins[0].vsize), (63_000, 846));
/// assert_eq!((bins.len(), bins.dropped), (2, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "mempool.get_fee_histogram")]
#[doc(alias = "get_fee_histogram")]
#[doc(alias = "fee_histogram")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeeHistogram;

/// The fee rates that a mempool asks for.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::MempoolInfo;
/// use electrum_proto::types::FeeRate;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let result = RawJson::new(r#"{"mempoolminfee":2e-05,"minrelaytxfee":1e-06,"incrementalrelayfee":1e-06}"#);
/// let fees = MempoolInfo.decode(ProtocolVersion::V1_6, result)?;
/// // The mempool is full: what was estimated is raised to what it accepts.
/// let rate = FeeRate::from_sat_per_kvb(1_500).max(fees.mempool_min);
/// assert_eq!((rate.to_string().as_str(), fees.mempool_min > fees.relay_min), ("2.000", true));
/// # Ok::<(), electrum_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MempoolFees {
    /// What a transaction must pay to be accepted now; it rises when the mempool is full.
    pub mempool_min: FeeRate,
    /// What a transaction must pay to be relayed at all.
    pub relay_min: FeeRate,
    /// What a replacement must pay on top.
    pub incremental_relay: FeeRate,
}

/// The transactions that pay between one fee rate and the next.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::FeeHistogram;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let result = RawJson::new("[[12,600000],[5.5,500000],[1,2000000]]");
/// let bins = FeeHistogram.decode(ProtocolVersion::V1_4, result)?;
/// // The rate down to which transactions fill the next block.
/// let mut filled = 0;
/// let last = bins.iter().find(|bin| {
///     filled += bin.vsize;
///     filled >= 1_000_000
/// });
/// assert_eq!(last.map(|bin| bin.rate.to_string()).as_deref(), Some("5.500"));
/// # Ok::<(), electrum_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistogramBin {
    /// The least that they pay. What is finer than a thousandth of a satoshi per vbyte was cut off.
    pub rate: FeeRate,
    /// Their size in virtual bytes.
    pub vsize: u64,
}

impl EstimateFee {
    /// Makes the request for a fee rate with which a transaction is likely confirmed within `blocks` blocks.
    #[must_use]
    pub const fn within(blocks: u32) -> Self {
        Self { blocks, mode: None }
    }
}

impl EstimateMode {
    const fn name(self) -> &'static str {
        match self {
            Self::Conservative => "CONSERVATIVE",
            Self::Economical => "ECONOMICAL",
            Self::Unset => "UNSET",
        }
    }
}

impl Request for EstimateFee {
    const NAME: &'static str = "fee estimate";
    const METHODS: &'static [Method] = &[ESTIMATE_FEE];
    type Response = Option<FeeRate>;

    fn params(&self, version: ProtocolVersion, params: &mut Params<'_>) {
        params.integer(self.blocks);
        if let (Some(mode), true) = (self.mode, version >= ProtocolVersion::V1_6) {
            params.str(mode.name());
        }
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
        read(result, FeeRate::read_coins_or_none)
    }
}

impl Request for RelayFee {
    const NAME: &'static str = "relay fee";
    const METHODS: &'static [Method] = &[RELAY_FEE, MEMPOOL_INFO];
    type Response = FeeRate;

    fn decode(&self, version: ProtocolVersion, result: RawJson<'_>) -> Result<FeeRate, DecodeError> {
        if RELAY_FEE.is_in(version) {
            return read(result, FeeRate::read_coins_per_kvb);
        }
        let mut rate = None;
        read(result, |reader| {
            reader.object(|reader, key| {
                match key {
                    b"minrelaytxfee" => rate = Some(FeeRate::read_coins_per_kvb(reader)?),
                    _ => drop(reader.skip()?),
                }
                Ok(())
            })
        })?;
        required(rate, "minrelaytxfee")
    }
}

impl Request for MempoolInfo {
    const NAME: &'static str = "mempool information";
    const METHODS: &'static [Method] = &[MEMPOOL_INFO];
    type Response = MempoolFees;

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<MempoolFees, DecodeError> {
        let (mut mempool_min, mut relay_min, mut incremental_relay) = (None, None, None);
        read(result, |reader| {
            reader.object(|reader, key| {
                let rate = match key {
                    b"mempoolminfee" => &mut mempool_min,
                    b"minrelaytxfee" => &mut relay_min,
                    b"incrementalrelayfee" => &mut incremental_relay,
                    _ => return reader.skip().map(drop),
                };
                *rate = Some(FeeRate::read_coins_per_kvb(reader)?);
                Ok(())
            })
        })?;
        Ok(MempoolFees {
            mempool_min: required(mempool_min, "mempoolminfee")?,
            relay_min: required(relay_min, "minrelaytxfee")?,
            incremental_relay: required(incremental_relay, "incrementalrelayfee")?,
        })
    }
}

impl Request for FeeHistogram {
    const NAME: &'static str = "fee histogram";
    const METHODS: &'static [Method] = &[FEE_HISTOGRAM];
    type Response = PartialList<HistogramBin>;

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
        read(result, |reader| PartialList::read(reader, MOST_BINS, read_bin))
    }
}

/// Servers draw some hundred.
const MOST_BINS: usize = 100_000;

/// Reads `[rate, vsize]`.
fn read_bin(reader: &mut Reader<'_>) -> Read<HistogramBin> {
    let (mut rate, mut vsize) = (None, None);
    reader.array(|reader, index| {
        match index {
            0 => rate = Some(FeeRate::read_sat_per_vb(reader)?),
            1 => vsize = Some(read_vsize(reader)?),
            _ => return Err(wrong("a third value in a pair of rate and size")),
        }
        Ok(())
    })?;
    Ok(HistogramBin { rate: required(rate, "[0]")?, vsize: required(vsize, "[1]")? })
}

/// Reads a size in virtual bytes.
pub(super) fn read_vsize(reader: &mut Reader<'_>) -> Read<u64> {
    let size = reader.integer()?;
    u64::try_from(size).map_err(|_| wrong(format_args!("{size} is no size")))
}

serialize_fields! {
    MempoolFees { mempool_min, relay_min, incremental_relay }
    HistogramBin { rate, vsize }
}
