//! The scripts of a scan: those of keychains up to the stop gap, or a given list.

use std::collections::{BTreeMap, HashMap, HashSet};

use bdk_core::Indexed;
use bdk_core::spk_client::{FullScanRequest, SyncRequest};
use bitcoin::{ScriptBuf, Txid};
use electrum_session::proto::types::HistoryEntry;

/// How many scripts of a keychain are requested at once at most.
const WINDOW: usize = 1000;

/// The known histories.
pub(crate) type Histories = HashMap<ScriptBuf, Vec<HistoryEntry>>;

/// A source of scripts for a scan.
pub(crate) trait Scripts: Send {
    /// Returns the scripts to request next, given the known histories.
    fn missing(&mut self, known: &Histories) -> Vec<ScriptBuf>;

    /// Returns the scripts that belong to the scan, as far as they can be known.
    fn counted(&self, known: &Histories) -> Vec<&ScriptBuf>;

    /// Returns the transactions that the wallet expects in the history of each script.
    fn expected(&self) -> Option<&HashMap<ScriptBuf, HashSet<Txid>>> {
        None
    }
}

/// The scripts of keychains, each up to a gap of unused ones.
pub(crate) struct Keychains<K> {
    request: FullScanRequest<K>,
    stop_gap: usize,
    windows: BTreeMap<K, Window>,
}

/// The scripts of one keychain that were derived so far.
#[derive(Debug, Default)]
struct Window {
    scripts: Vec<Indexed<ScriptBuf>>,
    is_exhausted: bool,
    /// The last index that the wallet has revealed: the gap begins after it.
    revealed: Option<u32>,
}

/// How far a keychain is used, by the known histories.
struct Extent {
    /// How many scripts belong to the scan: those up to the end of the gap.
    counted: usize,
    /// The last index that was used.
    last_active: Option<u32>,
    /// Whether the gap was found.
    is_complete: bool,
    /// How many scripts in a row at the end are unused.
    unused: usize,
}

impl<K: Ord + Clone> Keychains<K> {
    pub(crate) fn new(request: FullScanRequest<K>, stop_gap: usize) -> Self {
        let window = |keychain: K| {
            let revealed = request.last_revealed(&keychain);
            (keychain, Window { revealed, ..Window::default() })
        };
        let windows = request.keychains().into_iter().map(window).collect();
        // A gap of zero scripts would end before the first one.
        Self { request, stop_gap: stop_gap.max(1), windows }
    }

    /// Returns the last used index of each keychain that has one.
    pub(crate) fn last_active(&self, known: &Histories) -> BTreeMap<K, u32> {
        let last = |window: &Window| window.extent(known, self.stop_gap).last_active;
        self.windows.iter().filter_map(|(keychain, window)| Some((keychain.clone(), last(window)?))).collect()
    }

    /// Treats all scripts of a keychain up to this one as revealed. Returns whether there is such a keychain.
    pub(crate) fn reveal(&mut self, keychain: &K, index: u32) -> bool {
        let Some(window) = self.windows.get_mut(keychain) else { return false };
        window.revealed = window.revealed.max(Some(index));
        true
    }

    /// Treats all scripts up to the last used one as revealed, so that they are kept if that one is no longer used.
    pub(crate) fn keep_used(&mut self, known: &Histories) {
        for window in self.windows.values_mut() {
            window.revealed = window.revealed.max(window.extent(known, self.stop_gap).last_active);
        }
    }
}

impl<K: Ord + Clone + Send> Scripts for Keychains<K> {
    fn missing(&mut self, known: &Histories) -> Vec<ScriptBuf> {
        let mut missing = Vec::new();
        for (keychain, window) in &mut self.windows {
            let before = missing.len();
            missing.extend(window.unknown(known));
            let extent = window.extent(known, self.stop_gap);
            if missing.len() > before || extent.is_complete || window.is_exhausted {
                continue;
            }
            // First the revealed scripts and the gap, then twice as many in total each time, so that the number of
            // rounds grows with the logarithm of the number of scripts.
            let revealed = window.revealed.map_or(0, |index| index as usize + 1).saturating_sub(window.scripts.len());
            let gap = self.stop_gap - extent.unused.min(self.stop_gap);
            let count = revealed + gap.max(window.scripts.len()).clamp(1, WINDOW);
            let derived: Vec<_> = self.request.iter_spks(keychain.clone()).take(count).collect();
            window.is_exhausted = derived.len() < count;
            window.scripts.extend(derived);
            missing.extend(window.unknown(known));
        }
        missing
    }

    fn counted(&self, known: &Histories) -> Vec<&ScriptBuf> {
        let counted = |window: &Window| window.extent(known, self.stop_gap).counted;
        let scripts = self.windows.values().flat_map(|window| &window.scripts[..counted(window)]);
        scripts.map(|(_, script)| script).collect()
    }
}

impl Window {
    fn unknown(&self, known: &Histories) -> impl Iterator<Item = ScriptBuf> {
        self.scripts.iter().map(|(_, script)| script).filter(|script| !known.contains_key(*script)).cloned()
    }

