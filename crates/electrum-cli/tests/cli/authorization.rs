//! The secret that requests carry: from a file, renewed, and shown nowhere.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::tool::{BOUND, Tool, configure, run};
use electrum_testkit::Front;
use electrum_testkit::prelude::*;
use electrum_testkit::tls::Identity;
use serde_json::json;
use tempfile::TempDir;

const SECRET: &str = "eyJhbGciOi.c2VjcmV0";
const MEMBER: &str = r#","authorization":"Bearer eyJhbGciOi.c2VjcmV0"}"#;

/// Fulcrum refuses requests with members that it does not know.
const TOLERANT: Family = Family::ElectrumX1_16;

/// A folder with a file that has the secret.
fn secret() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    fs::write(&file, format!("Bearer {SECRET}\n")).expect("a folder of our own");
    (folder, file)
}

/// A server that repeats the secret in an error, in words that no program understands, and in a line that is no message.
fn quoting() -> Scripted {
    let words = format!("no such user: 'Bearer {SECRET}', {}", &SECRET[..14]);
    let refused = [Step::call("server.banner"), Step::error(1, &words)];
    let garbled = [Step::call("server.banner"), Step::send(format!("401 for {SECRET}\n"))];
    let [version, answer] = Step::handshake("Gateway 1.0", "1.4");
    let session = |steps: [Step; 2]| [&[version.clone(), answer.clone()][..], &steps].concat();
    Scripted::in_turn(vec![session(refused), session(garbled)])
}

#[test]
fn each_request_carries_it_and_nothing_shows_it_whatever_the_server_says() {
    let (_folder, file) = secret();
    let server = quoting();
    for words in ["no such user: 'Bearer [redacted]', ", "401 for [redacted]"] {
        let args = ["call", &server.url(), "server.banner", "-vvv", "--json", "--timeout", "5"];
        let done = run(&[&args[..], &["--authorization-file", file.to_str().expect("UTF-8")]].concat());
        assert_eq!(done.code, Some(1));
        let shown = done.lines.join("\n") + &done.errors;
        assert!(shown.contains(words) && shown.contains("electrum_proto::wire"), "{shown}");
        assert!(!shown.contains(&SECRET[..8]), "{shown}");
    }
    let lines = server.lines().concat();
    assert!(lines.len() >= 4 && lines.iter().all(|line| line.ends_with(MEMBER)), "{lines:?}");
}

#[test]
fn the_file_is_named_on_the_command_line_in_the_environment_or_in_the_configuration_file() {
    let (folder, file) = secret();
    fs::create_dir(folder.path().join("electrum-cli")).expect("a folder of our own");
    let configured = folder.path().join("electrum-cli/other");
    fs::write(&configured, "Bearer other").expect("a folder of our own");
    configure(&folder, "authorization-file = 'other'\n");
    let config = ("XDG_CONFIG_HOME", folder.path());
    let environment = ("ELECTRUM_AUTHORIZATION_FILE", file.as_path());
    let option = ["--authorization-file", file.to_str().expect("UTF-8")];
    for (more, variables, is_secret, source) in [
        (&[][..], &[config][..], false, "configuration file"),
        (&[], &[config, environment], true, "environment"),
        (&option, &[config], true, "command line"),
    ] {
        let server = Server::start(TOLERANT);
        let done = Tool::start_with(&[&["header", &server.url()], more].concat(), variables).finish();
        assert_eq!((done.code, done.errors.lines().count()), (Some(0), 1), "{source}: {}", done.errors);
        assert!(done.errors.starts_with("warning: "), "{source}: {}", done.errors);
        let lines = &server.log()[0].lines;
        assert!(!lines.is_empty() && lines.iter().all(|line| line.contains("\"authorization\"")), "{lines:?}");
        assert_eq!(lines.iter().all(|line| line.trim_end().ends_with(MEMBER)), is_secret, "{source}: {lines:?}");

        let done = Tool::start_with(&[&["config", "--json"], more].concat(), variables).finish();
        let path = if is_secret { &file } else { &configured };
        let setting = json!({"name": "authorization-file", "value": path, "source": source});
        let settings = done.objects()[0]["settings"].as_array().expect("a list").clone();
        assert!(settings.contains(&setting), "{settings:?}");
        assert!(!done.lines.concat().contains("Bearer"), "{:?}", done.lines);
    }
}

#[test]
fn that_it_is_sent_unencrypted_is_said_once_and_a_refusal_of_it_is_not_put_down_to_versions() {
    let (_folder, file) = secret();
    let option = ["--authorization-file", file.to_str().expect("UTF-8")];
    let (first, second) = (Server::start(Family::Fulcrum2_1), Server::start(Family::Fulcrum2_1));
    let done = run(&[&["header", &first.url(), &second.url()][..], &option].concat());
    let said: Vec<_> = done.errors.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert!(matches!(said[..], [said] if said.contains(&first.url()) && said.contains("ssl://")), "{}", done.errors);
    assert!(!done.errors.contains(SECRET), "{}", done.errors);
    // Fulcrum takes no member that it does not know.
    assert_eq!(done.code, Some(1));
    assert!(done.errors.contains("--authorization-file") && !done.errors.contains("--range"), "{}", done.errors);

    let server = Server::start(TOLERANT);
    let front = Front::tls(server.addr(), Identity::self_signed("127.0.0.1").config());
    let trust = ["--trust", "insecure"];
    let done = run(&[&["header", &front.url()][..], &option, &trust].concat());
    assert!(!done.errors.contains("warning"), "{}", done.errors);
}

