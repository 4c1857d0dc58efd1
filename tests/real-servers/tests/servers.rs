//! What the project's own code rests on here: each release does start, speak its versions, notify, and come back
//! after a kill. Only plain sockets look at it.

use std::time::Duration;

use real_servers::{
    Bitcoind, Certificate, ElectrumX, Kind, Setup, Spend, Wire, anyone_can_spend, may_run, on_every_server, run_on,
    scripthash, until,
};
use serde_json::{Value, json};

const BOUND: Duration = Duration::from_secs(60);

on_every_server!(speaks_each_of_its_versions);
on_every_server!(refuses_a_range_that_it_does_not_speak);
on_every_server!(tells_of_blocks_and_coins);
on_every_server!(comes_back_after_a_kill);

fn speaks_each_of_its_versions(kind: Kind) {
    let bitcoind = Bitcoind::start();
    bitcoind.mine(3);
    let server = ElectrumX::start(kind, &bitcoind);
    for version in kind.versions() {
        let mut wire = Wire::connect(server.port());
        let range = json!(["wire", [version, version]]);
        let agreed = wire.call("server.version", &range).expect("the version is spoken");
        assert_eq!(agreed, json!([kind.software(), version]));
        let features = wire.call("server.features", &json!([])).expect("features");
        assert_eq!(features["genesis_hash"], bitcoind.block_hash(0));
        let tip = wire.call("blockchain.headers.subscribe", &json!([])).expect("the tip");
        if *version == "1.2" {
            // Before 1.3 a header comes taken apart unless asked for raw.
            assert_eq!(tip["block_height"], 3);
        } else {
            assert_eq!(tip, json!({"hex": bitcoind.header(3), "height": 3}));
        }
    }
}

fn refuses_a_range_that_it_does_not_speak(kind: Kind) {
    let bitcoind = Bitcoind::start();
    bitcoind.mine(1);
    let server = ElectrumX::start(kind, &bitcoind);
    for range in [["2.0", "3.0"], ["0.8", "1.0"]] {
        let mut wire = Wire::connect(server.port());
        match wire.try_call("server.version", &json!(["wire", range])) {
            Some(answer) => assert_eq!(answer.expect_err("a refusal").code, 1),
            // Its answer is lost when it closes.
            None => assert_eq!(kind, Kind::Ex1_18_0),
        }
        // All but one then close by themselves.
        if kind == Kind::ElectrumX1_10_0 {
            drop(wire);
        } else {
            wire.closed();
        }
    }
    until(BOUND, "the sessions to end", || (server.sessions() == 0).then_some(()));
}

fn tells_of_blocks_and_coins(kind: Kind) {
    let bitcoind = Bitcoind::start();
    bitcoind.mine(101);
    let server = ElectrumX::start(kind, &bitcoind);
    let mut wire = Wire::negotiated(server.port(), "1.4");
    let script = anyone_can_spend(7);
    let scripthash = scripthash(&script);
    wire.call("blockchain.headers.subscribe", &json!([])).expect("the tip");
    let status = wire.call("blockchain.scripthash.subscribe", &json!([scripthash]));
    assert_eq!(status, Ok(Value::Null));

    // Received, in the mempool.
    let coin = bitcoind.fund(&[(script.clone(), 10_000)]).remove(0);
    let received = changed_status(&mut wire, &scripthash);
    assert_eq!(wire.history(&script), [(coin.txid.clone(), 0)]);

    // Confirmed.
    bitcoind.mine(1);
    let tip = wire.notification("blockchain.headers.subscribe");
    assert_eq!(tip, json!([{"hex": bitcoind.header(102), "height": 102}]));
    let confirmed = [(coin.txid.clone(), 102)];
    until(BOUND, "the coin to be confirmed", || (wire.history(&script) == confirmed).then_some(()));

    assert_ne!(changed_status(&mut wire, &scripthash), received);

    // Spent, in a block made for it.
    let spend = Spend::new().coin(&coin).pay(Bitcoind::MINER, 9_000);
    let txid = bitcoind.send(&spend);
    bitcoind.mine_block(&[&txid]);
    let spent = [(coin.txid.clone(), 102), (txid, 103)];
    until(BOUND, "the coin to be spent", || (wire.history(&script) == spent).then_some(()));

    // Taken back by a longer chain, and so in the mempool again.
    let hashes = bitcoind.reorganise(1, 2);
    assert_eq!(hashes[1], bitcoind.block_hash(104));
    // It may tell of block 103 before, and asking for a header that is not there too often ends the connection.
    until(BOUND, "the new chain", || {
        let tip = wire.notification("blockchain.headers.subscribe");
        (tip == json!([{"hex": bitcoind.header(104), "height": 104}])).then_some(())
    });
    let unconfirmed = [spent[0].clone(), (spent[1].0.clone(), 0)];
    until(BOUND, "the spend to be unconfirmed", || (wire.history(&script) == unconfirmed).then_some(()));
}

