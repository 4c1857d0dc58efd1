//! Where the topics stand in the table, by what notifications call them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::topic::Key;
use crate::types::ScriptHash;

/// The slots of topics. Every notification is looked up here; most are about scripts, of which there may be many, so
/// those are told apart by numbers first. A tree cannot be made slow by whoever picks the scripts.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    scripts: BTreeMap<(u64, ScriptHash), u32>,
    others: BTreeMap<Key, u32>,
}

impl Index {
    pub(super) fn get(&self, key: &Key) -> Option<u32> {
        match key {
            Key::Script(hash) => self.scripts.get(&numbered(*hash)),
            other => self.others.get(other),
        }
        .copied()
    }

    pub(super) fn insert(&mut self, key: Key, slot: u32) {
        match key {
            Key::Script(hash) => self.scripts.insert(numbered(hash), slot),
            other => self.others.insert(other, slot),
        };
    }

    pub(super) fn remove(&mut self, key: &Key) {
        match key {
            Key::Script(hash) => self.scripts.remove(&numbered(*hash)),
            other => self.others.remove(other),
        };
    }

    /// Whether there is a raw subscription with this method.
    pub(super) fn has_raw(&self, method: &str) -> bool {
        let first = Key::Raw(method.into(), Vec::new());
        matches!(self.others.range(&first..).next(), Some((Key::Raw(ours, _), _)) if ours == method)
    }
}

/// The hash behind its first eight bytes as a number.
fn numbered(hash: ScriptHash) -> (u64, ScriptHash) {
    let (first, bytes) = (8, hash.as_display_bytes());
    (bytes[..first].iter().fold(0, |number, byte| number << 8 | u64::from(*byte)), hash)
}
