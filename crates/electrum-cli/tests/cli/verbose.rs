//! What `-v`, `-vv` and `-vvv` print on stderr.

use crate::tool::run;
use crate::transactions::payment;
use electrum_testkit::prelude::*;

/// What a broadcast prints on stderr with this option, and the transaction. What it prints on stdout is the same without.
fn verbose(option: &str) -> (String, String) {
    let server = Server::start(Family::Fulcrum2_1);
    let transaction = payment(&server);
    let txid = transaction.txid().to_string();
    let transaction = transaction.to_hex();
    let done = run(&["broadcast", &server.url(), &transaction, option]);
    assert_eq!((done.code, done.lines.as_slice()), (Some(0), &[txid][..]), "{}", done.errors);
    assert!(done.errors.lines().all(|line| line.contains(" electrum_")), "{}", done.errors);
    (done.errors, transaction)
}

/// Whether there is a line with all of these parts.
fn has_line(text: &str, parts: &[&str]) -> bool {
    text.lines().any(|line| parts.iter().all(|part| line.contains(part)))
}

const READY: &[&str] = &["INFO", "connection{server=tcp://127.0.0.1:", "ready", "software=\"Fulcrum"];
const ANSWER: &[&str] = &["DEBUG", "call{method=blockchain.transaction.broadcast id=", "answer bytes="];
const LINE: &[&str] = &["TRACE", "line bytes="];

#[test]
fn once_prints_events_of_connections() {
    let (errors, _) = verbose("-v");
    assert!(has_line(&errors, READY), "{errors}");
    assert!(!errors.contains("DEBUG") && !errors.contains("TRACE"), "{errors}");
}

#[test]
fn twice_prints_requests_and_answers_too() {
    let (errors, transaction) = verbose("-vv");
    assert!(has_line(&errors, READY) && has_line(&errors, ANSWER), "{errors}");
    assert!(!errors.contains("TRACE") && !errors.contains(&transaction), "{errors}");
}

#[test]
fn thrice_prints_lines_on_the_wire_too_without_what_is_in_them() {
    let (errors, transaction) = verbose("-vvv");
    assert!([READY, ANSWER, LINE].iter().all(|parts| has_line(&errors, parts)), "{errors}");
    assert!(!errors.contains(&transaction), "{errors}");
}

#[test]
fn words_of_a_server_are_escaped() {
    let server = Scripted::in_turn(vec![Step::handshake("Evil \\u001b[2J", "1.4").to_vec()]);
    let done = run(&["call", &server.url(), "server.banner", "-v", "--timeout", "1"]);
    assert!(has_line(&done.errors, &["INFO", "Evil"]), "{}", done.errors);
    assert!(!done.errors.contains('\x1b'), "{}", done.errors);
}
