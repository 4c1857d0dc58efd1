//! One chain, looked at through every release on every version that it speaks.

use std::collections::BTreeSet;
use std::fs;

use real_servers::{Bitcoind, ElectrumX, Kind, Spend, anyone_can_spend, available, from_hex, may_run, to_hex, until};
use serde_json::{Value, json};

use crate::tool::{BOUND, run};

/// What a command prints through each server on each version.
fn outcomes(servers: &[ElectrumX], command: &str, arguments: &[&str]) -> BTreeSet<String> {
    let on_each = |server: &ElectrumX| {
        let (kind, address) = (server.kind(), server.address());
        let on = move |version: &&'static str| (kind, address.clone(), *version);
        kind.versions().iter().map(on).collect::<Vec<_>>()
    };
    let ask = |(kind, address, version): (Kind, String, &str)| {
        let done = run(&[&[command, &address], arguments, &["--json", "--range", version]].concat());
        assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{command} {} {version}", kind.name());
        done.lines.join("\n")
    };
    servers.iter().flat_map(on_each).map(ask).collect()
}

/// What it prints through all of them alike.
fn same(servers: &[ElectrumX], command: &str, arguments: &[&str]) -> Value {
    let outcomes = outcomes(servers, command, arguments);
    let [outcome] = &outcomes.iter().collect::<Vec<_>>()[..] else { panic!("{command}: {outcomes:#?}") };
    serde_json::from_str(outcome).expect("one object")
}

#[test]
fn whatever_the_release_and_the_version() {
    if !may_run() {
        return;
    }
    let bitcoind = Bitcoind::start();
    bitcoind.mine(101);
    let script = anyone_can_spend(42);
    let digits = to_hex(&script);
    let coins = bitcoind.fund(&[(script.clone(), 70_000), (script.clone(), 80_000), (script.clone(), 90_000)]);
    bitcoind.mine(1);
    let spent = bitcoind.send(&Spend::new().coin(&coins[0]).pay(Bitcoind::MINER, 69_000));
    bitcoind.mine(1);
    // In the mempool: one that spends a confirmed coin, and one that spends that.
    let first = Spend::new().coin(&coins[1]).pay(&script, 79_000);
    let first_txid = bitcoind.send(&first);
    let second = Spend::new().coin(&first.coins(&first_txid)[0]).pay(&script, 77_500);
    let second_txid = bitcoind.send(&second);
    let servers: Vec<_> = available().into_iter().map(|kind| ElectrumX::start(kind, &bitcoind)).collect();
    until(BOUND, "every server to know the mempool", || {
        let know = |outcome: &String| outcome.contains(&second_txid);
        outcomes(&servers, "history", &[&digits]).iter().all(know).then_some(())
    });

    let funding = &coins[0].txid;
    let history = same(&servers, "history", &[&digits]);
    let expected = json!([
        {"txid": funding, "height": 102, "fee": null},
        {"txid": spent, "height": 103, "fee": null},
        {"txid": first_txid, "height": 0, "fee": 1000},
        {"txid": second_txid, "height": -1, "fee": 1500},
    ]);
    assert_eq!(history["history"], expected);
    assert_eq!(history["script"], digits);
    let unspent = same(&servers, "unspent", &[&digits])["unspent"].clone();
    let expected = json!([
        {"txid": funding, "vout": coins[2].vout, "height": 102, "value": 90_000},
        {"txid": second_txid, "vout": 0, "height": 0, "value": 77_500},
    ]);
    assert_eq!(unspent, expected);
    let balance = same(&servers, "balance", &[&digits]);
    assert_eq!((&balance["confirmed"], &balance["unconfirmed"]), (&json!(170_000), &json!(-2_500)));

    let header = same(&servers, "header", &["102"]);
    assert_eq!((&header["hex"], &header["hash"]), (&json!(bitcoind.header(102)), &json!(bitcoind.block_hash(102))));
    let proof = same(&servers, "merkle", &[funding, "102"]);
    assert_eq!(
        (&proof["proven"], &proof["block_hash"]),
        (&json!(false), &header["hash"]),
        "a header alone proves nothing"
    );
    assert_eq!(same(&servers, "tx", &[&second_txid])["hex"], second.hex());
    for (coin, spender) in [
        (&coins[0], json!({"txid": spent, "height": 103})),
        (&coins[1], json!({"txid": first_txid, "height": 0})),
        (&coins[2], Value::Null),
    ] {
        let found = same(&servers, "outpoint", &[&format!("{}:{}", coin.txid, coin.vout)]);
        assert_eq!((&found["funder_height"], &found["spender"]), (&json!(102), &spender));
        assert_eq!((&found["value"], &found["script"]), (&json!(coin.value), &json!(digits)));
    }

    let folder = tempfile::tempdir().expect("a folder");
    let chain: Vec<u8> = (0..=bitcoind.height()).flat_map(|height| from_hex(&bitcoind.header(height))).collect();
    for server in &servers {
        let file = folder.path().join(server.kind().name());
        for to in ["60", "103"] {
            let done = run(&["headers", &server.address(), file.to_str().expect("UTF-8"), "--to", to]);
            assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{}", server.kind().name());
        }
        assert_eq!(fs::read(&file).expect("written"), chain);
        let file = file.to_str().expect("UTF-8");
        let done = run(&["merkle", &server.address(), funding, "102", "--headers", file, "--json"]);
        assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{}", server.kind().name());
        let proof = &done.objects()[0];
        assert_eq!((&proof["proven"], &proof["confirmations"]), (&json!(true), &json!(2)));
        for command in ["features", "peers", "fees"] {
            let done = run(&[command, &server.address()]);
            assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{command} {}", server.kind().name());
        }
    }

    let spend = Spend::new().coin(&coins[2]).pay(Bitcoind::MINER, 89_000).hex();
    let done = run(&["broadcast", &servers[0].address(), &spend]).succeeded();
    assert!(bitcoind.mempool().contains(&done.lines[0]));
    let again = run(&["broadcast", &servers[0].address(), &spend.replace("fdffffff", "fcffffff")]);
    assert_eq!(again.code, Some(1), "it spends the same for no more: {:?}", again.lines);
}
