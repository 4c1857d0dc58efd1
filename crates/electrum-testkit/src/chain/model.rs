//! Tests the chain against a model without an index, which reads all blocks and the mempool.

use std::collections::{HashMap, HashSet};

use super::*;

/// All transactions with the height that a history would show.
fn transactions(chain: &Chain) -> Vec<(Transaction, i64)> {
    let mut all = Vec::new();
    for height in 0..=chain.height() {
        for tx in &chain.block(height).unwrap().transactions {
            all.push((tx.clone(), i64::from(height)));
        }
    }
    let confirmed: HashSet<_> = all.iter().map(|(tx, _)| tx.txid()).collect();
    for entry in chain.mempool() {
        let parents = entry.tx.inputs.iter().all(|i| confirmed.contains(&i.previous.txid));
        all.push((entry.tx.clone(), if parents { 0 } else { -1 }));
    }
    all
}

fn agree(chain: &Chain, script: &[u8]) {
    let hash = Hash256::of_script(script);
    let mut outputs: HashMap<OutPoint, u64> = HashMap::new();
    let (mut history, mut waiting) = (Vec::new(), Vec::new());
    let mut balance = Balance::default();
    for (tx, height) in transactions(chain) {
        let txid = tx.txid();
        let mut sum = 0;
        let mut touched = false;
        for input in &tx.inputs {
            if let Some(value) = outputs.remove(&input.previous) {
                sum -= value as i64;
                touched = true;
            }
        }
        for (index, output) in tx.outputs.iter().enumerate() {
            if output.script == script {
                outputs.insert(OutPoint::new(txid, index as u32), output.value);
                sum += output.value as i64;
                touched = true;
            }
        }
        match height {
            1.. => balance.confirmed += sum,
            _ => balance.unconfirmed += sum,
        }
        if touched {
            let list = if height > 0 { &mut history } else { &mut waiting };
            list.push((height, txid.to_string()));
        }
    }
    waiting.sort_by_key(|(height, txid)| (-height, txid.clone()));
    history.extend(waiting);
    let shown: Vec<_> = chain.history(&hash).iter().map(|e| (e.height, e.txid.to_string())).collect();
    assert_eq!(shown, history);
    assert_eq!(chain.balance(&hash), balance);
    let unspent: HashMap<_, _> = chain.unspent(&hash).iter().map(|u| (u.outpoint, u.value)).collect();
    assert_eq!(unspent, outputs);
}

/// The next of a fixed sequence, below a bound.
fn next(state: &mut u64, bound: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % bound
}

#[test]
fn the_index_agrees_with_the_blocks_after_any_history() {
    for seed in 0..30 {
        let mut state = seed;
        let mut chain = Chain::genesis();
        chain.mine(8);
        for _ in 0..40 {
            let to = script(next(&mut state, 4) as u32);
            match next(&mut state, 9) {
                0..=2 if chain.balance(&Hash256::of_script(FAUCET)).confirmed > 1_000_000 => {
                    chain.pay(&to, 10_000 + next(&mut state, 5000));
                }
                3..=4 => {
                    let from = script(next(&mut state, 4) as u32);
                    let unspent = chain.unspent(&Hash256::of_script(&from));
                    if let Some(found) = unspent.last().filter(|u| u.value > 2 * FEE) {
                        chain.spend(found.outpoint, &to);
                    }
                }
                5 => {
                    chain.mine(1);
                }
                6 => {
                    let some: Vec<_> = chain.mempool().iter().map(|e| e.txid).step_by(2).collect();
                    chain.mine_with(&some);
                }
                7 => {
                    let depth = next(&mut state, 4) as u32;
                    chain.reorganise(depth, next(&mut state, 6) as u32 + 1);
                }
                _ => {
                    if let Some(entry) = chain.mempool().first() {
                        let txid = entry.txid;
                        chain.evict(&txid);
                    }
                }
            }
        }
        (0..4).for_each(|n| agree(&chain, &script(n)));
        agree(&chain, FAUCET);
    }
}
