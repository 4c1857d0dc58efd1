//! A request for any method, for what servers add of their own.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::json::{DecodeError, Params, RawJson};
use crate::request::{Effect, Method, NotInVersion, Request};
use crate::version::ProtocolVersion;

/// Any method with any parameters; the result is JSON.
///
/// - Result: a [`serde_json::Value`], which can take sixteen times the memory of its text: a hostile server can make
///   that much of a line as long as [`Limits::line`](crate::Limits::line) allows. What the other operations give
///   takes no more than that limit.
/// - Versions: all; whether the server knows the method is between you and the server.
/// - Errors: whatever the server says (`-32601` for a method that it does not know; some close the connection instead).
#[derive(Clone, Debug, PartialEq)]
pub struct Raw {
    /// The method, as it stands on the wire.
    pub method: String,
    /// The positional parameters.
    pub params: Vec<serde_json::Value>,
    /// Whether it may be repeated; taken for a change unless you say otherwise.
    pub effect: Effect,
}

impl Raw {
    /// A request that may change something, so it is not repeated once a byte of it was written.
    #[must_use]
    pub fn new(method: impl Into<String>, params: Vec<serde_json::Value>) -> Self {
        Self { method: method.into(), params, effect: Effect::Changes }
    }

    /// A request that only reads, so it may be repeated after a loss.
    #[must_use]
    pub fn reading(method: impl Into<String>, params: Vec<serde_json::Value>) -> Self {
        Self { effect: Effect::Reads, ..Self::new(method, params) }
    }
}

impl Request for Raw {
    const NAME: &'static str = "call of a method";
    /// None: the caller names the method.
    const METHODS: &'static [Method] = &[];
    type Response = serde_json::Value;

    fn method(&self, _: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        Ok(Cow::Borrowed(&self.method))
    }

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        for param in &self.params {
            params.json(param);
        }
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
        result.decode()
    }

    fn effect(&self) -> Effect {
        self.effect
    }
}
