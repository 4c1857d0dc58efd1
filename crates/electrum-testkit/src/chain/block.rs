//! Blocks and their 80-byte headers, by the rules of regtest.

use super::merkle;
use super::tx::{Input, OutPoint, Output, Transaction};
use crate::hash::{BlockHash, Hash256, Txid, from_hex, to_hex};

/// The target of regtest, as headers hold it.
pub const REGTEST_BITS: u32 = 0x207f_ffff;
/// The hash of regtest's first block.
pub const REGTEST_GENESIS: &str = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";
/// Blocks between two halvings of the reward on regtest.
const HALVING: u32 = 150;
const GENESIS_TIME: u32 = 1_296_688_602;
const SPACING: u32 = 600;

/// A block header.
///
/// # Example
/// ```
/// use electrum_testkit::chain::{Chain, REGTEST_GENESIS};
///
/// let mut chain = Chain::genesis();
/// chain.mine(1);
/// let header = chain.tip();
/// assert_eq!(header.previous.to_string(), REGTEST_GENESIS);
/// assert!(header.meets_target());
/// assert_eq!(header.to_hex().len(), 160);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The version number.
    pub version: i32,
    /// The hash of the block before.
    pub previous: BlockHash,
    /// The root of the tree over the block's transactions.
    pub merkle_root: Hash256,
    /// Seconds since 1970.
    pub time: u32,
    /// The target, in its short form.
    pub bits: u32,
    /// The nonce, which is varied until the hash meets the target.
    pub nonce: u32,
}

impl Header {
    /// Returns the 80 bytes.
    pub fn to_bytes(&self) -> [u8; 80] {
        let mut out = [0; 80];
        out[..4].copy_from_slice(&self.version.to_le_bytes());
        out[4..36].copy_from_slice(self.previous.as_bytes());
        out[36..68].copy_from_slice(self.merkle_root.as_bytes());
        out[68..72].copy_from_slice(&self.time.to_le_bytes());
        out[72..76].copy_from_slice(&self.bits.to_le_bytes());
        out[76..].copy_from_slice(&self.nonce.to_le_bytes());
        out
    }

    /// Returns the 80 bytes as hex.
    pub fn to_hex(&self) -> String {
        to_hex(&self.to_bytes())
    }

    /// Returns the hash of the block.
    pub fn hash(&self) -> BlockHash {
        Hash256::double(&self.to_bytes())
    }

    /// Returns whether the hash is at most regtest's target, 7fffff followed by 29 zero bytes.
    pub fn meets_target(&self) -> bool {
        let mut number = *self.hash().as_bytes();
        number.reverse();
        let mut target = [0; 32];
        target[..3].copy_from_slice(&[0x7f, 0xff, 0xff]);
        number <= target
    }

    fn grind(mut self) -> Self {
        while !self.meets_target() {
            self.nonce = self.nonce.wrapping_add(1);
        }
        self
    }
}

/// A block.
///
/// # Example
/// ```
/// use electrum_testkit::chain::{Chain, merkle, script};
///
/// let mut chain = Chain::funded();
/// let txid = chain.pay(&script(1), 70_000);
/// chain.mine(1);
/// let block = chain.block(111).unwrap();
/// assert_eq!(block.txids[1], txid);
/// assert_eq!(block.transactions[1].outputs[0].value, 70_000);
/// assert_eq!(block.header.merkle_root, merkle::root(&block.txids));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its header.
    pub header: Header,
    /// Its transactions, the coinbase first.
    pub transactions: Vec<Transaction>,
    /// Their ids.
    pub txids: Vec<Txid>,
}

impl Block {
    /// Regtest's first block.
    pub(crate) fn genesis() -> Self {
        let transactions = vec![genesis_coinbase()];
        let txids: Vec<_> = transactions.iter().map(Transaction::txid).collect();
        let header = Header {
            version: 1,
            previous: Hash256::default(),
            merkle_root: merkle::root(&txids),
            time: GENESIS_TIME,
            bits: REGTEST_BITS,
            nonce: 2,
        };
        Self { header, transactions, txids }
    }

    /// A block on top of another, its proof of work done.
    pub(crate) fn on(previous: &Header, height: u32, transactions: Vec<Transaction>) -> Self {
        let txids: Vec<_> = transactions.iter().map(Transaction::txid).collect();
        let header = Header {
            version: 0x2000_0000,
            previous: previous.hash(),
            merkle_root: merkle::root(&txids),
            time: GENESIS_TIME + height * SPACING,
            bits: REGTEST_BITS,
            nonce: 0,
        };
        Self { header: header.grind(), transactions, txids }
    }
}

/// The coinbase of a block; `salt` sets blocks of two branches apart.
pub(crate) fn coinbase(height: u32, salt: u32, fees: u64, script: &[u8]) -> Transaction {
    let mut input = Input::spending(OutPoint::null());
    input.sequence = u32::MAX;
    input.script_sig = [&[4], &height.to_le_bytes()[..], &[4], &salt.to_le_bytes()[..]].concat();
    let reward = 5_000_000_000_u64.checked_shr(height / HALVING).unwrap_or(0);
    Transaction::new(vec![input], vec![Output { value: reward + fees, script: script.to_vec() }])
}

fn genesis_coinbase() -> Transaction {
    const HEADLINE: &[u8] = b"The Times 03/Jan/2009 Chancellor on brink of second bailout for banks";
    const KEY: &str = "04678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb6\
                       49f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f";
    let mut input = Input::spending(OutPoint::null());
    input.sequence = u32::MAX;
    input.script_sig = [&[4, 0xff, 0xff, 0, 0x1d, 1, 4, HEADLINE.len() as u8], HEADLINE].concat();
    let key = from_hex(KEY).unwrap_or_default();
    let script = [&[key.len() as u8], &key[..], &[0xac]].concat();
    let mut tx = Transaction::new(vec![input], vec![Output { value: 5_000_000_000, script }]);
    tx.version = 1;
    tx
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genesis_is_that_of_regtest() {
        let genesis = Block::genesis();
        assert_eq!(genesis.header.hash().to_string(), REGTEST_GENESIS);
        assert_eq!(genesis.txids[0].to_string(), "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b");
        assert!(genesis.header.meets_target());
    }

    #[test]
    fn a_block_links_and_does_its_work() {
        let genesis = Block::genesis().header;
        for salt in 0..20 {
            let block = Block::on(&genesis, 1, vec![coinbase(1, salt, 0, &[0x51])]);
            assert_eq!(block.header.previous, genesis.hash());
            // The top bit of the hash, shown first, is the bit that 0x207fffff asks to be zero.
            assert!(block.header.hash().as_bytes()[31] < 0x80);
            assert_eq!(block.header.merkle_root, block.txids[0], "the only transaction is the root");
        }
    }

    #[test]
    fn the_reward_halves_every_150_blocks() {
        assert_eq!(coinbase(149, 0, 0, &[]).outputs[0].value, 5_000_000_000);
        assert_eq!(coinbase(150, 0, 7, &[]).outputs[0].value, 2_500_000_007);
        assert_eq!(coinbase(100_000, 0, 0, &[]).outputs[0].value, 0);
    }
}
