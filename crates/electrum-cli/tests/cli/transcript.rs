//! `record` and `replay`, and `bench`.

use std::fs;

use crate::tool::{Tool, run};
use electrum_testkit::prelude::*;
use serde_json::json;

const SCRIPT: &str = "0014751e76e8199196d454941c45d1b3a323f1433bd6";

#[test]
fn what_was_recorded_is_played_back_without_scripts() {
    for (family, version) in [(Family::ElectrumX2_0, "1.7"), (Family::Fulcrum2_1, "1.6")] {
        let server = Server::builder(family).prompt().start().expect("a port");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("session");
        let file = file.to_str().expect("UTF-8");
        let recorder = Tool::start(&["record", &server.url(), file]);
        let between = recorder.line().expect("its address");
        for command in [&["balance", &between, SCRIPT][..], &["header", &between, "5"]] {
            let done = run(command);
            assert_eq!((done.code, done.errors.as_str()), (Some(0), ""));
        }
        let hash = Scripthash::of_script(&electrum_testkit::hash::from_hex(SCRIPT).expect("hex")).to_string();
        let text = fs::read_to_string(file).expect("it was written");
        assert!(!text.contains(SCRIPT) && !text.contains(&hash), "{text}");

        let player = Tool::start(&["replay", file]);
        let played = player.line().expect("its address");
        let done = run(&["header", &played, "5", "--json"]);
        assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{version}");
        assert_eq!(done.lines, run(&["header", &server.url(), "5", "--json"]).lines);
        let done = run(&["header", &played, "6"]);
        assert_eq!(done.code, Some(1));
        assert!(done.errors.contains("the transcript has no blockchain.block.header"), "{}", done.errors);
    }
}

#[test]
fn a_file_that_exists_and_a_server_with_tls_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("session");
    fs::write(&file, "kept").expect("a folder of our own");
    let file = file.to_str().expect("UTF-8");
    let done = run(&["record", "tcp://127.0.0.1:1", file]);
    assert_eq!(done.code, Some(1));
    assert_eq!(fs::read_to_string(file).expect("still there"), "kept");
    assert_eq!(run(&["record", "ssl://127.0.0.1:1", "other"]).code, Some(2));
    assert_eq!(run(&["replay", file]).code, Some(2));
}

#[test]
fn a_bench_counts_what_it_asked() {
    let server = Server::start(Family::Fulcrum2_1);
    let done = run(&["bench", &server.url(), "--calls", "3", "--json"]);
    assert_eq!((done.code, done.errors.as_str()), (Some(0), ""));
    let found = &done.objects()[0];
    assert_eq!((&found["server"], &found["version"]), (&json!(server.url()), &json!("1.6")));
    let measured = found["measured"].as_array().expect("a list");
    assert_eq!(measured.iter().map(|measured| measured["nudge"].clone()).collect::<Vec<_>>(), [true, false]);
    assert!(measured.iter().all(|measured| measured["calls"] == 3 && measured["at_once"] == 30), "{found:#}");
    let lines: Vec<usize> = server.log().iter().map(|connection| connection.lines.len()).collect();
    assert_eq!(lines, [34, 34], "the version and the calls");
    assert!(run(&["bench", &server.url()]).lines.join("\n").contains("without the push"));
}
