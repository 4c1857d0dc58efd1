//! Wallets that are followed by subscriptions.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use bdk_chain::spk_client::FullScanResponse;
use electrum_bdk::proto::types::Script;
use electrum_bdk::proto::{Topic, Update};
use electrum_bdk::sync::{Follow, Syncer};
use electrum_session::block_within;
use electrum_testkit::prelude::{OutPoint, Scripthash, Server, script as testkit_script};

use super::bounded::PATIENCE;
use super::proxy::Proxy;
use super::wallet::{Wallet, last_active, server, syncer, tip, truth};

/// Applies updates until the wallet is what the server's chain says. Returns the updates.
///
/// A transaction between two scripts of the wallet may be reported by the first before the server has notified of the
/// second, which is then not known to be used yet.
fn settle(updates: &mut Follow<u32>, wallet: &mut Wallet, server: &Server, end: u32) -> Vec<FullScanResponse<u32>> {
    let mut applied = Vec::new();
    loop {
        let (truth, tip, active) = server.chain(|chain| (truth(chain, end), tip(chain), last_active(chain, end)));
        if wallet.canonical() == truth && wallet.chain.tip().block_id() == tip && wallet.last_active >= active {
            return applied;
        }
        let update = updates.wait_within(PATIENCE).unwrap().expect("an update");
        let copy = FullScanResponse {
            tx_update: update.tx_update.clone(),
            chain_update: update.chain_update.clone(),
            last_active_indices: update.last_active_indices.clone(),
        };
        wallet.apply_scan(update);
        applied.push(copy);
    }
}

#[test]
fn each_change_is_reported() {
    let server = server();
    let mut wallet = Wallet::new();
    let mut updates = syncer(&server).follow(wallet.full_scan(), 20);
    wallet.apply_scan(updates.wait().unwrap());
    wallet.assert_equals(&server, 20);

    let paid = server.pay(&testkit_script(0), 10_000);
    settle(&mut updates, &mut wallet, &server, 30);
    server.mine(1);
    settle(&mut updates, &mut wallet, &server, 30);
    let spent = server.spend(OutPoint::new(paid, 0), &testkit_script(19));
    settle(&mut updates, &mut wallet, &server, 60);
    assert_eq!(wallet.last_active, Some(19));
    // The gap has moved: this script was not derived before.
    server.pay(&testkit_script(39), 4_000);
    settle(&mut updates, &mut wallet, &server, 60);
    assert_eq!(wallet.last_active, Some(39));
    server.chain(|chain| chain.evict(&spent));
    settle(&mut updates, &mut wallet, &server, 60);
    server.mine(1);
    settle(&mut updates, &mut wallet, &server, 60);
    server.reorganise(2, 3);
    settle(&mut updates, &mut wallet, &server, 60);
    server.mine(1);
    settle(&mut updates, &mut wallet, &server, 60);
    assert!(updates.wait_within(Duration::ZERO).unwrap().is_none(), "nothing changed");
}

#[test]
fn a_change_while_a_history_is_in_flight_is_not_lost() {
    let server = server();
    let (asked, is_asked) = channel();
    let (pass, may_pass) = channel();
    let is_held = Arc::new(AtomicBool::new(false));
    let hold = Arc::clone(&is_held);
    let proxy = Proxy::start(server.addr(), move |method, _, _| {
        if method == "scriptpubkey.get_history" && hold.swap(false, Ordering::SeqCst) {
            asked.send(()).unwrap();
            let _ = may_pass.recv_timeout(PATIENCE);
        }
    });
    let (client, mut wallet) = (proxy.client(), Wallet::new());
    let mut updates = Syncer::blocking(client.clone()).follow(wallet.full_scan(), 20);
    wallet.apply_scan(updates.wait_within(PATIENCE).unwrap().expect("the first update"));

    is_held.store(true, Ordering::SeqCst);
    server.pay(&testkit_script(3), 10_000);
    while is_asked.try_recv().is_err() {
        assert!(updates.wait_within(Duration::from_millis(20)).unwrap().is_none(), "the answer is held");
    }
    server.pay(&testkit_script(3), 5_000);
    // Both the outdated history and the new status are there before they are looked at.
    let mut statuses = client.subscribe(Topic::Script(Script::new(testkit_script(3)))).unwrap();
    pass.send(()).unwrap();
    let status = server.chain(|chain| chain.status(&Scripthash::of_script(&testkit_script(3))));
    loop {
        let update = statuses.next_within(PATIENCE).unwrap().value.unwrap();
        let Update::Script(reported) = update else { panic!("{update:?}") };
        if reported.map(|reported| reported.to_string()) == status {
            break;
        }
    }
    settle(&mut updates, &mut wallet, &server, 30);
}

#[test]
fn scripts_beyond_the_gap_are_followed_once_they_are_revealed() {
    let server = server();
    let mut wallet = Wallet::new();
    let mut updates = syncer(&server).follow(wallet.full_scan(), 20);
    wallet.apply_scan(updates.wait_within(PATIENCE).unwrap().expect("the first update"));
    assert!(!updates.reveal(&1, 50), "the wallet has no such keychain");
    // One was paid before it was revealed, the other one is the last of the gap.
    server.pay(&testkit_script(50), 10_000);
    server.mine(1);
    assert!(updates.reveal(&0, 50));
    settle(&mut updates, &mut wallet, &server, 60);
    server.pay(&testkit_script(70), 5_000);
    settle(&mut updates, &mut wallet, &server, 71);
    assert_eq!(wallet.last_active, Some(70));
    // What is followed already stays so.
    assert!(updates.reveal(&0, 3));
    server.pay(&testkit_script(90), 5_000);
    settle(&mut updates, &mut wallet, &server, 91);
}

#[test]
fn nothing_is_missed_or_doubled_over_many_kills_of_the_server() {
    let mut server = server();
    server.mine(40);
    let mut wallet = Wallet::new();
    let mut updates = syncer(&server).follow(wallet.full_scan(), 20);
    let mut transactions = BTreeSet::new();
    let mut anchors = BTreeSet::new();
    for kill in 0..8_u32 {
        match kill % 4 {
            // What happens while the connection is there, as it ends, and while it is gone.
            0 => server.kill_connections(),
            1 => server.restart(),
            _ => server.stop(),
        }
        server.pay(&testkit_script(kill * 2), 1_000);
        if kill % 3 == 0 {
            server.mine(1);
        }
        if !server.is_running() {
            server.restart();
        }
        server.pay(&testkit_script(kill * 2 + 1), 1_000);
        for update in settle(&mut updates, &mut wallet, &server, 100) {
            for transaction in &update.tx_update.txs {
                assert!(transactions.insert(transaction.compute_txid()), "a transaction was reported twice");
            }
            for anchor in update.tx_update.anchors {
                assert!(anchors.insert(anchor), "an anchor was reported twice");
            }
        }
    }
    let expected: BTreeSet<_> = server.chain(|chain| truth(chain, 100)).into_iter().map(|(txid, _)| txid).collect();
    assert_eq!(transactions, expected);
}

#[test]
fn an_update_whose_future_was_dropped_is_not_lost() {
    let server = server();
    let mut wallet = Wallet::new();
    let mut updates = syncer(&server).follow(wallet.full_scan(), 20);
    for index in 0..5 {
        server.pay(&testkit_script(index), 1_000);
        // The future is polled once and dropped, at any point of its work.
        if let Some(update) = block_within(Duration::ZERO, updates.next()) {
            wallet.apply_scan(update.unwrap());
        }
    }
    settle(&mut updates, &mut wallet, &server, 40);
}
