//! Scans that are cancelled or lose the connection, and go on.

use std::time::Duration;

use electrum_bdk::electrum_blocking::{CallError, Client};
use electrum_bdk::sync::{Options, SyncError, Syncer};
use electrum_testkit::prelude::script as testkit_script;

use super::bounded::bounded;
use super::wallet::{Wallet, config, server, syncer};

#[test]
fn a_cancelled_scan_goes_on_where_it_stopped() {
    let server = server();
    for index in 0..30 {
        server.pay(&testkit_script(index), 1_000);
        server.mine(1);
    }
    let mut wallet = Wallet::new();
    let syncer = syncer(&server).with_options(Options { requests_at_once: 10, ..Options::default() });
    let scan = syncer.full_scan(wallet.full_scan(), 20);
    let cancel = scan.canceller();
    let mut left = 60;
    let mut scan = scan.on_progress(move |_| {
        left -= 1;
        if left == 0 {
            cancel.cancel();
        }
    });
    assert_eq!(scan.wait().unwrap_err(), SyncError::Cancelled);
    let method = "blockchain.scriptpubkey.get_history";
    let fetched = scan.progress().scripts as u64;
    assert!(fetched > 0);
    wallet.apply_scan(scan.wait().unwrap());
    wallet.assert_equals(&server, 60);
    // At most the requests of one write were in flight when the scan was cancelled, and are made again.
    let asked = server.stats().requests(method);
    assert!(asked <= scan.progress().scripts as u64 + 10, "{asked} histories were asked for");
}

#[test]
fn a_scan_that_is_not_complete_in_time_goes_on_where_it_stopped() {
    let server = server();
    server.pay(&testkit_script(3), 1_000);
    server.mine(1);
    server.quirks(|quirks| quirks.answers_only_pings = true);
    let mut wallet = Wallet::new();
    let mut config = config(&server);
    config.protocol.timeouts.request = Duration::from_millis(500);
    let mut scan = Syncer::blocking(Client::connect(config).unwrap()).full_scan(wallet.full_scan(), 20);
    for timeout in [Duration::ZERO, Duration::from_millis(50)] {
        assert!(scan.wait_within(timeout).unwrap().is_none());
    }
    server.quirks(|quirks| quirks.answers_only_pings = false);
    let update = loop {
        match scan.wait_within(Duration::MAX) {
            // What the server has not answered is asked for again.
            Err(SyncError::Call(CallError::TimedOut)) => {}
            result => break result.unwrap().expect("there is time enough"),
        }
    };
    wallet.apply_scan(update);
    wallet.assert_equals(&server, 60);
}

#[test]
fn a_cancelled_wait_for_an_update_goes_on_where_it_stopped() {
    bounded(|| {
        let server = server();
        let mut wallet = Wallet::new();
        let mut updates = syncer(&server).follow(wallet.full_scan(), 20);
        let cancel = updates.canceller();
        // Before the wait, and while the scan would begin.
        cancel.cancel();
        assert_eq!(updates.wait().err(), Some(SyncError::Cancelled));
        wallet.apply_scan(updates.wait().unwrap());
        wallet.assert_equals(&server, 20);
        // While nothing changes.
        let waiting = std::thread::spawn(move || (updates.wait().err(), updates));
        cancel.cancel();
        let (error, mut updates) = waiting.join().unwrap();
        assert_eq!(error, Some(SyncError::Cancelled));
        server.pay(&testkit_script(3), 1_000);
        wallet.apply_scan(updates.wait().unwrap());
        wallet.assert_equals(&server, 20);
    });
}

#[test]
fn a_lost_connection_costs_only_what_was_on_its_way() {
    let mut server = server();
    for index in 0..30 {
        server.pay(&testkit_script(index), 1_000);
        server.mine(1);
    }
    let mut wallet = Wallet::new();
    let syncer = syncer(&server).with_options(Options { requests_at_once: 20, ..Options::default() });
    let scan = syncer.full_scan(wallet.full_scan(), 20);
    let (send, receive) = std::sync::mpsc::channel();
    let mut scan = scan.on_progress(move |progress| {
        let _ = send.send(progress.answered);
    });
    let thread = std::thread::spawn(move || {
        let result = scan.wait();
        (scan.progress(), result)
    });
    for _ in 0..3 {
        for _ in 0..15 {
            receive.recv().unwrap();
        }
        server.restart();
    }
    let (progress, result) = thread.join().unwrap();
    let update = result.unwrap();
    wallet.apply_scan(update);
    wallet.assert_equals(&server, 60);
    // Each is answered once: calls that were lost are sent again by the client.
    assert_eq!(progress.asked, progress.answered);
    assert_eq!(progress.transactions, 30);
}
