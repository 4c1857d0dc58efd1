//! `call` against fake servers.

use crate::tool::{BOUND, run};
use electrum_testkit::prelude::*;
use serde_json::{Value, json};

#[test]
fn parameters_are_json_or_else_texts_and_the_result_is_shown() {
    let server = Server::start(Family::Fulcrum2_1);
    let done = run(&["call", &server.url(), "blockchain.block.header", "0"]).succeeded();
    let header = server.chain(|chain| chain.header(0).map(|header| header.to_hex()));
    assert_eq!(done.lines, [header.expect("the first block")]);

    let script_hash = "ab".repeat(32);
    let done = run(&["call", &server.url(), "blockchain.scripthash.get_balance", &script_hash]);
    assert_eq!(done.lines.concat().replace(' ', ""), r#"{"confirmed":0,"unconfirmed":0}"#);
    assert!(done.lines.len() > 1, "for people it has a line for each member");

    let lines: Vec<_> = server.log().into_iter().map(|connection| connection.lines[1].clone()).collect();
    let params = |line: &String| serde_json::from_str::<Value>(line).expect("JSON")["params"].clone();
    assert_eq!(lines.iter().map(params).collect::<Vec<_>>(), [json!([0]), json!([script_hash])]);
    assert!(server.wait_until(BOUND, |stats| stats.open == 0));
}

#[test]
fn as_json_it_is_one_object_with_the_servers_own_digits() {
    let result = "{ \"z\" : 1e-05, \"a\" : 18446744073708651616.0 }";
    let server = Scripted::start(Step::session("1.6", &[("a.b", result)]));
    let done = run(&["--json", "call", &server.url(), "a.b", "[1, 2]", "-1"]).succeeded();
    let expected =
        format!(r#"{{"server":"{}","method":"a.b","result":{{"z":1e-05,"a":18446744073708651616.0}}}}"#, server.url());
    assert_eq!(done.lines, [expected]);
    assert!(server.lines()[0][1].contains(r#""params":[[1,2],-1]"#), "{:?}", server.lines());
    server.check();
}

#[test]
fn an_error_of_the_server_is_reported_with_its_code_and_is_a_failure() {
    let server = Server::start(Family::ElectrumX1_16);
    for json in [false, true] {
        let mut args = vec!["call".to_owned(), server.url(), "no.such".to_owned()];
        args.extend(json.then(|| "--json".to_owned()));
        let done = run(&args);
        assert_eq!(done.code, Some(1));
        for words in [&server.url()[..], "ElectrumX 1.16.0", "no.such", "unknown method \"no.such\"", "-32601", "hint:"]
        {
            assert!(done.errors.contains(words), "{words:?} in {}", done.errors);
        }
        if json {
            let error = json!({
                "kind": "request",
                "cause": "unknown_method",
                "phase": "ready",
                "code": -32601,
                "message": "unknown method \"no.such\"",
                "hint": "use another server, or offer another range of versions (--range): this server does not support \
                         what was asked for",
            });
            let object = json!({"server": server.url(), "method": "no.such", "error": error});
            assert_eq!(done.objects(), [object]);
        } else {
            assert_eq!(done.lines.len(), 0);
        }
    }
}

#[test]
fn a_text_is_shown_as_its_lines_without_what_a_terminal_obeys() {
    let banner = r#""Welcome\n\u001b[2Jto \"us\"\n""#;
    let server = Scripted::start(Step::session("1.6", &[("server.banner", banner)]));
    let done = run(&["call", &server.url(), "server.banner"]);
    assert_eq!(done.lines, ["Welcome", r#"\u{1b}[2Jto "us""#]);
}

#[test]
fn losses_and_silence_are_failures_and_the_call_is_made_once() {
    let cases = [
        (vec![Step::call("a.b")], "the connection was lost"),
        (vec![Step::call("a.b"), Step::Silence], "did not answer in time"),
    ];
    for (script, words) in cases {
        let server = Scripted::start([Step::handshake("Test 1", "1.6").to_vec(), script].concat());
        let done = run(&["call", "--timeout", "3", &server.url(), "a.b"]);
        assert_eq!(done.code, Some(1));
        assert!(done.errors.contains(words), "{}", done.errors);
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn a_server_that_refuses_is_reported_as_by_probe() {
    let server = Server::start(Family::Electrs);
    let done = run(&["call", &server.url(), "server.ping", "--range", "1.6..1.7", "--json"]);
    assert_eq!(done.code, Some(1));
    assert!(done.errors.contains("(handshaking)") && done.errors.contains("--range"), "{}", done.errors);
    assert_eq!(done.objects()[0]["error"]["code"], 1);
}
