//! What a request is: how it is written and how its result is read, on each protocol version.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::json::{DecodeError, Params, RawJson};
use crate::version::ProtocolVersion;

/// One operation with its arguments. The wire method, the parameters and the shape of the result
/// follow from the negotiated version.
///
/// The operations of the protocol are in [`operations`](crate::operations); whatever a server adds of its own
/// goes through [`Raw`](crate::operations::Raw).
///
/// # Example
/// An operation that one server adds of its own, with a typed result:
/// ```
/// use electrum_proto::json::{DecodeError, Params, RawJson};
/// use electrum_proto::types::Txid;
/// use electrum_proto::{Method, ProtocolVersion, Request};
///
/// struct TransactionHeight(Txid);
///
/// impl Request for TransactionHeight {
///     const NAME: &'static str = "height of a transaction";
///     const METHODS: &'static [Method] =
///         &[Method::since("blockchain.transaction.get_height", ProtocolVersion::V1_4).reading()];
///     type Response = Option<u32>;
///
///     fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
///         params.hex(self.0.as_display_bytes());
///     }
///
///     fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
///         result.decode()
///     }
/// }
///
/// let request = TransactionHeight(Txid::from_display_bytes([7; 32]));
/// assert_eq!(request.method(ProtocolVersion::V1_6)?, "blockchain.transaction.get_height");
/// assert_eq!(request.decode(ProtocolVersion::V1_6, RawJson::new("153"))?, Some(153));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Request {
    /// The operation's name in error texts, such as "fee estimate".
    const NAME: &'static str;
    /// The methods that serve the operation, with their versions; the first one that a version has is sent.
    const METHODS: &'static [Method];
    /// What a server's result decodes to.
    type Response;

    /// Returns the method that `version` has for this operation: the first one of [`METHODS`](Self::METHODS).
    ///
    /// # Errors
    /// [`NotInVersion`] if it has none; nothing is written then.
    fn method(&self, version: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        Method::of_version(Self::NAME, Self::METHODS, version)
    }

    /// Writes the parameters as `version` wants them; none unless an operation says otherwise.
    fn params(&self, version: ProtocolVersion, params: &mut Params<'_>) {
        let _ = (version, params);
    }

    /// Reads the result as `version` shapes it.
    ///
    /// # Errors
    /// [`DecodeError`] if the result is not what the protocol says; only this request is concerned.
    fn decode(&self, version: ProtocolVersion, result: RawJson<'_>) -> Result<Self::Response, DecodeError>;

    /// Returns method and parameters as JSON, as `version` wants them: for logs, and to test requests of one's own.
    ///
    /// # Errors
    /// [`NotInVersion`] if `version` has no such operation.
    fn to_json(&self, version: ProtocolVersion) -> Result<String, NotInVersion> {
        let mut text = Vec::from(br#"{"method":"#);
        Params::append_str(&mut text, &self.method(version)?);
        text.extend_from_slice(br#","params":"#);
        text.append(&mut Params::to_json(|params| self.params(version, params)));
        text.push(b'}');
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Returns what the request does to the world, which decides whether it is sent again after a loss.
    ///
    /// The default is [`Effect::Reads`] if all of [`METHODS`](Self::METHODS) are said to only read, and
    /// [`Effect::Changes`] otherwise.
    fn effect(&self) -> Effect {
        let reads = !Self::METHODS.is_empty() && Self::METHODS.iter().all(|method| method.effect == Effect::Reads);
        if reads { Effect::Reads } else { Effect::Changes }
    }
}

impl<R: Request + ?Sized> Request for &R {
    const NAME: &'static str = R::NAME;
    const METHODS: &'static [Method] = R::METHODS;
    type Response = R::Response;

    fn method(&self, version: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        (**self).method(version)
    }

    fn params(&self, version: ProtocolVersion, params: &mut Params<'_>) {
        (**self).params(version, params);
    }

    fn decode(&self, version: ProtocolVersion, result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
        (**self).decode(version, result)
    }

    fn effect(&self) -> Effect {
        (**self).effect()
    }
}

/// What a request does to the world, which decides whether it may be sent again after a loss.
///
/// # Example
/// ```
/// use electrum_proto::operations::{Banner, Broadcast};
/// use electrum_proto::types::RawTransaction;
/// use electrum_proto::{Effect, Request};
///
/// /// Whether a request that was lost on the way may be sent again.
/// fn may_repeat(request: &impl Request, written: bool) -> bool {
///     match request.effect() {
///         Effect::Reads => true,
///         Effect::Changes => !written,
///     }
/// }
///
/// assert!(may_repeat(&Banner, true));
/// assert!(!may_repeat(&Broadcast { transaction: RawTransaction::new([0; 60]) }, true));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only reads: it can be repeated at will.
    Reads,
    /// It changes something: it is repeated only if no byte of it was handed to the network.
    Changes,
}

/// A method of the protocol and the versions that have it.
///
/// # Example
/// ```
/// use electrum_proto::{Effect, Method, ProtocolVersion};
///
/// let [v1_0, v1_2, v1_3] = [ProtocolVersion::V1_0, ProtocolVersion::V1_2, ProtocolVersion::V1_3];
/// let header = Method::since("blockchain.block.header", v1_3).reading();
/// let old = Method::between("blockchain.block.get_header", v1_0, v1_3).reading();
/// assert!(header.is_in(v1_3) && !old.is_in(v1_3));
/// assert_eq!(Method::of_version("block header", &[header, old], v1_2)?, old.name);
/// assert_eq!(header.effect, Effect::Reads);
/// assert_eq!(old.to_string(), "blockchain.block.get_header (from 1.0, before 1.3)");
/// # Ok::<(), electrum_proto::NotInVersion>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// The name on the wire.
    pub name: &'static str,
    /// The first version that has it.
    pub since: ProtocolVersion,
    /// The first version that lacks it again, if one does.
    pub until: Option<ProtocolVersion>,
    /// What it does to the world.
    pub effect: Effect,
}

impl Method {
    /// Makes a method that every version from `since` on has. It counts as one that changes something.
    #[must_use]
    pub const fn since(name: &'static str, since: ProtocolVersion) -> Self {
        Self { name, since, until: None, effect: Effect::Changes }
    }

    /// Makes a method that the versions from `since` on and before `until` have. It counts as one that changes something.
    #[must_use]
    pub const fn between(name: &'static str, since: ProtocolVersion, until: ProtocolVersion) -> Self {
        Self { name, since, until: Some(until), effect: Effect::Changes }
    }

    /// Marks the method as one that only reads, so that a lost request is sent again.
    #[must_use]
    pub const fn reading(self) -> Self {
        Self { effect: Effect::Reads, ..self }
    }

    /// Restricts the method to later versions, for an operation that needs what it can do since then.
    #[must_use]
    pub const fn not_before(self, since: ProtocolVersion) -> Self {
        Self { since, ..self }
    }

    /// Returns whether `version` has the method.
    #[must_use]
    pub fn is_in(&self, version: ProtocolVersion) -> bool {
        self.since <= version && self.until.is_none_or(|until| version < until)
    }

    /// Returns the first one of `methods` that `version` has.
    ///
    /// # Errors
    /// [`NotInVersion`], naming the versions of all of them, if it has none.
    pub fn of_version(
        operation: &'static str,
        methods: &[Self],
        version: ProtocolVersion,
    ) -> Result<Cow<'static, str>, NotInVersion> {
        match methods.iter().find(|method| method.is_in(version)) {
            Some(method) => Ok(Cow::Borrowed(method.name)),
            None => Err(NotInVersion::new(operation, version, methods)),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.until {
            None => write!(f, "{} (from {})", self.name, self.since),
            Some(until) => write!(f, "{} (from {}, before {until})", self.name, self.since),
        }
    }
}

/// The error of an operation that the negotiated version lacks: the caller must do without, or ask another server.
///
/// # Example
/// ```
/// use electrum_proto::operations::MempoolRecent;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let error = MempoolRecent.method(ProtocolVersion::V1_4).expect_err("it came later");
/// assert_eq!(error.version, ProtocolVersion::V1_4);
/// assert_eq!(
///     error.to_string(),
///     "protocol 1.4, which was negotiated, has no list of recent transactions: it is mempool.recent (from 1.7)"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotInVersion {
    /// The operation that was asked for.
    pub operation: String,
    /// The version that was negotiated.
    pub version: ProtocolVersion,
    /// Which versions have it, in words.
    pub available: String,
}

error_texts!(NotInVersion {
    Self { operation, version, available } =>
        "protocol {version}, which was negotiated, has no {operation}: {available}";
});

impl NotInVersion {
    /// Makes the error of an operation that `version` has none of the `methods` for.
    #[must_use]
    pub fn new(operation: &str, version: ProtocolVersion, methods: &[Method]) -> Self {
        use core::fmt::Write as _;
        let mut available = String::from("it is ");
        for (i, method) in methods.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(available, "{}{method}", if i > 0 { ", " } else { "" });
        }
        Self { operation: operation.into(), version, available }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_method_tells_its_versions() {
        let [v1_2, v1_4] = [ProtocolVersion::V1_2, ProtocolVersion::V1_4];
        let since = Method::since("x", v1_2);
        assert_eq!(since.to_string(), "x (from 1.2)");
        assert!(since.is_in(v1_2) && since.is_in(v1_4) && !since.not_before(v1_4).is_in(v1_2));
        let between = Method::between("x", v1_2, v1_4);
        assert_eq!(between.to_string(), "x (from 1.2, before 1.4)");
        assert!(between.is_in(v1_2) && !between.is_in(v1_4));
    }
}
