//! `headers`: downloads that are continued, and those that must not be.

use std::fs;
use std::path::Path;

use crate::tool::{Done, run};
use electrum_testkit::hash::from_hex;
use electrum_testkit::prelude::*;
use serde_json::json;

/// The headers of a chain from height `from` to `to`, as a file has them.
fn bytes(server: &Server, from: u32, to: u32) -> Vec<u8> {
    let header = |height| server.chain(|chain| chain.header(height).expect("it is mined").to_hex());
    (from..=to).flat_map(|height| from_hex(&header(height)).expect("hex")).collect()
}

fn headers(server: &Server, file: &Path, more: &[&str]) -> Done {
    run(&[&["headers", &server.url(), file.to_str().expect("UTF-8")], more].concat())
}

#[test]
fn a_range_is_written_and_later_continued() {
    // The chain is longer than what servers send at once.
    let mut chain = Chain::funded();
    chain.mine(2100);
    let server = Server::builder(Family::Fulcrum2_1).chain(chain).start().expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("headers");
    let done = headers(&server, &file, &["--to", "50", "--json"]).succeeded();
    let hash = server.chain(|chain| chain.header(50).expect("mined").hash().to_string());
    let object =
        json!({"file": file, "from": 0, "to": 50, "fetched": 51, "replaced": 0, "hash": hash, "work_checked": true});
    assert_eq!(done.objects(), [object]);
    assert_eq!(fs::read(&file).expect("written"), bytes(&server, 0, 50));

    // An interrupted run may leave a part of a header.
    let mut cut = bytes(&server, 0, 40);
    cut.extend([7; 30]);
    fs::write(&file, cut).expect("a folder of our own");
    let done = headers(&server, &file, &[]).succeeded();
    assert!(done.lines[0].contains("headers 0 to 2210, 2170 of them new"), "{:?}", done.lines);
    assert_eq!(fs::read(&file).expect("written"), bytes(&server, 0, 2210));

    let done = headers(&server, &file, &["--to", "100"]);
    assert!(done.lines[0].contains("headers 0 to 2210, 0 of them new"), "{:?}", done.lines);
    server.mine(1);
    let done = headers(&server, &file, &["--json"]);
    assert_eq!((&done.objects()[0]["to"], &done.objects()[0]["fetched"]), (&json!(2211), &json!(1)));
}

#[test]
fn on_every_version_and_from_any_height() {
    let folder = tempfile::tempdir().expect("a folder");
    for (family, version) in [
        (Family::Libbitcoin4, "1.2"),
        (Family::ElectrumX1_10, "1.3"),
        (Family::Electrs, "1.4"),
        (Family::ElectrumX2_0, "1.6"),
        (Family::ElectrumX2_0, "1.7"),
    ] {
        let server = Server::builder(family).prompt().start().expect("a port");
        let file = folder.path().join(format!("{family}-{version}"));
        for count in ["10", "30"] {
            let done = headers(&server, &file, &["--from", "20", "--count", count, "--range", version]);
            assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{family} {version}");
        }
        assert_eq!(fs::read(&file).expect("written"), bytes(&server, 20, 49));
    }
}

#[test]
fn a_file_that_does_not_link_is_left_as_it_is() {
    let server = Server::start(Family::Fulcrum2_1);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("headers");
    let other = Server::start(Family::Fulcrum2_1);
    other.reorganise(5, 6);
    for (content, more, words) in [
        (bytes(&server, 0, 50), &["--from", "10"][..], "does not link"),
        (vec![1; 170], &[][..], "does not link"),
        (bytes(&other, 0, 111), &[][..], "ends at height 110"),
    ] {
        fs::write(&file, &content).expect("a folder of our own");
        let done = headers(&server, &file, more);
        assert_eq!((done.code, done.lines.len()), (Some(1), 0), "{words}");
        assert!(done.errors.contains(words) && done.errors.contains("--from"), "{words} in {}", done.errors);
        assert_eq!(fs::read(&file).expect("still there"), content);
    }
    fs::write(&file, "no headers").expect("a folder of our own");
    assert_eq!(headers(&server, &file, &[]).code, Some(2));
    assert_eq!(fs::read(&file).expect("still there"), b"no headers");
}

