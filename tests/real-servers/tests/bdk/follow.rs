//! A wallet that is followed while its server is killed again and again.

use std::collections::BTreeSet;
use std::time::Duration;

use bdk_core::bitcoin::constants::genesis_block;
use bdk_core::bitcoin::{Network, Txid};
use bdk_core::spk_client::FullScanRequest;
use bdk_core::{BlockId, CheckPoint};
use electrum_bdk::electrum_blocking::{Client, Config};
use electrum_bdk::sync::{Follow, Syncer};
use electrum_bdk::transport::ServerAddr;
use real_servers::{Bitcoind, ElectrumX, Kind};

use crate::scene::{script, txid};

/// For each update. The slowest servers look at bitcoind every five seconds, and a restart takes some.
const BOUND: Duration = Duration::from_secs(90);
/// Longer than a server takes to look at bitcoind.
const QUIET: Duration = Duration::from_secs(7);
const KILLS: u32 = 5;
const KILLS_OF_THE_FULL_SOAK: u32 = 50;

/// What the updates said so far.
#[derive(Default)]
struct Reported {
    transactions: BTreeSet<Txid>,
    confirmed: BTreeSet<Txid>,
    tip: Option<BlockId>,
}

impl Reported {
    /// Takes updates until they said what holds, and not more.
    fn settle(
        &mut self,
        updates: &mut Follow<u8>,
        transactions: &BTreeSet<Txid>,
        confirmed: &BTreeSet<Txid>,
        tip: BlockId,
    ) {
        while !(self.transactions == *transactions && self.confirmed == *confirmed && self.tip == Some(tip)) {
            let update = updates.wait_within(BOUND).expect("a follower that goes on").expect("an update");
            for transaction in &update.tx_update.txs {
                let txid = transaction.compute_txid();
                assert!(self.transactions.insert(txid), "{txid} was reported twice");
            }
            for (_, txid) in &update.tx_update.anchors {
                assert!(self.confirmed.insert(*txid), "that {txid} is confirmed was reported twice");
            }
            assert!(update.tx_update.evicted_ats.is_empty(), "nothing was evicted");
            self.tip = update.chain_update.map(|chain| chain.block_id()).or(self.tip);
        }
    }
}

/// Payments and blocks come while the server is down and right after it is back.
pub(crate) fn nothing_is_missed_or_doubled_over_kills(kind: Kind) {
    let is_full = std::env::var("ELECTRUM_SOAK").is_ok_and(|soak| soak == "full");
    let kills = if is_full { KILLS_OF_THE_FULL_SOAK } else { KILLS };
    let bitcoind = Bitcoind::start();
    // A coinbase for each payment.
    bitcoind.mine(100 + 2 * kills);
    let mut server = ElectrumX::start(kind, &bitcoind);
    let mut config = Config::from(server.address().parse::<ServerAddr>().expect("an address"));
    // A server that ends connections again and again is left alone for longer and longer.
    config.protocol.backoff.cap = Duration::from_secs(1);
    let client = Client::connect(config).expect("threads");
    let genesis = BlockId { height: 0, hash: genesis_block(Network::Regtest).block_hash() };
    let request = FullScanRequest::builder()
        .chain_tip(CheckPoint::new(genesis))
        .spks_for_keychain(0, (0..).map(|index| (index, script(index))));
    let mut updates = Syncer::blocking(client).follow(request, 20);

    let pay = |index: u32| txid(&bitcoind.fund(&[(script(index).to_bytes(), 10_000)])[0].txid);
    let tip =
        || BlockId { height: bitcoind.height(), hash: bitcoind.block_hash(bitcoind.height()).parse().expect("a hash") };
    let (mut reported, mut paid, mut confirmed) = (Reported::default(), BTreeSet::new(), BTreeSet::new());
    reported.settle(&mut updates, &paid, &confirmed, tip());
    for kill in 0..kills {
        server.kill();
        paid.insert(pay(2 * kill));
        if kill % 2 == 0 {
            bitcoind.mine(1);
            confirmed.clone_from(&paid);
        }
        server.restart();
        paid.insert(pay(2 * kill + 1));
        reported.settle(&mut updates, &paid, &confirmed, tip());
    }
    bitcoind.mine(1);
    reported.settle(&mut updates, &paid, &paid, tip());
    assert!(updates.wait_within(QUIET).expect("a follower that goes on").is_none(), "nothing changed since");
}
