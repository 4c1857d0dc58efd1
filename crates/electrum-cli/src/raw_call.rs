//! A call of any method, with its result as the text that the server wrote.

use std::borrow::Cow;

use electrum_smol::proto::json::{DecodeError, Params, RawJson};
use electrum_smol::proto::{Effect, Method, NotInVersion, ProtocolVersion, Request};
use serde_json::value::RawValue;

use crate::json;

/// A request with any method and any parameters. Its result is JSON text on one line.
#[derive(Clone, Debug)]
pub(crate) struct RawCall {
    pub(crate) method: String,
    pub(crate) params: Vec<Box<RawValue>>,
    pub(crate) effect: Effect,
}

/// Converts a parameter that the user typed: to JSON if it is valid JSON, otherwise to a string.
pub(crate) fn param(text: &str) -> Box<RawValue> {
    let json = serde_json::from_str::<&RawValue>(text).map(|raw| json::compact(raw.get()));
    let quoted = || serde_json::Value::from(text).to_string();
    RawValue::from_string(json.unwrap_or_else(|_| quoted())).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

impl Request for RawCall {
    const NAME: &'static str = "call of a method";
    const METHODS: &'static [Method] = &[];
    type Response = String;

    fn method(&self, _: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        Ok(Cow::Borrowed(&self.method))
    }

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        for param in &self.params {
            params.json(param);
        }
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<String, DecodeError> {
        result.to_json_text().map(|text| json::compact(&text))
    }

    fn effect(&self) -> Effect {
        self.effect
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_json_or_else_a_string() {
        for (typed, sent) in [
            ("1", "1"),
            ("0.00001", "0.00001"),
            ("18446744073709551616", "18446744073709551616"),
            ("true", "true"),
            ("[1,\n 2]", "[1,2]"),
            ("\"1\"", "\"1\""),
            ("00ff", "\"00ff\""),
            ("tip", "\"tip\""),
            ("a\n\"b\"", r#""a\n\"b\"""#),
            ("", "\"\""),
        ] {
            assert_eq!(param(typed).get(), sent, "{typed:?}");
        }
    }
}
