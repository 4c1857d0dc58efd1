//! The methods of each version, written independently of the machine under test, and the requests of simulated callers.

use std::borrow::Cow;

use electrum_proto::json::{DecodeError, Params, RawJson};
use electrum_proto::operations::{Banner, Features, Ping, Raw};
use electrum_proto::{NotInVersion, ProtocolVersion, Request};
use serde_json::Value;

type Version = [u16; 3];

/// The methods that the machine may write, each with the first version that has it and the first one that has dropped
/// it.
const METHODS: &[(&str, Version, Option<Version>)] = &[
    ("server.version", [1, 0, 0], None),
    ("server.banner", [1, 0, 0], None),
    ("server.donation_address", [1, 0, 0], None),
    ("server.features", [1, 1, 0], None),
    ("server.ping", [1, 2, 0], None),
    ("blockchain.headers.subscribe", [1, 0, 0], None),
    ("blockchain.block.get_header", [1, 0, 0], Some([1, 3, 0])),
    ("blockchain.block.header", [1, 3, 0], None),
    ("blockchain.block.headers", [1, 2, 0], None),
    ("blockchain.scripthash.subscribe", [1, 1, 0], Some([1, 7, 0])),
    ("blockchain.scripthash.unsubscribe", [1, 4, 2], Some([1, 7, 0])),
    ("blockchain.scriptpubkey.subscribe", [1, 7, 0], None),
    ("blockchain.scriptpubkey.unsubscribe", [1, 7, 0], None),
    ("blockchain.outpoint.subscribe", [1, 7, 0], None),
    ("blockchain.outpoint.unsubscribe", [1, 7, 0], None),
];

/// The prefix of methods that are the simulation's own and exist in every version.
pub(super) const RAW_PREFIX: &str = "raw.";

/// Whether `version` has `method`.
pub(super) fn is_in_version(method: &str, version: ProtocolVersion) -> bool {
    let at = |[major, minor, patch]: Version| ProtocolVersion::new(major, minor, patch);
    method.starts_with(RAW_PREFIX)
        || METHODS.iter().any(|(name, since, until)| {
            *name == method && at(*since) <= version && until.is_none_or(|until| version < at(until))
        })
}

/// Whether `version` has a method to end the subscription that was made with `method`.
pub(super) fn can_be_ended(method: &str, version: ProtocolVersion) -> bool {
    method.strip_suffix("subscribe").is_some_and(|stem| is_in_version(&format!("{stem}unsubscribe"), version))
}

/// A request of a simulated caller.
///
/// # Example
/// ```
/// use electrum_proto::operations::Raw;
/// use electrum_proto::{ProtocolVersion, Request};
/// use electrum_sim::AnyRequest;
///
/// // Each kind is written as the request that it stands for.
/// assert_eq!(AnyRequest::Banner.method(ProtocolVersion::V1_4).unwrap(), "server.banner");
/// let raw = AnyRequest::Raw(Raw::new("raw.mine", vec![1.into()]));
/// assert_eq!(raw.method(ProtocolVersion::V1_4).unwrap(), "raw.mine");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum AnyRequest {
    /// A ping.
    Ping,
    /// The server's banner.
    Banner,
    /// The server's features.
    Features,
    /// A raw request.
    Raw(Raw),
}

impl AnyRequest {
    /// Returns the method and the parameters that must be written for the request.
    pub(super) fn on_the_wire(&self) -> (&str, &[Value]) {
        match self {
            Self::Ping => ("server.ping", &[]),
            Self::Banner => ("server.banner", &[]),
            Self::Features => ("server.features", &[]),
            Self::Raw(raw) => (&raw.method, raw.params.positional()),
        }
    }
}

impl Request for AnyRequest {
    const NAME: &'static str = "request of a caller";
    const METHODS: &'static [electrum_proto::Method] = &[];
    type Response = Value;

    fn method(&self, version: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        match self {
            Self::Ping => Ping.method(version).map(|method| method.into_owned().into()),
            Self::Banner => Banner.method(version).map(|method| method.into_owned().into()),
            Self::Features => Features.method(version).map(|method| method.into_owned().into()),
            Self::Raw(raw) => raw.method(version),
        }
    }

    fn params(&self, version: ProtocolVersion, params: &mut Params<'_>) {
        match self {
            Self::Ping => Ping.params(version, params),
            Self::Banner => Banner.params(version, params),
            Self::Features => Features.params(version, params),
            Self::Raw(raw) => raw.params(version, params),
        }
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Value, DecodeError> {
        result.decode()
    }
}
