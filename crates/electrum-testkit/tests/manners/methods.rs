//! The shapes that methods take from version to version, and who has which method.

use crate::client::Client;
use electrum_testkit::chain::merkle;
use electrum_testkit::hash::to_hex;
use electrum_testkit::prelude::*;
use serde_json::{Value, json};

/// Every version with a family that speaks it.
const SPEAKERS: [(Family, &str); 20] = [
    (Family::Libbitcoin4, "1.0"),
    (Family::Libbitcoin4, "1.1"),
    (Family::Libbitcoin4, "1.2"),
    (Family::Libbitcoin4, "1.3"),
    (Family::Libbitcoin4, "1.4"),
    (Family::Libbitcoin4, "1.4.2"),
    (Family::Libbitcoin4, "1.6"),
    (Family::Libbitcoin4, "1.7"),
    (Family::ElectrumX1_10, "1.2"),
    (Family::ElectrumX1_10, "1.3"),
    (Family::ElectrumX1_10, "1.4"),
    (Family::ElectrumX1_16, "1.4.2"),
    (Family::ElectrumX1_18, "1.4.2"),
    (Family::ElectrumX2_0, "1.4"),
    (Family::ElectrumX2_0, "1.6"),
    (Family::ElectrumX2_0, "1.7"),
    (Family::Fulcrum2_1, "1.4"),
    (Family::Fulcrum2_1, "1.6"),
    (Family::Electrs, "1.4"),
    (Family::ElectrsEsplora, "1.4"),
];

fn each(min: &str, below: &str, test: impl Fn(&mut Client, Family, &str)) {
    let number = |version: &str| -> Vec<u32> {
        version
            .split('.')
            .map(|part| part.parse().unwrap())
            .collect()
    };
    let mut tested = 0;
    for (family, version) in SPEAKERS {
        if number(version) >= number(min) && number(version) < number(below) {
            test(&mut Client::ready(family, version), family, version);
            tested += 1;
        }
    }
    assert!(tested > 0);
}

fn hash(n: u32) -> String {
    Hash256::of_script(&script(n)).to_string()
}

#[test]
fn headers_are_a_string_before_1_6_and_a_list_after() {
    let wanted = |client: &Client| -> Vec<String> {
        (5..8)
            .map(|height| client.host.chain().header(height).unwrap().to_hex())
            .collect()
    };
    each("1.2", "1.6", |client, _, _| {
        let answer = client.call("blockchain.block.headers", json!([5, 3]));
        assert_eq!(
            answer,
            json!({"count": 3, "hex": wanted(client).concat(), "max": 2016})
        );
    });
    each("1.6", "9", |client, _, _| {
        let answer = client.call("blockchain.block.headers", json!([5, 3]));
        assert_eq!(
            answer,
            json!({"count": 3, "headers": wanted(client), "max": 2016})
        );
    });
}

#[test]
fn checkpoints_are_proved_from_1_4_on() {
    each("1.4", "9", |client, family, _| {
        if family == Family::Electrs {
            assert_eq!(
                client.error("blockchain.block.header", json!([5, 100])),
                -32602
            );
            return;
        }
        let answer = client.call("blockchain.block.header", json!([5, 100]));
        let branch: Vec<Hash256> = answer["branch"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hash| hash.as_str().unwrap().parse().unwrap())
            .collect();
        let leaf = client.host.chain().header(5).unwrap().hash();
        let root = merkle::root_from_branch(leaf, 5, &branch).to_string();
        assert_eq!(answer["root"], json!(root), "{family}");
        let many = client.call("blockchain.block.headers", json!([3, 3, 100]));
        assert_eq!(
            (&many["branch"], &many["root"]),
            (&answer["branch"], &answer["root"])
        );
    });
}

