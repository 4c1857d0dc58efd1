//! Subscriptions as single requests.
//!
//! A client that is to live through a lost connection does not send these: it hands a topic to the machine,
//! which sends them, keeps the subscription and makes it anew. They are here for what the machine does, and for tests.

use alloc::borrow::Cow;

use super::methods::{
    HEADERS_SUBSCRIBE, OUTPOINT_SUBSCRIBE, OUTPOINT_UNSUBSCRIBE, SCRIPT_SUBSCRIBE, SCRIPT_UNSUBSCRIBE,
    SCRIPTHASH_SUBSCRIBE, SCRIPTHASH_UNSUBSCRIBE,
};
use super::outpoint::outpoint_params;
use super::script::{script_method, script_param};
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeadersSubscribe;

/// Subscribes to the changes of a script's history.
///
/// - Parameters: the script.
/// - Result: the [`ScriptStatus`] of now; nothing if the script has no history.
///   The notifications name the scripthash, also where the script was sent.
/// - Versions: all, as `blockchain.scripthash.subscribe` up to 1.6, as `blockchain.scriptpubkey.subscribe` from 1.7.
/// - Errors: servers refuse histories that are too long for them, and too many subscriptions.
/// - Protocol documentation: `blockchain.scripthash.subscribe`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptSubscribe {
    /// The script.
    pub script: ScriptRef,
}

/// Ends the subscription to a script.
///
/// - Parameters: the script.
/// - Result: whether there was a subscription.
/// - Versions: from 1.4.2, as `blockchain.scripthash.unsubscribe` up to 1.6, as `blockchain.scriptpubkey.unsubscribe`
///   from 1.7.
/// - Errors: none of its own.
/// - Protocol documentation: `blockchain.scripthash.unsubscribe`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptUnsubscribe {
    /// The script.
    pub script: ScriptRef,
}

/// Subscribes to what becomes of an output.
///
/// - Parameters: the output, and the script that it pays to, which helps the server to find it.
/// - Result: the [`OutPointStatus`] of now.
/// - Versions: from 1.7.
/// - Errors: servers refuse too many subscriptions.
/// - Protocol documentation: `blockchain.outpoint.subscribe`.
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

impl Request for ScriptSubscribe {
    const NAME: &'static str = "subscription to scripts";
    const METHODS: &'static [Method] = &[SCRIPT_SUBSCRIBE, SCRIPTHASH_SUBSCRIBE];
    type Response = Option<ScriptStatus>;

    fn method(&self, version: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        script_method::<Self>(&self.script, version)
    }

    fn params(&self, version: ProtocolVersion, params: &mut Params<'_>) {
        script_param(&self.script, version, params);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
        read(result, read_status)
    }
}

impl Request for ScriptUnsubscribe {
    const NAME: &'static str = "end of subscriptions to scripts";
    const METHODS: &'static [Method] = &[SCRIPT_UNSUBSCRIBE, SCRIPTHASH_UNSUBSCRIBE];
    type Response = bool;

    fn method(&self, version: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        script_method::<Self>(&self.script, version)
    }

    fn params(&self, version: ProtocolVersion, params: &mut Params<'_>) {
        script_param(&self.script, version, params);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<bool, DecodeError> {
        read(result, Reader::bool)
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
