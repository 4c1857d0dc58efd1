//! What can be subscribed, and how it is asked for on each version.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::headers;
use crate::json::{DecodeError, Params, RawJson};
use crate::request::{Method, NotInVersion};
pub use crate::types::Tip;
use crate::types::{Script, ScriptHash, ScriptStatus};
use crate::version::ProtocolVersion;

/// Something that a server reports changes of.
#[derive(Clone, Debug, PartialEq)]
pub enum Topic {
    /// The tip of the chain. Protocol documentation: `blockchain.headers.subscribe`. All versions.
    ///
    /// Tips are not gapless: servers skip heights, repeat them and go back, and announce no reorganisation to the same height.
    Headers,
    /// The history of a script. Protocol documentation: `blockchain.scripthash.subscribe` (1.1 to 1.6),
    /// `blockchain.scriptpubkey.subscribe` (from 1.7).
    Script(Script),
    /// The history of a script of which only the hash is known. Versions 1.1 to 1.6.
    ScriptHash(ScriptHash),
    /// A subscription that a server has of its own. Its notifications are those of the same method
    /// whose first parameters are these.
    Raw {
        /// The method, as it stands on the wire.
        method: String,
        /// The positional parameters.
        params: Vec<serde_json::Value>,
    },
}

/// A value of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// The tip of the chain.
    Headers(Tip),
    /// The status of a script: a digest of its history, nothing if it has none.
    Script(Option<ScriptStatus>),
    /// What the server answered to a raw subscription, as JSON.
    RawResult(String),
    /// The parameters of a notification to a raw subscription, as JSON.
    RawNotification(String),
}

/// How the client learnt of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// It is the first one of this subscription.
    Subscribed,
    /// The server reported it.
    Live,
    /// It was found to differ when the subscription was made again: it changed while the link was down,
    /// or another server sees it differently.
    Resumed,
}

/// A subscription. Ids never repeat in the life of a client.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubId {
    pub(crate) serial: u32,
    pub(crate) slot: u32,
}

impl fmt::Debug for SubId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubId({})", self.serial)
    }
}

/// What tells two topics apart: a script and its hash are one topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Headers,
    Script(ScriptHash),
    /// The method, and each parameter as compact JSON.
    Raw(String, Vec<String>),
}

pub(crate) const HEADERS: &str = "blockchain.headers.subscribe";
pub(crate) const SCRIPTHASH: &str = "blockchain.scripthash.subscribe";
pub(crate) const SCRIPTPUBKEY: &str = "blockchain.scriptpubkey.subscribe";

impl Topic {
    /// The methods that start reports, with their versions.
    pub const SUBSCRIBE: &'static [Method] = &[
        Method::since(HEADERS, ProtocolVersion::V1_0),
        Method::between(SCRIPTHASH, ProtocolVersion::V1_1, ProtocolVersion::V1_7),
        Method::since(SCRIPTPUBKEY, ProtocolVersion::V1_7),
    ];
    /// The methods that end reports, with their versions. There is none for headers.
    pub const UNSUBSCRIBE: &'static [Method] = &[
        Method::between("blockchain.scripthash.unsubscribe", ProtocolVersion::V1_4_2, ProtocolVersion::V1_7),
        Method::since("blockchain.scriptpubkey.unsubscribe", ProtocolVersion::V1_7),
    ];

    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Headers => Key::Headers,
            Self::Script(script) => Key::Script(script.scripthash()),
            Self::ScriptHash(hash) => Key::Script(*hash),
            Self::Raw { method, params } => Key::Raw(method.clone(), params.iter().map(ToString::to_string).collect()),
        }
    }

    /// The method that starts reports on `version`.
    ///
    /// # Errors
    /// [`NotInVersion`] if there is none, or if it would take the script of which only the hash is known.
    pub fn method(&self, version: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        match self {
            Self::Headers => Method::of_version("subscription to headers", &Self::SUBSCRIBE[..1], version),
            Self::Script(_) => Method::of_version("subscription to a script", &Self::SUBSCRIBE[1..], version),
            Self::ScriptHash(_) => {
                Method::of_version("subscription to a scripthash without its script", &Self::SUBSCRIBE[1..2], version)
            }
            Self::Raw { method, .. } => Ok(Cow::Borrowed(method)),
        }
    }

    /// The method that ends reports on `version`, if there is one.
    pub(crate) fn ending(&self, version: ProtocolVersion) -> Option<&'static str> {
        match self {
            Self::Script(_) => Self::UNSUBSCRIBE.iter().find(|method| method.is_in(version)),
            Self::ScriptHash(_) => Self::UNSUBSCRIBE[..1].iter().find(|method| method.is_in(version)),
            Self::Headers | Self::Raw { .. } => None,
        }
        .map(|method| method.name)
    }

    pub(crate) fn params(&self, version: ProtocolVersion, params: &mut Params<'_>) {
        match self {
            // 1.2 and 1.3 leave the choice between raw and taken-apart headers, with different defaults.
            Self::Headers if version >= ProtocolVersion::V1_2 && version < ProtocolVersion::V1_4 => {
                params.bool(true);
            }
            Self::Headers => {}
            Self::Script(script) if version >= ProtocolVersion::V1_7 => {
                params.hex(script.as_bytes());
            }
            Self::Script(script) => {
                params.hex(script.scripthash().as_display_bytes());
            }
            Self::ScriptHash(hash) => {
                params.hex(hash.as_display_bytes());
            }
            Self::Raw { params: values, .. } => {
                for value in values {
                    params.json(value);
                }
            }
        }
    }

    /// Reads the answer to the method that starts reports.
    pub(crate) fn decode_result(&self, result: RawJson<'_>) -> Result<Update, DecodeError> {
        match self {
            Self::Headers => headers::decode_tip(result).map(Update::Headers),
            Self::Script(_) | Self::ScriptHash(_) => {
                let status = result.decode::<Option<&str>>()?;
                decode_status(status).map(Update::Script)
            }
            Self::Raw { .. } => result.to_json_text().map(Update::RawResult),
        }
    }
}

pub(crate) fn decode_status(status: Option<&str>) -> Result<Option<ScriptStatus>, DecodeError> {
    let parse = |digits: &str| digits.parse().map_err(|error| DecodeError::new("status", error));
    status.map(parse).transpose()
}

/// Which topic a notification is about, and its value if it can be read.
pub(crate) fn of_notification(method: &str, params: RawJson<'_>) -> Option<(Key, Update)> {
    match method {
        SCRIPTHASH | SCRIPTPUBKEY => {
            let (about, status) = params.decode::<(&str, Option<&str>)>().ok()?;
            // Servers of 1.7 name the scripthash although the script was subscribed; one that names the script is understood too.
            let hash = about.parse().ok().or_else(|| Some(Script::from_hex(about)?.scripthash()))?;
            Some((Key::Script(hash), Update::Script(decode_status(status).ok()?)))
        }
        HEADERS => {
            let (tip,) = params.decode::<(&serde_json::value::RawValue,)>().ok()?;
            Some((Key::Headers, Update::Headers(headers::decode_tip(RawJson::new(tip.get())).ok()?)))
        }
        _ => None,
    }
}
