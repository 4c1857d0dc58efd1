//! Merkle branches: from a leaf and its siblings to the root.

use sha2::{Digest, Sha256};

use super::transaction::can_be_transaction;
use crate::types::{BlockHash, MerkleNode, Txid};

/// Why a merkle branch proves nothing.
///
/// # Example
/// ```
/// use electrum_proto::proof::{MerkleError, merkle_root};
/// use electrum_proto::types::Txid;
///
/// // Without a sibling there is one place in the tree.
/// let error = merkle_root(Txid::from_display_bytes([0xaa; 32]), &[], 1).unwrap_err();
/// assert_eq!(error, MerkleError::Position { position: 1, length: 0 });
/// assert_eq!(error.to_string(), "position 1 does not exist in a tree with a branch of 0 hashes");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MerkleError {
    /// The position does not exist in a tree of that depth.
    Position {
        /// The position that was named.
        position: u32,
        /// How many hashes the branch has.
        length: usize,
    },
    /// The branch is longer than that of any tree.
    TooLong(usize),
    /// The branch has not the length that a tree over so many headers has.
    CheckpointLength {
        /// How many hashes the branch has.
        found: usize,
        /// How many it must have.
        expected: usize,
    },
    /// The header lies above the checkpoint, so the tree does not hold it.
    AboveCheckpoint {
        /// The header's height.
        height: u32,
        /// The checkpoint's height.
        checkpoint: u32,
    },
    /// An inner node of the tree is itself a transaction: a known way to forge a proof.
    InnerTransaction,
    /// The position is that of the double with which a lone node is paired, so nothing stands there.
    Double,
}

error_texts!(MerkleError {
    Self::Position { position, length } =>
        "position {position} does not exist in a tree with a branch of {length} hashes";
    Self::TooLong(inner) => "a branch of {inner} hashes is longer than any tree has";
    Self::CheckpointLength { found, expected } =>
        "a branch of {found} hashes where the tree over the headers up to the checkpoint has {expected}";
    Self::AboveCheckpoint { height, checkpoint } =>
        "the header of height {height} lies above the checkpoint of height {checkpoint}";
    Self::InnerTransaction => "an inner node of the tree is a valid transaction, so the proof may be forged";
    Self::Double => "nothing stands at that position: it belongs to the double of a lone node";
});

/// The longest branch that a position of 32 bits can go with.
const LONGEST: usize = 32;

/// Computes the root that `branch`, the siblings from the leaf up, leads to from transaction `txid` at `position` of
/// its block.
///
/// The proof holds if that is the [merkle root](crate::types::RawHeader::merkle_root) of a header that is trusted.
///
/// # Example
/// ```
/// use electrum_proto::proof::merkle_root;
/// use electrum_proto::types::{Network, Txid};
///
/// // The first block has one transaction, whose id is the root.
/// let txid: Txid = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b".parse()?;
/// assert_eq!(merkle_root(txid, &[], 0)?, Network::Bitcoin.genesis().merkle_root());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`MerkleError`] if no tree has such a branch. A branch with an inner node that is a transaction is refused too:
/// it could be used to pass off such a node's half as a transaction. So is the position behind the last transaction
/// of an odd number, which the same branch leads to the same root.
pub fn merkle_root(txid: Txid, branch: &[MerkleNode], position: u32) -> Result<MerkleNode, MerkleError> {
    root(txid.into(), branch, position, |pair| match can_be_transaction(pair) {
        true => Err(MerkleError::InnerTransaction),
        false => Ok(()),
    })
}

/// Computes the root over the block hashes of all headers from 0 to `checkpoint` that `branch` leads to from the
/// header `hash` of `height`.
///
/// The proof holds if that is a root that is trusted.
///
/// # Example
/// ```
/// use electrum_proto::proof::checkpoint_root;
/// use electrum_proto::types::Network;
///
/// // The tree over the first header alone is that header.
/// let hash = Network::Bitcoin.genesis_hash();
/// assert_eq!(checkpoint_root(hash, 0, 0, &[])?, hash.into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`MerkleError`] if the tree over so many headers has no such branch.
pub fn checkpoint_root(
    hash: BlockHash,
    height: u32,
    checkpoint: u32,
    branch: &[MerkleNode],
) -> Result<MerkleNode, MerkleError> {
    if height > checkpoint {
        return Err(MerkleError::AboveCheckpoint { height, checkpoint });
    }
    // The depth of a tree with `checkpoint + 1` leaves is the number of bits of the last leaf's index.
    let expected = (u32::BITS - checkpoint.leading_zeros()) as usize;
    if branch.len() != expected {
        return Err(MerkleError::CheckpointLength { found: branch.len(), expected });
    }
    root(hash.into(), branch, height, |_| Ok(()))
}

