//! What `-v`, `-vv` and `-vvv` print on stderr.

use crate::tool::run;
use crate::transactions::payment;
use electrum_testkit::prelude::*;

/// What a broadcast prints on stderr with these options, and the transaction. What it prints on stdout is the same without.
fn verbose(options: &str) -> (String, String) {
    let server = Server::start(Family::Fulcrum2_1);
    let transaction = payment(&server);
    let txid = transaction.txid().to_string();
    let transaction = transaction.to_hex();
    let options: Vec<&str> = options.split(' ').collect();
    let done = run(&[&["broadcast", &server.url(), &transaction][..], &options].concat());
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
const SENT: &[&str] =
    &["TRACE", "electrum_proto::wire: sent", "method=\"blockchain.transaction.broadcast\"", "params=[\""];
const RECEIVED: &[&str] = &["TRACE", "electrum_proto::wire: received", "text={\""];

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
fn thrice_prints_what_is_sent_and_received_too() {
    for options in ["-vvv", "--verbose --verbose --verbose"] {
        let (errors, transaction) = verbose(options);
        assert!([READY, ANSWER, SENT, RECEIVED].iter().all(|parts| has_line(&errors, parts)), "{errors}");
        assert!(has_line(&errors, &["sent", &transaction]), "{errors}");
        let others = errors.lines().filter(|line| !line.contains("electrum_proto::wire"));
        assert!(others.clone().count() > 0 && others.clone().all(|line| !line.contains(&transaction)), "{errors}");
    }
}

#[test]
fn of_a_transaction_the_long_form_means_what_the_node_says() {
    let server = Server::start(Family::Fulcrum2_1);
    let txid = server.pay(&script(1), 5_000).to_string();
    let done = run(&["tx", &server.url(), &txid, "--verbose", "-v", "--json"]);
    assert!(done.errors.contains("ready"), "{}", done.errors);
    let is_verbose = |line: &String| line.contains("blockchain.transaction.get") && line.contains("true");
    assert!(server.log()[0].lines.iter().any(is_verbose));
}

#[test]
fn words_of_a_server_are_escaped() {
    let server = Scripted::in_turn(vec![Step::handshake("Evil \\u001b[2J", "1.4").to_vec()]);
    let done = run(&["call", &server.url(), "server.banner", "-v", "--timeout", "1"]);
    assert!(has_line(&done.errors, &["INFO", "Evil"]), "{}", done.errors);
    assert!(!done.errors.contains('\x1b'), "{}", done.errors);
}
