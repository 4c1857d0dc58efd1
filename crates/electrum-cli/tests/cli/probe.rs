//! `probe` against fake servers: one by one, the matrix, and servers that behave badly.

use crate::tool::{BOUND, Tool, closed_port, run};
use electrum_testkit::chain::REGTEST_GENESIS;
use electrum_testkit::prelude::*;
use serde_json::{Value, json};

/// Software, and what comes of the valid, the unsupported and the below-minimum range.
const MATRIX: [[&str; 4]; 8] = [
    ["libbitcoin 4.0.0", "1.4", "RPC error 19", "answers 1.2: caught"],
    ["ElectrumX 1.10.0", "1.4", "RPC error 1", "answers 1.2: caught"],
    ["ElectrumX 1.16.0", "1.4", "RPC error 1", "RPC error 1"],
    ["ElectrumX 1.18.0", "1.4", "closes the connection", "closes the connection"],
    ["ElectrumX 2.0.0", "1.4", "RPC error 1", "RPC error 1"],
    ["Fulcrum 2.1.1", "1.4", "RPC error 1", "RPC error 1"],
    ["electrs/0.11.1", "1.4", "RPC error 1", "RPC error 1"],
    ["electrs-esplora 0.4.1", "1.4", "answers 1.4: caught", "answers 1.4: caught"],
];

/// The rows of a table whose cells are two spaces apart at least.
fn rows(lines: &[String]) -> Vec<Vec<&str>> {
    lines
        .iter()
        .filter(|line| line.contains("  "))
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect()
}

/// The object without what differs from run to run, which must be there all the same.
fn steady(mut object: Value) -> Value {
    let members = object.as_object_mut().expect("an object");
    let server = members.remove("server").expect("the server");
    assert!(server.as_str().is_some_and(|server| server.starts_with("tcp://127.0.0.1:")), "{server}");
    assert_eq!(members.remove("route"), Some(json!("direct")));
    for name in ["tls", "fingerprint", "pin"] {
        let expected = (members["outcome"] == "ready").then_some(Value::Null);
        assert_eq!(members.remove(name), expected, "{name} of a server without TLS");
    }
    if let Some(time) = members.remove("handshake_ms") {
        assert!(time.as_f64().is_some_and(|time| time > 0.0), "{time}");
    }
    object
}

#[test]
fn the_matrix_of_the_families_is_shown() {
    let done = run(&["probe", "--families"]).succeeded();
    let rows = rows(&done.lines);
    assert_eq!(
        rows[0],
        ["server", "valid range 1.3..1.4", "unsupported range 2.0..3.0", "below-minimum range 1.0..1.2"]
    );
    assert_eq!(rows[1..], MATRIX);
    // There is no colour in a pipe.
    assert!(!done.lines.concat().contains('\x1b'));
}

#[test]
fn without_arguments_the_tool_shows_its_help_and_cargo_run_in_the_workspace_the_matrix() {
    let none: [&str; 0] = [];
    let help = run(&none).succeeded();
    assert_eq!(help.lines, run(&["--help"]).lines);
    // As `.cargo/config.toml` of the workspace has it.
    let arguments = std::path::Path::new("probe --families");
    let done = Tool::start_with(&none, &[("ELECTRUM_CLI_DEFAULT_ARGUMENTS", arguments)]).finish();
    assert_eq!(rows(&done.lines)[1..], MATRIX);
}

