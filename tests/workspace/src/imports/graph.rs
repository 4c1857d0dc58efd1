//! Finds rings in a graph of files or of folders.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

/// Files or folders of which each imports the next one, and the last one the first.
pub type Ring = Vec<PathBuf>;

/// Returns which folders each folder imports, by their files. A folder imports neither what it is in, nor what is in it.
pub(super) fn by_folder(imports: &BTreeMap<PathBuf, BTreeSet<PathBuf>>) -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
    let mut folders: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
    for (file, imported) in imports {
        let Some(folder) = file.parent() else { continue };
        let others = imported.iter().filter_map(|file| file.parent());
        let apart = others.filter(|other| !other.starts_with(folder) && !folder.starts_with(other));
        folders.entry(folder.to_owned()).or_default().extend(apart.map(PathBuf::from));
    }
    folders
}

/// Returns a shortest ring through each file that is on one; each ring once.
pub(super) fn rings(imports: &BTreeMap<PathBuf, BTreeSet<PathBuf>>) -> Vec<Ring> {
    let mut rings = BTreeSet::new();
    for file in imports.keys() {
        if let Some(mut ring) = shortest(imports, file) {
            // Begun at its first file, a ring is the same from wherever it was found.
            let first = (0..ring.len()).min_by_key(|at| &ring[*at]).unwrap_or(0);
            ring.rotate_left(first);
            rings.insert(ring);
        }
    }
    rings.into_iter().collect()
}

/// Searches breadth first from a file back to itself.
fn shortest(imports: &BTreeMap<PathBuf, BTreeSet<PathBuf>>, start: &PathBuf) -> Option<Ring> {
    let mut seen = BTreeSet::new();
    let mut open = VecDeque::from([vec![start.clone()]]);
    while let Some(way) = open.pop_front() {
        for next in imports.get(way.last()?)? {
            if next == start {
                return Some(way);
            }
            if seen.insert(next) {
                open.push_back(way.iter().chain([next]).cloned().collect());
            }
        }
    }
    None
}
