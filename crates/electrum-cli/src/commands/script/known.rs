//! The balance, history and unspent outputs of a script, in an order that does not depend on the server.

use electrum_smol::proto::types::{HistoryEntry, ScriptBalance, TxHeight, UnspentOutput};
use serde::Serialize;

use crate::output::{Output, Paint};

/// What a server knows about a script.
pub(super) trait Known: Serialize {
    /// Whether the server knows nothing about the script.
    fn is_nothing(&self) -> bool;

    /// Returns the sum over several scripts, if it has a sum, or an error message if the sum is not possible.
    fn sum<'a>(parts: impl Iterator<Item = &'a Self>) -> Result<Option<ScriptBalance>, &'static str>
    where
        Self: 'a,
    {
        let _ = parts;
        Ok(None)
    }

    /// Returns the lines to print for people.
    fn lines(&self, output: &Output) -> Vec<String>;
}

/// The transactions of a script: by height, and inside a block and the mempool by id.
#[derive(Serialize)]
pub(super) struct Histories {
    history: Vec<HistoryEntry>,
}

/// The unspent outputs of a script, in the same order.
#[derive(Serialize)]
pub(super) struct Outputs {
    unspent: Vec<UnspentOutput>,
}

impl Histories {
    pub(super) fn sorted(mut history: Vec<HistoryEntry>) -> Self {
        history.sort_unstable_by_key(|entry| (place(entry.height), entry.txid));
        Self { history }
    }
}

impl Outputs {
    pub(super) fn sorted(mut unspent: Vec<UnspentOutput>) -> Self {
        unspent.sort_unstable_by_key(|output| (place(output.height), output.txid, output.vout));
        Self { unspent }
    }
}

impl Known for ScriptBalance {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn sum<'a>(mut parts: impl Iterator<Item = &'a Self>) -> Result<Option<Self>, &'static str> {
        let sum = parts.try_fold(Self::default(), |sum, part| {
            let confirmed = sum.confirmed.checked_add(part.confirmed)?;
            Some(Self { confirmed, unconfirmed: sum.unconfirmed.checked_add(part.unconfirmed)? })
        });
        sum.map(Some).ok_or("the scripts hold more in all than there are coins")
    }

    fn lines(&self, output: &Output) -> Vec<String> {
        vec![
            format!("confirmed    {}", output.paint(Paint::Strong, format!("{:>17}", self.confirmed.to_string()))),
            format!("unconfirmed  {:>17}", self.unconfirmed.to_string()),
        ]
    }
}

impl Known for Histories {
    fn is_nothing(&self) -> bool {
        self.history.is_empty()
    }

    fn lines(&self, _: &Output) -> Vec<String> {
        if self.is_nothing() {
            return vec!["no history".into()];
        }
        let line = |entry: &HistoryEntry| {
            let fee = entry.fee.map(|fee| format!("  fee {} sat", fee.to_sat())).unwrap_or_default();
            let parent = if entry.height == TxHeight::UnconfirmedParent { ", after an unconfirmed parent" } else { "" };
            format!("{}  {}{fee}{parent}", height(entry.height), entry.txid)
        };
        self.history.iter().map(line).collect()
    }
}

impl Known for Outputs {
    fn is_nothing(&self) -> bool {
        self.unspent.is_empty()
    }

    fn lines(&self, output: &Output) -> Vec<String> {
        if self.is_nothing() {
            return vec!["nothing unspent".into()];
        }
        let line = |entry: &UnspentOutput| {
            let value = output.paint(Paint::Strong, entry.value);
            format!("{}  {}  {value}", height(entry.height), entry.outpoint())
        };
        self.unspent.iter().map(line).collect()
    }
}

/// Returns the sort key of a height: blocks in their order, then the mempool, last those that spend from it.
const fn place(height: TxHeight) -> (u8, u32) {
    match height {
        TxHeight::Confirmed(height) => (0, height),
        TxHeight::Unconfirmed => (1, 0),
        TxHeight::UnconfirmedParent => (2, 0),
    }
}

/// Formats a height for its column.
fn height(height: TxHeight) -> String {
    let word = height.confirmed().map_or_else(|| "mempool".into(), |height| height.to_string());
    format!("{word:>8}")
}