fn root(
    leaf: MerkleNode,
    branch: &[MerkleNode],
    position: u32,
    check: impl Fn(&[u8; 64]) -> Result<(), MerkleError>,
) -> Result<MerkleNode, MerkleError> {
    if branch.len() > LONGEST {
        return Err(MerkleError::TooLong(branch.len()));
    }
    if u64::from(position) >> branch.len() != 0 {
        return Err(MerkleError::Position { position, length: branch.len() });
    }
    let mut node = leaf.to_digest();
    for (level, sibling) in branch.iter().enumerate() {
        let mut pair = [0; 64];
        let is_right = (position >> level) & 1 == 1;
        if is_right && sibling.to_digest() == node {
            return Err(MerkleError::Double);
        }
        let (left, right) = if is_right { (sibling.to_digest(), node) } else { (node, sibling.to_digest()) };
        pair[..32].copy_from_slice(&left);
        pair[32..].copy_from_slice(&right);
        check(&pair)?;
        node = Sha256::digest(Sha256::digest(pair)).into();
    }
    Ok(MerkleNode::from_digest(node))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// The transactions of block 100,000 of the main chain and the merkle root of its header.
    const TXIDS: [&str; 4] = [
        "8c14f0db3df150123e6f3dbbf30f8b955a8249b62ac1d1ff16284aefa3d06d87",
        "fff2525b8931402dd09222c50775608f75787bd2b87e56995a7bdd30f79702c4",
        "6359f0868171b1d194cbee1af2f16ea598ae8fad666d9b012c8ed2b79a236ec4",
        "e9a66845e05d5abc0ad04ec80f774a7e585c6e8db975962d069a522137b80c1d",
    ];
    const ROOT: &str = "f3e94742aca4b5ef85488dc37c06c3282295ffec960994b2c0d5ac2a25a95766";

    fn txid(n: usize) -> Txid {
        TXIDS[n].parse().unwrap()
    }

    fn pair(left: MerkleNode, right: MerkleNode) -> MerkleNode {
        MerkleNode::hash(&[left.to_digest(), right.to_digest()].concat())
    }

    #[test]
    fn each_transaction_leads_to_the_root() {
        let leaf = |n| MerkleNode::from(txid(n));
        let (low, high) = (pair(leaf(0), leaf(1)), pair(leaf(2), leaf(3)));
        for (n, branch) in [[leaf(1), high], [leaf(0), high], [leaf(3), low], [leaf(2), low]].iter().enumerate() {
            let position = u32::try_from(n).unwrap();
            assert_eq!(merkle_root(txid(n), branch, position).unwrap().to_string(), ROOT);
            assert_ne!(merkle_root(txid(n), branch, position ^ 1).unwrap().to_string(), ROOT);
            assert_eq!(merkle_root(txid(n), branch, 4), Err(MerkleError::Position { position: 4, length: 2 }));
        }
    }

    #[test]
    fn a_lone_transaction_is_its_own_root() {
        assert_eq!(merkle_root(txid(0), &[], 0), Ok(txid(0).into()));
        assert!(merkle_root(txid(0), &[], 1).is_err());
        let long: Vec<_> = (0..33).map(|_| txid(1).into()).collect();
        assert_eq!(merkle_root(txid(0), &long, 0), Err(MerkleError::TooLong(33)));
    }

    #[test]
    fn nothing_stands_behind_the_last_transaction() {
        // Three transactions: the last one is paired with itself, and so is the pair of two among six.
        let leaf = |n| MerkleNode::from(txid(n));
        let (low, high) = (pair(leaf(0), leaf(1)), pair(leaf(2), leaf(2)));
        let root = pair(low, high);
        assert_eq!(merkle_root(txid(2), &[leaf(2), low], 2), Ok(root));
        assert_eq!(merkle_root(txid(2), &[leaf(2), low], 3), Err(MerkleError::Double));
        assert_eq!(merkle_root(txid(0), &[leaf(1), low, root], 4), Ok(pair(root, pair(low, low))));
        assert_eq!(merkle_root(txid(0), &[leaf(1), low, root], 6), Err(MerkleError::Double));
    }

    #[test]
    fn an_inner_node_that_is_a_transaction_is_refused() {
        // One input, one output, no scripts but four bytes: 64 bytes in all.
        let mut forged = [0; 64];
        forged[0] = 1;
        forged[4] = 1;
        forged[46] = 1;
        forged[55] = 4;
        let (left, right) = forged.split_at(32);
        let leaf = Txid::from_digest(left.try_into().unwrap());
        let sibling = MerkleNode::from_digest(right.try_into().unwrap());
        assert!(crate::proof::txid(&forged).is_ok());
        assert_eq!(merkle_root(leaf, &[sibling], 0), Err(MerkleError::InnerTransaction));

        // One whose output is worth more than all coins is none: the pair is an honest inner node.
        let root = |value: u64| {
            let mut pair = forged;
            pair[47..55].copy_from_slice(&value.to_le_bytes());
            let [left, right] = [&pair[..32], &pair[32..]].map(|half| <[u8; 32]>::try_from(half).unwrap());
            merkle_root(Txid::from_digest(left), &[MerkleNode::from_digest(right)], 0)
        };
        assert_eq!(root(2_100_000_000_000_000), Err(MerkleError::InnerTransaction));
        assert!(root(2_100_000_000_000_001).is_ok() && root(u64::MAX).is_ok());
    }

    #[test]
    fn a_checkpoint_tree_has_one_depth() {
        let hash = |n: usize| BlockHash::from_display_bytes(*txid(n).as_display_bytes());
        let leaf = |n| MerkleNode::from(hash(n));
        // Three headers: the last one is paired with itself.
        let (low, high) = (pair(leaf(0), leaf(1)), pair(leaf(2), leaf(2)));
        let root = pair(low, high);
        assert_eq!(checkpoint_root(hash(0), 0, 2, &[leaf(1), high]), Ok(root));
        assert_eq!(checkpoint_root(hash(2), 2, 2, &[leaf(2), low]), Ok(root));
        assert_eq!(
            checkpoint_root(hash(0), 0, 2, &[leaf(1)]),
            Err(MerkleError::CheckpointLength { found: 1, expected: 2 })
        );
        assert_eq!(checkpoint_root(hash(0), 0, 0, &[]), Ok(leaf(0)));
        assert_eq!(
            checkpoint_root(hash(0), 3, 2, &[leaf(1), high]),
            Err(MerkleError::AboveCheckpoint { height: 3, checkpoint: 2 })
        );
    }
}
