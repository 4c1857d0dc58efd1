//! Conversions to and from the types of the crate `bitcoin`, owned and borrowed.

use alloc::vec::Vec;

use bitcoin::consensus::encode;
use bitcoin::hashes::Hash as _;
use bitcoin::{CompactTarget, block};

use super::{
    Amount, BlockHash, FeeRate, MerkleNode, Network, OutPoint, RawHeader, RawTransaction, Script, ScriptRef,
    SignedAmount, Txid, UnknownNetwork, Wtxid,
};

macro_rules! hashes {
    ($($own:ident = $theirs:path),*) => {$(
        impl From<$own> for $theirs {
            fn from(hash: $own) -> Self {
                Self::from_byte_array(hash.to_digest())
            }
        }

        impl From<$theirs> for $own {
            fn from(hash: $theirs) -> Self {
                Self::from_digest(hash.to_byte_array())
            }
        }
    )*};
}

hashes!(
    Txid = bitcoin::Txid,
    Wtxid = bitcoin::Wtxid,
    BlockHash = bitcoin::BlockHash,
    MerkleNode = bitcoin::TxMerkleNode
);

impl From<Script> for bitcoin::ScriptBuf {
    fn from(script: Script) -> Self {
        Self::from_bytes(script.as_bytes().to_vec())
    }
}

impl From<bitcoin::ScriptBuf> for Script {
    fn from(script: bitcoin::ScriptBuf) -> Self {
        Self::new(script.into_bytes())
    }
}

impl From<&Script> for bitcoin::ScriptBuf {
    fn from(script: &Script) -> Self {
        Self::from_bytes(script.as_bytes().to_vec())
    }
}

impl From<&bitcoin::Script> for Script {
    fn from(script: &bitcoin::Script) -> Self {
        Self::new(script.as_bytes())
    }
}

impl From<&bitcoin::ScriptBuf> for Script {
    fn from(script: &bitcoin::ScriptBuf) -> Self {
        script.as_script().into()
    }
}

impl From<bitcoin::ScriptBuf> for ScriptRef {
    fn from(script: bitcoin::ScriptBuf) -> Self {
        Self::Script(script.into())
    }
}

impl From<&bitcoin::Script> for ScriptRef {
    fn from(script: &bitcoin::Script) -> Self {
        Self::Script(script.into())
    }
}

impl From<&bitcoin::ScriptBuf> for ScriptRef {
    fn from(script: &bitcoin::ScriptBuf) -> Self {
        Self::Script(script.into())
    }
}

impl From<RawHeader> for block::Header {
    fn from(header: RawHeader) -> Self {
        Self {
            version: block::Version::from_consensus(header.version()),
            prev_blockhash: header.prev_hash().into(),
            merkle_root: header.merkle_root().into(),
            time: header.time(),
            bits: CompactTarget::from_consensus(header.bits()),
            nonce: header.nonce(),
        }
    }
}

impl From<block::Header> for RawHeader {
    fn from(header: block::Header) -> Self {
        let mut bytes = [0; 80];
        bytes[..4].copy_from_slice(&header.version.to_consensus().to_le_bytes());
        bytes[4..36].copy_from_slice(header.prev_blockhash.as_ref());
        bytes[36..68].copy_from_slice(header.merkle_root.as_ref());
        bytes[68..72].copy_from_slice(&header.time.to_le_bytes());
        bytes[72..76].copy_from_slice(&header.bits.to_consensus().to_le_bytes());
        bytes[76..].copy_from_slice(&header.nonce.to_le_bytes());
        Self::from_bytes(bytes)
    }
}

impl TryFrom<&RawTransaction> for bitcoin::Transaction {
    type Error = encode::Error;

    fn try_from(transaction: &RawTransaction) -> Result<Self, encode::Error> {
        encode::deserialize(transaction.as_bytes())
    }
}

impl TryFrom<RawTransaction> for bitcoin::Transaction {
    type Error = encode::Error;

    fn try_from(transaction: RawTransaction) -> Result<Self, encode::Error> {
        Self::try_from(&transaction)
    }
}

impl From<&bitcoin::Transaction> for RawTransaction {
    fn from(transaction: &bitcoin::Transaction) -> Self {
        let bytes: Vec<u8> = encode::serialize(transaction);
        Self::new(bytes)
    }
}

