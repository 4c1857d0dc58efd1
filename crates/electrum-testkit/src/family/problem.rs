//! The problems of calls, and how each family answers them.

use super::profile::{Dialect, Profile};
use crate::json::Json;

/// An error as it goes to the client.
///
/// # Example
/// ```
/// use electrum_testkit::family::Failure;
///
/// let Failure { code, message } = Failure { code: -102, message: "server busy".into() };
/// assert_eq!(format!("{message} ({code})"), "server busy (-102)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The code; not sent by a family whose errors are bare strings.
    pub code: i64,
    /// The words.
    pub message: String,
}

impl Failure {
    pub(crate) fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The reaction to a call with a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// An error is sent.
    Error(Failure),
    /// The connection is closed without an answer.
    Close,
}

/// The problem of a call.
#[derive(Debug, Clone)]
pub(crate) enum Problem {
    UnknownMethod,
    /// The method exists, in another version.
    WrongVersion,
    TooMany {
        given: usize,
        most: usize,
    },
    TooFew {
        given: usize,
        least: usize,
        /// The first that is missing.
        name: String,
    },
    /// Named parameters where the family takes none.
    NamesNotTaken,
    UnknownNames(Vec<String>),
    MissingName(String),
    Scripthash(Json),
    Address(Json),
    Txid(Json),
    /// A parameter is not a height, count or other natural number.
    Natural(Json, &'static str),
    /// The parameter of this name is not a flag.
    Flag(&'static str),
    Hex(Json),
    List(Json),
    /// The node behind the server rejects the call.
    Node(i64, String),
    HeightRange(String),
    /// There is no block at that height.
    BlockRange {
        height: u64,
        tip: u64,
    },
    CheckpointRange {
        what: &'static str,
        height: u64,
        cp_height: u64,
        tip: u64,
    },
    UnknownTransaction,
    NotInBlock {
        txid: String,
        height: u64,
        block: String,
    },
    NoSuchPosition {
        position: u64,
        height: u64,
    },
    Undecodable(String),
    Rejected {
        words: String,
        raw: String,
    },
    PackageRejected(String),
    FeeTarget,
    FeeMode(String),
    /// The answer is larger than the server sends.
    TooLong,
    Other(Failure),
}

impl Problem {
    pub(crate) fn verdict(self, profile: &Profile, method: &str) -> Verdict {
        let failure = match profile.dialect {
            Dialect::Python => self.python(method),
            Dialect::Fulcrum => self.fulcrum(method),
            Dialect::Electrs => self.electrs(),
            Dialect::Esplora => match self.esplora() {
                Some(words) => Failure::new(0, words),
                None => return Verdict::Close,
            },
            Dialect::Libbitcoin => match self.libbitcoin() {
                Some(code) => libbitcoin(code),
                None => return Verdict::Close,
            },
        };
        Verdict::Error(failure)
    }
}

/// The error of a libbitcoin code.
pub(crate) fn libbitcoin(code: i64) -> Failure {
    let message = match code {
        17 => "not_found",
        18 => "not_implemented",
        19 => "invalid_argument",
        20 => "subscription_limit",
        21 => "unsupported_argument",
        22 => "unconfirmable_transaction",
        23 => "argument_overflow",
        24 => "target_overflow",
        25 => "maximum_depth",
        26 => "wrong_version",
        _ => "server_error",
    };
    Failure::new(code, message)
}
