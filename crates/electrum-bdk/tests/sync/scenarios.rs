//! The scenarios of `bdk_electrum`'s own tests, against a fake server.

use bdk_chain::bitcoin::OutPoint;
use bdk_chain::spk_client::SyncRequest;
use electrum_bdk::sync::SyncError;
use electrum_testkit::prelude::{Family, Server, script as testkit_script};

use super::wallet::{Wallet, block_hash, script, server, syncer, tip, txid, with_prev_txouts};

#[test]
fn a_full_scan_finds_what_the_chain_says_with_every_family() {
    for family in Family::ALL {
        let server = Server::builder(family).prompt().start().unwrap();
        for index in [0, 1, 7, 25] {
            server.pay(&testkit_script(index), 10_000 + u64::from(index));
            server.mine(1);
        }
        server.pay(&testkit_script(2), 5_000);
        let mut wallet = Wallet::new();
        let update = syncer(&server).full_scan(wallet.full_scan(), 20).wait();
        wallet.apply_scan(update.unwrap_or_else(|error| panic!("{family:?}: {error}")));
        wallet.assert_equals(&server, 40);
        assert_eq!(wallet.last_active, Some(25), "{family:?}");
        assert_eq!(wallet.balance(40), 10_000 * 4 + 33 + 5_000, "{family:?}");
    }
}

#[test]
fn a_scan_ends_at_the_gap() {
    let server = server();
    server.pay(&testkit_script(9), 7_000);
    let mut wallet = Wallet::new();
    let update = syncer(&server).full_scan(wallet.full_scan(), 9).wait().unwrap();
    assert!(update.tx_update.is_empty() && update.last_active_indices.is_empty());
    let update = syncer(&server).full_scan(wallet.full_scan(), 10).wait().unwrap();
    assert_eq!(update.last_active_indices[&0], 9);
}

#[test]
fn the_chain_update_has_the_newest_blocks_and_those_of_anchors() {
    let server = server();
    server.pay(&testkit_script(0), 7_000);
    server.mine(30);
    let mut wallet = Wallet::new();
    let update = syncer(&server).full_scan(wallet.full_scan(), 20).wait().unwrap();
    let heights: Vec<u32> = update.chain_update.iter().flat_map(|it| it.iter()).map(|it| it.height()).collect();
    assert_eq!(heights, [140, 139, 138, 137, 136, 135, 134, 133, 111, 0]);
    wallet.apply_scan(update);
    wallet.assert_equals(&server, 20);
}

#[test]
fn a_reorganisation_is_followed() {
    let server = server();
    let syncer = syncer(&server);
    let mut wallet = Wallet::new();
    for index in 0..3 {
        server.pay(&testkit_script(index), 10_000);
        server.mine(4);
    }
    wallet.scan(&syncer);
    wallet.assert_equals(&server, 20);
    // Longer, equally long, shorter; shallow and deeper than the blocks that are always fetched.
    for (depth, length) in [(2, 3), (3, 3), (10, 10), (6, 5), (11, 14)] {
        server.reorganise(depth, length);
        // This server only notices a longer chain.
        server.mine((depth + 1).saturating_sub(length));
        wallet.sync_to(&syncer, 20);
        wallet.assert_equals(&server, 20);
    }
}

#[test]
fn a_new_process_finds_the_reorganisation_by_its_checkpoints() {
    let server = server();
    let mut wallet = Wallet::new();
    for index in 0..3 {
        server.pay(&testkit_script(index), 10_000);
        server.mine(20);
    }
    wallet.scan(&syncer(&server));
    server.reorganise(35, 36);
    wallet.sync_to(&syncer(&server), 20);
    wallet.assert_equals(&server, 20);
    server.mine(1);
    wallet.sync_to(&syncer(&server), 20);
    wallet.assert_equals(&server, 20);
}

#[test]
fn unconfirmed_transactions_are_seen_and_evicted_ones_reported() {
    let server = server();
    let syncer = syncer(&server);
    let mut wallet = Wallet::new();
    let waiting = server.pay(&testkit_script(0), 10_000);
    wallet.scan(&syncer);
    assert_eq!(wallet.balance(20), 10_000);
    server.chain(|chain| chain.evict(&waiting));
    let request = wallet.sync(20);
    let update = syncer.sync(request).wait().unwrap();
    assert_eq!(update.tx_update.evicted_ats.iter().copied().collect::<Vec<_>>(), [(txid(waiting), wallet.now)]);
    wallet.apply_sync(update);
    assert_eq!(wallet.balance(20), 0);
}

