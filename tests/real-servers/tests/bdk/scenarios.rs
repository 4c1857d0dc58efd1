//! What must hold, whatever syncs.

use std::collections::BTreeSet;

use bdk_core::bitcoin::{Amount, OutPoint, ScriptBuf, Txid};
use bdk_core::spk_client::{FullScanRequest, FullScanResponse, SyncRequest};
use real_servers::{Bitcoind, Kind, Spend, anyone_can_spend};
use serde_json::json;

use crate::backend::Backend;
use crate::receiver::Receiver;
use crate::scene::{Scene, script, txid};

/// What is paid, in satoshi.
const AMOUNT: u64 = 10_000;

pub(crate) fn a_payment_is_pending_confirmed_reorganised_and_confirmed_again<B: Backend>(kind: Kind) {
    let scene = Scene::<B>::new(kind);
    let script = script(0);
    let mut receiver = Receiver::new(std::slice::from_ref(&script));
    receiver.sync(&scene, &[], (0, 0));

    let paid = scene.pay(&[(&script, AMOUNT)]);
    receiver.sync(&scene, &[(&script, &[(paid, 0)])], (0, AMOUNT));

    scene.bitcoind.mine(1);
    receiver.sync(&scene, &[(&script, &[(paid, 102)])], (AMOUNT, 0));

    scene.bitcoind.reorganise(1, 2);
    receiver.sync(&scene, &[(&script, &[(paid, 0)])], (0, AMOUNT));

    scene.bitcoind.mine(1);
    scene.settle(&[(&script, &[(paid, 104)])]);
    let response = receiver.synced(&scene);
    assert_eq!(receiver.balance(), (AMOUNT, 0));
    let anchors: Vec<_> = response.tx_update.anchors.iter().map(|(anchor, txid)| (anchor.block_id, *txid)).collect();
    assert_eq!(anchors, [((104, scene.hash(104)).into(), paid)]);
}

pub(crate) fn a_payment_that_is_replaced_is_evicted<B: Backend>(kind: Kind) {
    let scene = Scene::<B>::new(kind);
    let script = script(0);
    let mut receiver = Receiver::new(std::slice::from_ref(&script));
    let coin = scene.bitcoind.coin();
    let pay = |to: &[u8], fee: u64| txid(&scene.bitcoind.send(&Spend::new().coin(&coin).pay(to, coin.value - fee)));
    let paid = pay(script.as_bytes(), 1_000);
    scene.settle(&[(&script, &[(paid, 0)])]);
    let response = receiver.synced(&scene);
    assert!(response.tx_update.txs.iter().any(|tx| tx.compute_txid() == paid));
    assert_eq!(receiver.balance(), (0, coin.value - 1_000));

    pay(Bitcoind::MINER, 20_000);
    scene.settle(&[(&script, &[])]);
    let response = receiver.synced(&scene);
    assert!(response.tx_update.evicted_ats.iter().any(|(txid, _)| *txid == paid));
    assert_eq!(receiver.balance(), (0, 0));
}

pub(crate) fn unconfirmed_parents_are_seen<B: Backend>(kind: Kind) {
    let scene = Scene::<B>::new(kind);
    let script = script(0);
    let coin = scene.bitcoind.fund(&[(script.to_bytes(), AMOUNT)]).remove(0);
    let parent = txid(&coin.txid);
    let child = Spend::new().coin(&coin).pay(script.as_bytes(), AMOUNT - 1_000);
    let child = txid(&scene.bitcoind.send(&child));
    scene.settle(&[(&script, &[(parent, 0), (child, -1)])]);
    let request = SyncRequest::builder_at(77).spks([script]).build();
    let response = scene.backend.sync(request);
    assert_eq!(response.tx_update.seen_ats, [(parent, 77), (child, 77)].into());
    assert!(response.tx_update.anchors.is_empty());
    assert!(response.chain_update.is_none(), "the request has no chain");
}