#[test]
fn a_script_is_asked_for_by_hash_before_1_7_and_by_itself_after() {
    let fund = |client: &mut Client| -> (Txid, Txid) {
        let mut ids = None;
        client.change(|chain| {
            let paid = chain.pay(&script(1), 70_000);
            chain.mine(1);
            ids = Some((paid, chain.spend(OutPoint::new(paid, 0), &script(1))));
        });
        ids.unwrap()
    };
    let expected = |(paid, spent): (Txid, Txid)| {
        let (paid, spent) = (paid.to_string(), spent.to_string());
        let waiting = json!({"tx_hash": spent, "height": 0, "fee": 500});
        (
            json!([{"tx_hash": paid, "height": 111}, waiting]),
            json!([waiting]),
            json!([{"tx_hash": spent, "tx_pos": 0, "height": 0, "value": 69_500}]),
        )
    };
    let balance = json!({"confirmed": 70_000, "unconfirmed": -500});
    each("1.1", "1.7", |client, family, _| {
        let (history, mempool, unspent) = expected(fund(client));
        let mut ask =
            |name| client.call(&format!("blockchain.scripthash.{name}"), json!([hash(1)]));
        assert_eq!(ask("get_history"), history, "{family}");
        assert_eq!(ask("listunspent"), unspent);
        assert_eq!(ask("get_balance"), balance);
        if !matches!(family, Family::Electrs | Family::ElectrsEsplora) {
            assert_eq!(ask("get_mempool"), mempool);
        }
    });
    each("1.7", "9", |client, _, _| {
        let (history, mempool, unspent) = expected(fund(client));
        let spk = to_hex(&script(1));
        let mut ask = |name| client.call(&format!("blockchain.scriptpubkey.{name}"), json!([spk]));
        assert_eq!(ask("get_history"), json!({"history": history}));
        assert_eq!(ask("get_mempool"), json!({"history": mempool}));
        assert_eq!(ask("listunspent"), json!({"utxos": unspent}));
        assert_eq!(ask("get_balance"), balance);
    });
}

#[test]
fn methods_come_and_go_with_the_versions() {
    // Families that answer unknown methods with a code, on the versions that surround a change.
    let cases = [
        (
            Family::ElectrumX1_10,
            "1.2",
            "blockchain.block.header",
            json!([5]),
            false,
        ),
        (
            Family::ElectrumX1_10,
            "1.3",
            "blockchain.block.header",
            json!([5]),
            true,
        ),
        (
            Family::ElectrumX1_10,
            "1.3",
            "blockchain.block.get_header",
            json!([5]),
            true,
        ),
        (
            Family::ElectrumX1_10,
            "1.4",
            "blockchain.block.get_header",
            json!([5]),
            false,
        ),
        (
            Family::ElectrumX1_10,
            "1.3",
            "blockchain.block.get_chunk",
            json!([0]),
            true,
        ),
        (
            Family::ElectrumX1_10,
            "1.4",
            "blockchain.block.get_chunk",
            json!([0]),
            false,
        ),
        (
            Family::ElectrumX1_10,
            "1.3",
            "blockchain.transaction.id_from_pos",
            json!([5, 0]),
            false,
        ),
        (
            Family::ElectrumX1_10,
            "1.4",
            "blockchain.transaction.id_from_pos",
            json!([5, 0]),
            true,
        ),
        (
            Family::ElectrumX1_16,
            "1.4.2",
            "blockchain.scripthash.unsubscribe",
            json!([hash(1)]),
            true,
        ),
        (
            Family::ElectrumX1_16,
            "1.4",
            "blockchain.scripthash.unsubscribe",
            json!([hash(1)]),
            false,
        ),
        (
            Family::ElectrumX2_0,
            "1.4",
            "blockchain.relayfee",
            json!([]),
            true,
        ),
        (
            Family::ElectrumX2_0,
            "1.6",
            "blockchain.relayfee",
            json!([]),
            false,
        ),
        (
            Family::ElectrumX2_0,
            "1.4",
            "mempool.get_info",
            json!([]),
            false,
        ),
        (
            Family::ElectrumX2_0,
            "1.6",
            "mempool.get_info",
            json!([]),
            true,
        ),
        (
            Family::ElectrumX2_0,
            "1.6",
            "mempool.recent",
            json!([]),
            false,
        ),
        (
            Family::ElectrumX2_0,
            "1.7",
            "mempool.recent",
            json!([]),
            true,
        ),
        (
            Family::ElectrumX2_0,
            "1.6",
            "blockchain.scripthash.get_balance",
            json!([hash(1)]),
            true,
        ),
        (
            Family::ElectrumX2_0,
            "1.7",
            "blockchain.scripthash.get_balance",
            json!([hash(1)]),
            false,
        ),
        (
            Family::ElectrumX2_0,
            "1.6",
            "blockchain.scriptpubkey.get_balance",
            json!(["51"]),
            false,
        ),
        (
            Family::Fulcrum2_1,
            "1.4",
            "mempool.get_info",
            json!([]),
            true,
        ),
        (
            Family::Fulcrum2_1,
            "1.6",
            "blockchain.relayfee",
            json!([]),
            true,
        ),
        (
            Family::Fulcrum2_1,
            "1.4",
            "blockchain.scripthash.unsubscribe",
            json!([hash(1)]),
            true,
        ),
        (
            Family::Electrs,
            "1.4",
            "blockchain.scripthash.get_mempool",
            json!([hash(1)]),
            false,
        ),
    ];
    for (family, version, method, params, has) in cases {
        let reply = Client::ready(family, version).reply(method, params);
        match has {
            true => assert!(
                reply["error"].is_null(),
                "{family} {version} {method}: {reply}"
            ),
            false => assert_eq!(
                reply["error"]["code"], -32601,
                "{family} {version} {method}"
            ),
        }
    }
}

