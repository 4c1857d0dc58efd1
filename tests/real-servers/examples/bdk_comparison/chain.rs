//! A chain with the transactions of a wallet.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use real_servers::{Bitcoind, Coin, ElectrumX, Spend, Wire, anyone_can_spend, scripthash, until};
use serde_json::json;

/// What funds the wallet's transactions.
const FUNDING: u32 = 7;
/// Outputs of one transaction that funds others.
const FAN_OUT: u32 = 1_000;
/// In how many blocks at most the wallet's transactions are.
const BLOCKS: u32 = 200;
/// What each transaction spends and pays, in satoshi.
const SPENT: u64 = 20_000;
const PAID: u64 = 19_000;

pub(crate) struct WalletChain {
    pub(crate) bitcoind: Bitcoind,
    pub(crate) scripts: u32,
    pub(crate) transactions: u32,
    unspent: Vec<Coin>,
    more: AtomicU32,
}

impl WalletChain {
    /// Pays the wallet's scripts in turn, with a transaction each time.
    pub(crate) fn new(scripts: u32, transactions: u32) -> Self {
        let bitcoind = Bitcoind::start();
        // Some more, for what is paid later.
        let fans = (transactions + 10).div_ceil(FAN_OUT);
        bitcoind.mine(100 + fans);
        let mut coins: Vec<Coin> = Vec::new();
        for _ in 0..fans {
            coins.extend(bitcoind.fund(&vec![(anyone_can_spend(FUNDING), SPENT); FAN_OUT as usize]));
        }
        bitcoind.mine(1);
        let unspent = coins.split_off(transactions as usize);
        let per_block = transactions.div_ceil(BLOCKS.min(transactions)) as usize;
        let mut index = 0;
        for coins in coins.chunks(per_block) {
            let mut block = Vec::new();
            for coin in coins {
                block.push(payment(coin, index % scripts).hex());
                index += 1;
            }
            bitcoind.mine_block(&block.iter().map(String::as_str).collect::<Vec<_>>());
        }
        Self { bitcoind, scripts, transactions, unspent, more: AtomicU32::new(0) }
    }

    /// One more transaction, unconfirmed.
    pub(crate) fn pay_one(&self) {
        let number = self.more.fetch_add(1, Ordering::Relaxed);
        self.bitcoind.send(&payment(&self.unspent[number as usize], number));
    }

    /// Waits until the server knows all.
    pub(crate) fn wait_for(&self, server: &ElectrumX) {
        let mut wire = Wire::negotiated(server.port(), "1.4");
        let paid = self.transactions.div_ceil(self.scripts) as usize;
        until(Duration::from_secs(300), "the server to know all", || {
            let last = self.more.load(Ordering::Relaxed);
            let index = last.checked_sub(1).unwrap_or(self.scripts - 1);
            let hash = scripthash(&anyone_can_spend(script(index)));
            let history = wire.call("blockchain.scripthash.get_history", &json!([hash])).ok()?;
            let expected = if last > 0 { paid + 1 } else { self.paid(index) };
            let tip = wire.call("blockchain.block.header", &json!([self.bitcoind.height()])).is_ok();
            (tip && history.as_array()?.len() == expected).then_some(())
        });
    }

    /// How many transactions paid a script at first.
    fn paid(&self, index: u32) -> usize {
        (self.transactions / self.scripts + u32::from(index < self.transactions % self.scripts)) as usize
    }
}

fn payment(coin: &Coin, index: u32) -> Spend {
    Spend::new().coin(coin).pay(&anyone_can_spend(script(index)), PAID)
}

/// The number of the wallet's script with this index.
pub(crate) fn script(index: u32) -> u32 {
    1_000 + index
}