pub(crate) fn scripts_without_a_keychain_bring_all_their_transactions<B: Backend>(kind: Kind) {
    let scene = Scene::<B>::with_blocks(kind, 103);
    let scripts: Vec<ScriptBuf> = (0..12).map(script).collect();
    let paid = [
        scene.pay(&[(&scripts[0], AMOUNT), (&scripts[11], AMOUNT)]),
        scene.pay(&[(&scripts[7], 2 * AMOUNT)]),
        scene.pay(&[(&scripts[7], 3 * AMOUNT)]),
    ];
    scene.bitcoind.mine(1);
    scene.settle(&[(&scripts[7], &[(paid[1], 104), (paid[2], 104)]), (&scripts[11], &[(paid[0], 104)])]);
    let mut receiver = Receiver::new(&scripts);
    let response = receiver.synced(&scene);
    let found: BTreeSet<Txid> = response.tx_update.txs.iter().map(|tx| tx.compute_txid()).collect();
    assert_eq!(found, paid.into());
    let anchored: BTreeSet<_> =
        response.tx_update.anchors.iter().map(|(anchor, txid)| (*txid, anchor.block_id.height)).collect();
    assert_eq!(anchored, paid.map(|txid| (txid, 104)).into());
    let block = scene.bitcoind.rpc("getblockheader", &json!([scene.bitcoind.block_hash(104)]));
    for (anchor, _) in &response.tx_update.anchors {
        assert_eq!(anchor.confirmation_time, block["time"].as_u64().expect("a time"));
    }
    assert_eq!(receiver.balance(), (7 * AMOUNT, 0));
}

pub(crate) fn a_scan_stops_at_the_gap<B: Backend>(kind: Kind) {
    let scene = Scene::<B>::with_blocks(kind, 102);
    let scan = |gap| scan(&scene, None, gap);
    let fourth = scene.pay(&[(&script(3), AMOUNT)]);
    scene.bitcoind.mine(1);
    scene.settle(&[(&script(3), &[(fourth, 103)])]);
    assert_eq!(scan(3), (BTreeSet::new(), None));
    assert_eq!(scan(4), ([fourth].into(), Some(3)));

    let tenth = scene.pay(&[(&script(9), AMOUNT)]);
    scene.bitcoind.mine(1);
    scene.settle(&[(&script(9), &[(tenth, 104)])]);
    assert_eq!(scan(5), ([fourth].into(), Some(3)));
    assert_eq!(scan(6), ([fourth, tenth].into(), Some(9)));
}

pub(crate) fn a_scan_goes_through_what_is_revealed<B: Backend>(kind: Kind) {
    let scene = Scene::<B>::new(kind);
    let tenth = scene.pay(&[(&script(9), AMOUNT)]);
    scene.bitcoind.mine(1);
    scene.settle(&[(&script(9), &[(tenth, 102)])]);
    assert_eq!(scan(&scene, Some(9), 3), ([tenth].into(), Some(9)));
    assert_eq!(scan(&scene, Some(3), 3), (BTreeSet::new(), None));
}

/// The transactions that a full scan finds, and the last script that is used.
fn scan<B: Backend>(scene: &Scene<B>, revealed: Option<u32>, stop_gap: usize) -> (BTreeSet<Txid>, Option<u32>) {
    let receiver = Receiver::new(&[]);
    let scripts = (0..40).map(|index| (index, script(index)));
    let mut request = FullScanRequest::builder().chain_tip(receiver.chain.tip()).spks_for_keychain(0, scripts);
    if let Some(revealed) = revealed {
        request = request.last_revealed_for_keychain(0, revealed);
    }
    let response: FullScanResponse<u8> = scene.backend.full_scan(request.build(), stop_gap);
    let found = response.tx_update.txs.iter().map(|tx| tx.compute_txid()).collect();
    (found, response.last_active_indices.get(&0).copied())
}