#[test]
fn transactions_are_found_and_proved_and_broadcast() {
    each("1.4", "9", |client, family, _| {
        let mut paid = None;
        client.change(|chain| {
            paid = Some(chain.pay(&script(1), 70_000));
            chain.mine(1);
        });
        let paid = paid.unwrap();
        let raw = client.host.chain().transaction(&paid).unwrap().to_hex();
        let id = paid.to_string();
        assert_eq!(
            client.call("blockchain.transaction.get", json!([id])),
            json!(raw)
        );
        let proof = client.call("blockchain.transaction.get_merkle", json!([id, 111]));
        assert_eq!(
            (&proof["block_height"], &proof["pos"]),
            (&json!(111), &json!(1))
        );
        let branch = client.call("blockchain.transaction.id_from_pos", json!([111, 1, true]));
        assert_eq!(branch, json!({"tx_hash": id, "merkle": proof["merkle"]}));
        let spend = Transaction::new(
            vec![Input::spending(OutPoint::new(paid, 0))],
            vec![Output {
                value: 60_000,
                script: script(2),
            }],
        );
        let sent = client.call("blockchain.transaction.broadcast", json!([spend.to_hex()]));
        assert_eq!(sent, json!(spend.txid().to_string()), "{family}");
        assert_eq!(client.host.chain().mempool()[0].txid, spend.txid());
        let greedy = Transaction::new(
            vec![Input::spending(OutPoint::new(paid, 7))],
            vec![Output {
                value: 1,
                script: script(2),
            }],
        );
        let refused = client.reply("blockchain.transaction.broadcast", json!([greedy.to_hex()]));
        assert!(!refused["error"].is_null(), "{refused}");
    });
}

