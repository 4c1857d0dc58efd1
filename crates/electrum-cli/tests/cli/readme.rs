//! The two commands that the README begins with.
//!
//! A test that ran cargo would wait for the lock of the cargo that runs it, or build all once more. What the first
//! command starts is run in `probe`'s tests, as the same binary without arguments; this very test is part of the second.
//! Here it is made sure that `.ci/run`, which runs them for real, and the README mean the same commands.

use std::fs;
use std::path::Path;

/// A file at the top of the workspace.
fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_first_two_commands_are_what_the_checks_run() {
    let readme = file("README.md");
    let block = readme.split("```").nth(1).expect("a block of code");
    let commands: Vec<_> = block.strip_prefix("sh\n").expect("commands come first").lines().collect();
    assert_eq!(commands, ["cargo run --release", "cargo test --workspace"]);
    let checks = file(".ci/run");
    for command in commands {
        let runs = |line: &str| line.trim().starts_with("step ") && line.ends_with(&format!("\" {command}"));
        assert!(checks.lines().any(runs), "{command}");
    }
}

#[test]
fn what_the_first_command_starts_is_this_tool() {
    assert!(file("Cargo.toml").contains("default-members = [\"crates/electrum-cli\"]"));
}
