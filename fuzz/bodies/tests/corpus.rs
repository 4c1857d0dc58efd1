//! Every target over the committed corpus, and the seeds in it that come from recordings of real servers.
//!
//! `UPDATE_CORPUS=1 cargo test -p electrum-fuzz-bodies` writes the seeds again.

mod seeds;

use std::fs;
use std::path::{Path, PathBuf};

use electrum_fuzz_bodies::TARGETS;

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(target)
}

/// The inputs of a target, by name.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = fs::read_dir(corpus(target)).unwrap_or_else(|error| panic!("the corpus of {target}: {error}"));
    let mut inputs: Vec<_> = folder
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn every_target_passes_its_corpus() {
    seeds_are_in_the_corpus();
    for (target, body) in TARGETS {
        let inputs = inputs(target);
        assert!(!inputs.is_empty(), "{target} has no corpus");
        for (name, data) in inputs {
            // The harness shows it if the body panics.
            println!("{target}/{name}");
            body(&data);
        }
    }
}

/// Cut and changed inputs too: what a fuzzer would try first.
#[test]
fn every_target_passes_what_is_close_to_its_corpus() {
    seeds_are_in_the_corpus();
    for (target, body) in TARGETS {
        for (name, data) in inputs(target) {
            println!("near {target}/{name}");
            let step = data.len() / 24 + 1;
            for at in (0..data.len()).step_by(step) {
                body(&data[..at]);
                let mut changed = data.clone();
                changed[at] ^= 0x04;
                body(&changed);
                changed.splice(at..=at, *b"\"]");
                body(&changed);
            }
        }
    }
}

#[test]
fn every_target_has_a_file() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml")).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz_targets");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), TARGETS.len());
    for (target, _) in TARGETS {
        let source = fs::read_to_string(folder.join(format!("{target}.rs"))).unwrap();
        assert!(source.contains(&format!("electrum_fuzz_bodies::{target}(data)")), "{target}");
        assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
    }
}

/// The seeds are what the recordings give; written once, whichever test comes first.
fn seeds_are_in_the_corpus() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let update = std::env::var_os("UPDATE_CORPUS").is_some_and(|value| value == "1");
        for seed in seeds::all() {
            let path = corpus(seed.target).join(&seed.name);
            if update {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, &seed.data).unwrap();
            }
            let found = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(found, seed.data, "{} is not what UPDATE_CORPUS=1 makes", path.display());
        }
    });
}