#[test]
fn the_matrix_of_a_server_as_json() {
    let server = Server::start(Family::ElectrumX1_10);
    let done = run(&["probe", &server.url(), "--matrix", "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.errors);
    let objects: Vec<_> = done.objects().into_iter().map(steady).collect();
    let range = "1.3..1.4";
    let hint = "offer versions that the server speaks (--range); nearly all speak 1.4";
    let ready = json!({"range": range, "outcome": "ready", "software": "ElectrumX 1.10.0", "version": "1.4", "genesis_hash": REGTEST_GENESIS});
    let refused = json!({"range": "2.0..3.0", "outcome": "down", "cause": "refused", "code": 1, "message": "unsupported protocol version: ['2.0', '3.0']", "hint": hint});
    assert_eq!(objects[..2], [ready, refused]);
    assert_eq!((&objects[2]["range"], &objects[2]["cause"]), (&json!("1.0..1.2"), &json!("out_of_range")));
    let message = objects[2]["message"].as_str().expect("a message");
    assert!(message.contains("1.2") && message.contains(range), "{message}");
    assert_eq!(objects.len(), 3);
    // Each attempt had a connection of its own, on which the version was all that was said if it failed.
    let log = server.log();
    assert_eq!(log.iter().map(|connection| connection.lines.len()).collect::<Vec<_>>(), [3, 1, 1]);
    assert!(server.wait_until(BOUND, |stats| stats.open == 0));
}

#[test]
fn a_matrix_is_a_failure_if_the_valid_range_is_refused() {
    let server = Server::start(Family::ElectrumX1_16);
    let done = run(&["probe", "--matrix", "--range", "1.6..1.7", &server.url()]);
    assert_eq!(done.code, Some(1));
    let rows = rows(&done.lines);
    assert_eq!(rows[1], [&server.url()[..], "RPC error 1", "RPC error 1", "RPC error 1"]);
    assert!(done.errors.contains(&server.url()), "{}", done.errors);
}

#[test]
fn what_each_family_agrees_to() {
    let version = |family| match family {
        Family::Libbitcoin4 | Family::ElectrumX2_0 => "1.7",
        Family::Fulcrum2_1 => "1.6",
        Family::ElectrumX1_10 => "1.4.1",
        Family::ElectrumX1_16 => "1.4.2",
        Family::ElectrumX1_18 => "1.4.3",
        Family::Electrs | Family::ElectrsEsplora => "1.4",
    };
    let servers = Family::ALL.map(Server::start);
    let mut args = vec!["--json".to_owned(), "probe".to_owned()];
    args.extend(servers.iter().map(Server::url));
    let done = run(&args).succeeded();
    let found: Vec<_> = done.objects().into_iter().map(steady).collect();
    let expected = servers.each_ref().map(|server| {
        let (family, profile) = (server.family(), server.family().profile());
        json!({"range": "1.4..1.7", "outcome": "ready", "software": profile.software, "version": version(family), "genesis_hash": REGTEST_GENESIS})
    });
    assert_eq!(found, expected);
}

#[test]
fn for_people_the_server_is_described() {
    let server = Server::start(Family::ElectrumX2_0);
    let address = server.addr();
    let done = run(&["probe", &format!("{address}:t"), "--range", "1.3..1.4"]).succeeded();
    assert_eq!(done.lines[0], server.url());
    let rest = rows(&done.lines);
    for row in [
        ["software", "ElectrumX 2.0.0"],
        ["protocol", "1.4"],
        ["genesis_hash", &format!("{REGTEST_GENESIS} (regtest)")],
        ["protocol_min", "1.4"],
        ["protocol_max", "1.7.0"],
    ] {
        assert!(rest.iter().any(|found| *found == row), "{row:?} in {rest:?}");
    }
}

#[test]
fn a_refused_range_is_reported_in_the_servers_own_words() {
    let server = Server::start(Family::ElectrumX2_0);
    let done = run(&["probe", &server.url(), "--range", "2.0..3.0"]);
    assert_eq!((done.code, done.lines.len()), (Some(1), 0));
    for words in [&server.url()[..], "handshaking", "unsupported protocol version: ['2.0', '3.0']", "--range"] {
        assert!(done.errors.contains(words), "{words:?} in {}", done.errors);
    }
    assert!(server.wait_until(BOUND, |stats| stats.connections == 1 && stats.open == 0));
}

#[test]
fn each_way_to_fail_has_its_cause() {
    let call = || Step::call("server.version");
    let cases = [
        ("closed", "handshaking", vec![call()]),
        ("reset", "handshaking", vec![call(), Step::Reset]),
        ("refused", "handshaking", vec![call(), Step::error(1, "no")]),
        ("malformed", "handshaking", vec![call(), Step::send("HTTP/1.1 400 Bad Request\r\n")]),
        ("out_of_range", "handshaking", Step::handshake("Old 1", "1.2").to_vec()),
        ("timeout", "handshaking", vec![call(), Step::Silence]),
    ];
    for (cause, phase, script) in cases {
        let server = Scripted::start(script);
        // Only the silent one is meant to take too long.
        let timeout = if cause == "timeout" { "1" } else { "60" };
        let done = run(&["probe", "--json", "--timeout", timeout, &server.url()]);
        assert_eq!(done.code, Some(1), "{cause}");
        let object = &done.objects()[0];
        assert_eq!((&object["outcome"], &object["cause"]), (&json!("down"), &json!(cause)));
        assert_eq!(object["code"].as_i64(), (cause == "refused").then_some(1));
        assert!(object["message"].as_str().is_some_and(|message| !message.is_empty()));
        let [first, hint] = done.errors.lines().collect::<Vec<_>>()[..] else { panic!("{}", done.errors) };
        assert!(first.starts_with(&format!("error: {} ({phase}): ", server.url())), "{first}");
        assert!(hint.starts_with("  hint: "), "{hint}");
        server.check();
    }
}

#[test]
fn nothing_listens_there() {
    let done = run(&["probe", "--json", &closed_port()]);
    assert_eq!(done.code, Some(1));
    assert_eq!(done.objects()[0]["cause"], "connect");
    assert!(done.errors.contains("(connecting)"), "{}", done.errors);
}

#[test]
fn the_chain_that_is_wanted_or_none() {
    let server = Server::start(Family::Fulcrum2_1);
    let done = run(&["probe", "--json", &server.url(), "--genesis", REGTEST_GENESIS]).succeeded();
    assert_eq!(done.objects()[0]["genesis_hash"], REGTEST_GENESIS);

    let mainnet = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
    let done = run(&["probe", "--json", &server.url(), "--genesis", mainnet]);
    assert_eq!(done.code, Some(1));
    assert_eq!(done.objects()[0]["cause"], "wrong_chain");
    for words in [&server.url()[..], mainnet, REGTEST_GENESIS, "--genesis"] {
        assert!(done.errors.contains(words), "{words:?} in {}", done.errors);
    }
}

#[test]
fn one_that_fails_does_not_hide_the_others() {
    let good = Server::start(Family::Electrs);
    let bad = Scripted::start(vec![Step::call("server.version")]);
    let done = run(&["probe", "--json", &bad.url(), &good.url()]);
    assert_eq!(done.code, Some(1));
    let outcomes: Vec<_> = done.objects().iter().map(|object| object["outcome"].clone()).collect();
    assert_eq!(outcomes, ["down", "ready"]);
}

#[test]
fn what_a_terminal_would_obey_is_escaped() {
    let mut script = Step::handshake("\\u001b[2JEvil\\u202e", "1.4").to_vec();
    script.extend([Step::call("blockchain.block.header"), Step::error(1, "\u{9b}2J")]);
    script.extend([Step::call("server.features"), Step::result("{\"a\\u0007\":\"\\u001b]0;x\\u0007\"}")]);
    let server = Scripted::start(script);
    let done = run(&["probe", &server.url()]);
    assert_eq!(done.code, Some(0), "{}", done.errors);
    let shown = done.lines.join("\n");
    assert!(shown.contains(r"\u{1b}[2JEvil\u{202e}") && shown.contains(r"a\u{7}") && shown.contains(r"\u{1b}]0;x"));
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");

    let refusing = Scripted::start(vec![Step::call("server.version"), Step::error(1, "\x1b[31mno\u{9b}\n")]);
    let done = run(&["probe", &refusing.url(), "--json"]);
    let shown = done.lines[0].clone() + &done.errors;
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    assert_eq!(done.objects()[0]["message"], "\x1b[31mno\u{9b}\n");
}

#[test]
fn a_wrong_command_line_is_usage() {
    for args in [
        &["probe", "--range", "1.6..1.4"][..],
        &["probe", "nowhere"],
        &["probe", "--timeout", "0"],
        &["prove"],
        &["call", "tcp://127.0.0.1:1"],
        &["watch"],
        &["watch", "tcp://127.0.0.1:1", "--script", "0x"],
        &["watch", "tcp://127.0.0.1:1", "--scripthash", "00"],
        &["probe", "tcp://127.0.0.1:1", "--genesis", "00"],
        &["probe", "tcp://127.0.0.1:1", "--trust", "anything"],
        &["probe", "tcp://127.0.0.1:1", "--trust", &format!("pin:{}", "ab".repeat(32))],
        &["probe", "tcp://127.0.0.1:1", "--accept-new-pin", "--trust", "insecure"],
        &["probe", "tcp://127.0.0.1:1", "--proxy", "http://127.0.0.1:1"],
        &["probe", "tcp://127.0.0.1:1", "--proxy", "socks5://user:password@127.0.0.1:1", "--isolate"],
        &["probe", "tcp://127.0.0.1:1", "--isolate"],
        &["probe", "tcp://abcdef.onion:50001"],
    ] {
        let done = run(args);
        assert_eq!((done.code, done.lines.len()), (Some(2), 0), "{args:?}");
        assert!(!done.errors.is_empty(), "{args:?}");
    }
}
