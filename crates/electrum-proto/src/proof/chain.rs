//! Chains of headers: each names the one before it, and its hash shows the work that was done for it.

use super::work::Target;
use crate::types::{BlockHash, Network, RawHeader};

/// Why headers do not form a valid chain.
///
/// # Example
/// ```
/// use electrum_proto::proof::{ChainError, check_links};
/// use electrum_proto::types::Network;
///
/// let error = check_links(Some(Network::Bitcoin.genesis_hash()), &[Network::Signet.genesis()]).unwrap_err();
/// match error {
///     ChainError::Unlinked { index, expected, .. } => {
///         assert_eq!((index, expected), (0, Network::Bitcoin.genesis_hash()));
///     }
///     other => panic!("{other}"),
/// }
/// assert!(error.to_string().starts_with("header 0 names 000000"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainError {
    /// A header does not name the one before it.
    Unlinked {
        /// Which of the headers, counted from 0.
        index: usize,
        /// The hash of the header before it.
        expected: BlockHash,
        /// The hash that it names.
        found: BlockHash,
    },
    /// The target in a header is invalid: negative, zero, or beyond 256 bits.
    NoTarget {
        /// Which of the headers, counted from 0.
        index: usize,
        /// Its compact target.
        bits: u32,
    },
    /// The hash of a header exceeds its target: the work was not done.
    NoWork {
        /// Which of the headers, counted from 0.
        index: usize,
        /// Its hash.
        hash: BlockHash,
    },
    /// The target of a header is not the one that the network's rules ask for.
    Difficulty {
        /// Which of the headers, counted from 0.
        index: usize,
        /// The network whose rules were checked.
        network: Network,
        /// The compact target that it must have.
        expected: u32,
        /// The compact target that it has.
        found: u32,
    },
    /// Headers are missing.
    Empty,
    /// The headers are known, and the tip that the server reports is not among them: it contradicts itself.
    Contradiction,
    /// The headers begin where the chain is not yet known.
    Gap {
        /// The height of the first header.
        start: u32,
        /// The height of the last header that is known.
        end: u32,
    },
    /// The bytes end in the middle of a header.
    CutOff(usize),
    /// The target of a header is easier than any that the chain allows.
    TooEasy {
        /// Which of the headers, counted from 0.
        index: usize,
    },
}

error_texts!(ChainError {
    Self::Unlinked { index, expected, found } =>
        "header {index} names {found} as the one before it, which is {expected}";
    Self::NoTarget { index, bits } => "header {index} has the bits {bits:#010x}, which are no target";
    Self::NoWork { index, hash } => "the hash {hash} of header {index} exceeds its target";
    Self::Difficulty { index, network, expected, found } =>
        "header {index} has the bits {found:#010x}, and the rules of {network} ask for {expected:#010x}";
    Self::Empty => "there are no headers";
    Self::Contradiction => "the server reports a tip that is not among the headers that it gives";
    Self::Gap { start, end } => "headers from height {start} on do not reach the chain, which ends at height {end}";
    Self::CutOff(inner) => "the headers are cut off: {inner} bytes are no whole number of them";
    Self::TooEasy { index } => "the target of header {index} is easier than the easiest of the chain";
});

/// Checks that each of `headers` names the one before it, and the first one `previous` if that is given.
/// Returns the hash of the last one, which is `previous` for the headers that follow.
///
/// It hashes each header: about half a second for a million of them.
///
/// # Example
/// ```
/// use electrum_proto::proof::check_links;
/// use electrum_proto::types::Network;
///
/// let (main, test) = (Network::Bitcoin.genesis(), Network::Testnet3.genesis());
/// assert_eq!(check_links(None, &[main]), Ok(Some(main.block_hash())));
/// assert!(check_links(Some(main.block_hash()), &[test]).is_err());
/// ```
///
/// # Errors
/// [`ChainError::Unlinked`] for the first header that does not.
pub fn check_links(previous: Option<BlockHash>, headers: &[RawHeader]) -> Result<Option<BlockHash>, ChainError> {
    let mut previous = previous;
    for (index, header) in headers.iter().enumerate() {
        if let Some(expected) = previous {
            let found = header.prev_hash();
            if found != expected {
                return Err(ChainError::Unlinked { index, expected, found });
            }
        }
        previous = Some(header.block_hash());
    }
    Ok(previous)
}