pub(crate) fn a_payment_mined_again_at_the_same_height_has_the_new_anchor<B: Backend>(kind: Kind) {
    let scene = Scene::<B>::new(kind);
    let script = script(0);
    let mut receiver = Receiver::new(std::slice::from_ref(&script));
    let paid = scene.pay(&[(&script, AMOUNT)]);
    scene.bitcoind.mine(1);
    // In the end of the chain that a wallet keeps in full, and far below it.
    for blocks_after in [1, 20] {
        receiver.sync(&scene, &[(&script, &[(paid, 102)])], (AMOUNT, 0));
        scene.bitcoind.rpc("invalidateblock", &json!([scene.bitcoind.block_hash(102)]));
        scene.bitcoind.mine_to(&anyone_can_spend(blocks_after), 1);
        scene.bitcoind.mine(blocks_after);
        receiver.sync(&scene, &[(&script, &[(paid, 102)])], (AMOUNT, 0));
        let anchors = receiver.graph.graph().all_anchors();
        let hash = scene.hash(102);
        assert!(anchors[&paid].iter().any(|anchor| anchor.block_id.hash == hash), "{blocks_after} blocks after");
    }
}

pub(crate) fn payments_become_unconfirmed_by_reorganisations_of_any_depth<B: Backend>(kind: Kind) {
    const PAYMENTS: u32 = 8;

    let scene = Scene::<B>::with_blocks(kind, 100 + PAYMENTS);
    let script = script(0);
    let mut receiver = Receiver::new(std::slice::from_ref(&script));
    let first = scene.bitcoind.height() + 1;
    let (mut paid, mut bytes) = (Vec::new(), Vec::new());
    for height in first..first + PAYMENTS {
        let payment = scene.pay(&[(&script, AMOUNT)]);
        bytes.push(scene.bitcoind.rpc("getrawtransaction", &json!([payment.to_string()])));
        paid.push((payment, i64::from(height)));
        scene.bitcoind.mine(1);
    }
    scene.settle(&[(&script, &paid)]);
    let before = receiver.synced(&scene).tx_update.anchors;
    let anchored: Vec<_> = before.iter().map(|(anchor, txid)| (*txid, i64::from(anchor.block_id.height))).collect();
    assert_eq!(anchored, paid);
    assert!(before.iter().all(|(anchor, _)| anchor.block_id.hash == scene.hash(anchor.block_id.height)));
    assert_eq!(receiver.balance(), (u64::from(PAYMENTS) * AMOUNT, 0));

    for lost in 1..=PAYMENTS {
        // All above the payments that are left is replaced.
        let depth = scene.bitcoind.height() - (first + PAYMENTS - lost) + 1;
        scene.bitcoind.reorganise(depth, depth + 1);
        let lost_now = (PAYMENTS - lost) as usize;
        paid[lost_now].1 = 0;
        // bitcoind takes back into its mempool what was in the last ten blocks only.
        if let Err(error) = scene.bitcoind.try_rpc("sendrawtransaction", &json!([bytes[lost_now]])) {
            assert!(error.message.contains("already"), "{error}");
        }
        scene.settle(&[(&script, &paid)]);
        let response = receiver.synced(&scene);
        assert!(before.is_superset(&response.tx_update.anchors), "{lost} payments are lost");
        let left = u64::from(PAYMENTS - lost);
        assert_eq!(receiver.balance(), (left * AMOUNT, u64::from(lost) * AMOUNT), "{lost} payments are lost");
    }
}

pub(crate) fn coinbases_are_found<B: Backend>(kind: Kind) {
    let scene = Scene::<B>::with_blocks(kind, 1);
    let script = script(0);
    scene.bitcoind.mine_to(script.as_bytes(), 110);
    let mined: Vec<(Txid, i64)> = (2..=111)
        .map(|height| {
            let block = scene.bitcoind.rpc("getblock", &json!([scene.bitcoind.block_hash(height), 1]));
            (txid(block["tx"][0].as_str().expect("an id")), i64::from(height))
        })
        .collect();
    scene.settle(&[(&script, &mined)]);
    let mut receiver = Receiver::new(&[script]);
    let response = receiver.synced(&scene);
    let anchored: BTreeSet<_> =
        response.tx_update.anchors.iter().map(|(anchor, txid)| (*txid, i64::from(anchor.block_id.height))).collect();
    assert_eq!(anchored, mined.into_iter().collect());
    assert_eq!(receiver.balance(), (110 * 50 * Amount::ONE_BTC.to_sat(), 0));
}

