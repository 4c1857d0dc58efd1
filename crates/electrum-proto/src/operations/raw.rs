//! A request for any method, for what servers add of their own.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Map, Value};

use super::methods::effect_of;
use crate::json::{DecodeError, Params, RawJson};
use crate::request::{Effect, Method, NotInVersion, Request};
use crate::version::ProtocolVersion;

/// Calls any method with any parameters; the result is JSON.
///
/// - Parameters: as the server wants them, by position or by name. Few servers take names: ElectrumX and libbitcoin do.
///   They are values of `serde_json`, which this crate exports as [`electrum_proto::serde_json`](crate::serde_json).
/// - Result: a [`serde_json::Value`], which can take sixteen times the memory of its text: a hostile server can make
///   that much of a line as long as [`Limits::line`](crate::Limits::line) allows. What the other operations give
///   takes no more than that limit.
/// - Versions: all; the caller knows whether the server has the method.
/// - Errors: whatever the server says (`-32601` for a method that it does not know; some close the connection instead).
/// - Protocol documentation: none; Fulcrum's own documentation lists the methods that it adds.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Raw;
/// use electrum_proto::serde_json::{Map, json};
/// use electrum_proto::{Effect, ProtocolVersion, Request};
///
/// let request = Raw::new("blockchain.headers.get_tip", vec![]);
/// let result = request.decode(ProtocolVersion::V1_6, RawJson::new(r#"{"height":153,"hex":"00"}"#))?;
/// assert_eq!(result["height"], 153);
/// // It is known that this one only reads; of a method that is not known the caller can say it.
/// assert_eq!(request.effect(), Effect::Reads);
/// assert_eq!(Raw::reading("example.statistics", vec![]).effect(), Effect::Reads);
///
/// let params = [("height".to_owned(), json!(5))];
/// let named = Raw::new("blockchain.block.header", Map::from_iter(params));
/// assert_eq!(named.to_json(ProtocolVersion::V1_6)?, r#"{"method":"blockchain.block.header","params":{"height":5}}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "raw_call")]
#[doc(alias = "call")]
#[derive(Clone, Debug, PartialEq)]
pub struct Raw {
    /// The method, as it stands on the wire.
    pub method: String,
    /// The parameters.
    pub params: RawParams,
    /// Whether it may be repeated.
    pub effect: Effect,
}

/// The parameters of a [`Raw`] request.
///
/// # Example
/// ```
/// use electrum_proto::operations::{Raw, RawParams};
/// use electrum_proto::serde_json::{Map, json};
///
/// // A list is by position, a map by name.
/// let request = Raw::new("blockchain.block.header", vec![json!(5)]);
/// assert_eq!(request.params, RawParams::Positional(vec![json!(5)]));
/// assert_eq!(request.params.positional(), [json!(5)]);
/// let named = Raw::new("blockchain.block.header", Map::from_iter([("height".to_owned(), json!(5))]));
/// assert!(matches!(&named.params, RawParams::Named(values) if values["height"] == 5));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum RawParams {
    /// By position.
    Positional(Vec<Value>),
    /// By name.
    Named(Map<String, Value>),
}

impl Raw {
    /// Makes a request whose effect is that of the method if it is known.
    ///
    /// A method that is not known may change something, so its request is not sent again once a byte of it was written.
    #[must_use]
    pub fn new(method: impl Into<String>, params: impl Into<RawParams>) -> Self {
        let method = method.into();
        Self { effect: effect_of(&method), method, params: params.into() }
    }

    /// Makes a request that only reads, so it may be repeated after a loss.
    #[must_use]
    pub fn reading(method: impl Into<String>, params: impl Into<RawParams>) -> Self {
        Self { effect: Effect::Reads, ..Self::new(method, params) }
    }
}

impl RawParams {
    /// Returns the parameters by position; none if they have names.
    #[must_use]
    pub fn positional(&self) -> &[Value] {
        match self {
            Self::Positional(values) => values,
            Self::Named(_) => &[],
        }
    }
}

impl From<Vec<Value>> for RawParams {
    fn from(values: Vec<Value>) -> Self {
        Self::Positional(values)
    }
}

impl From<Map<String, Value>> for RawParams {
    fn from(values: Map<String, Value>) -> Self {
        Self::Named(values)
    }
}

impl Request for Raw {
    const NAME: &'static str = "call of a method";
    /// None: the caller names the method.
    const METHODS: &'static [Method] = &[];
    type Response = Value;

    fn method(&self, _: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        Ok(Cow::Borrowed(&self.method))
    }

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        match &self.params {
            RawParams::Positional(values) => {
                for value in values {
                    params.json(value);
                }
            }
            RawParams::Named(values) => {
                for (name, value) in values {
                    params.named(name, value);
                }
            }
        }
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Value, DecodeError> {
        result.decode()
    }

    fn effect(&self) -> Effect {
        self.effect
    }
}
