//! What the contenders of this project ask for, and what must come of it.

use crate::fixture::{self, WINDOW};
use electrum_proto::operations::{Headers, TransactionGet};
use electrum_proto::types::{ScriptHash, Txid};

pub(crate) struct Asked {
    pub(crate) scripts: Vec<ScriptHash>,
    pub(super) headers: Headers,
    pub(super) transaction: TransactionGet,
}

/// As with the other clients, links between headers and the id of a transaction are not checked (nor could they be:
/// the answers are made up).
pub(crate) fn asked() -> Asked {
    Asked {
        scripts: (0..WINDOW).map(|index| ScriptHash::of(fixture::script(index).as_bytes())).collect(),
        headers: Headers::new(0, fixture::HEADERS as u32).without_link_check(),
        transaction: TransactionGet::new(Txid::from_display_bytes([0; 32])).unchecked(),
    }
}

/// Each response is what it should be.
pub(super) mod check {
    use std::hint::black_box;

    use electrum_proto::types::{HeaderRun, HistoryEntry, RawTransaction};

    use crate::fixture;

    pub(in super::super) fn headers(run: HeaderRun) {
        assert_eq!(black_box(run).headers.len(), fixture::HEADERS);
    }

    pub(in super::super) fn history(history: Vec<HistoryEntry>) {
        assert_eq!(black_box(history).len(), fixture::HISTORY);
    }

    pub(in super::super) fn transaction(transaction: RawTransaction) {
        assert_eq!(black_box(transaction).as_bytes().len(), fixture::TRANSACTION);
    }
}
