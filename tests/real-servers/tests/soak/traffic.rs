//! Payments to random scripts, blocks, and now and then other blocks instead.

use std::collections::{BTreeMap, VecDeque};
use std::thread;
use std::time::{Duration, Instant};

use real_servers::{Bitcoind, Coin, Random, RpcError, Spend, anyone_can_spend};

use crate::known_chain::KnownChain;
use crate::plan::Plan;

/// More than are spent between two blocks.
const PURSE_COINS: usize = 120;
const PURSE_COIN: u64 = 40_000_000;
const FEE: u64 = 1_000;
/// Of a transaction that takes the place of another one.
const HIGHER_FEE: u64 = 5_000;
/// So often there are other blocks instead of a further one.
const EVERY: u64 = 7;
/// As many coins of scripts are kept to be spent.
const SPENDABLE: usize = 200;

/// The thread that pays and mines.
pub(crate) struct Traffic {
    random: Random,
    scripts: u32,
    /// Confirmed coins to pay with: what hangs together in the mempool stays within bitcoind's limits.
    purse: VecDeque<Coin>,
    /// Change that waits for the next block.
    change: Vec<Coin>,
    /// Coins of watched scripts.
    spendable: VecDeque<Coin>,
    sent: Sent,
}

/// What happened on the chain.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    transactions: u64,
    replaced: u64,
    /// With bitcoind's reasons.
    refused: BTreeMap<String, u64>,
    blocks: u64,
    reorganisations: u64,
}

impl Sent {
    /// Whether about as much happened as was meant to.
    pub(crate) fn is_plenty(&self, duration: Duration) -> bool {
        let seconds = duration.as_secs();
        self.transactions > 2 * seconds && self.blocks > seconds / 10 && self.reorganisations > 0
    }
}

/// Pays every script for the first time, and mines more blocks on top than any reorganisation takes away.
pub(crate) fn prepare(bitcoind: &Bitcoind, plan: &Plan, mut random: Random) -> (KnownChain, Traffic) {
    let parts = plan.scripts.div_ceil(KnownChain::PAID_TOGETHER);
    bitcoind.mine(101 + parts);
    let mut first_payments = Vec::new();
    for part in 0..parts {
        let numbers = part * KnownChain::PAID_TOGETHER..plan.scripts.min((part + 1) * KnownChain::PAID_TOGETHER);
        let outputs: Vec<_> =
            numbers.map(|number| (KnownChain::script(number), KnownChain::first_amount(number))).collect();
        first_payments.push(bitcoind.fund(&outputs).remove(0).txid);
    }
    let purse = vec![(purse_script(), PURSE_COIN); PURSE_COINS];
    let purse = bitcoind.fund(&purse).into();
    bitcoind.mine(10);
    let known_transaction = bitcoind.rpc("getrawtransaction", &serde_json::json!([first_payments[0]]));
    let known = KnownChain {
        address: String::new(),
        seed: random.below(u64::MAX),
        scripts: plan.scripts,
        known_transaction: known_transaction.as_str().expect("hex").to_owned(),
        first_payments,
        headers: (0..100).map(|height| bitcoind.header(height)).collect(),
    };
    let spendable = VecDeque::new();
    (known, Traffic { random, scripts: plan.scripts, purse, change: Vec::new(), spendable, sent: Sent::default() })
}

impl Traffic {
    /// Goes on until this moment.
    pub(crate) fn run(&mut self, bitcoind: &Bitcoind, end: Instant) {
        let millis = Duration::from_millis;
        let mut next_block = Instant::now();
        while Instant::now() < end {
            if Instant::now() >= next_block {
                next_block = Instant::now() + self.random.within(&(millis(1_500)..millis(5_000)));
                if (self.sent.blocks + self.sent.reorganisations) % EVERY == EVERY / 2 {
                    self.reorganise(bitcoind);
                    // What came back to the mempool is confirmed again soon.
                    next_block = Instant::now() + millis(500);
                } else {
                    self.mine(bitcoind);
                }
            }
            self.pay(bitcoind);
            thread::sleep(self.random.within(&(millis(10)..millis(150))));
        }
    }

    pub(crate) const fn sent(&self) -> &Sent {
        &self.sent
    }

    fn mine(&mut self, bitcoind: &Bitcoind) {
        bitcoind.mine(1);
        self.purse.extend(self.change.drain(..));
        self.sent.blocks += 1;
    }

    fn reorganise(&mut self, bitcoind: &Bitcoind) {
        let depth = 1 + self.random.below(2) as u32;
        bitcoind.reorganise(depth, depth + 1);
        self.sent.reorganisations += 1;
    }

    /// Pays some scripts, sometimes out of a coin of another one; sometimes pays others instead at once.
    fn pay(&mut self, bitcoind: &Bitcoind) {
        let Some(coin) = self.purse.pop_front() else { return };
        let mut inputs = vec![coin];
        if self.random.one_in(4) {
            inputs.extend(self.spendable.pop_front());
        }
        let is_replaced = self.random.one_in(10);
        let mut coins = match self.send(bitcoind, &inputs, FEE) {
            Ok(coins) => coins,
            // After a reorganisation bitcoind may have dropped what it spends from: never again.
            Err(error) => return *self.sent.refused.entry(error.message).or_default() += 1,
        };
        if is_replaced {
            thread::sleep(self.random.within(&(Duration::ZERO..Duration::from_millis(400))));
            coins = self.send(bitcoind, &inputs, HIGHER_FEE).expect("a higher fee replaces");
            self.sent.replaced += 1;
        }
        self.change.extend(coins.pop());
        self.spendable.extend(coins);
        self.spendable.truncate(SPENDABLE);
    }

    /// Pays random scripts; gives the new coins, the last of which is the change.
    fn send(&mut self, bitcoind: &Bitcoind, inputs: &[Coin], fee: u64) -> Result<Vec<Coin>, RpcError> {
        let mut spend = inputs.iter().fold(Spend::new(), Spend::coin);
        for _ in 0..=self.random.below(3) {
            let script = KnownChain::script(self.random.below(self.scripts.into()) as u32);
            spend = spend.pay(&script, KnownChain::STEP);
        }
        let change = spend.fee() - fee;
        let spend = spend.pay(&purse_script(), change);
        let txid = bitcoind.try_rpc("sendrawtransaction", &serde_json::json!([spend.hex(), 0]))?;
        self.sent.transactions += 1;
        Ok(spend.coins(txid.as_str().expect("an id")))
    }
}

/// A script that no client watches.
fn purse_script() -> Vec<u8> {
    anyone_can_spend(u32::MAX / 2)
}
