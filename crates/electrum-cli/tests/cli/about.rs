//! `fees`, `features` and `peers`.

use crate::tool::run;
use electrum_testkit::chain::REGTEST_GENESIS;
use electrum_testkit::prelude::*;
use serde_json::{Value, json};

#[test]
fn every_family_answers_what_it_knows_of_fees() {
    for family in Family::ALL {
        let server = Server::builder(family).prompt().start().expect("a port");
        server.pay(&script(1), 10_000);
        let done = run(&["fees", &server.url(), "--json", "--blocks", "3", "--blocks", "9"]);
        assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{family}");
        let fees = &done.objects()[0];
        let blocks: Vec<_> =
            fees["estimates"].as_array().expect("a list").iter().map(|e| e["blocks"].clone()).collect();
        assert_eq!(blocks, [3, 9], "{family}");
        assert!(fees["relay"].is_u64(), "{family}: {fees}");
        // It has none.
        if family == Family::Libbitcoin4 {
            assert!(fees["histogram"].is_null() && fees["errors"]["histogram"]["code"].is_i64(), "{fees}");
        } else {
            let size = fees["histogram"][0]["vsize"].as_u64();
            assert_eq!(size, server.chain(|chain| chain.mempool().first().map(|entry| entry.vsize)), "{family}");
        }
        let done = run(&["fees", &server.url()]);
        assert_eq!(done.code, Some(0));
        assert!(done.lines[0].starts_with("within 2 blocks: "), "{:?}", done.lines);
    }
}

#[test]
fn a_rate_has_all_its_digits() {
    let mut steps = Step::handshake("Test 1", "1.4").to_vec();
    steps.extend([Step::call("blockchain.estimatefee"), Step::result("1.001e-05")]);
    steps.extend([Step::call("blockchain.relayfee"), Step::result("0.00001")]);
    steps.extend([Step::call("mempool.get_fee_histogram"), Step::result("[[12.5, 300], [1, 141]]")]);
    let server = Scripted::in_turn(vec![steps.clone(), steps]);
    let args = ["fees", &server.url(), "--blocks", "5"];
    let found = &run(&[&args[..], &["--json"]].concat()).objects()[0];
    let expected = json!({
        "estimates": [{"blocks": 5, "rate": 1001}],
        "relay": 1000,
        "histogram": [{"rate": 12500, "vsize": 300}, {"rate": 1000, "vsize": 141}],
        "histogram_dropped": 0,
    });
    assert_eq!(*found, expected);
    let words = run(&args).lines.join("\n");
    for shown in ["within 5 blocks: 1.001 sat/vB", "relayed from: 1.000 sat/vB", "300 vB from 12.500 sat/vB on"] {
        assert!(words.contains(shown), "{shown:?} in {words}");
    }
}

#[test]
fn features_are_printed_but_for_a_server_that_has_none() {
    for family in Family::ALL {
        let server = Server::builder(family).prompt().start().expect("a port");
        let done = run(&["features", &server.url(), "--json"]);
        if family == Family::ElectrsEsplora {
            assert_eq!(done.code, Some(1));
            // It closes the connection instead of refusing the method, and would do so again.
            assert!(done.errors.contains("lost") && done.errors.contains("hint:"), "{}", done.errors);
            assert_eq!(server.stats().connections, 1);
            continue;
        }
        assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{family}");
        assert_eq!(done.objects()[0]["genesis_hash"], REGTEST_GENESIS);
        let words = run(&["features", &server.url()]).lines.join("\n");
        assert!(words.contains(REGTEST_GENESIS), "{words}");
    }
}

#[test]
fn peers_by_addresses_that_can_be_typed() {
    let peers = concat!(
        r#"[["192.0.2.7", "a.example", ["v1.4.2", "s50002", "t"]], "#,
        r#"["b.onion", "b.onion", ["v1.4", "p100", "\u001b"]], "#,
        r#"["2001:db8::7", "2001:db8::7", ["v1.4", "s"]]]"#
    );
    let steps = Step::session("1.4", &[("server.peers.subscribe", peers)]);
    let server = Scripted::in_turn(vec![steps.clone(), steps]);
    let done = run(&["peers", &server.url()]);
    assert_eq!(
        done.lines,
        [
            "ssl://a.example:50002  tcp://a.example:50001  (192.0.2.7)  protocol 1.4.2",
            "b.onion  protocol 1.4",
            "ssl://[2001:db8::7]:50002  protocol 1.4",
        ]
    );
    let found = run(&["peers", &server.url(), "--json"]).objects()[0]["peers"].clone();
    let expected = json!([
        {"host": "a.example", "address": "192.0.2.7", "version": "1.4.2", "tcp_port": 50001, "ssl_port": 50002, "pruning": null},
        {"host": "b.onion", "address": "b.onion", "version": "1.4", "tcp_port": null, "ssl_port": null, "pruning": 100},
        {"host": "2001:db8::7", "address": "2001:db8::7", "version": "1.4", "tcp_port": null, "ssl_port": 50002, "pruning": null},
    ]);
    assert_eq!(found, expected);
    let none = run(&["peers", &Server::start(Family::Electrs).url(), "--json"]);
    assert!(matches!(&none.objects()[0]["peers"], Value::Array(_)), "{:?}", none.lines);
}