    /// Finds how far the keychain is used: goes through its scripts up to the gap, or to the first one without a known
    /// history.
    fn extent(&self, known: &Histories, stop_gap: usize) -> Extent {
        let mut extent = Extent { counted: 0, last_active: None, is_complete: false, unused: 0 };
        for (index, script) in &self.scripts {
            let Some(history) = known.get(script) else { break };
            extent.counted += 1;
            if !history.is_empty() {
                extent.last_active = Some(*index);
                extent.unused = 0;
            } else if self.revealed.is_none_or(|revealed| *index > revealed) {
                extent.unused += 1;
                if extent.unused >= stop_gap {
                    extent.is_complete = true;
                    break;
                }
            }
        }
        extent
    }
}

/// A list of scripts, with the transactions that are expected in their histories.
#[derive(Debug)]
pub(crate) struct ScriptList {
    scripts: Vec<ScriptBuf>,
    expected: HashMap<ScriptBuf, HashSet<Txid>>,
}

impl ScriptList {
    pub(crate) fn new<I>(request: &mut SyncRequest<I>) -> Self {
        let (mut scripts, mut expected, mut seen) = (Vec::new(), HashMap::new(), HashSet::new());
        for item in request.iter_spks_with_expected_txids() {
            if seen.insert(item.spk.clone()) {
                scripts.push(item.spk.clone());
                if !item.expected_txids.is_empty() {
                    expected.insert(item.spk, item.expected_txids);
                }
            }
        }
        Self { scripts, expected }
    }
}

impl Scripts for ScriptList {
    fn missing(&mut self, known: &Histories) -> Vec<ScriptBuf> {
        self.scripts.iter().filter(|script| !known.contains_key(*script)).cloned().collect()
    }

    fn counted(&self, known: &Histories) -> Vec<&ScriptBuf> {
        self.scripts.iter().filter(|script| known.contains_key(*script)).collect()
    }

    fn expected(&self) -> Option<&HashMap<ScriptBuf, HashSet<Txid>>> {
        Some(&self.expected)
    }
}

#[cfg(test)]
mod tests {
    use electrum_session::proto::types::TxHeight;

    use super::*;

    fn script(index: u32) -> ScriptBuf {
        ScriptBuf::from_bytes(index.to_le_bytes().to_vec())
    }

    /// Scans a keychain with these used indices. Returns the counts of scripts asked for in each round, and the last
    /// used one.
    fn scan(used: &[u32], stop_gap: usize, revealed: Option<u32>, end: u32) -> (Vec<usize>, Option<u32>, usize) {
        let mut builder =
            FullScanRequest::builder_at(0).spks_for_keychain(0, (0..end).map(|index| (index, script(index))));
        if let Some(revealed) = revealed {
            builder = builder.last_revealed_for_keychain(0, revealed);
        }
        let mut keychains = Keychains::new(builder.build(), stop_gap);
        let (mut known, mut rounds) = (Histories::new(), Vec::new());
        let entry = HistoryEntry { txid: bitcoin_txid().into(), height: TxHeight::Unconfirmed, fee: None };
        let used: HashSet<_> = used.iter().map(|index| script(*index)).collect();
        loop {
            let missing = keychains.missing(&known);
            if missing.is_empty() {
                let counted = keychains.counted(&known).len();
                return (rounds, keychains.last_active(&known).get(&0).copied(), counted);
            }
            rounds.push(missing.len());
            for script in missing {
                let history = if used.contains(&script) { vec![entry] } else { Vec::new() };
                assert_eq!(known.insert(script, history), None, "asked twice");
            }
        }
    }

    fn bitcoin_txid() -> Txid {
        use bitcoin::hashes::Hash as _;
        Txid::all_zeros()
    }

    #[test]
    fn the_scan_ends_with_the_gap_and_ignores_what_is_beyond() {
        assert_eq!(scan(&[], 20, None, 1000), (vec![20], None, 20));
        assert_eq!(scan(&[19], 20, None, 1000), (vec![20, 20], Some(19), 40));
        assert_eq!(scan(&[0], 20, None, 1000), (vec![20, 20], Some(0), 21));
        // The second window is asked for whole, and holds one beyond the gap.
        assert_eq!(scan(&[0, 30], 20, None, 1000), (vec![20, 20], Some(0), 21));
    }

    #[test]
    fn windows_double_as_more_is_used() {
        let used: Vec<u32> = (0..1000).collect();
        let (rounds, last, counted) = scan(&used, 20, None, 100_000);
        assert_eq!((rounds, last, counted), (vec![20, 20, 40, 80, 160, 320, 640], Some(999), 1020));
    }

    #[test]
    fn what_is_revealed_is_asked_for_at_once_and_the_gap_begins_behind_it() {
        assert_eq!(scan(&[3], 20, Some(49), 1000), (vec![70], Some(3), 70));
        assert_eq!(scan(&[], 5, Some(2999), 5000), (vec![3005], None, 3005));
    }

    #[test]
    fn a_keychain_may_end_before_the_gap() {
        assert_eq!(scan(&[1], 20, None, 5), (vec![5], Some(1), 5));
        assert_eq!(scan(&[0], usize::MAX, None, 5), (vec![5], Some(0), 5));
    }
}
