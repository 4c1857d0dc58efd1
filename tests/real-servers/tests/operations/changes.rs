//! What changes something: the transactions arrive in bitcoind.

use std::collections::BTreeSet;

use electrum_proto::operations::{
    Broadcast, BroadcastPackage, BroadcastPackageVerbose, MempoolRecent, RecentTransaction, TestMempoolAccept,
};
use electrum_proto::types::RawTransaction;
use real_servers::{Bitcoind, Coin, Spend, anyone_can_spend, until};
use serde_json::{Value, json};

use crate::scene::{BOUND, Scene};
use crate::session::Session;

/// A script apart from those that the reading tests look at.
const TAG: u32 = 900;

pub(crate) fn check(session: &Session, scene: &Scene) {
    let bitcoind = &scene.bitcoind;
    let single = spend(&bitcoind.coin(), 1_000);
    let txid = session.call(Broadcast { transaction: raw(&single) }).txid;
    assert_eq!(bitcoind.rpc("getrawtransaction", &json!([txid.to_string()])), single.hex());
    assert!(bitcoind.mempool().contains(&txid.to_string()));
    // What it spends is spent.
    let again = spend(&Coin { vout: 9, ..single.coins(&txid.to_string())[0].clone() }, 1_000);
    let refused = session.try_call(Broadcast { transaction: raw(&again) }).expect_err("no such coin");
    assert!(refused.to_string().contains("bad-txns-inputs-missingorspent"), "{refused}");

    if session.has::<TestMempoolAccept>() {
        verdicts(session, bitcoind, &single, &again);
    }
    if session.has::<BroadcastPackage>() {
        packages(session, bitcoind);
    }
    if session.has::<MempoolRecent>() {
        recent(session, bitcoind);
    }
}

/// Which ten are the last cannot be said, for the server takes in all that are new at once, in no order.
fn recent(session: &Session, bitcoind: &Bitcoind) {
    let waiting = bitcoind.mempool();
    let listed = until(BOUND, "as many recent transactions as a server lists", || {
        let listed = session.call(MempoolRecent);
        (listed.len() == waiting.len().min(10)).then_some(listed)
    });
    let different: BTreeSet<_> = listed.iter().map(|listed| listed.txid.to_string()).collect();
    assert_eq!(different.len(), listed.len(), "{listed:?}");
    for RecentTransaction { txid, fee, vsize } in listed {
        let entry = bitcoind.rpc("getmempoolentry", &json!([txid.to_string()]));
        assert_eq!(entry["vsize"], vsize, "{txid}");
        assert_eq!(entry["fees"]["base"].as_f64(), Some(fee.to_sat() as f64 / 1e8), "{txid}");
    }
}

fn verdicts(session: &Session, bitcoind: &Bitcoind, known: &Spend, spent: &Spend) {
    let fresh = spend(&bitcoind.coin(), 2_000);
    for transaction in [&fresh, known, spent] {
        let verdict = bitcoind.rpc("testmempoolaccept", &json!([[transaction.hex()]]))[0].clone();
        let found = session.call(TestMempoolAccept { transactions: vec![raw(transaction)] }).remove(0);
        assert_eq!(found.txid.to_string(), verdict["txid"]);
        assert_eq!(found.wtxid.to_string(), verdict["wtxid"]);
        assert_eq!(found.allowed, verdict["allowed"].as_bool());
        assert_eq!(found.reason.as_deref(), verdict["reject-reason"].as_str());
    }
    // Asking changes nothing.
    assert!(bitcoind.try_rpc("getmempoolentry", &json!([txid(&fresh)])).is_err());
}

fn packages(session: &Session, bitcoind: &Bitcoind) {
    let (parent, child) = family(bitcoind);
    let result = session.call(BroadcastPackage { transactions: vec![raw(&parent), raw(&child)] });
    assert!(result.success && result.errors.is_empty(), "{result:?}");
    assert_waiting(bitcoind, &[&parent, &child]);

    let (parent, child) = family(bitcoind);
    let answer = session.call(BroadcastPackageVerbose { transactions: vec![raw(&parent), raw(&child)] });
    let answer: Value = serde_json::from_str(answer.get()).expect("JSON");
    assert_eq!(answer["package_msg"], "success");
    assert_eq!(answer["tx-results"].as_object().map(serde_json::Map::len), Some(2));
    assert_waiting(bitcoind, &[&parent, &child]);

    // A child that spends more than there is.
    let (parent, child) = family(bitcoind);
    let greedy = child.pay(&anyone_can_spend(TAG), 1_000_000);
    let result = session.call(BroadcastPackage { transactions: vec![raw(&parent), raw(&greedy)] });
    assert!(!result.success);
    assert!(result.errors.iter().any(|error| error.txid.to_string() == txid(&greedy)), "{result:?}");
}

/// A transaction and one that spends it.
fn family(bitcoind: &Bitcoind) -> (Spend, Spend) {
    let parent = spend(&bitcoind.coin(), 1_500);
    let child = spend(&parent.coins(&txid(&parent))[0], 1_500);
    (parent, child)
}

/// All of a coin, less the fee, to a script that no test looks at.
fn spend(coin: &Coin, fee: u64) -> Spend {
    Spend::new().coin(coin).pay(&anyone_can_spend(TAG), coin.value - fee)
}

fn assert_waiting(bitcoind: &Bitcoind, transactions: &[&Spend]) {
    let waiting = bitcoind.mempool();
    for transaction in transactions {
        assert!(waiting.contains(&txid(transaction)), "{transaction:?}");
    }
}

fn txid(spend: &Spend) -> String {
    raw(spend).txid().expect("a transaction").to_string()
}

fn raw(spend: &Spend) -> RawTransaction {
    RawTransaction::new(spend.bytes())
}
