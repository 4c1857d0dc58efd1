//! The commands of the READMEs: the two that the first of them begins with, and all of the tool.
//!
//! A test that ran cargo would wait for the lock of the cargo that runs it, or build all once more. What the first
//! command starts is run in `probe`'s tests, as the same binary without arguments; this very test is part of the second.
//! Here it is made sure that `.ci/run`, which runs them for real, and the README mean the same commands.

use std::fs;
use std::path::Path;

use crate::tls_front::TlsFront;
use crate::tool::{Tool, run};
use crate::transactions::payment;
use electrum_testkit::prelude::*;

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

#[test]
fn every_command_line_of_the_readmes_does_what_it_says() {
    let server = Server::start(Family::Fulcrum2_1);
    let (front, _) = TlsFront::start(&server);
    let txid = server.chain(|chain| chain.block(100).expect("it is mined").txids[0].to_string());
    let folder = tempfile::tempdir().expect("a folder");
    let headers = folder.path().join("headers.bin");
    let lines: Vec<_> = ["README.md", "crates/electrum-cli/README.md"].into_iter().flat_map(command_lines).collect();
    for line in &lines {
        let line = line
            .replace("tcp://127.0.0.1:50001", &server.url())
            .replace("tcp://127.0.0.1:50003", &server.url())
            .replace("ssl://electrum.example.org", &front.url())
            .replace("headers.bin", headers.to_str().expect("UTF-8"))
            .replace("TXID", &txid);
        let (command, input) =
            line.split_once(" < ").map_or((&line[..], None), |(command, file)| (command, Some(file)));
        let mut args: Vec<_> = command.split_whitespace().skip(1).collect();
        if args.first() == Some(&"watch") {
            args.extend(["--for", "1"]);
        }
        let mut tool = Tool::start_with(&args, &[("XDG_DATA_HOME", folder.path())]);
        if let Some(file) = input {
            assert_eq!(file, "transaction.hex");
            tool.say(&payment(&server).to_hex());
        }
        let done = tool.finish();
        assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{line}");
        assert!(!done.lines.is_empty(), "{line}");
    }
    // Each command is shown.
    let help = run(&["--help"]).lines;
    let commands = help.iter().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // What goes on in a second line stands further in.
    let commands = commands.filter(|line| !line.starts_with("   "));
    for command in commands.filter_map(|line| line.split_whitespace().next()).filter(|command| *command != "help") {
        let is_shown = |line: &String| line.split_whitespace().nth(1) == Some(command);
        assert!(lines.iter().any(is_shown), "{command}");
    }
}

/// The lines of a README that run the tool, without comments.
fn command_lines(name: &str) -> Vec<String> {
    let text = file(name);
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let lines = blocks.flat_map(str::lines).filter(|line| line.starts_with("electrum-cli"));
    lines.map(|line| line.split("  #").next().unwrap_or_default().trim().to_owned()).collect()
}
