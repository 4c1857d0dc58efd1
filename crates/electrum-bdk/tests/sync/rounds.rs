//! How many round trips and requests a sync takes.

use std::sync::{Arc, Mutex};

use electrum_bdk::sync::Progress;
use electrum_testkit::prelude::{Server, script as testkit_script};

use super::wallet::{Wallet, server, syncer, with_prev_txouts};

/// A server with a payment to each of the first `count` scripts, in several blocks.
fn used(count: u32) -> Server {
    let server = server();
    server.chain(|chain| {
        chain.mine(count / 8 + 1);
        for index in 0..count {
            chain.pay(&testkit_script(index), 1_000);
            if index % 10 == 9 {
                chain.mine(1);
            }
        }
    });
    server
}

#[test]
fn a_full_scan_takes_a_round_for_each_window_and_at_most_four_more() {
    let server = used(150);
    let mut wallet = Wallet::new();
    let syncer = with_prev_txouts(syncer(&server));
    let seen: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let record = Arc::clone(&seen);
    let mut scan =
        syncer.full_scan(wallet.full_scan(), 20).on_progress(move |progress| record.lock().unwrap().push(*progress));
    wallet.apply_scan(scan.wait().unwrap());
    wallet.assert_equals(&server, 400);
    // Windows of 20, 20, 40, 80 and 160 scripts.
    let rounds = scan.progress().rounds;
    assert!(rounds <= 5 + 4, "{rounds} rounds");
    let seen = seen.lock().unwrap();
    assert!(seen.windows(2).all(|pair| pair[0].answered < pair[1].answered && pair[0].scripts <= pair[1].scripts));
    assert_eq!(seen.last().map(|last| (last.answered, last.scripts)), Some((last_asked(&seen), 320)));
}

fn last_asked(seen: &[Progress]) -> u64 {
    seen.last().map_or(0, |last| last.asked)
}

#[test]
fn each_thing_is_fetched_once() {
    let server = used(50);
    let mut wallet = Wallet::new();
    let syncer = with_prev_txouts(syncer(&server));
    wallet.scan(&syncer);
    let lines: Vec<String> = server.log().into_iter().flat_map(|connection| connection.lines).collect();
    let asked: Vec<&str> =
        lines.iter().filter_map(|line| line.split_once("\"method\":")).map(|(_, rest)| rest).collect();
    for method in ["scriptpubkey.get_history", "transaction.get\"", "transaction.get_merkle"] {
        let mut calls: Vec<&str> = asked.iter().filter(|it| it.contains(method)).copied().collect();
        let count = calls.len();
        calls.sort_unstable();
        calls.dedup();
        assert!(count > 0 && calls.len() == count, "{method}: {count} calls, {} of them different", calls.len());
    }
}

#[test]
fn a_second_sync_with_nothing_new_takes_two_rounds() {
    let server = used(100);
    let mut wallet = Wallet::new();
    let syncer = syncer(&server);
    wallet.scan(&syncer);
    let before = server.stats();
    let mut again = syncer.sync(wallet.sync(100));
    let update = again.wait().unwrap();
    wallet.apply_sync(update);
    wallet.assert_equals(&server, 100);
    assert_eq!(again.progress().rounds, 2);
    // The histories, and the check of the tip.
    assert_eq!(again.progress().asked, 101);
    let count = |method| server.stats().requests(method) - before.requests(method);
    assert_eq!((count("blockchain.transaction.get"), count("blockchain.transaction.get_merkle")), (0, 0));
}

#[test]
fn a_sync_after_a_new_transaction_takes_three_rounds() {
    let server = used(100);
    let mut wallet = Wallet::new();
    let syncer = syncer(&server);
    wallet.scan(&syncer);
    server.pay(&testkit_script(3), 1_000);
    let mut again = syncer.sync(wallet.sync(100));
    let update = again.wait().unwrap();
    wallet.apply_sync(update);
    wallet.assert_equals(&server, 100);
    assert!(again.progress().rounds <= 3, "{:?}", again.progress());
}
