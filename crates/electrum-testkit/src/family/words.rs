//! The error texts of each family.

use super::problem::{Failure, Problem};
use super::python;

impl Problem {
    pub(super) fn python(self, method: &str) -> Failure {
        let (code, message) = match self {
            Self::UnknownMethod | Self::WrongVersion => (-32601, format!("unknown method \"{method}\"")),
            Self::TooMany { given, most } => {
                (-32602, format!("{} passed to method {method} taking at most {most}", arguments(given)))
            }
            Self::TooFew { given, least, .. } => {
                (-32602, format!("{} passed to method \"{method}\" but it requires {least}", arguments(given)))
            }
            Self::NamesNotTaken => (-32602, "invalid request arguments".to_owned()),
            Self::UnknownNames(names) => {
                let quoted: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
                let noun = if names.len() == 1 { "parameter" } else { "parameters" };
                (-32602, format!("method \"{method}\" does not take {noun} {}", quoted.join(", ")))
            }
            Self::MissingName(name) => (-32602, format!("method \"{method}\" requires parameter \"{name}\"")),
            Self::Scripthash(value) => (1, format!("{} is not a valid script hash", python::text(&value))),
            Self::Address(value) => (1, format!("{} is not a valid address", python::text(&value))),
            Self::Txid(value) => (1, format!("{} should be a transaction hash", python::text(&value))),
            Self::Natural(value, _) => (1, format!("{} should be a non-negative integer", python::text(&value))),
            Self::Flag(name) => (1, format!("\"{name}\" must be a boolean")),
            Self::Hex(value) => (1, format!("{} should be a hex string", python::text(&value))),
            Self::HeightRange(height) => (1, format!("height {} out of range", python::grouped(&height))),
            Self::BlockRange { height, tip } => {
                let height = python::grouped(&height.to_string());
                let tip = python::grouped(&tip.to_string());
                (1, format!("db error: DBError('block {height} not on disk (>{tip})')"))
            }
            Self::CheckpointRange { height, cp_height, tip, .. } => (
                1,
                format!(
                    "require header height {} <= cp_height {} <= chain height {}",
                    python::grouped(&height.to_string()),
                    python::grouped(&cp_height.to_string()),
                    python::grouped(&tip.to_string())
                ),
            ),
            Self::UnknownTransaction => (2, daemon_error(-5, NO_TRANSACTION)),
            Self::NotInBlock { txid, height, .. } => {
                let height = python::grouped(&height.to_string());
                (1, format!("tx {txid} not in block at height {height}"))
            }
            Self::NoSuchPosition { position, height } => {
                let height = python::grouped(&height.to_string());
                (1, format!("no tx at position {position} in block at height {height}"))
            }
            Self::List(value) => (1, format!("{} should be a list", python::text(&value))),
            Self::Node(code, words) => (2, daemon_error(code, &words)),
            Self::Undecodable(raw) => (1, rejected(UNDECODABLE, &raw)),
            Self::Rejected { words, raw } => (1, rejected(&words, &raw)),
            Self::PackageRejected(words) => (1, format!("the tx package was rejected by network rules.\n\n{words}.")),
            Self::FeeTarget => (2, daemon_error(-8, FEE_TARGET)),
            Self::FeeMode(mode) => (1, format!("unknown estimatefee mode: {mode}")),
            Self::TooLong => (1, "history too large".to_owned()),
            Self::Other(failure) => return failure,
        };
        Failure::new(code, message)
    }

    pub(super) fn fulcrum(self, method: &str) -> Failure {
        let (code, message) = match self {
            Self::UnknownMethod | Self::WrongVersion if method.starts_with("blockchain.address.") => {
                (-32601, "blockchain.address.* methods are only available on BCH".to_owned())
            }
            Self::UnknownMethod | Self::WrongVersion => (-32601, format!("Unsupported request: {method}")),
            Self::TooMany { given, most } => (-32602, expected("most", most, method, given)),
            Self::TooFew { given, least, .. } => (-32602, expected("least", least, method, given)),
            Self::NamesNotTaken | Self::UnknownNames(_) | Self::MissingName(_) => {
                (-32602, "Named params are not supported for this method".to_owned())
            }
            Self::Scripthash(_) => (1, "Invalid scripthash".to_owned()),
            Self::Address(_) => (1, "Invalid address".to_owned()),
            Self::Txid(_) => (1, "Invalid tx hash".to_owned()),
            Self::Natural(_, what) => (1, format!("Invalid {what}")),
            Self::Flag(name) => (1, format!("Invalid {name} argument; expected boolean")),
            Self::Hex(_) | Self::List(_) => (1, FULCRUM_TXS.to_owned()),
            Self::Node(_, words) => (2, words),
            Self::HeightRange(height) => (1, format!("Height {height} is out of range")),
            Self::BlockRange { height, .. } => (1, format!("Height {height} is out of range")),
            Self::CheckpointRange { what, height, cp_height, tip } => {
                (1, format!("{what} {height} must be <= cp_height {cp_height} which must be <= chain height {tip}"))
            }
            Self::UnknownTransaction => (2, daemon_error(-5, NO_TRANSACTION)),
            Self::NotInBlock { height: 0, .. } => (1, UNCONFIRMED.to_owned()),
            Self::NotInBlock { height, .. } => {
                (1, format!("No transaction matching the requested hash found at height {height}"))
            }
            Self::NoSuchPosition { position, height } => {
                (1, format!("No transaction at position {position} for height {height}"))
            }
            Self::Undecodable(_) => (1, rejected_without_raw(UNDECODABLE)),
            Self::Rejected { words, .. } => (1, rejected_without_raw(&words)),
            Self::PackageRejected(words) => (1, format!("the tx package was rejected by network rules.\n\n{words}\n")),
            Self::FeeTarget => (2, FEE_TARGET.to_owned()),
            Self::FeeMode(_) => (2, FEE_MODE.to_owned()),
            Self::TooLong => (1, "history too large".to_owned()),
            Self::Other(failure) => return failure,
        };
        Failure::new(code, message)
    }

