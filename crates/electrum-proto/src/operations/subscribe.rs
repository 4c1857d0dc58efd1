//! Subscriptions as single requests.
//!
//! Applications rarely need these: [`Client::subscribe`](crate::Client::subscribe) sends them and subscribes again after each
//! lost connection.

use alloc::borrow::Cow;

use super::methods::{
    HEADERS_SUBSCRIBE, OUTPOINT_SUBSCRIBE, OUTPOINT_UNSUBSCRIBE, SCRIPT_SUBSCRIBE, SCRIPT_UNSUBSCRIBE,
    SCRIPTHASH_SUBSCRIBE, SCRIPTHASH_UNSUBSCRIBE,
};
use super::outpoint::outpoint_params;
use super::script::{method_for_script, param_for_script, script_operation};
use crate::json::{DecodeError, Params, RawJson, Read, Reader, read};
use crate::request::{Method, NotInVersion, Request};
use crate::types::{OutPoint, OutPointStatus, Script, ScriptRef, ScriptStatus, Tip};
use crate::version::ProtocolVersion;

/// Subscribes to new blocks.
///
/// - Result: [`Tip`], the last block that the server knows; the notifications are of the same shape.
/// - Versions: all. On 1.2 and 1.3, where that is a choice, the header is asked for in one piece; on 1.1 it comes in pieces
///   and is put together.
/// - Errors: none of its own.
/// - Protocol documentation: `blockchain.headers.subscribe`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::HeadersSubscribe;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = HeadersSubscribe;
/// assert_eq!(request.to_json(ProtocolVersion::V1_4)?, r#"{"method":"blockchain.headers.subscribe","params":[]}"#);
/// let result = format!(r#"{{"height":153,"hex":"{}"}}"#, "00".repeat(80));
/// assert_eq!(request.decode(ProtocolVersion::V1_4, RawJson::new(&result))?.height, 153);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.headers.subscribe")]
#[doc(alias = "headers_subscribe")]
#[doc(alias = "block_headers_subscribe")]
#[doc(alias = "block_headers_subscribe_raw")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeadersSubscribe;

script_operation! {
    /// Subscribes to the changes of a script's history.
    ///
    /// - Parameters: the script.
    /// - Result: the [`ScriptStatus`] of now; nothing if the script has no history.
    ///   The notifications name the scripthash, also where the script was sent.
    /// - Versions: all, as `blockchain.scripthash.subscribe` up to 1.6, as `blockchain.scriptpubkey.subscribe` from 1.7.
    /// - Errors: servers refuse histories that are too long for them, and too many subscriptions.
    /// - Protocol documentation: `blockchain.scripthash.subscribe`.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::json::RawJson;
    /// use electrum_proto::operations::ScriptSubscribe;
    /// use electrum_proto::types::Script;
    /// use electrum_proto::{ProtocolVersion, Request};
    ///
    /// let script = Script::from_hex("51")?;
    /// let request = ScriptSubscribe::new(script);
    /// assert_eq!(request.to_json(ProtocolVersion::V1_7)?, r#"{"method":"blockchain.scriptpubkey.subscribe","params":["51"]}"#);
    /// assert_eq!(request.decode(ProtocolVersion::V1_7, RawJson::NULL)?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "blockchain.scripthash.subscribe")]
    #[doc(alias = "blockchain.scriptpubkey.subscribe")]
    #[doc(alias = "script_subscribe")]
    ScriptSubscribe, "subscription to scripts", SCRIPT_SUBSCRIBE, SCRIPTHASH_SUBSCRIBE -> Option<ScriptStatus>,
    |_, result| read(result, read_status)
}

script_operation! {
    /// Ends the subscription to a script.
    ///
    /// - Parameters: the script.
    /// - Result: whether there was a subscription.
    /// - Versions: from 1.4.2, as `blockchain.scripthash.unsubscribe` up to 1.6, as `blockchain.scriptpubkey.unsubscribe`
    ///   from 1.7.
    /// - Errors: none of its own.
    /// - Protocol documentation: `blockchain.scripthash.unsubscribe`.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::json::RawJson;
    /// use electrum_proto::operations::ScriptUnsubscribe;
    /// use electrum_proto::types::Script;
    /// use electrum_proto::{ProtocolVersion, Request};
    ///
    /// let script = Script::from_hex("51")?;
    /// let request = ScriptUnsubscribe::new(script);
    /// assert_eq!(request.to_json(ProtocolVersion::V1_7)?, r#"{"method":"blockchain.scriptpubkey.unsubscribe","params":["51"]}"#);
    /// assert!(request.decode(ProtocolVersion::V1_7, RawJson::new("true"))?);
    /// // Protocol 1.4 cannot end subscriptions.
    /// assert!(request.to_json(ProtocolVersion::V1_4).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "blockchain.scripthash.unsubscribe")]
    #[doc(alias = "blockchain.scriptpubkey.unsubscribe")]
    #[doc(alias = "script_unsubscribe")]
    ScriptUnsubscribe, "end of subscriptions to scripts", SCRIPT_UNSUBSCRIBE, SCRIPTHASH_UNSUBSCRIBE -> bool,
    |_, result| read(result, Reader::bool)
}

