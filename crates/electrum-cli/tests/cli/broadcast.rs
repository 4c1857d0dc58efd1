//! `broadcast` and what servers answer to it.

use crate::tool::run;
use crate::transactions::payment;
use electrum_testkit::prelude::*;

/// A broadcast to a server that answers with these steps.
fn broadcast(steps: &[Step]) -> (crate::tool::Done, crate::tool::Done) {
    let transaction = payment(&Server::start(Family::Fulcrum2_1)).to_hex();
    let mut script = Step::handshake("Test 1", "1.4").to_vec();
    script.push(Step::call("blockchain.transaction.broadcast"));
    script.extend(steps.iter().cloned());
    let server = Scripted::in_turn(vec![script.clone(), script]);
    let args = ["broadcast", &server.url(), &transaction, "--timeout", "2"];
    (run(&args), run(&[&args[..], &["--json"]].concat()))
}

#[test]
fn what_became_of_a_transaction_is_said_in_words_and_in_json() {
    for (steps, code, outcome, words) in [
        (vec![Step::result("\"<br>Your wallet is vulnerable\"")], 0, "accepted", "the server said: <br>Your wallet"),
        (vec![Step::error(1, "rejected\n\ntxn-already-in-mempool")], 0, "already_in_mempool", "already in the mempool"),
        (vec![Step::error(-27, "Transaction already in block chain")], 0, "already_in_chain", "already in the chain"),
        (vec![Step::error(1, "min relay fee not met")], 1, "rejected", "min relay fee not met"),
        (vec![Step::error(-101, "excessive resource usage")], 1, "not_sent", "try again in a minute"),
        (vec![Step::result("\"bad-txns-inputs-missingorspent\"")], 1, "may_have_been_sent", "missingorspent"),
        (vec![Step::result("null")], 1, "may_have_been_sent", "the server said \"null\" and no transaction's id"),
        (vec![Step::Silence], 1, "may_have_been_sent", "it may have been sent"),
        (vec![], 1, "may_have_been_sent", "it may have been sent"),
    ] {
        let (done, json) = broadcast(&steps);
        let printed = done.lines.join("\n") + &done.errors;
        assert!(printed.contains(words), "{words} in {printed}");
        assert_eq!((done.code, json.code), (Some(code), Some(code)), "{outcome}");
        let object = &json.objects()[0];
        assert_eq!(object["outcome"], outcome);
        assert_eq!(object["error"].is_object(), code == 1, "{object}");
    }
}
