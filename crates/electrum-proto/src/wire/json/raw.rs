//! A JSON value that is still text, and the error of decoding it.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use serde_core::Deserialize;

/// The text of one JSON value as a server sent it, not yet checked beyond its brackets and quotes.
///
/// Decoding it is what checks it: a text that is no JSON fails there, for the request that it answers alone.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
///
/// let value = RawJson::new("[7, 8]");
/// assert_eq!(value.as_str(), "[7, 8]");
/// assert_eq!(value.decode::<Vec<u32>>()?, [7, 8]);
/// assert!(value.decode::<String>().is_err());
/// assert_eq!(RawJson::new(r#""00ff""#).plain_string()?, "00ff");
/// # Ok::<(), electrum_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RawJson<'a>(&'a str);

impl<'a> RawJson<'a> {
    /// The value `null`.
    pub const NULL: RawJson<'static> = RawJson("null");

    /// Makes a value of its JSON text, which is not checked.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// Returns the text as the server sent it.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Decodes the whole value, borrowing from the text where `T` can.
    ///
    /// # Errors
    /// [`DecodeError`] if the text is no JSON, or not of the shape of `T`.
    pub fn decode<T: Deserialize<'a>>(self) -> Result<T, DecodeError> {
        serde_json::from_str(self.0).map_err(|error| DecodeError::from_json(&error))
    }

    /// Returns the inside of a string without escapes, such as hexadecimal digits, without copying or scanning it again.
    ///
    /// # Errors
    /// [`DecodeError`] if the value is no string, or one with escapes.
    pub fn plain_string(self) -> Result<&'a str, DecodeError> {
        self.0
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .filter(|inside| memchr::memchr2(b'"', b'\\', inside.as_bytes()).is_none())
            .ok_or_else(|| DecodeError::new("", "not a plain string"))
    }

    /// Checks that the text is JSON, and returns it.
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
        match self.0.char_indices().nth(SHOWN) {
            None => write!(f, "RawJson({})", self.0),
            Some((end, _)) => write!(f, "RawJson({} …)", &self.0[..end]),
        }
    }
}

/// Why a result was refused: what is wrong with it, and where.
///
/// It concerns one request only. The server is at fault, not the connection.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Balance;
/// use electrum_proto::types::Script;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = Balance::new(Script::new([0x51]));
/// let result = RawJson::new(r#"{"confirmed":"much","unconfirmed":0}"#);
/// let error = request.decode(ProtocolVersion::V1_4, result).expect_err("that is no amount");
/// assert_eq!(error.place(), "confirmed");
/// println!("{error}");
/// assert!(error.to_string().starts_with("the server's answer cannot be right: confirmed: "));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError(Box<Fault>);

/// The kind of a [`DecodeError`].
///
/// # Example
/// ```
/// use electrum_proto::json::{DecodeErrorKind, RawJson};
/// use electrum_proto::operations::Header;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let kind = |result| match (Header { height: 7 }).decode(ProtocolVersion::V1_4, RawJson::new(result)) {
///     Ok(_) => None,
///     Err(error) => Some(error.kind()),
/// };
/// assert_eq!(kind("[7]"), Some(DecodeErrorKind::Malformed));
/// // Some chains have headers that are longer than the 80 bytes of Bitcoin's.
/// assert_eq!(kind(&format!("\"{}\"", "00".repeat(112))), Some(DecodeErrorKind::OtherChain));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The result has another shape than the protocol says, or contradicts the request or itself.
    Malformed,
    /// The result breaks a rule of Bitcoin. It may be right on another chain, which this client does not know:
    /// a [`Raw`](crate::operations::Raw) request shows it as it is.
    OtherChain,
}

/// Boxed, so that a `Result` is not made larger by its error.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    kind: DecodeErrorKind,
    place: String,
    what: String,
}

impl DecodeError {
    /// Makes an error: `what` is wrong at `place` in the result, such as `history[3].height`, or with all of it if `place` is empty.
    pub fn new(place: impl Into<String>, what: impl fmt::Display) -> Self {
        Self(Box::new(Fault { kind: DecodeErrorKind::Malformed, place: place.into(), what: what.to_string() }))
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> DecodeErrorKind {
        self.0.kind
    }

    /// Returns the error with `place` put before its own place.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        self.0.place = match self.0.place.as_str() {
            "" => place.to_owned(),
            inner if inner.starts_with('[') => format!("{place}{inner}"),
            inner => format!("{place}.{inner}"),
        };
        self
    }

    /// Returns where in the result it is; empty for all of it.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// Returns what is wrong there.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.0.what
    }

    fn from_json(error: &serde_json::Error) -> Self {
        Self::new("", error)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = if self.place().is_empty() { "" } else { ": " };
        match self.kind() {
            DecodeErrorKind::Malformed => f.write_str("the server's answer cannot be right: ")?,
            DecodeErrorKind::OtherChain => {
                f.write_str("this client checks Bitcoin's rules, and the answer breaks one: ")?;
            }
        }
        write!(f, "{}{between}{}", self.place(), self.what())
    }
}

impl core::error::Error for DecodeError {}

/// Makes the error of a value that breaks a rule of Bitcoin, and may be right on another chain.
#[cold]
pub(crate) fn not_bitcoin(what: impl fmt::Display) -> DecodeError {
    let mut error = DecodeError::new("", what);
    error.0.kind = DecodeErrorKind::OtherChain;
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_plain_if_what_stands_between_its_quotes_is_what_it_says() {
        for (text, plain) in [(r#""00ff""#, "00ff"), (r#""""#, "")] {
            assert_eq!(RawJson::new(text).plain_string(), Ok(plain));
        }
        for text in [r#""a\u0062""#, r#""a"b""#, "\"", "5", "\"open", ""] {
            assert!(RawJson::new(text).plain_string().is_err(), "{text}");
        }
    }
}
