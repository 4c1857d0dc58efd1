//! Finds the last checkpoint that the wallet and the server's chain have in common.

use std::collections::HashSet;

use bdk_core::{BlockId, CheckPoint};
use bitcoin::BlockHash;

/// The last checkpoint that wallet and server have in common, as far as it is known.
#[derive(Debug)]
pub(crate) enum Agreement {
    /// This checkpoint. Above it the server has other blocks at these heights.
    At(CheckPoint, Vec<u32>),
    /// Not known yet: it depends on the server's blocks at these heights.
    Ask(Vec<u32>),
    /// No checkpoint.
    Nowhere,
}

/// Finds the last checkpoint of `wallet` that the server has, of those up to the server's tip at `height`.
pub(crate) fn agreement(wallet: &CheckPoint, height: u32, hash: impl Fn(u32) -> Option<BlockHash>) -> Agreement {
    // The wallet's checkpoints from the tip down, above the first one that the server is known to have.
    let mut above: Vec<(u32, Option<bool>)> = Vec::new();
    let mut common = None;
    for checkpoint in wallet.iter().filter(|checkpoint| checkpoint.height() <= height) {
        let is_equal = hash(checkpoint.height()).map(|hash| hash == checkpoint.hash());
        if is_equal == Some(true) {
            common = Some(checkpoint);
            break;
        }
        above.push((checkpoint.height(), is_equal));
    }
    // All checkpoints above one that differs differ too.
    let differ = above.iter().rposition(|(_, is_equal)| is_equal.is_some()).map_or(0, |last| last + 1);
    let unknown = &above[differ..];
    if unknown.is_empty() {
        return match common {
            Some(checkpoint) => Agreement::At(checkpoint, above.iter().map(|(height, _)| *height).collect()),
            None => Agreement::Nowhere,
        };
    }
    // Asks for the nearest checkpoint, for some at growing distances, and for the farthest.
    let mut places: Vec<usize> =
        (0..).map(|power| (1 << power) - 1).take_while(|place| *place < unknown.len()).collect();
    if places.last() != Some(&(unknown.len() - 1)) {
        places.push(unknown.len() - 1);
    }
    Agreement::Ask(places.into_iter().map(|place| unknown[place].0).collect())
}

/// Returns the wallet's chain after an update: its checkpoints up to the common one, and the server's blocks above it.
pub(crate) fn extended(common: &CheckPoint, blocks: impl IntoIterator<Item = BlockId>) -> CheckPoint {
    let mut blocks: Vec<BlockId> = blocks.into_iter().filter(|block| block.height > common.height()).collect();
    blocks.sort_unstable_by_key(|block| block.height);
    blocks.dedup_by_key(|block| block.height);
    // Cannot fail, since the heights rise.
    common.clone().extend(blocks).unwrap_or_else(|unchanged| unchanged)
}

/// Returns the same chain with these of its blocks added where it has no checkpoint.
pub(crate) fn with_blocks(chain: CheckPoint, blocks: impl IntoIterator<Item = BlockId>) -> CheckPoint {
    let known: HashSet<u32> = chain.iter().map(|checkpoint| checkpoint.height()).collect();
    let is_new = |block: &BlockId| block.height < chain.height() && !known.contains(&block.height);
    let mut merged: Vec<BlockId> = blocks.into_iter().filter(is_new).collect();
    // Only the part above the lowest new block is built anew.
    let lowest = merged.iter().map(|block| block.height).min();
    let Some(below) = lowest.and_then(|lowest| chain.floor_at(lowest)) else { return chain };
    merged.extend(chain.iter().take_while(|checkpoint| checkpoint.height() > below.height()).map(|it| it.block_id()));
    extended(&below, merged)
}

#[cfg(test)]
mod tests {
    use bitcoin::hashes::Hash as _;

    use super::*;

    fn hash(branch: u8, height: u32) -> BlockHash {
        BlockHash::hash(&[&[branch][..], &height.to_le_bytes()].concat())
    }

    fn wallet(heights: &[u32]) -> CheckPoint {
        let blocks = heights.iter().map(|height| BlockId { height: *height, hash: hash(0, *height) });
        CheckPoint::from_block_ids(blocks).unwrap()
    }

    /// Asks until the agreement is known, of a server that has the wallet's blocks up to `fork`.
    fn ask(wallet: &CheckPoint, tip: u32, fork: u32) -> (Option<u32>, Vec<u32>, usize) {
        let mut known = std::collections::BTreeSet::new();
        for round in 0.. {
            let server = |height: u32| known.contains(&height).then(|| hash(u8::from(height > fork), height));
            match agreement(wallet, tip, server) {
                Agreement::At(common, above) => return (Some(common.height()), above, round),
                Agreement::Nowhere => return (None, Vec::new(), round),
                Agreement::Ask(heights) => {
                    assert!(heights.iter().all(|height| known.insert(*height)), "{heights:?} were asked before");
                }
            }
        }
        unreachable!()
    }

    #[test]
    fn the_last_common_checkpoint_is_found_wherever_it_is() {
        let heights: Vec<u32> = (0..300).map(|index| index * 3).collect();
        let wallet = wallet(&heights);
        for fork in [0, 5, 400, 896, 897, 2000] {
            let (common, above, rounds) = ask(&wallet, 2000, fork);
            let expected = heights.iter().rev().find(|height| **height <= fork);
            assert_eq!(common, expected.copied());
            // The update must name the block above the common one, or wallets do not accept it.
            let next = heights.iter().find(|height| **height > fork);
            assert_eq!(above.last(), next);
            assert!(rounds <= 10, "{rounds} rounds for a fork at {fork}");
        }
        assert_eq!(ask(&wallet, 2000, 2000).2, 1);
        // A server whose chain is shorter.
        assert_eq!(ask(&wallet, 100, 100).0, Some(99));
    }

    #[test]
    fn another_network_has_nothing_in_common() {
        let wallet = wallet(&[0, 7]);
        assert!(matches!(agreement(&wallet, 10, |height| Some(hash(1, height))), Agreement::Nowhere));
    }

    #[test]
    fn an_extended_chain_keeps_what_is_common() {
        let blocks = [3, 9, 8, 9].map(|height| BlockId { height, hash: hash(1, height) });
        let chain = extended(&wallet(&[0, 7]), blocks);
        let heights = |chain: &CheckPoint| chain.iter().map(|block| block.height()).collect::<Vec<_>>();
        assert_eq!(heights(&chain), [9, 8, 7, 0]);
        let more = [5, 8, 10, 5].map(|height| BlockId { height, hash: hash(2, height) });
        let with_more = with_blocks(chain.clone(), more);
        assert_eq!(heights(&with_more), [9, 8, 7, 5, 0]);
        assert_eq!(with_more.get(8).map(|block| block.hash()), Some(hash(1, 8)));
        assert!(with_blocks(chain.clone(), []).eq_ptr(&chain));
    }
}
