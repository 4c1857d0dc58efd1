//! The networks of Bitcoin, known by their first blocks.

use core::fmt;
use core::str::FromStr;

use super::{BlockHash, RawHeader};

/// A network of Bitcoin.
///
/// As text it has the name of [`name`](Self::name); the names that Bitcoin Core and the crate `bitcoin` use are read too.
///
/// # Example
/// ```
/// use electrum_proto::types::Network;
///
/// let genesis = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f".parse()?;
/// assert_eq!(Network::of_genesis(genesis), Some(Network::Bitcoin));
/// assert_eq!(Network::Regtest.genesis_hash().to_string(), "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206");
/// assert_eq!("testnet4".parse(), Ok(Network::Testnet4));
/// assert_eq!("main".parse(), "bitcoin".parse::<Network>());
/// # Ok::<(), electrum_proto::types::HashError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Network {
    /// The main network.
    Bitcoin,
    /// The third test network.
    Testnet3,
    /// The fourth test network (BIP 94).
    Testnet4,
    /// The public signet, and every signet that has its first block (BIP 325).
    Signet,
    /// A network for tests on one's own machines.
    Regtest,
}

impl Network {
    /// All networks.
    pub const ALL: [Self; 5] = [Self::Bitcoin, Self::Testnet3, Self::Testnet4, Self::Signet, Self::Regtest];

    /// Returns the header of the first block.
    #[must_use]
    pub fn genesis(self) -> RawHeader {
        let (root, time, bits, nonce): ([u8; 32], u32, u32, u32) = match self {
            Self::Bitcoin => (ROOT, 1_231_006_505, 0x1d00_ffff, 2_083_236_893),
            Self::Testnet3 => (ROOT, 1_296_688_602, 0x1d00_ffff, 414_098_458),
            Self::Testnet4 => (ROOT_OF_TESTNET4, 1_714_777_860, 0x1d00_ffff, 393_743_547),
            Self::Signet => (ROOT, 1_598_918_400, 0x1e03_77ae, 52_613_770),
            Self::Regtest => (ROOT, 1_296_688_602, 0x207f_ffff, 2),
        };
        let mut bytes = [0; 80];
        bytes[0] = 1;
        bytes[36..68].copy_from_slice(&root);
        bytes[68..72].copy_from_slice(&time.to_le_bytes());
        bytes[72..76].copy_from_slice(&bits.to_le_bytes());
        bytes[76..].copy_from_slice(&nonce.to_le_bytes());
        RawHeader::from_bytes(bytes)
    }

    /// Returns the hash of the first block, which names the network towards servers.
    #[must_use]
    pub fn genesis_hash(self) -> BlockHash {
        self.genesis().block_hash()
    }

    /// Returns the network that begins with this block, if it is one of these.
    #[must_use]
    pub fn of_genesis(hash: BlockHash) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.genesis_hash() == hash)
    }

    /// Returns the network's usual name, as Bitcoin Core has it for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bitcoin => "mainnet",
            Self::Testnet3 => "testnet3",
            Self::Testnet4 => "testnet4",
            Self::Signet => "signet",
            Self::Regtest => "regtest",
        }
    }
}

/// A network that is none of [`Network`], or for which the crate `bitcoin` has no name.
///
/// # Example
/// ```
/// use electrum_proto::types::{Network, UnknownNetwork};
///
/// assert_eq!("litecoin".parse::<Network>(), Err(UnknownNetwork));
/// let error = "the network is not known: there are mainnet, testnet3, testnet4, signet and regtest";
/// assert_eq!(UnknownNetwork.to_string(), error);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownNetwork;

error_texts!(UnknownNetwork {
    Self => "the network is not known: there are mainnet, testnet3, testnet4, signet and regtest";
});

impl FromStr for Network {
    type Err = UnknownNetwork;

    /// Reads the [`name`](Network::name) of a network, `bitcoin` or `main` for the main network, and `testnet` or `test`
    /// for the third test network, in lower case.
    fn from_str(text: &str) -> Result<Self, UnknownNetwork> {
        // The other names are those of Bitcoin Core's configuration and of the crate `bitcoin`.
        let name = match text {
            "bitcoin" | "main" => "mainnet",
            "testnet" | "test" => "testnet3",
            other => other,
        };
        Self::ALL.into_iter().find(|network| network.name() == name).ok_or(UnknownNetwork)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The merkle root of all first blocks but that of testnet4, in the order of the digest.
const ROOT: [u8; 32] = [
    0x3b, 0xa3, 0xed, 0xfd, 0x7a, 0x7b, 0x12, 0xb2, 0x7a, 0xc7, 0x2c, 0x3e, 0x67, 0x76, 0x8f, 0x61, 0x7f, 0xc8, 0x1b,
    0xc3, 0x88, 0x8a, 0x51, 0x32, 0x3a, 0x9f, 0xb8, 0xaa, 0x4b, 0x1e, 0x5e, 0x4a,
];
const ROOT_OF_TESTNET4: [u8; 32] = [
    0x4e, 0x7b, 0x2b, 0x91, 0x28, 0xfe, 0x02, 0x91, 0xdb, 0x06, 0x93, 0xaf, 0x2a, 0xe4, 0x18, 0xb7, 0x67, 0xe6, 0x57,
    0xcd, 0x40, 0x7e, 0x80, 0xcb, 0x14, 0x34, 0x22, 0x1e, 0xae, 0xa7, 0xa0, 0x7a,
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    /// The hashes that Bitcoin Core asserts in `kernel/chainparams.cpp`.
    #[test]
    fn networks_have_the_names_and_first_blocks_that_nodes_know() {
        for (network, name, hash) in [
            (Network::Bitcoin, "mainnet", "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"),
            (Network::Testnet3, "testnet3", "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943"),
            (Network::Testnet4, "testnet4", "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043"),
            (Network::Signet, "signet", "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6"),
            (Network::Regtest, "regtest", "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"),
        ] {
            assert_eq!((network.genesis_hash().to_string().as_str(), network.name()), (hash, name));
            assert_eq!(Network::of_genesis(hash.parse().unwrap()), Some(network));
        }
        assert_eq!(Network::of_genesis(BlockHash::from_display_bytes([0; 32])), None);
    }
    #[test]
    fn networks_are_read_by_the_names_that_nodes_and_programs_use() {
        for network in Network::ALL {
            assert_eq!(network.to_string().parse(), Ok(network));
        }
        for (text, network) in [
            ("main", Network::Bitcoin),
            ("bitcoin", Network::Bitcoin),
            ("test", Network::Testnet3),
            ("testnet", Network::Testnet3),
        ] {
            assert_eq!(text.parse(), Ok(network), "{text}");
        }
        for text in ["", "Mainnet", " mainnet", "testnet2", "litecoin"] {
            assert_eq!(text.parse::<Network>(), Err(UnknownNetwork), "{text}");
        }
        // The text of the error lists all.
        assert!(Network::ALL.iter().all(|network| UnknownNetwork.to_string().contains(network.name())));
    }
}