#[test]
fn verbose_transactions_say_where_they_are() {
    let mut client = Client::ready(Family::Fulcrum2_1, "1.4");
    let mut paid = None;
    client.change(|chain| paid = Some(chain.pay(&script(1), 70_000)));
    let id = paid.unwrap().to_string();
    let waiting = client.call("blockchain.transaction.get", json!([id, true]));
    assert_eq!(
        (&waiting["txid"], &waiting["confirmations"]),
        (&json!(id), &Value::Null)
    );
    assert_eq!(waiting["vout"][0]["value"].to_string(), "0.0007");
    client.change(|chain| chain.mine(2));
    let mined = client.call("blockchain.transaction.get", json!([id, true]));
    assert_eq!(mined["confirmations"], 2);
    let mut client = Client::ready(Family::ElectrsEsplora, "1.4");
    let coinbase = client.host.chain().block(5).unwrap().txids[0].to_string();
    let refused = client.reply("blockchain.transaction.get", json!([coinbase, true]));
    assert_eq!(
        refused["error"],
        "verbose transactions are currently unsupported"
    );
}

#[test]
fn packages_succeed_or_say_what_failed() {
    let mut client = Client::ready(Family::ElectrumX2_0, "1.7");
    let mut paid = None;
    client.change(|chain| {
        paid = Some(chain.pay(&script(1), 70_000));
        chain.mine(1);
    });
    let spend = |outpoint, value| {
        let outputs = vec![Output {
            value,
            script: script(2),
        }];
        Transaction::new(vec![Input::spending(outpoint)], outputs)
    };
    let parent = spend(OutPoint::new(paid.unwrap(), 0), 69_000);
    let child = spend(OutPoint::new(parent.txid(), 0), 68_000);
    let package = json!([[parent.to_hex(), child.to_hex()]]);
    let trial = client.call("blockchain.transaction.testmempoolaccept", package.clone());
    assert_eq!(
        (&trial[0]["allowed"], &trial[1]["allowed"]),
        (&json!(true), &json!(true))
    );
    assert!(
        client.host.chain().mempool().is_empty(),
        "a trial takes nothing"
    );
    let sent = client.call("blockchain.transaction.broadcast_package", package);
    assert_eq!(sent, json!({"success": true}));
    let orphan = spend(OutPoint::new(parent.txid(), 9), 1).to_hex();
    let failed = client.call(
        "blockchain.transaction.broadcast_package",
        json!([[orphan]]),
    );
    assert_eq!(failed["success"], false);
    assert_eq!(
        failed["errors"][0]["error"],
        "bad-txns-inputs-missingorspent"
    );
}

#[test]
fn pings_are_padded_in_1_7_only() {
    each("1.2", "1.7", |client, _, _| {
        assert_eq!(client.call("server.ping", json!([])), Value::Null);
    });
    each("1.7", "9", |client, _, _| {
        assert_eq!(client.call("server.ping", json!([])), json!({"data": ""}));
        assert_eq!(
            client.call("server.ping", json!([5, "00ff"])),
            json!({"data": "00000"})
        );
    });
}

#[test]
fn features_name_the_chain_and_the_range() {
    each("1.1", "9", |client, family, version| {
        if family == Family::ElectrsEsplora {
            return;
        }
        let features = client.call("server.features", json!([]));
        let genesis = client.host.chain().header(0).unwrap().hash().to_string();
        assert_eq!(features["genesis_hash"], json!(genesis));
        assert_eq!(
            features["protocol_min"],
            json!(family.manners().protocol_min.to_string())
        );
        assert_eq!(
            features["hash_function"].is_null(),
            version == "1.7",
            "{family}"
        );
    });
}

#[test]
fn the_log_knows_calls_and_subscriptions() {
    let mut client = Client::ready(Family::Fulcrum2_1, "1.4");
    client.call("blockchain.headers.subscribe", json!([]));
    client.call("blockchain.scripthash.subscribe", json!([hash(1)]));
    let session = client.session();
    assert!(session.subscribed().headers);
    assert_eq!(
        session.subscribed().scripts,
        [Hash256::of_script(&script(1))]
    );
    assert_eq!(session.requests()["blockchain.scripthash.subscribe"], 1);
    assert!(session.lines()[0].starts_with(b"{"));
}
