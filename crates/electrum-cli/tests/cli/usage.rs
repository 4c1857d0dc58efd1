//! Command lines that are wrong: exit code 2, words on stderr, and no connection.

use crate::tool::{SETTINGS, Tool, closed_port, file_in, run};
use electrum_testkit::prelude::*;
use serde_json::json;

#[test]
fn what_is_no_script_output_or_transaction_is_usage() {
    let server = Server::start(Family::Electrs);
    let txid = "ab".repeat(32);
    let folder = tempfile::tempdir().expect("a folder");
    let file = &file_in(&folder, "headers");
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
        &["broadcast", ""],
        &["header", "localhost", "5"],
        &["balance", "127.0.0.1", "0014751e76e8199196d454941c45d1b3a323f1433bd6"],
    ] {
        let done = run(&[&args[..1], &[&server.url()], &args[1..]].concat());
        assert_eq!((done.code, done.lines.len()), (Some(2), 0), "{args:?}: {}", done.errors);
        assert!(!done.errors.is_empty(), "{args:?}");
    }
    assert_eq!(server.stats().connections, 0);
}

#[test]
fn a_server_that_is_not_there_is_a_failure_reported_as_json_too() {
    let gone = closed_port();
    let done = run(&["balance", &gone, "0014751e76e8199196d454941c45d1b3a323f1433bd6", "--json"]);
    assert_eq!(done.code, Some(1));
    assert!(done.objects()[0]["error"]["message"].is_string());
    assert!(done.errors.contains(&gone) && done.errors.contains("hint:"), "{}", done.errors);
}

#[test]
fn an_error_shows_the_usage_of_the_command_that_was_meant() {
    for command in ["balance", "history", "watch", "merkle", "fees", "doctor", "record", "tx"] {
        let argument = if command == "record" { "/nonexistent/file" } else { "52" };
        let txid = "ab".repeat(32);
        let args = match command {
            "fees" | "doctor" => vec![command],
            "merkle" => vec![command, &txid, "1"],
            "tx" => vec![command, &txid],
            _ => vec![command, argument],
        };
        let done = run(&args);
        assert_eq!(done.code, Some(2), "{args:?}");
        assert!(done.errors.contains("no server is named"), "{args:?}: {}", done.errors);
        assert!(
            done.errors.contains(&format!("Usage: electrum-cli {command} [OPTIONS] [SERVER]...")),
            "{}",
            done.errors
        );
    }
}

#[test]
fn a_variable_that_is_empty_is_not_set() {
    let server = Server::start(Family::Electrs);
    let names = SETTINGS.map(|name| format!("ELECTRUM_{name}"));
    let empty: Vec<_> = names.iter().map(|name| (&name[..], std::path::Path::new(""))).collect();
    Tool::start_with(&["header", &server.url()], &empty).finish().succeeded();
    let done = Tool::start_with(&["header"], &empty).finish();
    assert_eq!(done.code, Some(2));
    assert!(done.errors.contains("no server is named"), "{}", done.errors);
}

#[test]
fn what_cannot_be_read_or_written_here_is_named_with_what_to_do() {
    let server = Server::start(Family::Electrs);
    let url = server.url();
    for (args, words) in [
        (&["man", "/nonexistent/folder"][..], "/nonexistent/folder"),
        (&["replay", "/nonexistent/file"], "/nonexistent/file"),
        (&["headers", &url, "/nonexistent/file"], "/nonexistent/file"),
        (&["record", &url, "/nonexistent/file"], "/nonexistent/file"),
    ] {
        let done = run(args);
        assert_eq!((done.code, done.lines.len()), (Some(1), 0), "{args:?}");
        assert!(done.errors.contains(words) && done.errors.contains("hint: check the path"), "{}", done.errors);
    }
    let port = server.addr().port().to_string();
    let done = run(&["serve", "electrs", "--port", &port]);
    assert_eq!(done.code, Some(1));
    assert!(done.errors.contains(&port) && done.errors.contains("another port"), "{}", done.errors);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("no-transcript");
    for text in ["what is this", r#"{"ms":0,"from":"server","line":"x"}"#] {
        std::fs::write(&file, text).expect("a folder of our own");
        let done = run(&["replay", file.to_str().expect("UTF-8")]);
        assert_eq!(done.code, Some(2), "{text}");
        assert!(done.errors.contains("no-transcript"), "{}", done.errors);
    }
}

#[cfg(unix)]
#[test]
fn arguments_that_are_no_text_are_refused_and_paths_need_not_be_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let server = Server::start(Family::Electrs);
    let folder = tempfile::tempdir().expect("a folder");
    let odd = OsStr::from_bytes(b"h\xff");
    let start = |args: &[&OsStr]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_electrum-cli"));
        command.env("XDG_CONFIG_HOME", "/nonexistent").args(args).output().expect("the tool starts")
    };
    let url = server.url();
    let file = folder.path().join(odd);
    let done = start(&["headers".as_ref(), url.as_ref(), file.as_os_str()]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(std::fs::metadata(&file).expect("it was written").len(), 111 * 80);
    for args in [&[odd][..], &["balance".as_ref(), url.as_ref(), odd], &["balance".as_ref(), odd, "52".as_ref()]] {
        let done = start(args);
        assert_eq!(done.status.code(), Some(2), "{args:?}");
        assert!(!String::from_utf8_lossy(&done.stderr).contains("panicked"));
    }
}

#[test]
fn with_json_every_error_is_an_object_too() {
    let server = Server::start(Family::Fulcrum2_1);
    let url = server.url();
    let gone = closed_port();
    let mainnet = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
    for (args, code, kind, cause) in [
        (&["header", &url, "x"][..], 2, "local", "usage"),
        (&["blance", &url], 2, "local", "usage"),
        (&["header"], 2, "local", "usage"),
        (&["balance", &url, "mistyped"], 2, "local", "usage"),
        (&["balance", mainnet, &url], 2, "local", "usage"),
        (&["man", "/nonexistent/folder"], 1, "local", "unusable"),
        (&["record", &url, "/nonexistent/file"], 1, "local", "unusable"),
        (&["header", &gone], 1, "connection", "unreachable"),
        (&["header", &url, "--network", "mainnet"], 1, "connection", "wrong_chain"),
        (&["header", &url, "999999"], 1, "request", "not_found"),
        (&["balance", &url, mainnet], 1, "check", "wrong_network"),
        (&["watch", &url, mainnet], 1, "check", "wrong_network"),
        (&["watch", &gone, "--for", "1"], 1, "check", "nothing_received"),
        (&["headers", &url, "/nonexistent/file", "--to", "999999"], 1, "check", "beyond_tip"),
    ] {
        let done = run(&[args, &["--json"]].concat());
        assert_eq!(done.code, Some(code), "{args:?}: {}", done.errors);
        let objects = done.objects();
        let error = &objects.last().expect("an object")["error"];
        assert_eq!((&error["kind"], &error["cause"]), (&json!(kind), &json!(cause)), "{args:?}: {error}");
        for field in ["message", "hint"] {
            assert!(error[field].as_str().is_some_and(|words| !words.is_empty()), "{args:?}: {error}");
        }
        assert_eq!(error["phase"].is_null(), kind == "local", "{args:?}: {error}");
    }
}
