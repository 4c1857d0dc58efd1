//! An error that a server answers with instead of a result.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use super::error_kind::ServerErrorKind;
use super::raw::RawJson;
use super::reader::{Reader, read};

/// An error that a server sends instead of a result: its code, its own words and the data that it attached.
///
/// The first 4 KiB of the words are kept, since some servers quote the whole request; data above that length is dropped.
///
/// # Example
/// ```
/// use electrum_proto::json::{ServerError, ServerErrorKind};
///
/// let error = ServerError::new(Some(1), "the transaction was rejected by network rules.\n\nbad-txns-vin-empty\n[00]");
/// assert_eq!(error.kind(), ServerErrorKind::Rejected);
/// assert_eq!(error.reason(), "bad-txns-vin-empty");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerError {
    /// The code; some servers send a bare text without one.
    pub code: Option<i64>,
    /// The server's own words.
    pub message: String,
    /// What the server attached as `data`, as JSON text.
    pub data: Option<String>,
}

impl ServerError {
    /// Makes an error with this code and these words, for tests and for servers.
    #[must_use]
    pub fn new(code: Option<i64>, message: impl Into<String>) -> Self {
        /// Errors are kept, for each subscription that is refused.
        const MOST: usize = 4096;

        let mut message = message.into();
        if message.len() > MOST {
            let cut = (0..=MOST).rev().find(|at| message.is_char_boundary(*at)).unwrap_or(0);
            message.truncate(cut);
            message.shrink_to_fit();
            message.push('…');
        }
        Self { code, message, data: None }
    }

    /// Returns what the error is about, read from its code and its words.
    #[must_use]
    pub fn kind(&self) -> ServerErrorKind {
        ServerErrorKind::of(self.code, &self.message)
    }

    /// Returns whether it says no more than that the server is too busy, such as ElectrumX's -101 "excessive resource
    /// usage" and -102 "server busy".
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.kind() == ServerErrorKind::Busy
    }

    /// Returns the words of the server's node, without what the server puts around them and without the transaction
    /// that some quote; the server's own words if there is nothing around them.
    #[must_use]
    pub fn reason(&self) -> Cow<'_, str> {
        let message = self.message.trim();
        // electrs-esplora: `sendrawtransaction RPC error: {"code":-26,"message":"…"}`.
        if let Some((_, object)) = message.split_once("RPC error: ") {
            if let Some(Self { message, .. }) = Self::from_object(object) {
                return message.into();
            }
        }
        // ElectrumX and Fulcrum: a sentence, an empty line, the node's words, and maybe `[transaction]`.
        let Some((_, reason)) = message.split_once("rejected by network rules.\n\n") else { return message.into() };
        let reason = match reason.rsplit_once("\n[") {
            Some((before, _)) => before,
            None => reason,
        };
        reason.trim().into()
    }

    /// Reads an error object, or the bare string that electrs-esplora sends. Whatever else comes is quoted.
    pub(super) fn parse(error: &str) -> Self {
        let text = || RawJson::new(error).decode::<String>().ok();
        let bare = |message: Option<String>| Self::new(None, message.unwrap_or_else(|| error.into()));
        Self::from_object(error).unwrap_or_else(|| bare(text()))
    }

    /// Reads an error object, if it is one with a message.
    fn from_object(error: &str) -> Option<Self> {
        /// Longer data is not kept.
        const MOST_DATA: usize = 4096;

        let (mut code, mut message, mut data) = (None, None, None);
        let object = read(RawJson::new(error), |reader| {
            reader.object(|reader, key| {
                match key {
                    b"code" => code = reader.lenient(Reader::integer)?,
                    b"message" => message = reader.lenient(|reader| reader.string().map(Cow::into_owned))?,
                    b"data" if reader.null()? => {}
                    b"data" => data = core::str::from_utf8(reader.skip()?).ok(),
                    _ => drop(reader.skip()?),
                }
                Ok(())
            })
        });
        object.ok()?;
        let data = data.filter(|data| data.len() <= MOST_DATA).and_then(|data| RawJson::new(data).to_json_text().ok());
        Some(Self { data, ..Self::new(code, message?) })
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.code {
            Some(code) => write!(f, " (code {code})"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for ServerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_what_the_node_said() {
        for (message, reason) in [
            ("the transaction was rejected by network rules.\n\nmin relay fee not met, 0 < 15\n[00ff]", None),
            ("the transaction was rejected by network rules.\n\nmin relay fee not met, 0 < 15\n", None),
            ("the tx package was rejected by network rules.\n\nmin relay fee not met, 0 < 15", None),
            ("sendrawtransaction RPC error: {\"code\":-26,\"message\":\"min relay fee not met, 0 < 15\"}", None),
            ("min relay fee not met, 0 < 15", None),
            ("sendrawtransaction RPC error: {", Some("sendrawtransaction RPC error: {")),
        ] {
            let expected = reason.unwrap_or("min relay fee not met, 0 < 15");
            assert_eq!(ServerError::new(None, message).reason(), expected);
        }
    }

    #[test]
    fn data_is_kept_as_it_came() {
        let error = ServerError::parse(r#"{"code":1,"message":"no","data":{"a":[1, 2]}}"#);
        assert_eq!((error.code, &*error.message, error.data.as_deref()), (Some(1), "no", Some(r#"{"a":[1, 2]}"#)));
        let long = alloc::format!(r#"{{"code":1,"message":"no","data":"{}"}}"#, "x".repeat(5000));
        assert_eq!(ServerError::parse(&long).data, None);
        assert_eq!(ServerError::parse(&long).to_string(), "no (code 1)");
    }
}
