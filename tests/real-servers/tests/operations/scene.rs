//! A chain with every kind of entry that a script's history can have.

use std::time::Duration;

use electrum_proto::types::RawHeader;
use real_servers::{Bitcoind, Coin, Spend, anyone_can_spend, to_hex};
use serde_json::json;

/// Within this a server knows what bitcoind knows.
pub(crate) const BOUND: Duration = Duration::from_secs(120);
/// The donation address that each server is configured with.
pub(crate) const DONATION_ADDRESS: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// A bitcoind with a history, and what a test must know of it.
pub(crate) struct Scene {
    pub(crate) bitcoind: Bitcoind,
    /// Received and spent from, in blocks and in the mempool, also by a child of a waiting transaction.
    pub(crate) script: Vec<u8>,
    /// Pays to a key hash, and so has an address; it only receives, in a block and in the mempool.
    pub(crate) with_address: Vec<u8>,
    pub(crate) address: String,
    /// On `script`, in the block of [`RECEIVED`](Self::RECEIVED): unspent; spent in the next block, with the spender;
    /// spent in the mempool, with the spender.
    pub(crate) kept: Coin,
    pub(crate) spent: (Coin, String),
    pub(crate) leaving: (Coin, String),
    /// On `script`, made by a waiting transaction, spent by another.
    pub(crate) passing: (Coin, String),
    /// The virtual bytes of the transactions that pay [`RATE`](Self::RATE); all others pay less.
    pub(crate) dear: u64,
    /// The hash and the header of each block, which no test changes any more.
    pub(crate) hashes: Vec<String>,
    pub(crate) headers: Vec<RawHeader>,
}

impl Scene {
    /// The height of the block in which `script` received first; the next one has seven transactions.
    pub(crate) const RECEIVED: u32 = 131;
    /// Satoshis per virtual byte of the waiting transactions that pay most.
    pub(crate) const RATE: u64 = 100;

    pub(crate) fn new() -> Self {
        let bitcoind = Bitcoind::start();
        bitcoind.mine(Self::RECEIVED - 1);
        let (script, other) = (anyone_can_spend(7), anyone_can_spend(8));
        let with_address = [&[0x76, 0xa9, 0x14][..], &[0x5a; 20], &[0x88, 0xac]].concat();
        let decoded = bitcoind.rpc("decodescript", &json!([to_hex(&with_address)]));
        let address = decoded["address"].as_str().expect("an address").to_owned();

        let (own, paid) = (|sat| (script.clone(), sat), |sat| (with_address.clone(), sat));
        let coins = bitcoind.fund(&[own(10_000), own(20_000), own(30_000), own(40_000), own(50_000), paid(60_000)]);
        bitcoind.mine(1);
        assert_eq!(bitcoind.height(), Self::RECEIVED);

        // Two transactions of one block touch the script, and the later one has the smaller id or not: the order
        // inside the block is the only one that counts.
        let spent = bitcoind.send(&Spend::new().coin(&coins[1]).pay(&other, 19_000));
        let more = bitcoind.fund(&[own(70_000)]).remove(0);
        let others: Vec<_> = (20..24).map(|tag| bitcoind.fund(&[(anyone_can_spend(tag), 9_000)]).remove(0)).collect();
        let block: Vec<&str> =
            [&spent, &more.txid].into_iter().chain(others.iter().map(|coin| &coin.txid)).map(String::as_str).collect();
        bitcoind.mine_block(&block);

        // Waiting: received, spent, and both by a child.
        let received = Spend::new().coin(&coins[2]).pay(&script, 12_000).pay(&other, 17_000);
        let received_id = bitcoind.send(&received);
        let child = Spend::new().coin(&received.coins(&received_id)[0]).pay(&script, 5_000).pay(&other, 6_000);
        let child_id = bitcoind.send(&child);
        let leaving = bitcoind.send(&Spend::new().coin(&coins[3]).pay(&other, 39_000));
        bitcoind.fund(&[paid(80_000)]);

        // Servers list no rate before so many bytes wait.
        let dear = (0..2).map(|_| send_dear(&bitcoind)).sum();
        Self {
            kept: coins[0].clone(),
            spent: (coins[1].clone(), spent),
            leaving: (coins[3].clone(), leaving),
            passing: (received.coins(&received_id)[0].clone(), child_id),
            dear,
            hashes: (0..=bitcoind.height()).map(|height| bitcoind.block_hash(height)).collect(),
            headers: (0..=bitcoind.height()).map(|height| header(&bitcoind.header(height))).collect(),
            bitcoind,
            script,
            with_address,
            address,
        }
    }

    /// The height of the last block.
    pub(crate) fn tip(&self) -> u32 {
        Self::RECEIVED + 1
    }

    pub(crate) fn header(&self, height: u32) -> RawHeader {
        self.headers[height as usize]
    }
}

fn header(hex: &str) -> RawHeader {
    RawHeader::from_hex(hex).expect("a header")
}

/// Sends a large transaction that pays exactly [`Scene::RATE`]; gives its size.
fn send_dear(bitcoind: &Bitcoind) -> u64 {
    // An output that can never be spent: return, and what follows.
    let data = [&[0x6a][..], &[0; 60_000]].concat();
    let start = Spend::new().coin(&bitcoind.coin()).pay(&data, 0);
    let size = start.clone().pay(Bitcoind::MINER, 0).bytes().len() as u64;
    let left = start.fee() - Scene::RATE * size;
    bitcoind.send(&start.pay(Bitcoind::MINER, left));
    size
}