impl From<bitcoin::Transaction> for RawTransaction {
    fn from(transaction: bitcoin::Transaction) -> Self {
        Self::from(&transaction)
    }
}

impl From<OutPoint> for bitcoin::OutPoint {
    fn from(outpoint: OutPoint) -> Self {
        Self { txid: outpoint.txid.into(), vout: outpoint.vout }
    }
}

impl From<bitcoin::OutPoint> for OutPoint {
    fn from(outpoint: bitcoin::OutPoint) -> Self {
        Self { txid: outpoint.txid.into(), vout: outpoint.vout }
    }
}

impl From<Amount> for bitcoin::Amount {
    fn from(amount: Amount) -> Self {
        Self::from_sat(amount.to_sat())
    }
}

impl From<SignedAmount> for bitcoin::SignedAmount {
    fn from(amount: SignedAmount) -> Self {
        Self::from_sat(amount.to_sat())
    }
}

/// More coins than there can be.
///
/// # Example
/// ```
/// use electrum_proto::types::{Amount, BeyondSupply};
///
/// let (all, more) = (bitcoin::Amount::MAX_MONEY, bitcoin::Amount::MAX_MONEY + bitcoin::Amount::ONE_SAT);
/// assert_eq!(Amount::try_from(all), Ok(Amount::SUPPLY));
/// assert_eq!(Amount::try_from(more), Err(BeyondSupply));
/// assert_eq!(BeyondSupply.to_string(), "more coins than there can be");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeyondSupply;

error_texts!(BeyondSupply {
    Self => "more coins than there can be";
});

impl TryFrom<bitcoin::Amount> for Amount {
    type Error = BeyondSupply;

    fn try_from(amount: bitcoin::Amount) -> Result<Self, BeyondSupply> {
        Self::from_sat(amount.to_sat()).ok_or(BeyondSupply)
    }
}

impl TryFrom<bitcoin::SignedAmount> for SignedAmount {
    type Error = BeyondSupply;

    fn try_from(amount: bitcoin::SignedAmount) -> Result<Self, BeyondSupply> {
        Self::from_sat(amount.to_sat()).ok_or(BeyondSupply)
    }
}

impl From<FeeRate> for bitcoin::FeeRate {
    /// Converts to satoshi per 1000 weight units, rounded up, so that what pays the rate that comes out pays the one
    /// that went in.
    fn from(rate: FeeRate) -> Self {
        Self::from_sat_per_kwu(rate.to_sat_per_kvb().div_ceil(4))
    }
}

impl From<bitcoin::FeeRate> for FeeRate {
    fn from(rate: bitcoin::FeeRate) -> Self {
        Self::from_sat_per_kvb(rate.to_sat_per_kwu().saturating_mul(4))
    }
}

impl TryFrom<Network> for bitcoin::Network {
    type Error = UnknownNetwork;

    fn try_from(network: Network) -> Result<Self, UnknownNetwork> {
        let hash = bitcoin::constants::ChainHash::from_genesis_block_hash(network.genesis_hash().into());
        Self::from_chain_hash(hash).ok_or(UnknownNetwork)
    }
}

impl TryFrom<bitcoin::Network> for Network {
    type Error = UnknownNetwork;

