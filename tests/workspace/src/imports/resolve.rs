//! Finds the file that a name comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::module::{Module, Name, Use};

/// How many re-exports are followed: more than there are, and an end for those that go in circles.
const MAX_STEPS: usize = 16;

/// Returns which files each file imports.
pub(super) fn imports(modules: &BTreeMap<Name, Module>) -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
    let mut imports: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
    for (name, module) in modules {
        let counted = module.uses.iter().filter(|used| !used.reexport || is_used_here(module, used));
        let targets = counted.map(|used| &used.path).chain(&module.paths);
        let files = targets.filter_map(|path| file_of(modules, name, path, MAX_STEPS));
        let known = imports.entry(module.file.clone()).or_default();
        known.extend(files.filter(|file| *file != module.file));
    }
    imports
}

fn is_used_here(module: &Module, used: &Use) -> bool {
    used.alias.as_ref().is_some_and(|alias| module.words.contains(alias))
}

/// The file that defines what a path means in a module; none if that is another crate's.
fn file_of(modules: &BTreeMap<Name, Module>, from: &Name, path: &[String], steps: usize) -> Option<PathBuf> {
    let (mut at, mut rest) = beginning(modules, from, path)?;
    while let [first, more @ ..] = rest {
        let mut child = at.clone();
        child.push(first.clone());
        if modules.contains_key(&child) {
            (at, rest) = (child, more);
            continue;
        }
        let module = &modules[&at];
        if module.defined.contains(first) {
            break;
        }
        let steps = steps.checked_sub(1)?;
        if let Some(used) = module.uses.iter().find(|used| used.alias.as_ref() == Some(first)) {
            let target: Name = used.path.iter().chain(more).cloned().collect();
            return file_of(modules, &at, &target, steps);
        }
        let globs = module.uses.iter().filter(|used| used.alias.is_none());
        let through_glob = globs.map(|glob| glob.path.iter().chain(rest).cloned().collect::<Name>());
        return through_glob.filter(|path| path != rest).find_map(|path| file_of(modules, &at, &path, steps));
    }
    modules.get(&at).map(|module| module.file.clone())
}

/// Where to begin, and the path from there.
fn beginning<'a>(modules: &BTreeMap<Name, Module>, from: &Name, path: &'a [String]) -> Option<(Name, &'a [String])> {
    let mut at = from.clone();
    match path.first()?.as_str() {
        "crate" => Some((Vec::new(), &path[1..])),
        "self" => Some((at, &path[1..])),
        "super" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            at.truncate(at.len().checked_sub(ups)?);
            Some((at, &path[ups..]))
        }
        first => {
            at.push(first.to_owned());
            modules.contains_key(&at).then_some((at, &path[1..]))
        }
    }
}
