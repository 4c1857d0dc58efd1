//! Broadcasts of transactions, and the outcome of a broadcast.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use core::fmt;

use super::methods::BROADCAST;
use super::transaction::read_txid;
use crate::error::RequestError;
use crate::json::{DecodeError, Params, RawJson, ServerError, ServerErrorKind, not_bitcoin, read};
use crate::request::{Method, Request};
use crate::types::{RawTransaction, Txid};
use crate::version::ProtocolVersion;

/// Broadcasts a transaction.
///
/// - Parameters: the transaction.
/// - Result: [`Accepted`], with the transaction's own id, also where the server answers a page of HTML instead of an id:
///   ElectrumX and Fulcrum do so to clients that they take for a vulnerable version of Electrum, and broadcast all the
///   same. Anything else is refused, since it may be an error: Electrum Personal Server up to 0.1.6 and servers of
///   protocol 1.0 answer the reason of a rejection as the result, and later ones `null` where broadcasting over Tor failed.
/// - Versions: all.
/// - Errors: the network's rules reject it (code 1 or 2, with the node's words), or the network has it already; after a
///   loss or a time-out it may have been sent. [`BroadcastOutcome`] tells these apart.
/// - Protocol documentation: `blockchain.transaction.broadcast`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Broadcast;
/// use electrum_proto::types::RawTransaction;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let transaction = RawTransaction::from_hex(
///     "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d01\
///      04455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f662073\
///      65636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe55482719\
///      67f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a\
///      4c702b6bf11d5fac00000000",
/// )?;
/// let request = Broadcast { transaction };
/// let result = RawJson::new(r#""4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b""#);
/// let accepted = request.decode(ProtocolVersion::V1_4, result)?;
/// assert_eq!(accepted.txid.to_string(), "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b");
/// assert_eq!(accepted.server_said, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.transaction.broadcast")]
#[doc(alias = "transaction_broadcast")]
#[doc(alias = "transaction_broadcast_raw")]
#[doc(alias = "sendrawtransaction")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// The transaction.
    pub transaction: RawTransaction,
}

/// The answer of a server that accepted a transaction.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Broadcast;
/// use electrum_proto::types::RawTransaction;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// // The smallest transaction that has an input and an output.
/// let bytes = format!("0100000001{}ffffffff01{}", "00".repeat(37), "00".repeat(13));
/// let transaction = RawTransaction::from_hex(&bytes)?;
/// let txid = transaction.txid()?;
/// // Some servers broadcast it, and answer a page for the user of an old wallet.
/// let result = RawJson::new(r#""<br/><br/>Please upgrade.""#);
/// let accepted = Broadcast { transaction }.decode(ProtocolVersion::V1_4, result)?;
/// assert_eq!((accepted.txid, accepted.server_said.as_deref()), (txid, Some("<br/><br/>Please upgrade.")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    /// The transaction's id, computed from its bytes.
    pub txid: Txid,
    /// What the server said instead of that id, cut after 4 KiB.
    pub server_said: Option<String>,
}

/// The outcome of a broadcast, as far as it is known.
///
/// Make it from the result of a [`Broadcast`] (the adapters have `CallError::into_broadcast_outcome` for that), and look at
/// what it says before sending again or spending the inputs otherwise: a broadcast without an answer may have been carried
/// out.
///
/// # Example
/// ```
/// use electrum_proto::RequestError;
/// use electrum_proto::json::ServerError;
/// use electrum_proto::operations::BroadcastOutcome;
///
/// let error = ServerError::new(Some(1), "the transaction was rejected by network rules.\n\ntxn-already-in-mempool\n[00]");
/// let outcome = BroadcastOutcome::of(Err(RequestError::Server(error)))?;
/// assert_eq!(outcome.name(), "already_in_mempool");
///
/// let outcome = BroadcastOutcome::of(Err(RequestError::Lost { written: true, oldest: false }))?;
/// assert_eq!(outcome.name(), "may_have_been_sent");
/// # Ok::<(), RequestError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BroadcastOutcome {
    /// The server's node accepted the transaction.
    Accepted(Accepted),
    /// The transaction was in the mempool of the server's node already.
    AlreadyInMempool(ServerError),
    /// The transaction was in the chain already.
    AlreadyInChain(ServerError),
    /// The server's node rejected the transaction; [`ServerError::reason`] is the reason that it gives.
    Rejected(ServerError),
    /// Unknown: no answer came after a part of the request was sent, or the answer does not say.
    MayHaveBeenSent {
        /// Why it is unknown.
        why: String,
    },
}

