//! What is known of a script and of blocks is printed the same, whatever the server and the version.

use std::collections::BTreeSet;

use crate::tool::{Done, run};
use electrum_testkit::family::Version;
use electrum_testkit::hash::to_hex;
use electrum_testkit::{address, prelude::*};
use serde_json::{Value, json};

/// Those that are published and that the client has operations for.
const VERSIONS: [&str; 9] = ["1.1", "1.2", "1.3", "1.4", "1.4.1", "1.4.2", "1.4.3", "1.6", "1.7"];

/// What each family speaks of these, by its profile.
fn spoken(family: Family) -> Vec<&'static str> {
    let profile = family.profile();
    let is_spoken = |text: &&str| {
        let version = Version::strict(text).expect("a version");
        let is_within =
            profile.protocol_min.compare(&version).is_le() && version.compare(&profile.protocol_max).is_le();
        // libbitcoin knows no 1.4.3.
        is_within && (family != Family::Libbitcoin4 || *text != "1.4.3")
    };
    VERSIONS.into_iter().filter(is_spoken).collect()
}

#[test]
fn each_family_speaks_some_versions() {
    assert_eq!(Family::ALL.map(|family| spoken(family).len()).iter().sum::<usize>(), 8 + 4 + 3 + 4 + 6 + 5 + 1 + 1);
}

/// A chain on which a script has been paid, in one block several times, has spent, and has both kinds of waiting
/// transactions.
fn busy(to: &[u8]) -> Chain {
    let mut chain = Chain::funded();
    let first: Vec<_> = (0..4).map(|n| chain.pay(to, 70_000 + n)).collect();
    chain.mine(1);
    chain.spend(OutPoint::new(first[0], 0), &script(2));
    chain.mine(2);
    for n in 0..3 {
        chain.pay(to, 30_000 + n);
    }
    let waiting = chain.spend(OutPoint::new(first[1], 0), to);
    chain.spend(OutPoint::new(waiting, 0), to);
    chain
}

/// Every family over one chain, without the second for which some hold small answers back.
fn servers(chain: &Chain) -> Vec<Server> {
    let start = |family| Server::builder(family).chain(chain.clone()).prompt().start().expect("a port");
    Family::ALL.into_iter().map(start).collect()
}

/// The same command to each server on each version that it speaks: all outcomes that differ.
fn outcomes(servers: &[Server], command: &str, arguments: &[&str], since: &str) -> BTreeSet<String> {
    let mut outcomes = BTreeSet::new();
    for server in servers {
        let family = server.family();
        for version in spoken(family).into_iter().filter(|version| *version >= since) {
            let url = server.url();
            let done = run(&[&[command, &url], arguments, &["--range", version]].concat());
            let Done { code, lines, errors } = done;
            assert_eq!((code, errors.as_str()), (Some(0), ""), "{command} {family} {version}");
            outcomes.insert(lines.join("\n"));
        }
    }
    outcomes
}

fn only(outcomes: BTreeSet<String>) -> String {
    let [outcome] = outcomes.into_iter().collect::<Vec<_>>().try_into().expect("the same from all");
    outcome
}

#[test]
fn balance_history_and_unspent_outputs_are_the_same_everywhere() {
    let to = script(1);
    let chain = busy(&to);
    let servers = servers(&chain);
    let hash = Scripthash::of_script(&to);
    let address = address::of_script(&to).expect("it has one");
    let head = json!({"script": address, "scripthash": hash.to_string()});
    let expected = |known: Value| {
        let mut expected = head.clone();
        let members = expected.as_object_mut().expect("an object");
        members.extend(known.as_object().expect("an object").clone());
        expected
    };
    let ask = |command| only(outcomes(&servers, command, &[&address, "--json"], "1.1"));
    let parse = |text: &str| serde_json::from_str::<Value>(text).expect("one object");

    let balance = chain.balance(&hash);
    // One of four is spent; three wait, and another was moved twice, each time for a fee.
    assert_eq!((balance.confirmed, balance.unconfirmed), (210_006, 90_003 - 2 * 500));
    let known = json!({"confirmed": balance.confirmed, "unconfirmed": balance.unconfirmed});
    assert_eq!(parse(&ask("balance")), expected(known));

    let mut history = chain.history(&hash);
    history.sort_by_key(|entry| match entry.height {
        height @ 1.. => (0, height, entry.txid.to_string()),
        height => (1, -height, entry.txid.to_string()),
    });
    assert_eq!(history.iter().map(|entry| entry.height).collect::<Vec<_>>(), [111, 111, 111, 111, 112, 0, 0, 0, 0, -1]);
    let entries = history.iter().map(|e| json!({"txid": e.txid.to_string(), "height": e.height, "fee": e.fee}));
    assert_eq!(parse(&ask("history")), expected(json!({"history": entries.collect::<Vec<_>>()})));

    let mut unspent = chain.unspent(&hash);
    unspent.sort_by_key(|u| (if u.height > 0 { u.height } else { i64::MAX }, u.outpoint.txid.to_string()));
    let outputs = unspent.iter().map(|u| {
        let OutPoint { txid, index } = u.outpoint;
        json!({"txid": txid.to_string(), "vout": index, "height": u.height, "value": u.value})
    });
    assert_eq!(parse(&ask("unspent")), expected(json!({"unspent": outputs.collect::<Vec<_>>()})));
}

