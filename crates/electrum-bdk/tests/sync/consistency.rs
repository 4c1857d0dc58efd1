//! A chain that changes between two answers: the update is from one state of the chain.

use std::sync::{Arc, Mutex};

use electrum_testkit::chain::Chain;
use electrum_testkit::prelude::{Server, script as testkit_script};

use super::proxy::Proxy;
use super::wallet::{Wallet, server, truth};

/// Scans while `change` is made once, before the answer number `place` to a call of `method`.
fn scan_while(method: &'static str, place: usize, change: fn(&mut Chain)) {
    let server = Arc::new(server());
    for index in 0..6 {
        server.pay(&testkit_script(index), 10_000);
        server.mine(2);
    }
    server.pay(&testkit_script(6), 10_000);
    server.pay(&testkit_script(2), 10_000);
    let moments = Arc::new(Mutex::new(vec![server.chain(|chain| truth(chain, 20))]));
    let (chain, known, mut seen): (Arc<Server>, _, usize) = (Arc::clone(&server), Arc::clone(&moments), 0);
    let proxy = Proxy::start(server.addr(), move |called, _, _| {
        if called.ends_with(method) {
            seen += 1;
            if seen == place {
                let after = chain.chain(|chain| {
                    change(chain);
                    truth(chain, 20)
                });
                known.lock().unwrap().push(after);
            }
        }
    });
    let mut wallet = Wallet::new();
    let syncer = proxy.syncer();
    let update = syncer.full_scan(wallet.full_scan(), 4).wait().unwrap();
    wallet.apply_scan(update);
    let found = wallet.canonical();
    assert!(moments.lock().unwrap().contains(&found), "{found:?} was never so");
    // The change may come during the next scan.
    for _ in 0..2 {
        wallet.sync_to(&syncer, 20);
    }
    wallet.assert_equals(&server, 20);
}

#[test]
fn a_block_between_two_answers() {
    for method in ["get_history", "transaction.get", "get_merkle", "block.headers"] {
        for place in [1, 2, 5] {
            scan_while(method, place, |chain| {
                let _ = chain.mine(1);
            });
        }
    }
}

#[test]
fn a_reorganisation_between_two_answers() {
    for method in ["get_history", "transaction.get", "get_merkle", "block.headers"] {
        for place in [1, 3] {
            scan_while(method, place, |chain| {
                let _ = chain.reorganise(5, 6);
            });
        }
    }
}

#[test]
fn an_eviction_between_two_answers() {
    for place in [1, 2, 4] {
        scan_while("transaction.get", place, |chain| {
            let waiting: Vec<_> = chain.mempool().iter().map(|entry| entry.txid).collect();
            waiting.iter().for_each(|txid| chain.evict(txid));
        });
    }
}
