//! Merkle trees: over the transactions of a block, and over header hashes for checkpoints.

use crate::hash::Hash256;

/// Returns the merkle root of leaves: zero if there are none.
pub fn root(leaves: &[Hash256]) -> Hash256 {
    branch_and_root(leaves, 0).1
}

/// Returns the merkle branch of a leaf: the siblings from the leaf up.
pub fn branch(leaves: &[Hash256], position: usize) -> Vec<Hash256> {
    branch_and_root(leaves, position).0
}

/// Returns the merkle branch of a leaf, and the root.
pub fn branch_and_root(leaves: &[Hash256], mut position: usize) -> (Vec<Hash256>, Hash256) {
    let mut branch = Vec::new();
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        if level.len() % 2 == 1 {
            level.extend(level.last().copied());
        }
        branch.extend(level.get(position ^ 1));
        position /= 2;
        level = level.chunks_exact(2).map(|pair| join(&pair[0], &pair[1])).collect();
    }
    (branch, level.first().copied().unwrap_or_default())
}

/// Returns the root to which a leaf, its position and its branch lead.
pub fn root_from_branch(leaf: Hash256, position: usize, branch: &[Hash256]) -> Hash256 {
    branch.iter().enumerate().fold(leaf, |hash, (level, sibling)| match (position >> level) & 1 {
        1 => join(sibling, &hash),
        _ => join(&hash, sibling),
    })
}

fn join(left: &Hash256, right: &Hash256) -> Hash256 {
    let mut both = [0; 64];
    both[..32].copy_from_slice(left.as_bytes());
    both[32..].copy_from_slice(right.as_bytes());
    Hash256::double(&both)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Block 100000 of the main chain.
    const TXIDS: [&str; 4] = [
        "8c14f0db3df150123e6f3dbbf30f8b955a8249b62ac1d1ff16284aefa3d06d87",
        "fff2525b8931402dd09222c50775608f75787bd2b87e56995a7bdd30f79702c4",
        "6359f0868171b1d194cbee1af2f16ea598ae8fad666d9b012c8ed2b79a236ec4",
        "e9a66845e05d5abc0ad04ec80f774a7e585c6e8db975962d069a522137b80c1d",
    ];

    #[test]
    fn the_root_of_a_real_block() {
        let leaves: Vec<Hash256> = TXIDS.iter().map(|t| t.parse().unwrap()).collect();
        assert_eq!(root(&leaves).to_string(), "f3e94742aca4b5ef85488dc37c06c3282295ffec960994b2c0d5ac2a25a95766");
    }

    #[test]
    fn every_branch_of_every_size_leads_to_the_root() {
        for size in 1..20_u8 {
            let leaves: Vec<_> = (0..size).map(|n| Hash256::double(&[n])).collect();
            for (position, leaf) in leaves.iter().enumerate() {
                let (branch, root) = branch_and_root(&leaves, position);
                assert_eq!(root_from_branch(*leaf, position, &branch), root);
            }
        }
    }
}
