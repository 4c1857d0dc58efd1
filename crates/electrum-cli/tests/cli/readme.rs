//! The commands of the README, run.

use crate::tls_front::TlsFront;
use crate::tool::{Tool, run};
use crate::transactions::payment;
use electrum_testkit::prelude::*;

#[test]
fn every_command_line_of_the_readme_does_what_it_says() {
    let server = Server::start(Family::Fulcrum2_1);
    let (front, _) = TlsFront::start(&server);
    let txid = server.chain(|chain| chain.block(100).expect("it is mined").txids[0].to_string());
    let folder = tempfile::tempdir().expect("a folder");
    let headers = folder.path().join("headers.bin");
    let lines = command_lines();
    for line in &lines {
        let line = line
            .replace("tcp://127.0.0.1:50001", &server.url())
            .replace("tcp://127.0.0.1:50003", &server.url())
            .replace("ssl://electrum.example.org", &front.url())
            .replace("headers.bin", headers.to_str().expect("UTF-8"))
            .replace("session.jsonl", folder.path().join("session.jsonl").to_str().expect("UTF-8"))
            .replace("--port 50001", "")
            .replace("FOLDER", folder.path().to_str().expect("UTF-8"))
            .replace("TXID", &txid);
        let (command, input) =
            line.split_once(" < ").map_or((&line[..], None), |(command, file)| (command, Some(file)));
        let mut args: Vec<_> = command.split_whitespace().skip(1).collect();
        if args.first() == Some(&"watch") {
            args.extend(["--for", "1"]);
        }
        let mut tool = Tool::start_with(&args, &[("XDG_DATA_HOME", folder.path())]);
        if matches!(args.first(), Some(&("serve" | "replay"))) {
            assert!(tool.line().expect("its address").starts_with("tcp://127.0.0.1:"));
            continue;
        }
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

/// The lines of the README that run the tool, without comments.
fn command_lines() -> Vec<String> {
    let text = include_str!("../../README.md");
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let lines = blocks.flat_map(str::lines).filter(|line| line.starts_with("electrum-cli"));
    lines.map(|line| line.split("  #").next().unwrap_or_default().trim().to_owned()).collect()
}