    fn try_from(network: bitcoin::Network) -> Result<Self, UnknownNetwork> {
        let hash = bitcoin::constants::genesis_block(network).block_hash();
        Self::of_genesis(hash.into()).ok_or(UnknownNetwork)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::Balance;
    use alloc::string::ToString;

    const HEADER: &str = "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe68\
        0e1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299";
    const SEGWIT: &str = "01000000000101db6b1b20aa0fd7b23880be2ecbd4a98130974cf4748fb66092ac4d3ceb1a5477010000001716001479\
        091972186c449eb1ded22b78e40d009bdf0089feffffff02b8b4eb0b000000001976a914a457b684d7f0d539a46a45bbc043f35b59d0d963\
        88ac0008af2f000000001976a914fd270b1ee6abcaea97fea7ad0402e8bd8ad6d77c88ac02473044022047ac8e878352d3ebbde1c94ce3a1\
        0d057c24175747116f8288e5d794d12d482f0220217f36a485cae903c713331d877c1f64677e3622ad4010726870540656fe9dcb012103ad\
        1d8e89212f0b92c74d23bb710c00662ad1470198ac48c43f7d6f93a2a2687392040000";

    #[test]
    fn headers_there_and_back() {
        let own = RawHeader::from_hex(HEADER).unwrap();
        let theirs = block::Header::from(own);
        assert_eq!(encode::serialize(&theirs), own.as_bytes());
        assert_eq!(RawHeader::from(theirs), own);
        assert_eq!(BlockHash::from(theirs.block_hash()), own.block_hash());
        assert_eq!(theirs.block_hash().to_string(), own.block_hash().to_string());
    }

    #[test]
    fn transactions_there_and_back_with_the_same_ids() {
        let own = RawTransaction::from_hex(SEGWIT).unwrap();
        let theirs = bitcoin::Transaction::try_from(&own).unwrap();
        assert_eq!((RawTransaction::from(&theirs), RawTransaction::from(theirs.clone())), (own.clone(), own.clone()));
        assert_eq!(bitcoin::Transaction::try_from(own.clone()).unwrap(), theirs);
        assert_eq!(own.txid().unwrap(), theirs.compute_txid().into());
        assert_eq!(crate::proof::wtxid(own.as_bytes()).unwrap(), theirs.compute_wtxid().into());
        assert!(bitcoin::Transaction::try_from(RawTransaction::new([1, 2, 3])).is_err());
        // One byte more than the transaction has.
        let longer = RawTransaction::new([own.as_bytes(), &[0]].concat());
        assert!(bitcoin::Transaction::try_from(&longer).is_err());

        let script = theirs.output[0].script_pubkey.clone();
        assert_eq!(ScriptRef::from(script.clone()), ScriptRef::from(&*script));
        assert_eq!(bitcoin::ScriptBuf::from(Script::from(script.clone())), script);
        assert_eq!(bitcoin::ScriptBuf::from(&Script::from(&script)), script);
        // What a wallet has of its scripts is good for a request as it is.
        assert_eq!(Balance::new(&script), Balance::new(script.as_script()));
        assert_eq!(Balance::new(&script).script, ScriptRef::from(script.clone()));
        assert_eq!(ScriptRef::from(&*script).script().unwrap().as_bytes(), script.as_bytes());
        let outpoint = theirs.input[0].previous_output;
        assert_eq!(bitcoin::OutPoint::from(OutPoint::from(outpoint)), outpoint);
        assert_eq!(OutPoint::from(outpoint).txid.to_string(), outpoint.txid.to_string());
    }

    #[test]
    fn amounts_within_the_supply() {
        let all = bitcoin::Amount::MAX_MONEY;
        assert_eq!(Amount::try_from(all), Ok(Amount::SUPPLY));
        assert_eq!(bitcoin::Amount::from(Amount::SUPPLY), all);
        assert_eq!(Amount::try_from(all + bitcoin::Amount::from_sat(1)), Err(BeyondSupply));
        let negative = bitcoin::SignedAmount::from_sat(-5);
        assert_eq!(SignedAmount::try_from(negative).map(bitcoin::SignedAmount::from), Ok(negative));
    }

    #[test]
    fn fee_rates_are_rounded_up() {
        for (own, theirs) in [(1000, 250), (1001, 251), (0, 0), (4, 1)] {
            assert_eq!(bitcoin::FeeRate::from(FeeRate::from_sat_per_kvb(own)).to_sat_per_kwu(), theirs);
        }
        assert_eq!(FeeRate::from(bitcoin::FeeRate::BROADCAST_MIN).to_sat_per_kvb(), 1000);
    }

    #[test]
    fn networks_there_and_back() {
        for network in Network::ALL {
            let theirs = bitcoin::Network::try_from(network).unwrap();
            assert_eq!(Network::try_from(theirs), Ok(network));
        }
        assert_eq!(Network::try_from(bitcoin::Network::Bitcoin), Ok(Network::Bitcoin));
        let genesis = bitcoin::constants::genesis_block(bitcoin::Network::Testnet4);
        assert_eq!(Network::Testnet4.genesis(), genesis.header.into());
    }
}