pub(crate) fn fees_follow_from_previous_outputs<B: Backend>(kind: Kind) {
    let scene = Scene::<B>::with_blocks(kind, 102);
    let script = script(0);
    let other = anyone_can_spend(7);
    let coins = scene.bitcoind.fund(&[(other.clone(), AMOUNT), (other, AMOUNT + 650)]);
    scene.bitcoind.mine(1);
    let spend = coins.iter().fold(Spend::new(), Spend::coin).pay(script.as_bytes(), 2 * AMOUNT);
    assert_eq!(spend.fee(), 650);
    let paid = txid(&scene.bitcoind.send(&spend));
    scene.bitcoind.mine(1);
    let mut receiver = Receiver::new(std::slice::from_ref(&script));
    receiver.sync(&scene, &[(&script, &[(paid, 104)])], (2 * AMOUNT, 0));
    let graph = receiver.graph.graph();
    let transaction = graph.get_tx(paid).expect("it was found");
    assert_eq!(graph.calculate_fee(&transaction).expect("previous outputs").to_sat(), 650);
    for coin in &coins {
        let output = graph.get_txout(OutPoint::new(txid(&coin.txid), coin.vout)).expect("a previous output");
        assert_eq!(output.value.to_sat(), coin.value);
    }
    assert_eq!(graph.full_txs().count(), 1, "previous transactions are not the wallet's");
}

pub(crate) fn a_wallet_that_is_far_behind_or_on_a_stale_branch_is_led_to_the_tip<B: Backend>(kind: Kind) {
    let scene = Scene::<B>::new(kind);
    let script = script(0);
    let mut receiver = Receiver::new(std::slice::from_ref(&script));
    let paid = scene.pay(&[(&script, AMOUNT)]);
    scene.bitcoind.mine(1);
    // From the first block on, and then over all blocks that it has not seen.
    receiver.sync(&scene, &[(&script, &[(paid, 102)])], (AMOUNT, 0));
    scene.bitcoind.mine(50);
    receiver.sync(&scene, &[(&script, &[(paid, 102)])], (AMOUNT, 0));
    // Its last thirty blocks, and more than those that it keeps in full, are replaced.
    scene.bitcoind.reorganise(30, 31);
    scene.settle(&[(&script, &[(paid, 102)])]);
    let response = receiver.synced(&scene);
    assert_eq!(receiver.balance(), (AMOUNT, 0));
    let stale = response.chain_update.expect("an update of the chain").iter();
    for checkpoint in stale {
        assert_eq!(checkpoint.hash(), scene.hash(checkpoint.height()), "at {}", checkpoint.height());
    }
}

pub(crate) fn transactions_and_outputs_are_synced_by_themselves<B: Backend>(kind: Kind) {
    let scene = Scene::<B>::with_blocks(kind, 102);
    let coins = scene.bitcoind.fund(&[(script(0).to_bytes(), AMOUNT), (script(1).to_bytes(), AMOUNT)]);
    let parent = txid(&coins[0].txid);
    scene.bitcoind.mine(1);
    let child = Spend::new().coin(&coins[0]).pay(script(2).as_bytes(), AMOUNT - 1_000);
    let child = txid(&scene.bitcoind.send(&child));
    scene.settle(&[(&script(0), &[(parent, 103), (child, 0)]), (&script(2), &[(child, 0)])]);
    let unknown = txid(&"77".repeat(32));
    let request = SyncRequest::builder_at(77).txids([child, unknown]).build();
    let update = scene.backend.sync(request).tx_update;
    assert_eq!(update.txs.iter().map(|tx| tx.compute_txid()).collect::<Vec<_>>(), [child]);
    assert_eq!(update.seen_ats, [(child, 77)].into());

    // An output brings the transaction that made it, and the one that spends it.
    let request = SyncRequest::builder_at(78).outpoints([OutPoint::new(parent, 0), OutPoint::new(parent, 1)]).build();
    let update = scene.backend.sync(request).tx_update;
    let found: BTreeSet<Txid> = update.txs.iter().map(|tx| tx.compute_txid()).collect();
    assert_eq!(found, [parent, child].into());
    let anchored: Vec<_> = update.anchors.iter().map(|(anchor, txid)| (anchor.block_id.height, *txid)).collect();
    assert_eq!(anchored, [(103, parent)]);
    assert_eq!(update.seen_ats, [(child, 78)].into());
}
