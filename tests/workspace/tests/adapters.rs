//! The lists in docs/adapters.md: what every driver must pass, and the drivers that exist.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use electrum_conformance::Transport;
use workspace_tests::code::{documented_functions, lines};
use workspace_tests::documents::check;
use workspace_tests::files::root;
use workspace_tests::imports;
use workspace_tests::layers::LAYERS;
use workspace_tests::metadata::packages;

const PAGE: &str = "docs/adapters.md";
const SCENARIOS: &str = "crates/electrum-conformance/src/scenarios";

/// What each driver runs on.
const RUNTIMES: &[(&str, &str)] = &[
    ("electrum-blocking", "threads of the standard library"),
    ("electrum-smol", "async-io, smol"),
    ("electrum-tokio", "tokio"),
    ("electrum-web", "a browser"),
    ("electrum-bare", "none"),
];

#[test]
fn every_driver_has_its_runtime_here() {
    let (_, adapters) = LAYERS.iter().find(|(name, _)| *name == "adapters").expect("there is such a layer");
    assert_eq!(RUNTIMES.iter().map(|(name, _)| *name).collect::<Vec<_>>(), *adapters);
}

#[test]
fn the_scenarios_are_listed() {
    let folder = root().join(SCENARIOS);
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
fn the_drivers_are_counted_in_both_documents() {
    let list = drivers();
    check(PAGE, "drivers", &list);
    check("README.md", "drivers", &list);
}

/// Each driver with what it passes.
fn drivers() -> String {
    let transports: Vec<String> = Transport::ALL.iter().map(ToString::to_string).collect();
    let scenarios = fs::read_to_string(root().join(SCENARIOS).join("mod.rs")).expect("the list of scenarios");
    let conformance = format!("{} scenarios on each", names(&scenarios).len());
    let mut list = String::from(
        "| driver | runtime | lines of code in all | of these, the loop and its socket | transports | conformance |\n",
    );
    list.push_str("|---|---|---|---|---|---|\n");
    for package in packages() {
        let Some((_, runtime)) = RUNTIMES.iter().find(|(name, _)| *name == package.name) else { continue };
        let library = root().join(&package.folder).join("src/lib.rs");
        let sources = imports::files(&library);
        let all: usize = sources.iter().map(|file| lines(file)).sum();
        let inner = if sources.len() == 1 { all } else { all - lines(&library) };
        let suite = fs::read_to_string(root().join(&package.folder).join("tests/conformance.rs")).unwrap_or_default();
        let (transports, conformance) = if let Some(named) = named_transports(&suite) {
            (named.join(", "), conformance.as_str())
        } else if suite.contains("driver_conformance!(") {
            (transports.join(", "), conformance.as_str())
        } else {
            ("a pipe of bytes".to_owned(), "a run of its own")
        };
        let (name, folder) = (&package.name, &package.folder);
        writeln!(list, "| `{name}` (`{folder}`) | {runtime} | {all} | {inner} | {transports} | {conformance} |")
            .expect("a string takes all");
    }
    list
}

/// The transports that a suite names, if it does not take all: `driver_conformance!(WEB; websocket WebSocket)`.
fn named_transports(suite: &str) -> Option<Vec<String>> {
    let arguments = suite.split_once("driver_conformance!(")?.1.split_once(')')?.0;
    let named = arguments.split_once(';')?.1;
    let is_named = |transport: &&Transport| {
        let name = format!("{transport:?}");
        named.split([' ', ',']).any(|word| word == name)
    };
    Some(Transport::ALL.iter().filter(is_named).map(ToString::to_string).collect())
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
