//! Networks, and their names on the command line.

use std::str::FromStr;

use electrum_smol::proto::proof::Target;
use electrum_smol::proto::types::{BlockHash, Network};

/// Returns the easiest target that a block of a network may have.
pub(crate) const fn easiest_target(network: Network) -> Target {
    match network {
        Network::Signet => Target::SIGNET_LIMIT,
        Network::Regtest => Target::REGTEST_LIMIT,
        _ => Target::MAINNET_LIMIT,
    }
}

/// Returns the name of the chain that begins with this block: that of its network, or one with the hash.
pub(crate) fn chain_name(genesis: BlockHash) -> String {
    let unknown = || format!("a chain that begins with {genesis}");
    Network::of_genesis(genesis).map_or_else(unknown, |network| network.name().to_owned())
}

/// The chain that a server must serve, as `--network` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WantedChain(pub(crate) BlockHash);

impl FromStr for WantedChain {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(network) = text.parse::<Network>() {
            return Ok(Self(network.genesis_hash()));
        }
        let wanted =
            "mainnet, testnet, testnet4, signet, regtest, or the hash of the first block (64 digits) is wanted";
        text.parse().map(Self).map_err(|_| wanted.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_by_its_name_or_its_first_block() {
        for network in Network::ALL {
            let WantedChain(genesis) = network.name().parse().unwrap();
            assert_eq!(Network::of_genesis(genesis), Some(network));
            assert_eq!(genesis.to_string().parse(), Ok(WantedChain(genesis)));
            assert_eq!(chain_name(genesis), network.name());
        }
        assert_eq!("testnet".parse::<WantedChain>(), "testnet3".parse());
        for text in ["", "Mainnet", "litecoin", "00"] {
            assert!(text.parse::<WantedChain>().is_err(), "{text}");
        }
        assert!(chain_name(BlockHash::hash(b"another")).starts_with("a chain that begins with "));
    }
}
