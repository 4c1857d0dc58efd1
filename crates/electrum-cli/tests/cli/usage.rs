//! Command lines that are wrong: exit code 2, words on stderr, and no connection.

use crate::tool::run;
use electrum_testkit::prelude::*;

#[test]
fn what_is_no_script_output_or_transaction_is_usage() {
    let server = Server::start(Family::Electrs);
    let txid = "ab".repeat(32);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("headers");
    let file = file.to_str().expect("UTF-8");
    for args in [
        &["balance"][..],
        &["balance", ""],
        &["history", "address"],
        &["history", "0"],
        &["unspent", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"],
        &["tx", "ab"],
        &["merkle", &txid],
        &["merkle", &txid, "-1"],
        &["header", "x"],
        &["header", "4294967296"],
        &["headers"],
        &["headers", file, "--from", "2", "--to", "1"],
        &["headers", file, "--to", "1", "--count", "1"],
        &["headers", file, "--count", "0"],
        &["headers", file, "--from", "4294967295", "--count", "2"],
        &["outpoint", &txid],
        &["outpoint", &format!("{txid}:+1")],
        &["outpoint", &format!("{txid}:x")],
        &["broadcast", "00"],
        &["broadcast", "xyz"],
        &["fees", "--blocks", "0"],
    ] {
        let done = run(&[&args[..1], &[&server.url()], &args[1..]].concat());
        assert_eq!((done.code, done.lines.len()), (Some(2), 0), "{args:?}: {}", done.errors);
        assert!(!done.errors.is_empty(), "{args:?}");
    }
    assert_eq!(server.stats().connections, 0);
}

#[test]
fn a_server_that_is_not_there_is_a_failure_reported_as_json_too() {
    let mut server = Server::start(Family::Electrs);
    server.stop();
    let done = run(&["balance", &server.url(), "0014751e76e8199196d454941c45d1b3a323f1433bd6", "--json"]);
    assert_eq!(done.code, Some(1));
    assert!(done.objects()[0]["error"]["message"].is_string());
    assert!(done.errors.contains(&server.url()) && done.errors.contains("hint:"), "{}", done.errors);
}