/// Checks that the hash of each of `headers` meets the target that the header itself names, and that none of
/// these is easier than `limit`.
///
/// # Example
/// ```
/// use electrum_proto::proof::{Target, check_work};
/// use electrum_proto::types::{Network, RawHeader};
///
/// assert_eq!(check_work(Target::MAINNET_LIMIT, &[Network::Bitcoin.genesis()]), Ok(()));
/// assert!(check_work(Target::MAINNET_LIMIT, &[RawHeader::from_bytes([0; 80])]).is_err());
/// ```
///
/// # Errors
/// [`ChainError`] for the first header that shows no work.
pub fn check_work(limit: Target, headers: &[RawHeader]) -> Result<(), ChainError> {
    for (index, header) in headers.iter().enumerate() {
        let bits = header.bits();
        let target = Target::from_compact(bits).ok_or(ChainError::NoTarget { index, bits })?;
        if target > limit {
            return Err(ChainError::TooEasy { index });
        }
        let hash = header.block_hash();
        if !target.is_met_by(hash) {
            return Err(ChainError::NoWork { index, hash });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::hex;

    /// The first three headers of the main chain.
    const HEADERS: [&str; 3] = [
        "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f61\
         7fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c",
        "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e1fee1467\
         7ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299",
        "010000004860eb18bf1b1620e37e9490fc8a427514416fd75159ab86688e9a8300000000d5fdcc541e25de1c7a5addedf24858b8\
         bb665c9f36ef744ee42c316022c90f9bb0bc6649ffff001d08d2bd61",
    ];

    fn headers() -> [RawHeader; 3] {
        HEADERS.map(|digits| RawHeader::from_bytes(hex::decode(digits.as_bytes()).unwrap().try_into().unwrap()))
    }

    #[test]
    fn the_first_headers_are_a_chain_with_work() {
        let headers = headers();
        let tip = headers[2].block_hash();
        assert_eq!(tip.to_string(), "000000006a625f06636b8bb6ac7b960a8d03705d1ace08b1a19da3fdcc99ddbd");
        assert_eq!(check_links(None, &headers), Ok(Some(tip)));
        assert_eq!(check_links(Some(headers[0].block_hash()), &headers[1..]), Ok(Some(tip)));
        assert_eq!(check_work(Target::MAINNET_LIMIT, &headers), Ok(()));
        assert_eq!(check_links(Some(tip), &[]), Ok(Some(tip)));
    }

    #[test]
    fn a_gap_and_missing_work_are_found() {
        let mut headers = headers();
        headers.swap(1, 2);
        assert!(matches!(check_links(None, &headers), Err(ChainError::Unlinked { index: 1, .. })));
        assert!(matches!(
            check_links(Some(headers[2].block_hash()), &headers),
            Err(ChainError::Unlinked { index: 0, .. })
        ));

        let mut bytes = *headers[0].as_bytes();
        bytes[76] ^= 1;
        let tampered = [headers[0], RawHeader::from_bytes(bytes)];
        assert!(matches!(check_work(Target::MAINNET_LIMIT, &tampered), Err(ChainError::NoWork { index: 1, .. })));
        // Work for an easy target does not count.
        bytes[72..76].copy_from_slice(&0x207f_ffff_u32.to_le_bytes());
        let easy = [RawHeader::from_bytes(bytes)];
        assert_eq!(check_work(Target::MAINNET_LIMIT, &easy), Err(ChainError::TooEasy { index: 0 }));
        bytes[72..76].fill(0);
        let none = [RawHeader::from_bytes(bytes)];
        assert_eq!(check_work(Target::MAINNET_LIMIT, &none), Err(ChainError::NoTarget { index: 0, bits: 0 }));
    }
}