#[test]
fn headers_of_a_server_that_do_not_link_are_not_written() {
    let good = Server::start(Family::Fulcrum2_1);
    // The third is missing.
    let sent = [0, 1, 3].map(|height| good.chain(|chain| chain.header(height).expect("mined").to_hex()));
    refuses(&sent, 3, &["--count", "3"], "header 2 names");
}

/// What a server whose chain ends at `height` sends is not written, for a reason in these words.
#[track_caller]
fn refuses(sent: &[String], height: u32, more: &[&str], words: &str) {
    let first = format!("{:?}", sent[0]);
    let tip = format!(r#"{{"height":{height},"hex":"{}"}}"#, sent[sent.len() - 1]);
    let headers = format!(r#"{{"count":{},"max":2016,"hex":"{}"}}"#, sent.len(), sent.concat());
    let server = Scripted::start(Step::session(
        "1.4",
        &[
            ("blockchain.block.header", &first),
            ("blockchain.headers.subscribe", &tip),
            ("blockchain.block.headers", &headers),
        ],
    ));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("headers");
    let done = run(&[&["headers", &server.url(), file.to_str().expect("UTF-8")], more].concat());
    assert_eq!(done.code, Some(1));
    assert!(done.errors.contains(words), "{}", done.errors);
    assert!(!file.exists());
}

#[test]
fn beyond_the_end_of_the_chain() {
    let server = Server::start(Family::Electrs);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("headers");
    for more in [&["--to", "111"][..], &["--from", "111"], &["--from", "100", "--count", "12"]] {
        let done = headers(&server, &file, more);
        assert_eq!((done.code, done.lines.len()), (Some(1), 0), "{more:?}");
        assert!(!file.exists());
    }
}

#[test]
fn after_a_reorganisation_the_headers_that_left_the_chain_are_replaced() {
    let (old, new) = (Server::start(Family::Fulcrum2_1), Server::start(Family::Fulcrum2_1));
    new.reorganise(5, 6);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("headers");
    // To the end of the old chain, to one before, and to the last that both have.
    for (to, replaced) in [(110, 5), (107, 2), (105, 0)] {
        fs::write(&file, bytes(&old, 0, to)).expect("a folder of our own");
        let done = headers(&new, &file, &["--json"]);
        assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{to}");
        let found = &done.objects()[0];
        assert_eq!((&found["to"], &found["replaced"]), (&json!(111), &json!(replaced)), "{to}");
        assert_eq!(fs::read(&file).expect("written"), bytes(&new, 0, 111));
    }
    fs::write(&file, bytes(&old, 0, 110)).expect("a folder of our own");
    let words = headers(&new, &file, &[]).lines[0].clone();
    assert!(words.contains("5 replaced after a reorganisation"), "{words}");
    // A chain that shows less work replaces nothing.
    let done = headers(&old, &file, &[]);
    assert_eq!(done.code, Some(1));
    assert_eq!(fs::read(&file).expect("still there"), bytes(&new, 0, 111));
}

#[test]
fn to_standard_output() {
    let server = Server::start(Family::Electrs);
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("output");
    let done = std::process::Command::new(env!("CARGO_BIN_EXE_electrum-cli"))
        .args(["headers", &server.url(), "-", "--to", "20"])
        .env("XDG_CONFIG_HOME", folder.path())
        .current_dir(folder.path())
        .stdout(fs::File::create(&output).expect("a folder of our own"))
        .status()
        .expect("the tool starts");
    assert!(done.success());
    assert_eq!(fs::read(&output).expect("written"), bytes(&server, 0, 20));
    assert!(!folder.path().join("-").exists());
}

#[test]
fn headers_that_show_no_work_are_not_written() {
    let good = Server::start(Family::Fulcrum2_1);
    let digits = |height| good.chain(|chain| chain.header(height).expect("mined").to_hex());
    // The same header with other nonces: some of them show no work, as one in two hashes does on this network.
    let mut tampered = (0..64_u32).map(|nonce| format!("{}{:08x}", &digits(1)[..152], nonce.swap_bytes()));
    let is_work = |header: &String| {
        let hash = electrum_proto::types::RawHeader::from_hex(header).expect("a header").block_hash();
        hash.as_display_bytes()[0] < 0x80
    };
    let tampered = tampered.find(|header| !is_work(header)).expect("one of 64");
    refuses(&[digits(0), tampered], 1, &[], "exceeds its target");
}