/// Subscribes to the status of an output: whether it exists, and what spends it.
///
/// - Parameters: the output, and the script that it pays to, which helps the server to find it.
/// - Result: the [`OutPointStatus`] of now.
/// - Versions: from 1.7.
/// - Errors: servers refuse too many subscriptions.
/// - Protocol documentation: `blockchain.outpoint.subscribe`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::OutPointSubscribe;
/// use electrum_proto::types::{OutPoint, OutPointStatus, Script};
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let outpoint: OutPoint = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b:0".parse()?;
/// let request = OutPointSubscribe { outpoint, script: Script::from_hex("51")? };
/// assert_eq!(
///     request.to_json(ProtocolVersion::V1_7)?,
///     r#"{"method":"blockchain.outpoint.subscribe","params":["4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",0,"51"]}"#
/// );
/// let status = request.decode(ProtocolVersion::V1_7, RawJson::new("{}"))?;
/// assert_eq!(status, OutPointStatus::default());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.outpoint.subscribe")]
#[doc(alias = "outpoint_subscribe")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutPointSubscribe {
    /// The output.
    pub outpoint: OutPoint,
    /// The script that it pays to.
    pub script: Script,
}

/// Ends the subscription to an output.
///
/// - Parameters: the output.
/// - Result: whether there was a subscription.
/// - Versions: from 1.7.
/// - Errors: none of its own.
/// - Protocol documentation: `blockchain.outpoint.unsubscribe`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::OutPointUnsubscribe;
/// use electrum_proto::types::OutPoint;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let outpoint: OutPoint = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b:0".parse()?;
/// let request = OutPointUnsubscribe { outpoint };
/// assert_eq!(
///     request.to_json(ProtocolVersion::V1_7)?,
///     r#"{"method":"blockchain.outpoint.unsubscribe","params":["4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",0]}"#
/// );
/// assert!(request.decode(ProtocolVersion::V1_7, RawJson::new("true"))?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.outpoint.unsubscribe")]
#[doc(alias = "outpoint_unsubscribe")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutPointUnsubscribe {
    /// The output.
    pub outpoint: OutPoint,
}

impl Request for HeadersSubscribe {
    const NAME: &'static str = "subscription to headers";
    const METHODS: &'static [Method] = &[HEADERS_SUBSCRIBE];
    type Response = Tip;

    fn params(&self, version: ProtocolVersion, params: &mut Params<'_>) {
        // "raw" is a parameter of 1.2 and 1.3 only, which differ in what they do without it.
        if ProtocolVersion::V1_2 <= version && version < ProtocolVersion::V1_4 {
            params.bool(true);
        }
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Tip, DecodeError> {
        read(result, Tip::read)
    }
}

impl Request for OutPointSubscribe {
    const NAME: &'static str = "subscription to outputs";
    const METHODS: &'static [Method] = &[OUTPOINT_SUBSCRIBE];
    type Response = OutPointStatus;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        outpoint_params(self.outpoint, params);
        params.hex(self.script.as_bytes());
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<OutPointStatus, DecodeError> {
        read(result, OutPointStatus::read)
    }
}

impl Request for OutPointUnsubscribe {
    const NAME: &'static str = "end of subscriptions to outputs";
    const METHODS: &'static [Method] = &[OUTPOINT_UNSUBSCRIBE];
    type Response = bool;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        outpoint_params(self.outpoint, params);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<bool, DecodeError> {
        read(result, Reader::bool)
    }
}

/// A status, or `null` for a script without history.
pub(crate) fn read_status(reader: &mut Reader<'_>) -> Read<Option<ScriptStatus>> {
    if reader.null()? {
        return Ok(None);
    }
    reader.hash().map(|hash| Some(ScriptStatus::from_display_bytes(hash)))
}
