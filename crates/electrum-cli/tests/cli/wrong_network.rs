//! Addresses of another network than the server's, and of other coins.

use crate::tool::run;
use electrum_testkit::prelude::*;

#[test]
fn an_address_of_another_network_is_refused_with_both_names() {
    let server = Server::start(Family::Fulcrum2_1);
    for command in ["balance", "history", "unspent"] {
        let done = run(&[command, &server.url(), "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "--json"]);
        assert_eq!(done.code, Some(1), "{command}");
        assert!(done.errors.contains("mainnet") && done.errors.contains("regtest"), "{}", done.errors);
        assert_eq!(done.objects()[0]["error"]["cause"], "wrong_network");
    }
    // The others are printed, and the same script in digits belongs to every network.
    let own = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
    let digits = "0014751e76e8199196d454941c45d1b3a323f1433bd6";
    let uri = format!("bitcoin:{own}?amount=1");
    let done = run(&["balance", &server.url(), "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", own, digits, &uri, "--json"]);
    assert_eq!((done.code, done.lines.len()), (Some(1), 4), "{}", done.errors);
    assert!(done.objects()[1..].iter().all(|object| object["confirmed"] == 0), "{:?}", done.lines);
}

#[test]
fn an_address_of_another_coin_is_answered_with_what_this_client_checks() {
    let server = Server::start(Family::Electrs);
    for address in ["LVuDpNCSSj6pQ7t9Pv6d6sUkLKoqDEVUnJ", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"] {
        let done = run(&["balance", &server.url(), address]);
        assert_eq!(done.code, Some(2));
        assert!(done.errors.contains("this client checks Bitcoin's rules"), "{}", done.errors);
        assert!(!done.errors.contains("mistyped"), "{}", done.errors);
    }
    assert_eq!(server.stats().connections, 0);
}