#[test]
fn a_secret_is_left_out_also_as_json_writes_it() {
    let (_folder, file) = secret();
    fs::write(&file, r#"Bearer a"b\c/d"efghijkl"#).expect("a folder of our own");
    let [version, answer] = Step::handshake("Gateway 1.0", "1.4");
    let quoting = r#"{"id":$id,"error":{"code":1,"message":"expired: a\"b\\c\/d\"efghijkl"}}"#;
    let server = Scripted::start(vec![version, answer, Step::call("server.banner"), Step::SendLine(quoting.into())]);
    let args = ["call", &server.url(), "server.banner", "-vvv", "--timeout", "5"];
    let done = run(&[&args[..], &["--authorization-file", file.to_str().expect("UTF-8")]].concat());
    assert!(done.errors.contains("electrum_proto::wire: received"), "{}", done.errors);
    assert!(done.errors.contains("expired: [redacted]"), "{}", done.errors);
    assert!(!done.errors.contains("efghijkl"), "{}", done.errors);
}

#[test]
fn a_file_that_cannot_be_used_is_named_and_nothing_is_sent_without_it() {
    let server = Server::start(Family::Fulcrum2_1);
    let (folder, file) = secret();
    fs::write(&file, format!("Bearer\n{SECRET}")).expect("a folder of our own");
    for path in [&file, &folder.path().join("missing"), folder.path()] {
        let path = path.to_str().expect("UTF-8");
        let done = run(&["header", &server.url(), "--authorization-file", path]);
        assert_eq!((done.code, done.lines.len()), (Some(2), 0));
        assert!(done.errors.contains(path) && !done.errors.contains(SECRET), "{}", done.errors);
    }
    assert_eq!(server.stats().connections, 0);
}

#[test]
fn a_file_that_changes_is_read_again() {
    let (_folder, file) = secret();
    let server = Server::start(TOLERANT);
    let path = file.to_str().expect("UTF-8");
    let watching = Tool::start(&["watch", &server.url(), "--json", "--authorization-file", path]);
    while watching.object()["event"] != "ready" {}
    // What cannot be used leaves the one that there is.
    fs::write(&file, "").expect("a folder of our own");
    let renewed = file.with_extension("new");
    fs::write(&renewed, "Bearer renewed").expect("a folder of our own");
    let lines = || server.log().iter().flat_map(|connection| connection.lines.clone()).collect::<Vec<_>>();
    let is_renewed = |line: &String| line.trim_end().ends_with(r#""authorization":"Bearer renewed"}"#);
    let end = Instant::now() + BOUND;
    fs::rename(&renewed, &file).expect("a folder of our own");
    while !lines().iter().any(is_renewed) {
        assert!(Instant::now() < end, "{:?}", lines());
        // Each connection begins with requests.
        server.kill_connections();
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(lines().iter().all(|line| is_renewed(line) || line.trim_end().ends_with(MEMBER)), "{:?}", lines());
}

/// What a recorder writes down while the tool asks through it, with these options for each of them.
fn recorded(server: &Scripted, recorder: &[&str], client: &[&str]) -> (PathBuf, String, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("session");
    let recording = Tool::start(&[&["record", &server.url(), file.to_str().expect("UTF-8")], recorder].concat());
    let between = recording.line().expect("its address");
    let args = ["call", &between, "server.banner", "--timeout", "5"];
    let done = run(&[&args[..], client].concat());
    assert_eq!(done.code, Some(1), "{}", done.errors);
    let text = fs::read_to_string(&file).expect("it was written");
    (file, text, folder)
}

#[test]
fn a_recording_is_without_it_on_either_side() {
    let (_folder, file) = secret();
    let option = ["--authorization-file", file.to_str().expect("UTF-8")];
    for (recorder, client) in [(&[][..], &option[..]), (&option, &option), (&option, &[])] {
        let server = quoting();
        for words in ["no such user: 'left out', left out", "401 for left out"] {
            let (path, text, _folder) = recorded(&server, recorder, client);
            assert!(text.contains(words) && !text.contains(&SECRET[..8]), "{text}");
            assert_eq!(text.contains("authorization"), !client.is_empty(), "{text}");
            // What can be understood of it is played to a client with whatever authorization.
            if words.starts_with("401") {
                continue;
            }
            let player = Tool::start(&["replay", path.to_str().expect("UTF-8")]);
            let played = player.line().expect("its address");
            let done = run(&[&["call", &played, "server.banner"], &option[..]].concat());
            assert!(done.errors.contains("left out"), "{}", done.errors);
        }
        // What the recorder is given is not added to what a client sends.
        let lines = server.lines().concat();
        assert_eq!(lines.iter().all(|line| line.ends_with(MEMBER)), !client.is_empty(), "{lines:?}");
    }
}
