//! `record` and `replay`, and `bench`.

use std::fs;

use crate::tls_front::TlsFront;
use crate::tool::{Tool, closed_port, file_in, run};
use electrum_testkit::Front;
use electrum_testkit::prelude::*;
use serde_json::{Value, json};

const SCRIPT: &str = "0014751e76e8199196d454941c45d1b3a323f1433bd6";

/// Records a session with the server at `url`, and plays it back.
fn recorded_and_played(server: &Server, url: &str, more: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = &file_in(&folder, "session");
    let recorder = Tool::start(&[&["record", url, file], more].concat());
    let between = recorder.line().expect("its address");
    for command in [&["balance", &between, SCRIPT][..], &["header", &between, "5"]] {
        let done = run(command);
        assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{url}");
    }
    let text = fs::read_to_string(file).expect("it was written");
    let hash = Scripthash::of_script(&electrum_testkit::hash::from_hex(SCRIPT).expect("hex")).to_string();
    assert!(!text.contains(SCRIPT) && !text.contains(&hash), "{text}");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let said = |connection: u64, from: &str| {
        let is_it = move |line: &&Value| line["connection"] == connection && line["from"] == from;
        let text = |line: &Value| serde_json::from_str(line["line"].as_str().expect("text")).expect("JSON");
        lines.iter().filter(is_it).map(text).collect::<Vec<Value>>()
    };
    for connection in [1, 2] {
        let answered: Vec<_> = said(connection, "server").iter().map(|reply| reply["id"].clone()).collect();
        let requests = said(connection, "client");
        // The tool does not wait for the answers to its nudges.
        let mut waited_for = requests.iter().filter(|request| request["method"] != "blockchain.block.headers");
        assert!(requests.len() >= 2 && waited_for.all(|request| answered.contains(&request["id"])), "{text}");
    }

    let player = Tool::start(&["replay", file]);
    let played = player.line().expect("its address");
    let done = run(&["header", &played, "5", "--json"]);
    assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{url}");
    assert_eq!(done.lines, run(&["header", &server.url(), "5", "--json"]).lines);
    let done = run(&["header", &played, "6"]);
    assert_eq!(done.code, Some(1));
    assert!(done.errors.contains("the transcript has no blockchain.block.header"), "{}", done.errors);
}

#[test]
fn what_was_recorded_is_played_back_without_scripts() {
    for family in [Family::ElectrumX2_0, Family::Fulcrum2_1] {
        let server = Server::builder(family).prompt().start().expect("a port");
        recorded_and_played(&server, &server.url(), &[]);
    }
}

#[test]
fn a_session_over_any_transport_is_recorded() {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let pins = &file_in(&folder, "pins");
    let (front, _) = TlsFront::start(&server);
    recorded_and_played(&server, &front.url(), &["--pins", pins]);
    // What is not trusted is not recorded either.
    front.rotate();
    let recorder = Tool::start(&[
        "record",
        &front.url(),
        folder.path().join("new").to_str().expect("UTF-8"),
        "--pins",
        pins,
        "--for",
        "3",
    ]);
    let between = recorder.line().expect("its address");
    assert_eq!(run(&["header", &between, "--timeout", "2"]).code, Some(1));
    let done = recorder.finish();
    assert_eq!(done.code, Some(0));
    assert!(done.errors.contains("--accept-new-pin"), "{}", done.errors);

    recorded_and_played(&server, &server.websocket().url(), &[]);
    let socks = Front::socks();
    let proxy = socks.url();
    recorded_and_played(&server, &server.url(), &["--proxy", &proxy]);
    recorded_and_played(&server, &front.url(), &["--proxy", &proxy, "--trust", "insecure"]);
}

#[test]
fn the_recorder_takes_the_next_server_and_reports_those_that_cannot_be_reached() {
    let down = closed_port();
    let up = Server::start(Family::Fulcrum2_1);
    let folder = tempfile::tempdir().expect("a folder");
    let file = &file_in(&folder, "session");
    let recorder = Tool::start(&["record", &down, &up.url(), file, "--for", "3"]);
    let between = recorder.line().expect("its address");
    assert_eq!(run(&["header", &between]).code, Some(0));
    let done = recorder.finish();
    assert_eq!(done.code, Some(0));
    assert!(done.errors.contains(&down) && done.errors.contains("hint:"), "{}", done.errors);
}

#[test]
fn a_file_that_exists_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("session");
    fs::write(&file, "kept").expect("a folder of our own");
    let file = file.to_str().expect("UTF-8");
    let done = run(&["record", "tcp://127.0.0.1:1", file]);
    assert_eq!(done.code, Some(1));
    assert!(done.errors.contains(file), "{}", done.errors);
    assert_eq!(fs::read_to_string(file).expect("still there"), "kept");
    assert_eq!(run(&["replay", file]).code, Some(2));
}

#[test]
fn a_bench_counts_what_it_asked() {
    let server = Server::start(Family::Fulcrum2_1);
    let done = run(&["bench", &server.url(), "--calls", "3", "--json"]).succeeded();
    let found = &done.objects()[0];
    assert_eq!((&found["server"], &found["version"]), (&json!(server.url()), &json!("1.6")));
    let measured = found["measured"].as_array().expect("a list");
    assert_eq!(measured.iter().map(|measured| measured["nudge"].clone()).collect::<Vec<_>>(), [true, false]);
    assert!(measured.iter().all(|measured| measured["calls"] == 3 && measured["at_once"] == 30), "{found:#}");
    let lines: Vec<usize> = server.log().iter().map(|connection| connection.lines.len()).collect();
    assert_eq!(lines, [34, 34], "the version and the calls");
    assert!(run(&["bench", &server.url()]).lines.join("\n").contains("without the push"));
}