    pub(super) fn electrs(self) -> Failure {
        let (code, message) = match self {
            Self::UnknownMethod | Self::WrongVersion => (-32601, "method not found".to_owned()),
            Self::UnknownTransaction => (2, NO_TRANSACTION.to_owned()),
            Self::NotInBlock { txid, block, .. } => (1, format!("missing txid {txid} in block {block}")),
            Self::HeightRange(height) => (1, format!("no header at {height}")),
            Self::BlockRange { height, .. } => (1, format!("missing block at {height}")),
            Self::Node(_, words) => (2, words),
            Self::NoSuchPosition { position, height } => {
                (1, format!("invalid tx_pos {position} in block at height {height}"))
            }
            Self::Undecodable(_) => (1, "invalid transaction".to_owned()),
            Self::Rejected { words, .. } | Self::PackageRejected(words) => (2, words),
            Self::Hex(_) => (1, "non-hex transaction".to_owned()),
            Self::FeeTarget => (2, FEE_TARGET.to_owned()),
            Self::TooLong => (1, "history too large".to_owned()),
            Self::Other(failure) => return failure,
            _ => (-32602, "invalid params".to_owned()),
        };
        Failure::new(code, message)
    }

    /// `None` closes the connection.
    pub(super) fn esplora(self) -> Option<String> {
        Some(match self {
            Self::UnknownMethod | Self::WrongVersion => return None,
            Self::NamesNotTaken | Self::UnknownNames(_) | Self::MissingName(_) => return None,
            Self::TooFew { name, .. } => format!("missing {name}"),
            Self::Scripthash(_) => "bad script_hash".to_owned(),
            Self::Txid(_) => "bad tx_hash".to_owned(),
            Self::Natural(_, what) => format!("non-integer {what}"),
            Self::Flag(name) => format!("non-boolean {name}"),
            Self::HeightRange(_) => "missing header".to_owned(),
            Self::CheckpointRange { height, cp_height, .. } => {
                format!("cp_height #{cp_height} < height #{height}")
            }
            Self::UnknownTransaction => "missing transaction".to_owned(),
            Self::NotInBlock { .. } => "invalid confirmation height provided".to_owned(),
            Self::NoSuchPosition { position, height } => {
                format!("No tx in position #{position} in block #{height}")
            }
            Self::Undecodable(_) => sendrawtransaction(-22, UNDECODABLE),
            Self::Rejected { words, .. } => sendrawtransaction(-26, &words),
            Self::TooLong => "Too many history entries".to_owned(),
            Self::Other(failure) => failure.message,
            _ => "missing or invalid parameter".to_owned(),
        })
    }

    /// `None` closes the connection.
    pub(super) fn libbitcoin(self) -> Option<i64> {
        match self {
            Self::UnknownMethod
            | Self::TooMany { .. }
            | Self::TooFew { .. }
            | Self::NamesNotTaken
            | Self::UnknownNames(_)
            | Self::MissingName(_) => None,
            Self::WrongVersion => Some(26),
            Self::HeightRange(_)
            | Self::BlockRange { .. }
            | Self::UnknownTransaction
            | Self::NotInBlock { .. }
            | Self::NoSuchPosition { .. } => Some(17),
            Self::Rejected { .. } | Self::PackageRejected(_) => Some(22),
            Self::Other(failure) if failure.code > 16 => Some(failure.code),
            _ => Some(19),
        }
    }
}

const NO_TRANSACTION: &str = "No such mempool or blockchain transaction. Use gettransaction for wallet transactions.";
const FEE_MODE: &str = "Invalid estimate_mode parameter, must be one of: \"unset\", \"economical\", \"conservative\"";
const FULCRUM_TXS: &str = "Invalid raw_txs argument; expected non-empty list of hex-encoded strings";
const UNCONFIRMED: &str = "No confirmed transaction matching the requested hash was found";
const FEE_TARGET: &str = "Invalid conf_target, must be between 1 and 1008";
const UNDECODABLE: &str = "TX decode failed. Make sure the tx has at least one input.";

fn arguments(n: usize) -> String {
    format!("{n} argument{}", if n == 1 { "" } else { "s" })
}

fn expected(bound: &str, n: usize, method: &str, given: usize) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("Expected at {bound} {n} parameter{s} for {method}, got {given} instead")
}

fn daemon_error(code: i64, words: &str) -> String {
    format!("daemon error: DaemonError({{'code': {code}, 'message': '{words}'}})")
}

fn rejected(words: &str, raw: &str) -> String {
    format!("the transaction was rejected by network rules.\n\n{words}\n[{raw}]")
}

fn rejected_without_raw(words: &str) -> String {
    format!("the transaction was rejected by network rules.\n\n{words}\n")
}

fn sendrawtransaction(code: i64, words: &str) -> String {
    format!("sendrawtransaction RPC error: {{\"code\":{code},\"message\":\"{words}\"}}")
}
