//! The chain: blocks, reorganisations, payments, the mempool, statuses and proofs.

use super::*;
use crate::hash::{from_hex, sha256, to_hex};

fn hash(n: u32) -> Hash256 {
    Hash256::of_script(&script(n))
}

fn heights(chain: &Chain, n: u32) -> Vec<i64> {
    chain.history(&hash(n)).iter().map(|entry| entry.height).collect()
}

#[test]
fn every_header_links_and_meets_the_target() {
    let mut chain = Chain::funded();
    chain.pay(&script(1), 1000);
    chain.reorganise(5, 9);
    chain.mine(3);
    assert_eq!(chain.height(), 117);
    assert_eq!(chain.header(0).unwrap().hash().to_string(), REGTEST_GENESIS);
    for height in 1..=chain.height() {
        let block = chain.block(height).unwrap();
        assert_eq!(block.header.previous, chain.header(height - 1).unwrap().hash());
        assert!(block.header.meets_target());
        let txids: Vec<_> = block.transactions.iter().map(Transaction::txid).collect();
        assert_eq!(block.header.merkle_root, merkle::root(&txids));
    }
}

#[test]
fn two_chains_of_the_same_history_are_the_same() {
    let build = || {
        let mut chain = Chain::funded();
        chain.pay(&script(1), 1000);
        chain.mine(2);
        chain.reorganise(1, 2);
        chain.tip().hash()
    };
    assert_eq!(build(), build());
}

#[test]
fn a_payment_waits_and_is_mined_and_spent() {
    let mut chain = Chain::funded();
    let paid = chain.pay(&script(1), 70_000);
    assert_eq!(chain.balance(&hash(1)), Balance { confirmed: 0, unconfirmed: 70_000 });
    assert_eq!(heights(&chain, 1), [0]);
    let spent = chain.spend(OutPoint::new(paid, 0), &script(2));
    assert_eq!(heights(&chain, 2), [-1]);
    assert_eq!(heights(&chain, 1), [0, -1]);
    assert_eq!(chain.unspent(&hash(1)), []);

    chain.mine_with(&[paid]);
    assert_eq!(heights(&chain, 1), [111, 0]);
    assert_eq!(chain.balance(&hash(1)), Balance { confirmed: 70_000, unconfirmed: -70_000 });

    chain.mine(1);
    assert_eq!(heights(&chain, 2), [112]);
    assert_eq!(chain.balance(&hash(1)), Balance::default());
    assert_eq!(chain.balance(&hash(2)).confirmed, 69_500);
    let status = chain.outpoint_status(&OutPoint::new(paid, 0));
    assert_eq!(status, OutpointStatus { funder_height: Some(111), spender: Some((spent, 112)) });
    assert_eq!(chain.outpoint_status(&OutPoint::new(paid, 9)), OutpointStatus::default());
    assert!(chain.mempool().is_empty());
}

#[test]
fn a_child_alone_is_not_mined_before_its_parent() {
    let mut chain = Chain::funded();
    let parent = chain.pay(&script(1), 70_000);
    let child = chain.spend(OutPoint::new(parent, 0), &script(2));
    chain.mine_with(&[child]);
    assert_eq!(heights(&chain, 2), [-1]);
}

#[test]
fn a_reorganisation_brings_transactions_back() {
    let mut chain = Chain::funded();
    chain.pay(&script(1), 10_000);
    chain.mine(1);
    let before = (chain.status(&hash(1)), chain.tip().hash());
    chain.reorganise(1, 2);
    assert_eq!(chain.height(), 112);
    assert_eq!(heights(&chain, 1), [0]);
    assert_ne!((chain.status(&hash(1)), chain.tip().hash()), before);
    chain.mine(1);
    assert_eq!(heights(&chain, 1), [113]);
    assert_eq!(chain.balance(&hash(1)).confirmed, 10_000);
}

#[test]
fn what_spent_a_reward_that_went_is_gone() {
    let mut chain = Chain::genesis();
    chain.mine(1);
    let payment = chain.pay(&script(1), 10_000);
    chain.spend(OutPoint::new(payment, 0), &script(2));
    chain.reorganise(1, 2);
    assert!(chain.mempool().is_empty());
    assert_eq!(heights(&chain, 1), [0_i64; 0]);
    assert_eq!(chain.transaction(&payment), None);
}

