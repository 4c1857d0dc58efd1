//! A JSON value that is still text, and the error of decoding it.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use serde::de::{Deserialize, DeserializeSeed};

/// The text of one JSON value as a server sent it, not yet checked beyond its brackets and quotes.
///
/// Decoding it is what checks it: a text that is no JSON fails there, for the request that it answers alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RawJson<'a>(&'a [u8]);

impl<'a> RawJson<'a> {
    /// The value `null`.
    pub const NULL: RawJson<'static> = RawJson(b"null");

    /// Takes `text` for the text of one JSON value.
    #[must_use]
    pub const fn new(text: &'a [u8]) -> Self {
        Self(text)
    }

    /// The bytes as they came.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Whether the value is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.0 == b"null"
    }

    /// Decodes the whole value, borrowing from the text where `T` can.
    ///
    /// # Errors
    /// [`DecodeError`] if the text is no JSON, or not of the shape of `T`.
    pub fn decode<T: Deserialize<'a>>(self) -> Result<T, DecodeError> {
        serde_json::from_slice(self.0).map_err(|error| DecodeError::from_json(&error))
    }

    /// Decodes the whole value with a seed, which is how a decoder is given what it must check against.
    ///
    /// # Errors
    /// [`DecodeError`] if the text is no JSON, or the seed refuses it.
    pub fn decode_seed<S: DeserializeSeed<'a>>(self, seed: S) -> Result<S::Value, DecodeError> {
        let mut json = serde_json::Deserializer::from_slice(self.0);
        seed.deserialize(&mut json)
            .and_then(|value| json.end().map(|()| value))
            .map_err(|error| DecodeError::from_json(&error))
    }

    /// The text itself, once it was checked to be JSON.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not.
    pub fn to_json_text(self) -> Result<String, DecodeError> {
        self.decode::<&serde_json::value::RawValue>().map(|raw| raw.get().to_owned())
    }
}

impl fmt::Debug for RawJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 200;
        let text = String::from_utf8_lossy(&self.0[..self.0.len().min(SHOWN)]);
        write!(f, "RawJson({text}{})", if self.0.len() > SHOWN { " …" } else { "" })
    }
}

/// A result that is not what the protocol says it is: what is wrong, and where in the result.
///
/// It concerns one request; the server must mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server's answer cannot be right: {}{}{what}", .place, if .place.is_empty() { "" } else { ": " })]
pub struct DecodeError {
    place: String,
    what: String,
}

impl DecodeError {
    /// `what` is wrong, at `place` in the result (`history[3].height`), or in the whole if that is empty.
    pub fn new(place: impl Into<String>, what: impl fmt::Display) -> Self {
        Self { place: place.into(), what: what.to_string() }
    }

    /// The same error, further in: `place` comes before the place that it has.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        self.place = match self.place.as_str() {
            "" => place.to_owned(),
            inner if inner.starts_with('[') => format!("{place}{inner}"),
            inner => format!("{place}.{inner}"),
        };
        self
    }

    /// Where in the result; empty for the whole of it.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What is wrong there.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    fn from_json(error: &serde_json::Error) -> Self {
        Self::new("", error)
    }
}
