//! The status of a script, from its history.

use alloc::vec::Vec;
use core::fmt;

use crate::types::{HistoryEntry, ScriptStatus};

/// Computes the status that a server gives for a script with this history, in the order in which that server lists it;
/// nothing if the history is empty.
///
/// The order inside a block and, before protocol 1.6, inside the mempool is each server's own, so two servers may
/// give different statuses for the same transactions. (Protocol documentation, "Status".)
///
/// # Example
/// ```
/// use electrum_proto::proof::script_status;
/// use electrum_proto::types::{HistoryEntry, ScriptStatus, TxHeight, Txid};
///
/// let txid = Txid::from_display_bytes([0xaa; 32]);
/// let history = [HistoryEntry { txid, height: TxHeight::Confirmed(5), fee: None }];
/// let status = ScriptStatus::of_text(format!("{txid}:5:").as_bytes());
/// assert_eq!(script_status(&history), Some(status));
/// ```
#[must_use]
pub fn script_status(history: &[HistoryEntry]) -> Option<ScriptStatus> {
    if history.is_empty() {
        return None;
    }
    // 64 digits of the id, at most 10 of the height, two colons.
    let mut text = Vec::with_capacity(history.len() * 76);
    for entry in history {
        crate::json::hex::encode_into(entry.txid.as_display_bytes(), &mut text);
        text.push(b':');
        text.extend_from_slice(alloc::format!("{}", entry.height.to_wire()).as_bytes());
        text.push(b':');
    }
    Some(ScriptStatus::of_text(&text))
}

/// A server that says by its status that a script has a history, and answers an empty one.
///
/// # Example
/// ```
/// use electrum_proto::proof::{HistoryWithheld, check_not_withheld};
/// use electrum_proto::types::ScriptStatus;
///
/// let status = ScriptStatus::of_text(b"a history");
/// // The answer to `History` was an empty list: the balance is not to be shown as nothing.
/// match check_not_withheld(Some(status), &[]) {
///     Err(withheld @ HistoryWithheld { status: reported }) => {
///         assert_eq!(reported, status);
///         assert!(withheld.to_string().contains("lists none of it"));
///     }
///     Ok(()) => panic!("the history is empty indeed"),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryWithheld {
    /// The status that the server gave.
    pub status: ScriptStatus,
}

impl fmt::Display for HistoryWithheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the server reports a history for the script and lists none of it, as some do when it is too long for them",
        )
    }
}

impl core::error::Error for HistoryWithheld {}

/// Checks an answer to `History`, `Balance` or `Unspent` against the script's status: Fulcrum answers histories that
/// are longer than its `max_history` with an empty list and a partial balance instead of an error.
///
/// `status` is what the server gives for the script's subscription, and `history` what it lists of the script.
///
/// # Example
/// ```
/// use electrum_proto::proof::check_not_withheld;
/// use electrum_proto::types::ScriptStatus;
///
/// let status = Some(ScriptStatus::of_text(b"a history"));
/// assert!(check_not_withheld(status, &[]).is_err());
/// assert!(check_not_withheld(None, &[]).is_ok());
/// ```
///
/// # Errors
/// [`HistoryWithheld`] if there is a status and the history is empty. Between the two answers the history may have
/// changed, so ask for both again before giving up.
pub fn check_not_withheld(status: Option<ScriptStatus>, history: &[HistoryEntry]) -> Result<(), HistoryWithheld> {
    match status {
        Some(status) if history.is_empty() => Err(HistoryWithheld { status }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{TxHeight, Txid};
    use sha2::{Digest, Sha256};

    #[test]
    fn every_kind_of_height_counts_as_it_is_written() {
        let id = |digit: &str| digit.repeat(64).parse::<Txid>().unwrap();
        let entry = |digit, height| HistoryEntry { txid: id(digit), height, fee: None };
        let history = [
            entry("a", TxHeight::Confirmed(1)),
            entry("b", TxHeight::Confirmed(800_000)),
            entry("c", TxHeight::Unconfirmed),
            entry("d", TxHeight::UnconfirmedParent),
        ];
        let text =
            format!("{}:1:{}:800000:{}:0:{}:-1:", "a".repeat(64), "b".repeat(64), "c".repeat(64), "d".repeat(64));
        let digest = Sha256::digest(text.as_bytes());
        assert_eq!(script_status(&history).unwrap().as_display_bytes(), digest.as_slice());
        assert_eq!(script_status(&[]), None);

        let status = script_status(&history);
        assert_eq!(check_not_withheld(status, &history), Ok(()));
        assert_eq!(check_not_withheld(None, &[]), Ok(()));
        let withheld = HistoryWithheld { status: status.unwrap() };
        assert!(alloc::format!("{withheld}").contains("lists none of it"));
        assert_eq!(check_not_withheld(status, &[]), Err(withheld));
    }
}
