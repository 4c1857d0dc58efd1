//! Deadlines that hold whatever the server does, without losing what was asked for.

use std::thread;
use std::time::{Duration, Instant};

use electrum_bdk::electrum_blocking::Client;
use electrum_bdk::sync::{Follow, Syncer};
use electrum_session::{CallErrorKind, block_on, block_within};
use electrum_testkit::prelude::{Server, script as testkit_script};

use super::bounded::{PATIENCE, bounded};
use super::proxy::Proxy;
use super::wallet::{Wallet, config, server, syncer};

const MOMENT: Duration = Duration::from_millis(50);

/// Asserts that there is no update for a moment, whichever way it is waited for.
fn assert_none(updates: &mut Follow<u32>) {
    assert!(updates.wait_within(Duration::ZERO).unwrap().is_none());
    assert!(updates.wait_within(MOMENT).unwrap().is_none());
    assert!(block_on(updates.next_within(MOMENT)).unwrap().is_none());
    assert!(block_within(MOMENT, updates.next()).is_none());
}

/// Asserts that the next update comes, and leaves nothing out.
fn assert_next(updates: &mut Follow<u32>, wallet: &mut Wallet, server: &Server) {
    wallet.apply_scan(updates.wait_within(PATIENCE).unwrap().expect("an update"));
    wallet.assert_equals(server, 60);
}

#[test]
fn without_a_server_the_wait_for_an_update_ends_in_time() {
    bounded(|| {
        let mut server = server();
        server.stop();
        let mut wallet = Wallet::new();
        let mut updates = syncer(&server).follow(wallet.full_scan(), 20);
        assert_none(&mut updates);
        server.restart();
        server.pay(&testkit_script(3), 1_000);
        assert_next(&mut updates, &mut wallet, &server);
    });
}

#[test]
fn beside_a_server_that_does_not_answer_the_wait_for_an_update_ends_in_time() {
    bounded(|| {
        let server = server();
        server.pay(&testkit_script(3), 1_000);
        server.quirks(|quirks| quirks.answers_only_pings = true);
        let mut wallet = Wallet::new();
        let mut config = config(&server);
        config.protocol.timeouts.request = Duration::from_millis(500);
        let syncer = Syncer::blocking(Client::connect(config).unwrap());
        let mut updates = syncer.follow(wallet.full_scan(), 20);
        assert_none(&mut updates);
        // Longer than calls wait.
        assert!(updates.wait_within(Duration::from_secs(2)).unwrap().is_none());
        server.quirks(|quirks| quirks.answers_only_pings = false);
        assert_next(&mut updates, &mut wallet, &server);
    });
}

#[test]
fn without_room_for_calls_the_wait_for_an_update_pauses_and_goes_on() {
    bounded(|| {
        let mut server = server();
        server.stop();
        let mut config = config(&server);
        config.queue = 0;
        let client = Client::connect(config).unwrap();
        let mut wallet = Wallet::new();
        let mut updates = Syncer::blocking(client.clone()).follow(wallet.full_scan(), 20);
        let error = client.call(electrum_bdk::proto::operations::Banner).unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::QueueFull);
        assert_none(&mut updates);
        server.restart();
        server.pay(&testkit_script(3), 1_000);
        assert_next(&mut updates, &mut wallet, &server);
    });
}

#[test]
fn a_server_that_is_slower_than_each_wait_is_asked_once() {
    bounded(|| {
        let server = server();
        server.pay(&testkit_script(3), 1_000);
        server.mine(1);
        let proxy = Proxy::start(server.addr(), |_, _, _| thread::sleep(Duration::from_millis(5)));
        let (syncer, mut wallet) = (proxy.syncer(), Wallet::new());
        let end = Instant::now() + PATIENCE;

        let mut scan = syncer.full_scan(wallet.full_scan(), 20);
        let update = loop {
            assert!(Instant::now() < end, "the scan does not get on: {:?}", scan.progress());
            if let Some(update) = scan.wait_within(Duration::from_millis(1)).unwrap() {
                break update;
            }
        };
        wallet.apply_scan(update);
        wallet.assert_equals(&server, 60);
        assert_eq!(scan.progress().asked, scan.progress().answered);
        drop(scan);

        let histories = || server.stats().requests("blockchain.scriptpubkey.get_history");
        let before = histories();
        let mut updates = syncer.follow(Wallet::new().full_scan(), 20);
        while updates.wait_within(Duration::from_millis(1)).unwrap().is_none() {
            assert!(Instant::now() < end, "the update does not get on");
        }
        assert_eq!(histories() - before, before, "the same wallet, followed instead of scanned");
    });
}
