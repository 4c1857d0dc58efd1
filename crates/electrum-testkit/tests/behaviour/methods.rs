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

pub(crate) fn each(min: &str, below: &str, test: impl Fn(&mut Client, Family, &str)) {
    let number = |version: &str| -> Vec<u32> { version.split('.').map(|part| part.parse().unwrap()).collect() };
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
        (5..8).map(|height| client.host.chain().header(height).unwrap().to_hex()).collect()
    };
    each("1.2", "1.6", |client, _, _| {
        let answer = client.call("blockchain.block.headers", json!([5, 3]));
        assert_eq!(answer, json!({"count": 3, "hex": wanted(client).concat(), "max": 2016}));
    });
    each("1.6", "9", |client, _, _| {
        let answer = client.call("blockchain.block.headers", json!([5, 3]));
        assert_eq!(answer, json!({"count": 3, "headers": wanted(client), "max": 2016}));
    });
}

#[test]
fn checkpoints_are_proved_from_1_4_on() {
    each("1.4", "9", |client, family, _| {
        if family == Family::Electrs {
            assert_eq!(client.error("blockchain.block.header", json!([5, 100])), -32602);
            return;
        }
        let answer = client.call("blockchain.block.header", json!([5, 100]));
        let branch: Vec<Hash256> =
            answer["branch"].as_array().unwrap().iter().map(|hash| hash.as_str().unwrap().parse().unwrap()).collect();
        let leaf = client.host.chain().header(5).unwrap().hash();
        let root = merkle::root_from_branch(leaf, 5, &branch).to_string();
        assert_eq!(answer["root"], json!(root), "{family}");
        let many = client.call("blockchain.block.headers", json!([3, 3, 100]));
        assert_eq!((&many["branch"], &many["root"]), (&answer["branch"], &answer["root"]));
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
        let mut ask = |name| client.call(&format!("blockchain.scripthash.{name}"), json!([hash(1)]));
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
        (Family::ElectrumX1_10, "1.2", "blockchain.block.header", json!([5]), false),
        (Family::ElectrumX1_10, "1.3", "blockchain.block.header", json!([5]), true),
        (Family::ElectrumX1_10, "1.3", "blockchain.block.get_header", json!([5]), true),
        (Family::ElectrumX1_10, "1.4", "blockchain.block.get_header", json!([5]), false),
        (Family::ElectrumX1_10, "1.3", "blockchain.block.get_chunk", json!([0]), true),
        (Family::ElectrumX1_10, "1.4", "blockchain.block.get_chunk", json!([0]), false),
        (Family::ElectrumX1_10, "1.3", "blockchain.transaction.id_from_pos", json!([5, 0]), false),
        (Family::ElectrumX1_10, "1.4", "blockchain.transaction.id_from_pos", json!([5, 0]), true),
        (Family::ElectrumX1_16, "1.4.2", "blockchain.scripthash.unsubscribe", json!([hash(1)]), true),
        (Family::ElectrumX1_16, "1.4", "blockchain.scripthash.unsubscribe", json!([hash(1)]), false),
        (Family::ElectrumX2_0, "1.4", "blockchain.relayfee", json!([]), true),
        (Family::ElectrumX2_0, "1.6", "blockchain.relayfee", json!([]), false),
        (Family::ElectrumX2_0, "1.4", "mempool.get_info", json!([]), false),
        (Family::ElectrumX2_0, "1.6", "mempool.get_info", json!([]), true),
        (Family::ElectrumX2_0, "1.6", "mempool.recent", json!([]), false),
        (Family::ElectrumX2_0, "1.7", "mempool.recent", json!([]), true),
        (Family::ElectrumX2_0, "1.6", "blockchain.scripthash.get_balance", json!([hash(1)]), true),
        (Family::ElectrumX2_0, "1.7", "blockchain.scripthash.get_balance", json!([hash(1)]), false),
        (Family::ElectrumX2_0, "1.6", "blockchain.scriptpubkey.get_balance", json!(["51"]), false),
        (Family::Fulcrum2_1, "1.4", "mempool.get_info", json!([]), true),
        (Family::Fulcrum2_1, "1.6", "blockchain.relayfee", json!([]), true),
        (Family::Fulcrum2_1, "1.4", "blockchain.scripthash.unsubscribe", json!([hash(1)]), true),
        (Family::Electrs, "1.4", "blockchain.scripthash.get_mempool", json!([hash(1)]), false),
    ];
    for (family, version, method, params, has) in cases {
        let reply = Client::ready(family, version).reply(method, params);
        match has {
            true => assert!(reply["error"].is_null(), "{family} {version} {method}: {reply}"),
            false => assert_eq!(reply["error"]["code"], -32601, "{family} {version} {method}"),
        }
    }
}

#[test]
fn pings_are_padded_in_1_7_only() {
    each("1.2", "1.7", |client, _, _| {
        assert_eq!(client.call("server.ping", json!([])), Value::Null);
    });
    each("1.7", "9", |client, _, _| {
        assert_eq!(client.call("server.ping", json!([])), json!({"data": ""}));
        assert_eq!(client.call("server.ping", json!([5, "00ff"])), json!({"data": "00000"}));
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
        assert_eq!(features["protocol_min"], json!(family.profile().protocol_min.to_string()));
        assert_eq!(features["hash_function"].is_null(), version == "1.7", "{family}");
    });
}

#[test]
fn the_log_knows_calls_and_subscriptions() {
    let mut client = Client::ready(Family::Fulcrum2_1, "1.4");
    client.call("blockchain.headers.subscribe", json!([]));
    client.call("blockchain.scripthash.subscribe", json!([hash(1)]));
    let session = client.session();
    assert!(session.subscribed().headers);
    assert_eq!(session.subscribed().scripts, [Hash256::of_script(&script(1))]);
    assert_eq!(session.requests()["blockchain.scripthash.subscribe"], 1);
    assert!(session.lines()[0].starts_with(b"{"));
}

#[test]
fn what_only_the_oldest_versions_have() {
    let mut client = Client::ready(Family::Libbitcoin4, "1.0");
    assert_eq!(client.call("blockchain.numblocks.subscribe", json!([])), 110);
    let header = client.call("blockchain.block.get_header", json!([110]));
    assert_eq!(header["block_height"], 110);
    let tip = *client.host.chain().tip();
    assert_eq!(header["prev_block_hash"], json!(tip.previous.to_string()));
    assert_eq!(header["merkle_root"], json!(tip.merkle_root.to_string()));
    let chunk = client.call("blockchain.block.get_chunk", json!([0]));
    assert_eq!(chunk.as_str().map(str::len), Some(111 * 160));
    assert_eq!(client.call("blockchain.block.get_chunk", json!([1])), "");
    let paid = client.host.change(std::time::Duration::ZERO, |chain| chain.pay(&script(1), 5000));
    let address = client.call("blockchain.utxo.get_address", json!([paid.to_string(), 0]));
    assert_eq!(address, json!(electrum_testkit::address::of_script(&script(1))));
    let mut client = Client::ready(Family::Libbitcoin4, "1.1");
    assert_eq!(client.error("blockchain.numblocks.subscribe", json!([])), 26);
}