#[test]
fn money_is_neither_made_nor_lost() {
    let mut chain = Chain::funded();
    let paid = chain.pay(&script(1), 70_000);
    chain.mine(1);
    chain.spend(OutPoint::new(paid, 0), &script(1));
    chain.pay(&script(2), 6_000_000_000);
    chain.mine(1);
    let faucet = chain.balance(&Hash256::of_script(FAUCET)).confirmed;
    let all = faucet + chain.balance(&hash(1)).confirmed + chain.balance(&hash(2)).confirmed;
    assert_eq!(all, 112 * 5_000_000_000);
}

#[test]
fn refusals_use_the_words_of_the_node() {
    let mut chain = Chain::funded();
    let paid = chain.pay(&script(1), 10_000);
    chain.mine(1);
    let of = |value| Transaction::spending(OutPoint::new(paid, 0), value, script(2));
    let words = |chain: &mut Chain, tx| chain.broadcast(tx).unwrap_err().0;
    let unknown = Transaction::spending(OutPoint::new(paid, 7), 1, script(2));
    assert_eq!(words(&mut chain, unknown), "bad-txns-inputs-missingorspent");
    assert_eq!(words(&mut chain, of(10_001)), "bad-txns-in-belowout");
    let free = words(&mut chain, of(10_000));
    assert!(free.starts_with("min relay fee not met, 0 < "), "{free}");
    let mined = chain.transaction(&paid).unwrap().clone();
    assert_eq!(words(&mut chain, mined), "Transaction outputs already in utxo set");

    let good = of(9_000);
    assert_eq!(chain.broadcast(good.clone()), Ok(good.txid()));
    assert_eq!(chain.broadcast(good.clone()), Ok(good.txid()), "a second time is no error");
    assert_eq!(words(&mut chain, of(8_000)), "txn-mempool-conflict");
    chain.evict(&good.txid());
    assert!(chain.broadcast(of(8_000)).is_ok());
}

#[test]
fn eviction_takes_the_children_too() {
    let mut chain = Chain::funded();
    let parent = chain.pay(&script(1), 70_000);
    chain.spend(OutPoint::new(parent, 0), &script(2));
    chain.evict(&parent);
    assert!(chain.mempool().is_empty());
    assert_eq!(chain.status(&hash(2)), None);
}

#[test]
fn a_status_is_the_hash_of_the_history_as_text() {
    let mut chain = Chain::funded();
    assert_eq!(chain.status(&hash(1)), None);
    let first = chain.pay(&script(1), 70_000);
    chain.mine(1);
    let second = chain.spend(OutPoint::new(first, 0), &script(1));
    let third = chain.spend(OutPoint::new(second, 0), &script(1));
    let text = format!("{first}:111:{second}:0:{third}:-1:");
    assert_eq!(chain.status(&hash(1)), Some(to_hex(&sha256(text.as_bytes()))));
}

#[test]
fn proofs_lead_to_the_roots() {
    let mut chain = Chain::funded();
    for n in 0..5 {
        chain.pay(&script(n), 1000);
    }
    chain.mine(1);
    let block = chain.block(111).unwrap();
    for (position, txid) in block.txids.iter().enumerate() {
        let (found, branch) = chain.merkle(txid, 111).unwrap();
        assert_eq!(found, position);
        let root = merkle::root_from_branch(*txid, position, &branch);
        assert_eq!(root, block.header.merkle_root);
        assert_eq!(chain.id_from_pos(111, position), Some((*txid, branch)));
    }
    assert_eq!(chain.merkle(&block.txids[0], 110), None);
    let (branch, root) = chain.checkpoint(40, 111).unwrap();
    let leaf = chain.header(40).unwrap().hash();
    assert_eq!(merkle::root_from_branch(leaf, 40, &branch), root);
    assert_eq!(chain.checkpoint(40, 112), None);
    assert_eq!(chain.checkpoint(40, 39), None);
}

#[test]
fn the_histogram_falls_and_holds_all_that_waits() {
    let mut chain = Chain::funded();
    let paid = chain.pay(&script(1), 70_000);
    let spend = Transaction::spending(OutPoint::new(paid, 0), 10_000, from_hex("51").unwrap());
    chain.broadcast(spend).unwrap();
    let histogram = chain.fee_histogram();
    assert!(histogram[0].0 > histogram[1].0, "{histogram:?}");
    let waiting: u64 = chain.mempool().iter().map(|entry| entry.vsize).sum();
    assert_eq!(histogram.iter().map(|(_, vsize)| vsize).sum::<u64>(), waiting);
}