fn comes_back_after_a_kill(kind: Kind) {
    let bitcoind = Bitcoind::start();
    bitcoind.mine(1);
    let mut server = ElectrumX::start(kind, &bitcoind);
    for round in 1..=3 {
        let wire = Wire::negotiated(server.port(), kind.newest());
        server.kill();
        wire.closed();
        // What happens meanwhile is not missed.
        bitcoind.mine(round);
        server.restart();
        let mut wire = Wire::negotiated(server.port(), kind.newest());
        let tip = wire.call("blockchain.headers.subscribe", &json!([])).expect("the tip");
        let height = bitcoind.height();
        assert_eq!(tip, json!({"hex": bitcoind.header(height), "height": height}));
    }
    server.stop();
}

#[test]
fn tls_shows_the_certificate_that_was_made() {
    run_on(Kind::Ex2_0_0, |kind| {
        let bitcoind = Bitcoind::start();
        bitcoind.mine(1);
        let first = Certificate::new();
        let mut server = Setup::new(kind).tls(&first).start(&bitcoind);
        assert_eq!(shown_fingerprint(&server), first.fingerprint());
        let second = Certificate::expired();
        assert_ne!(second.fingerprint(), first.fingerprint());
        server.set_certificate(&second);
        server.restart();
        assert_eq!(shown_fingerprint(&server), second.fingerprint());
    });
}

#[test]
fn a_paused_bitcoind_answers_when_it_is_resumed() {
    if !may_run() {
        return;
    }
    let bitcoind = Bitcoind::start();
    bitcoind.pause();
    std::thread::scope(|scope| {
        let mining = scope.spawn(|| bitcoind.mine(1));
        bitcoind.resume();
        assert_eq!(mining.join().expect("a block").len(), 1);
    });
    assert_eq!(bitcoind.height(), 1);
    let refusal = bitcoind.try_rpc("getblockhash", &json!([2])).expect_err("no such block");
    assert_eq!(refusal.code, -8);
}

#[test]
fn one_coinbase_pays_a_thousand_scripts() {
    if !may_run() {
        return;
    }
    let bitcoind = Bitcoind::start();
    bitcoind.mine(102);
    let wanted: Vec<_> = (1..=1000).map(|n| (anyone_can_spend(n), 10_000)).collect();
    let coins = bitcoind.fund(&wanted);
    assert_eq!(coins.len(), 1000);
    assert_eq!(bitcoind.mempool(), [coins[0].txid.clone()]);
    let spend = Spend::new().coin(&coins[999]).pay(Bitcoind::MINER, 9_000);
    let txid = bitcoind.send(&spend);
    bitcoind.mine_block(&[&coins[0].txid, &txid]);
    assert_eq!(bitcoind.mempool(), [""; 0]);
    assert_ne!(bitcoind.coin(), bitcoind.coin());
}

/// The next status that the server tells for this scripthash.
fn changed_status(wire: &mut Wire, scripthash: &str) -> String {
    let params = wire.notification("blockchain.scripthash.subscribe");
    assert_eq!(params[0], scripthash);
    params[1].as_str().expect("a status").to_owned()
}

fn shown_fingerprint(server: &ElectrumX) -> String {
    let script = "openssl s_client -connect \"$1\" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256";
    let output = std::process::Command::new("sh")
        .args(["-c", script, "sh", &format!("127.0.0.1:{}", server.tls_port())])
        .output()
        .expect("sh starts");
    let line = String::from_utf8(output.stdout).expect("openssl writes text");
    let (_, hex) = line.trim().split_once('=').expect("a fingerprint behind =");
    hex.replace(':', "").to_lowercase()
}