impl BroadcastOutcome {
    /// Sorts the result of a [`Broadcast`].
    ///
    /// # Errors
    /// [`RequestError`] if the transaction was not handed over: nothing of the request had left, or the server
    /// refused it without looking at the transaction.
    pub fn of(result: Result<Accepted, RequestError>) -> Result<Self, RequestError> {
        match result {
            Ok(accepted) => Ok(Self::Accepted(accepted)),
            Err(RequestError::Server(error)) => Self::of_server_error(error).map_err(RequestError::Server),
            Err(error @ RequestError::Lost { written: false, .. }) => Err(error),
            Err(error) => Ok(Self::MayHaveBeenSent { why: error.to_string() }),
        }
    }

    /// Sorts the error that a server answered to a [`Broadcast`].
    ///
    /// # Errors
    /// [`ServerError`] if the server refused the request without looking at the transaction, such as for being busy.
    pub fn of_server_error(error: ServerError) -> Result<Self, ServerError> {
        /// "server busy - request timed out": the node, asked by the server, did not answer in time.
        const NODE_DID_NOT_ANSWER: i64 = -102;

        match error.kind() {
            ServerErrorKind::AlreadyInMempool => Ok(Self::AlreadyInMempool(error)),
            ServerErrorKind::AlreadyInChain => Ok(Self::AlreadyInChain(error)),
            ServerErrorKind::Internal => Ok(Self::MayHaveBeenSent { why: error.to_string() }),
            ServerErrorKind::Busy if error.code == Some(NODE_DID_NOT_ANSWER) => {
                Ok(Self::MayHaveBeenSent { why: error.to_string() })
            }
            ServerErrorKind::Busy
            | ServerErrorKind::TooLarge
            | ServerErrorKind::UnknownMethod
            | ServerErrorKind::Unsupported
            | ServerErrorKind::UnsupportedVersion
            | ServerErrorKind::Unauthorized => Err(error),
            _ => Ok(Self::Rejected(error)),
        }
    }

    /// Returns the outcome in one word for logs and programs: `accepted`, `already_in_mempool`, `already_in_chain`,
    /// `rejected` or `may_have_been_sent`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::AlreadyInMempool(_) => "already_in_mempool",
            Self::AlreadyInChain(_) => "already_in_chain",
            Self::Rejected(_) => "rejected",
            Self::MayHaveBeenSent { .. } => "may_have_been_sent",
        }
    }

    /// Returns whether the network has the transaction, as far as the server says.
    #[must_use]
    pub const fn is_known_to_the_network(&self) -> bool {
        matches!(self, Self::Accepted(_) | Self::AlreadyInMempool(_) | Self::AlreadyInChain(_))
    }
}

impl fmt::Display for BroadcastOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(Accepted { server_said: None, .. }) => f.write_str("the server accepted the transaction"),
            Self::Accepted(Accepted { server_said: Some(said), .. }) => {
                write!(f, "the server accepted the transaction, and said: {said}")
            }
            Self::AlreadyInMempool(_) => f.write_str("the transaction is in the mempool already"),
            Self::AlreadyInChain(_) => f.write_str("the transaction is in the chain already"),
            Self::Rejected(error) => write!(f, "the server's node rejected the transaction: {}", error.reason()),
            Self::MayHaveBeenSent { why } => write!(f, "the transaction may have been sent: {why}"),
        }
    }
}

impl Request for Broadcast {
    const NAME: &'static str = "broadcast";
    const METHODS: &'static [Method] = &[BROADCAST];
    type Response = Accepted;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.hex(self.transaction.as_bytes());
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Accepted, DecodeError> {
        let answered = read(result, read_txid);
        match (self.transaction.txid(), answered) {
            (Ok(txid), Ok(answered)) if answered == txid => Ok(Accepted { txid, server_said: None }),
            (Ok(txid), answered) => {
                let said = said(result)?;
                if answered.is_err() && !is_page(&said) {
                    return Err(DecodeError::new(
                        "",
                        format_args!("the server said {said:?} and no transaction's id; it may have been sent"),
                    ));
                }
                Ok(Accepted { txid, server_said: Some(said) })
            }
            // What is no transaction by Bitcoin's rules has the id that the server says.
            (Err(_), Ok(txid)) => Ok(Accepted { txid, server_said: None }),
            (Err(error), Err(_)) => {
                Err(not_bitcoin(format_args!("{error}; it may have been sent, for the server said {}", said(result)?)))
            }
        }
    }
}