#[test]
fn a_coinbase_is_anchored_and_has_no_previous_outputs() {
    let server = server();
    let (reward, faucet) = server.chain(|chain| {
        let coinbase = &chain.block(105).unwrap().transactions[0];
        (coinbase.txid(), coinbase.outputs[0].script.clone())
    });
    let syncer = with_prev_txouts(syncer(&server));
    let request = SyncRequest::<()>::builder_at(1).spks([bdk_chain::bitcoin::ScriptBuf::from_bytes(faucet)]);
    let update = syncer.sync(request).wait().unwrap();
    let anchor = update.tx_update.anchors.iter().find(|(_, it)| *it == txid(reward)).unwrap().0;
    assert_eq!(anchor.block_id.hash, server.chain(|chain| block_hash(chain, 105)));
    assert!(update.tx_update.txouts.is_empty());
    assert!(update.chain_update.is_none());
}

#[test]
fn previous_outputs_make_fees_known() {
    let server = server();
    server.pay(&testkit_script(0), 10_000);
    server.mine(1);
    let mut wallet = Wallet::new();
    let update = syncer(&server).full_scan(wallet.full_scan(), 20).wait().unwrap();
    assert!(update.tx_update.txouts.is_empty(), "they were not asked for");
    wallet.scan(&with_prev_txouts(syncer(&server)));
    let transaction = wallet.graph.full_txs().next().unwrap().tx;
    assert_eq!(wallet.graph.calculate_fee(&transaction).unwrap().to_sat(), electrum_testkit::chain::FEE);
}

#[test]
fn transactions_and_outputs_can_be_synced_by_themselves() {
    let server = server();
    let paid = server.pay(&testkit_script(50), 10_000);
    server.mine(1);
    let spending = server.spend(electrum_testkit::prelude::OutPoint::new(paid, 0), &testkit_script(51));
    let other = server.pay(&testkit_script(50), 6_000);
    let syncer = syncer(&server);
    let unknown = "11".repeat(32).parse().unwrap();
    let request = SyncRequest::<()>::builder_at(5).txids([txid(paid), unknown]).chain_tip(Wallet::new().chain.tip());
    let update = syncer.sync(request).wait().unwrap();
    assert_eq!(update.tx_update.txs.len(), 1);
    let anchors: Vec<_> = update.tx_update.anchors.iter().map(|(anchor, it)| (anchor.block_id, *it)).collect();
    assert_eq!(anchors, [(server.chain(|chain| tip(chain)), txid(paid))]);

    let request =
        SyncRequest::<()>::builder_at(6).outpoints([OutPoint::new(txid(paid), 0), OutPoint::new(txid(paid), 9)]);
    let update = syncer.sync(request).wait().unwrap();
    let found: Vec<_> = update.tx_update.txs.iter().map(|transaction| transaction.compute_txid()).collect();
    assert_eq!(found, [txid(paid), txid(spending)]);
    assert!(!found.contains(&txid(other)));
    assert_eq!(update.tx_update.seen_ats.iter().copied().collect::<Vec<_>>(), [(txid(spending), 6)]);
    assert_eq!(update.tx_update.anchors.len(), 1);
}

#[test]
fn another_network_is_an_error() {
    let server = server();
    let genesis = bdk_chain::bitcoin::constants::genesis_block(bdk_chain::bitcoin::Network::Bitcoin).block_hash();
    let chain = bdk_chain::local_chain::LocalChain::from_genesis_hash(genesis).0;
    let request = SyncRequest::<()>::builder_at(1).chain_tip(chain.tip()).spks([script(0)]);
    assert_eq!(syncer(&server).sync(request).wait().unwrap_err(), SyncError::OtherNetwork);
}

#[test]
fn a_transaction_that_is_known_is_not_fetched_again() {
    let server = server();
    server.pay(&testkit_script(0), 10_000);
    server.mine(1);
    let mut wallet = Wallet::new();
    wallet.scan(&syncer(&server));
    let (gets, proofs) = ("blockchain.transaction.get", "blockchain.transaction.get_merkle");
    let before = server.stats();
    let new = syncer(&server);
    new.add_transactions(wallet.graph.full_txs().map(|node| node.tx));
    new.add_anchors(
        wallet.graph.all_anchors().iter().flat_map(|(txid, anchors)| anchors.iter().map(|anchor| (*txid, *anchor))),
    );
    wallet.sync_to(&new, 20);
    wallet.assert_equals(&server, 20);
    let after = server.stats();
    assert_eq!((before.requests(gets), before.requests(proofs)), (after.requests(gets), after.requests(proofs)));
    // Unless the cache is cleared.
    new.clear_cache();
    wallet.sync_to(&new, 20);
    wallet.assert_equals(&server, 20);
    let last = server.stats();
    assert_eq!(
        (after.requests(gets) + 1, after.requests(proofs) + 1),
        (last.requests(gets), last.requests(proofs)),
        "the transaction, and its proof"
    );
}
