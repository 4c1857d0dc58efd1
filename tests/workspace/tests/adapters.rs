//! The lists in docs/adapters.md: what every driver must pass, and the drivers that exist.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use workspace_tests::code::{documented_functions, lines};
use workspace_tests::documents::check;
use workspace_tests::files::root;
use workspace_tests::imports;
use workspace_tests::layers::LAYERS;
use workspace_tests::metadata::packages;

const PAGE: &str = "docs/adapters.md";

#[test]
fn the_scenarios_are_listed() {
    let folder = root().join("crates/electrum-conformance/src/scenarios");
    let names = names(&fs::read_to_string(folder.join("mod.rs")).expect("the list of scenarios"));
    let mut list = String::from("| scenario | what must hold |\n|---|---|\n");
    let mut listed = Vec::new();
    for file in files_of(&folder) {
        for (name, sentence) in documented_functions(&file) {
            if names.contains(&name) {
                writeln!(list, "| `{name}` | {sentence} |").expect("a string takes all");
                listed.push(name);
            }
        }
    }
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(listed.contains(&name), "the scenario {name} has no documentation");
    }
    check(PAGE, "scenarios", &list);
}

/// The names in quotes in the list of all scenarios.
fn names(list: &str) -> Vec<String> {
    let quoted = list.split('"').skip(1).step_by(2);
    quoted.map(str::to_owned).collect()
}

#[test]
fn the_drivers_are_counted() {
    let packages = packages();
    let mut list = String::from("| driver | lines of code | of these, the loop and its socket |\n|---|---|---|\n");
    let (_, adapters) = LAYERS.iter().find(|(name, _)| *name == "adapters").expect("there is such a layer");
    for package in packages.iter().filter(|package| adapters.contains(&package.name.as_str())) {
        let library = root().join(&package.folder).join("src/lib.rs");
        let sources = imports::files(&library);
        let all: usize = sources.iter().map(|file| lines(file)).sum();
        let inner = if sources.len() == 1 { all } else { all - lines(&library) };
        writeln!(list, "| `{}` | {all} | {inner} |", package.name).expect("a string takes all");
    }
    check(PAGE, "drivers", &list);
}

/// The Rust files of a folder and of those below, in order.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            files.extend(files_of(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
