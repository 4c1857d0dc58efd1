//! The status of one output of a transaction: whether it exists, and what spends it.

use super::methods::OUTPOINT_STATUS;
use crate::json::{DecodeError, Params, RawJson, read};
use crate::request::{Method, Request};
use crate::types::{OutPoint, OutPointStatus, Script};
use crate::version::ProtocolVersion;

/// Asks whether an output exists, and what spends it.
///
/// - Parameters: the output, and the script that it pays to, which helps the server to find it.
/// - Result: [`OutPointStatus`]; empty if the server knows no such output.
/// - Versions: from 1.7.
/// - Errors: none of its own.
/// - Protocol documentation: `blockchain.outpoint.get_status`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::OutPointGetStatus;
/// use electrum_proto::types::{OutPoint, Script, TxHeight};
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let outpoint: OutPoint = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b:0".parse()?;
/// let request = OutPointGetStatus { outpoint, script: Script::from_hex("51")? };
/// assert_eq!(
///     request.to_json(ProtocolVersion::V1_7)?,
///     r#"{"method":"blockchain.outpoint.get_status","params":["4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",0,"51"]}"#
/// );
/// let status = request.decode(ProtocolVersion::V1_7, RawJson::new(r#"{"funder_height":153}"#))?;
/// assert_eq!((status.funder_height, status.spender), (Some(TxHeight::Confirmed(153)), None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.outpoint.get_status")]
#[doc(alias = "outpoint_get_status")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutPointGetStatus {
    /// The output.
    pub outpoint: OutPoint,
    /// The script that it pays to.
    pub script: Script,
}

impl Request for OutPointGetStatus {
    const NAME: &'static str = "status of outputs";
    const METHODS: &'static [Method] = &[OUTPOINT_STATUS];
    type Response = OutPointStatus;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        outpoint_params(self.outpoint, params);
        params.hex(self.script.as_bytes());
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<OutPointStatus, DecodeError> {
        read(result, OutPointStatus::read)
    }
}

/// The two parameters that name an output.
pub(crate) fn outpoint_params(outpoint: OutPoint, params: &mut Params<'_>) {
    params.hex(outpoint.txid.as_display_bytes()).integer(outpoint.vout);
}