/// Whether a text is a page of HTML, which servers send only after they broadcast.
fn is_page(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

/// What the server said, as text if it is one and as JSON otherwise.
fn said(result: RawJson<'_>) -> Result<String, DecodeError> {
    /// Enough for a page of HTML.
    const MOST: usize = 4096;

    let text = match result.decode::<String>() {
        Ok(text) => text,
        Err(_) => result.to_json_text()?,
    };
    match text.char_indices().find(|(at, _)| *at >= MOST) {
        Some((cut, _)) => Ok(text[..cut].to_owned() + "…"),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_error(code: i64, message: &str) -> Result<&'static str, ServerError> {
        BroadcastOutcome::of_server_error(ServerError::new(Some(code), message)).map(|outcome| outcome.name())
    }

    #[test]
    fn errors_of_servers_say_what_became_of_the_transaction() {
        let rejected =
            |reason: &str| alloc::format!("the transaction was rejected by network rules.\n\n{reason}\n[00]");
        for (code, message, outcome) in [
            (1, rejected("txn-already-in-mempool"), "already_in_mempool"),
            (1, rejected("Transaction outputs already in utxo set"), "already_in_chain"),
            (1, rejected("bad-txns-inputs-missingorspent"), "rejected"),
            (2, "min relay fee not met, 0 < 15".into(), "rejected"),
            (1, "words that are not in the table".into(), "rejected"),
            (-102, "server busy - request timed out".into(), "may_have_been_sent"),
            (-32603, "internal server error".into(), "may_have_been_sent"),
        ] {
            assert_eq!(of_error(code, &message), Ok(outcome), "{message}");
        }
        let txid = Txid::from_display_bytes([0xaa; 32]);
        let accepted = Accepted { txid, server_said: None };
        let error = || ServerError::new(Some(1), rejected("why"));
        for (outcome, name, text) in [
            (BroadcastOutcome::Accepted(accepted), "accepted", "the server accepted the transaction"),
            (BroadcastOutcome::AlreadyInMempool(error()), "already_in_mempool", "is in the mempool already"),
            (BroadcastOutcome::AlreadyInChain(error()), "already_in_chain", "is in the chain already"),
            (BroadcastOutcome::Rejected(error()), "rejected", "node rejected the transaction: why"),
            (
                BroadcastOutcome::MayHaveBeenSent { why: "lost".into() },
                "may_have_been_sent",
                "may have been sent: lost",
            ),
        ] {
            assert!(outcome.name() == name && outcome.to_string().ends_with(text), "{outcome}");
        }
        for (code, message) in [(-101, "excessive resource usage"), (-32601, "unknown method"), (401, "token expired")]
        {
            assert!(of_error(code, message).is_err(), "{message}");
        }
    }

    #[test]
    fn without_an_answer_it_may_have_been_sent_unless_nothing_left() {
        for error in [RequestError::Lost { written: true, oldest: false }, RequestError::TimedOut, RequestError::Closed]
        {
            let outcome = BroadcastOutcome::of(Err(error)).unwrap();
            assert!(outcome.name() == "may_have_been_sent" && !outcome.is_known_to_the_network());
        }
        let unsent = RequestError::Lost { written: false, oldest: false };
        assert_eq!(BroadcastOutcome::of(Err(unsent.clone())), Err(unsent));
    }

    #[test]
    fn the_words_for_people_have_the_reason() {
        let error = ServerError::new(Some(1), "the transaction was rejected by network rules.\n\ndust\n[00]");
        let rejected = BroadcastOutcome::of_server_error(error).unwrap();
        assert_eq!(rejected.to_string(), "the server's node rejected the transaction: dust");
        let accepted = |server_said| Accepted { txid: Txid::from_display_bytes([0; 32]), server_said };
        let odd = BroadcastOutcome::Accepted(accepted(Some("<br/>".into())));
        assert_eq!(odd.to_string(), "the server accepted the transaction, and said: <br/>");
        assert!(BroadcastOutcome::of(Ok(accepted(None))).unwrap().is_known_to_the_network());
    }
}