#[test]
fn for_people_too() {
    let to = script(1);
    let chain = busy(&to);
    let servers = servers(&chain);
    let digits = to_hex(&to);
    let history = only(outcomes(&servers, "history", &[&digits], "1.1"));
    assert_eq!(history.lines().filter(|line| line.starts_with("     111  ")).count(), 4);
    assert_eq!(
        history.lines().filter(|line| line.starts_with(" mempool  ") && line.contains("fee 500 sat")).count(),
        5
    );
    assert!(history.ends_with(", after an unconfirmed parent"), "{history}");
    let unspent = only(outcomes(&servers, "unspent", &[&digits], "1.1"));
    assert_eq!(unspent.lines().filter(|line| line.contains(":0  0.000") || line.contains(":1  0.000")).count(), 6);
    let balance = only(outcomes(&servers, "balance", &[&digits, &to_hex(&script(99))], "1.1"));
    let confirmed = chain.balance(&Scripthash::of_script(&to)).confirmed;
    let lines: Vec<_> = balance.lines().map(str::split_whitespace).map(Iterator::collect::<Vec<_>>).collect();
    assert_eq!(lines[0], [&digits]);
    assert_eq!(lines[1], ["confirmed", &format!("0.{confirmed:08}")]);
    assert_eq!(lines[4..], [["confirmed", "0.00000000"], ["unconfirmed", "0.00000000"]]);
}

#[test]
fn transactions_headers_and_proofs_are_the_same_everywhere() {
    let to = script(1);
    let chain = busy(&to);
    let servers = servers(&chain);
    let txids = &chain.block(111).expect("it was mined").txids;
    let txid = txids[2].to_string();
    let raw = chain.transaction(&txids[2]).expect("mined").to_hex();
    assert_eq!(only(outcomes(&servers, "tx", &[&txid, "--hex"], "1.1")), raw);

    let header: Value =
        serde_json::from_str(&only(outcomes(&servers, "header", &["111", "--json"], "1.1"))).expect("JSON");
    let known = chain.header(111).expect("mined");
    assert_eq!((&header["hash"], &header["hex"]), (&json!(known.hash().to_string()), &json!(known.to_hex())));
    let tip = only(outcomes(&servers, "header", &[], "1.1"));
    assert!(tip.contains("height       113\n") && tip.contains(&chain.tip().hash().to_string()), "{tip}");

    let proof: Value =
        serde_json::from_str(&only(outcomes(&servers, "merkle", &[&txid, "111", "--json"], "1.1"))).expect("JSON");
    // The header is the server's word.
    assert_eq!((&proof["proven"], &proof["position"], &proof["txid"]), (&json!(false), &json!(2), &json!(txid)));
    assert_eq!(proof["block_hash"], header["hash"]);
    assert_eq!(proof["merkle_root"], header["merkle_root"]);
}

#[test]
fn what_became_of_an_output_is_the_same_everywhere() {
    let to = script(1);
    let chain = busy(&to);
    let servers = servers(&chain);
    let paid = &chain.block(111).expect("it was mined").txids[1..];
    let waiting = chain.mempool().last().expect("the last waits").txid;
    let unspent = chain.unspent(&Scripthash::of_script(&to));
    let confirmed = unspent.iter().find(|found| found.height > 0).expect("two of the four").outpoint;
    for outpoint in [OutPoint::new(paid[0], 0), OutPoint::new(paid[1], 0), confirmed, OutPoint::new(waiting, 0)] {
        let text = format!("{}:{}", outpoint.txid, outpoint.index);
        let found: Value =
            serde_json::from_str(&only(outcomes(&servers, "outpoint", &[&text, "--json"], "1.1"))).expect("JSON");
        let known = chain.outpoint_status(&outpoint);
        let spender = known.spender.map(|(txid, height)| json!({"txid": txid.to_string(), "height": height}));
        assert_eq!(
            (&found["funder_height"], &found["spender"]),
            (&json!(known.funder_height), &json!(spender)),
            "{text}"
        );
        let paid = chain.output(&outpoint).expect("it is there");
        assert_eq!((&found["value"], &found["script"]), (&json!(paid.value), &json!(to_hex(&paid.script))));
    }
}

#[test]
fn of_a_scripthash_alone_on_a_version_that_has_them() {
    let to = script(1);
    let hash = Scripthash::of_script(&to).to_string();
    let server = Server::builder(Family::ElectrumX2_0).chain(busy(&to)).prompt().start().expect("a port");
    let by_hash = run(&["history", &server.url(), &hash]).succeeded();
    assert_eq!(by_hash.lines, run(&["history", &server.url(), &to_hex(&to)]).lines);
    let offered = &server.log()[0].lines[0];
    assert!(offered.contains("1.6") && !offered.contains("1.7"), "{offered}");

    let done = run(&["history", &server.url(), &hash, "--range", "1.7", "--json"]);
    assert_eq!(done.code, Some(1));
    assert!(done.objects()[0]["error"]["message"].as_str().is_some_and(|words| words.contains("scripthash")));
}
