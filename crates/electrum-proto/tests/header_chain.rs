//! Chains of headers: what is asked for, what is taken, and what a proof on them is worth.

use electrum_proto::proof::{Added, ChainError, HeaderChain, HeaderRange, ProofError, Rules, Target, merkle_root};
use electrum_proto::types::{
    BlockHash, CheckpointProof, HeaderRun, MerkleNode, MerkleProof, Network, ProvenHeaderRun, RawHeader, Tip, Txid,
};
use proptest::prelude::*;

/// Mines a header of regtest on `before`; `tag` tells blocks of different branches apart.
fn mine(before: BlockHash, tag: u8, bits: u32) -> RawHeader {
    let mut bytes = [0; 80];
    bytes[0] = 4;
    bytes[4..36].copy_from_slice(&before.to_digest());
    bytes[36] = tag;
    bytes[72..76].copy_from_slice(&bits.to_le_bytes());
    let target = Target::from_compact(bits).unwrap();
    (0_u32..)
        .map(|nonce| {
            bytes[76..].copy_from_slice(&nonce.to_le_bytes());
            RawHeader::from_bytes(bytes)
        })
        .find(|header| target.is_met_by(header.block_hash()))
        .unwrap()
}

const EASY: u32 = 0x207f_ffff;

/// A server's chain of headers from 0 on.
#[derive(Clone)]
struct Server(Vec<RawHeader>);

impl Server {
    fn regtest(blocks: usize) -> Self {
        Self(vec![Network::Regtest.genesis()]).extended(blocks, 0)
    }

    /// The same chain up to `height`, and so many other blocks.
    fn forked(&self, height: usize, blocks: usize, tag: u8) -> Self {
        Self(self.0[..=height].to_vec()).extended(blocks, tag)
    }

    fn extended(mut self, blocks: usize, tag: u8) -> Self {
        for _ in 0..blocks {
            self.0.push(mine(self.0.last().unwrap().block_hash(), tag, EASY));
        }
        self
    }

    fn tip(&self) -> Tip {
        Tip { height: u32::try_from(self.0.len() - 1).unwrap(), header: *self.0.last().unwrap() }
    }

    /// At most `most` of the headers asked for.
    fn headers(&self, range: HeaderRange, most: usize) -> Vec<RawHeader> {
        self.0.iter().skip(range.start as usize).take((range.count as usize).min(most)).copied().collect()
    }
}

/// Follows the server until nothing is missing; what changed in all, and how many times it was asked.
fn follow(chain: &mut HeaderChain, server: &Server, most: usize) -> Result<(Added, usize), ChainError> {
    let (mut sum, mut asked) = (Added::default(), 0);
    while let Some(range) = chain.missing(&server.tip()) {
        asked += 1;
        assert!(asked < 1000, "it never ends");
        let Added { added, replaced } = chain.add(range.start, &server.headers(range, most))?;
        sum = Added { added: sum.added + added, replaced: sum.replaced + replaced };
    }
    Ok((sum, asked))
}

fn regtest() -> HeaderChain {
    HeaderChain::from_genesis(Network::Regtest)
}

#[test]
fn it_asks_for_what_is_missing_until_the_tip() {
    let server = Server::regtest(30);
    for most in [1, 7, 2016] {
        let mut chain = regtest();
        assert_eq!(chain.missing(&server.tip()), Some(HeaderRange { start: 1, count: 30 }));
        let (changed, asked) = follow(&mut chain, &server, most).unwrap();
        assert_eq!((changed, asked), (Added { added: 30, replaced: 0 }, 30_usize.div_ceil(most)));
        assert!(chain.contains(&server.tip()) && chain.tip() == server.tip());
        assert_eq!(follow(&mut chain, &server.clone().extended(3, 0), most).unwrap().0.added, 3);
        assert_eq!((chain.work_on(33), chain.work_on(32), chain.work_on(34)), (Some(2), Some(4), None));
    }
}

#[test]
fn a_reorganisation_is_followed_to_the_branch_with_more_work() {
    let old = Server::regtest(40);
    for (fork, blocks) in [(39, 2), (37, 4), (0, 41), (20, 21)] {
        for most in [3, 2016] {
            let mut chain = regtest();
            follow(&mut chain, &old, 2016).unwrap();
            let new = old.forked(fork, blocks, 1);
            let (changed, asked) = follow(&mut chain, &new, most).unwrap();
            assert_eq!((chain.tip(), changed.replaced), (new.tip(), 40 - fork), "{fork}");
            assert_eq!(chain.to_bytes(), new.0.iter().flat_map(RawHeader::as_bytes).copied().collect::<Vec<_>>());
            assert!(asked < 40, "{asked} requests");
        }
    }
}

#[test]
fn a_branch_with_no_more_work_changes_nothing() {
    let server = Server::regtest(20);
    let mut chain = regtest();
    follow(&mut chain, &server, 2016).unwrap();
    for (fork, blocks) in [(15, 5), (15, 2), (10, 10), (19, 1)] {
        let weak = server.forked(fork, blocks, 1);
        assert_eq!(follow(&mut chain, &weak, 2016).unwrap().0, Added::default());
        assert_eq!(chain.tip(), server.tip());
        // The same server's branch grows.
        let strong = weak.extended(20 - fork - blocks + 1, 1);
        let mut moved = chain.clone();
        assert_eq!(follow(&mut moved, &strong, 2016).unwrap().0.replaced, 20 - fork);
        // Another server goes on with the first chain.
        chain.forget_branch();
        let mut stayed = chain.clone();
        let longer = server.clone().extended(1, 0);
        assert_eq!(follow(&mut stayed, &longer, 2016).unwrap().0, Added { added: 1, replaced: 0 });
    }
    // A server that is behind has nothing new.
    assert_eq!(chain.missing(&Server::regtest(5).tip()), None);
}

#[test]
fn headers_without_work_or_with_another_difficulty_are_refused() {
    let server = Server::regtest(5);
    let mut chain = regtest();
    follow(&mut chain, &server, 2016).unwrap();
    let before = chain.tip().header.block_hash();
    let unlike = |header: RawHeader, change: fn(&mut [u8; 80])| {
        let mut bytes = *header.as_bytes();
        change(&mut bytes);
        RawHeader::from_bytes(bytes)
    };
    let good = mine(before, 0, EASY);
    let mut idle = good;
    while Target::REGTEST_LIMIT.is_met_by(idle.block_hash()) {
        idle = unlike(idle, |bytes| bytes[76] = bytes[76].wrapping_add(1));
    }
    assert!(matches!(chain.add(6, &[idle]), Err(ChainError::NoWork { index: 0, .. })));
    let harder = mine(before, 0, 0x2000_ffff);
    assert!(matches!(
        chain.add(6, &[harder]),
        Err(ChainError::Difficulty { index: 0, network: Network::Regtest, expected: EASY, found: 0x2000_ffff })
    ));
    let unlinked = mine(before, 0, EASY);
    assert!(matches!(chain.add(6, &[good, unlinked]), Err(ChainError::Unlinked { index: 1, .. })));
    assert_eq!(chain.add(6, &[]), Err(ChainError::Empty));
    assert_eq!(chain.add(8, &[good]), Err(ChainError::Gap { start: 8, end: 5 }));
    // Nothing of that stays.
    assert_eq!(chain.tip(), server.tip());
    assert_eq!(chain.add(6, &[good]), Ok(Added { added: 1, replaced: 0 }));
    // Without the rules of a network, the difficulty may be any that is not too easy.
    let mut unknown = HeaderChain::new(Rules::NotEasierThan(Target::REGTEST_LIMIT), server.tip());
    assert_eq!(unknown.add(6, &[harder]), Ok(Added { added: 1, replaced: 0 }));
    let mut strict = HeaderChain::new(Rules::NotEasierThan(Target::MAINNET_LIMIT), server.tip());
    assert_eq!(strict.add(6, &[good]), Err(ChainError::TooEasy { index: 0 }));
}

#[test]
fn a_server_of_another_chain_is_found_out() {
    let trusted = Server::regtest(20);
    let other = trusted.forked(0, 30, 1);
    let mut chain = HeaderChain::new(Rules::Of(Network::Regtest), trusted.forked(10, 0, 0).tip());
    follow(&mut chain, &trusted, 2016).unwrap();
    assert!(matches!(follow(&mut chain, &other, 2016), Err(ChainError::Unlinked { .. })));
    assert_eq!((chain.base(), chain.tip()), (10, trusted.tip()));
    // One that reports a tip which its headers do not have.
    let lying = Tip { height: 15, header: other.0[15] };
    let range = chain.missing(&lying).unwrap();
    assert_eq!(chain.add(range.start, &trusted.headers(range, 2016)), Err(ChainError::Contradiction));
    // Below the trusted header there is nothing to ask for.
    assert_eq!(chain.missing(&Tip { height: 10, header: other.0[10] }), None);
    assert_eq!(chain.missing(&Tip { height: 3, header: other.0[3] }), None);
    // One that invents work for ever is stopped by the rules of the main chain at once.
    let genesis = Network::Bitcoin.genesis();
    let mut mainnet = HeaderChain::from_genesis(Network::Bitcoin);
    assert_eq!(mainnet.add(1, &[mine(genesis.block_hash(), 0, EASY)]), Err(ChainError::TooEasy { index: 0 }));
    assert_eq!(mainnet.missing(&Tip { height: u32::MAX, header: genesis }).map(|range| range.count), Some(2016));
}

#[test]
fn it_is_kept_as_bytes_and_checked_when_it_comes_back() {
    let server = Server::regtest(12);
    let mut chain = regtest();
    follow(&mut chain, &server, 2016).unwrap();
    let (rules, trusted) = (Rules::Of(Network::Regtest), Tip { height: 0, header: Network::Regtest.genesis() });
    let bytes = chain.to_bytes();
    assert_eq!(bytes.len(), 13 * 80);
    assert_eq!(HeaderChain::restore(rules, trusted, &bytes), Ok(chain));
    assert_eq!(HeaderChain::restore(rules, trusted, &bytes[..80]), Ok(regtest()));
    assert_eq!(HeaderChain::restore(rules, trusted, &bytes[1..]), Err(ChainError::CutOff(13 * 80 - 1)));
    assert_eq!(HeaderChain::restore(rules, trusted, &[]), Err(ChainError::Empty));
    assert!(HeaderChain::restore(rules, trusted, &bytes[80..]).is_err());
    let mut damaged = bytes;
    damaged[500] ^= 1;
    assert!(HeaderChain::restore(rules, trusted, &damaged).is_err());
}

#[test]
fn a_proof_is_worth_the_work_that_stands_on_its_block() {
    let txid = Txid::from_display_bytes([7; 32]);
    let branch = vec![MerkleNode::from_display_bytes([9; 32])];
    let proof = MerkleProof { height: 3, position: 1, branch };
    let root = merkle_root(txid, &proof.branch, proof.position).unwrap();
    let before = Server::regtest(2);
    let mut bytes = *mine(before.tip().header.block_hash(), 0, EASY).as_bytes();
    bytes[36..68].copy_from_slice(&root.to_digest());
    while !Target::REGTEST_LIMIT.is_met_by(RawHeader::from_bytes(bytes).block_hash()) {
        bytes[76] = bytes[76].wrapping_add(1);
    }
    let mut server = before;
    server.0.push(RawHeader::from_bytes(bytes));
    let server = server.extended(4, 0);

    let mut chain = regtest();
    assert_eq!(chain.prove(txid, &proof), Err(ProofError::NoHeader { height: 3 }));
    follow(&mut chain, &server, 2016).unwrap();
    let proven = chain.prove(txid, &proof).unwrap();
    assert_eq!((proven.height, proven.confirmations, proven.work), (3, 5, 10));
    let elsewhere = MerkleProof { height: 4, ..proof.clone() };
    assert!(matches!(chain.prove(txid, &elsewhere), Err(ProofError::OtherRoot { .. })));
    // A branch of one sibling has two leaves.
    let no_branch = MerkleProof { position: 2, ..proof };
    assert!(matches!(chain.prove(txid, &no_branch), Err(ProofError::Branch(_))));
}

#[test]
fn headers_that_are_not_linked_prove_nothing_though_the_last_one_has_a_proof() {
    let headers = vec![Network::Testnet3.genesis(), Network::Bitcoin.genesis()];
    let root = MerkleNode::from(Network::Bitcoin.genesis_hash());
    let proof = Some(CheckpointProof { branch: vec![], root });
    let run = ProvenHeaderRun { run: HeaderRun { headers, max: 2016 }, proof };
    assert!(matches!(run.verify(0, 0, root), Err(ProofError::Chain(_))));
}

/// A header of zeros and an empty branch prove anything against the header that the same server sent; no chain has it.
#[test]
fn a_header_that_a_server_made_up_proves_nothing() {
    let txid = Txid::from_display_bytes([7; 32]);
    let mut bytes = [0; 80];
    bytes[36..68].copy_from_slice(&MerkleNode::from(txid).to_digest());
    let made_up = RawHeader::from_bytes(bytes);
    let proof = MerkleProof { height: 1, position: 0, branch: Vec::new() };
    assert_eq!(proof.verify(txid, &made_up), Ok(()));
    let mut chain = HeaderChain::from_genesis(Network::Bitcoin);
    assert!(chain.add(1, &[made_up]).is_err());
    assert_eq!(chain.prove(txid, &proof), Err(ProofError::NoHeader { height: 1 }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a server gives, from wherever: nothing panics, work never shrinks, and all headers stay linked.
    #[test]
    fn any_headers_leave_a_chain(
        base in prop_oneof![Just(0), Just(5), Just(u32::MAX - 3), Just(u32::MAX)],
        given in prop::collection::vec((0_usize..3, 0_usize..12, 0_usize..8, -4_i64..12), 1..12),
    ) {
        let main = Server::regtest(10);
        let servers = [main.clone(), main.forked(4, 9, 1), main.forked(0, 6, 2)];
        let trusted = Tip { height: base, header: main.0[0] };
        let mut chain = HeaderChain::new(Rules::NotEasierThan(Target::REGTEST_LIMIT), trusted);
        for (server, from, count, shift) in given {
            let start = u32::try_from(i64::from(base) + i64::try_from(from).unwrap() + shift.min(1)).unwrap_or(u32::MAX);
            let headers: Vec<_> = servers[server].0.iter().skip(from).take(count).copied().collect();
            let before = chain.work_on(base).unwrap();
            let _ = chain.add(start, &headers);
            prop_assert!(chain.work_on(base).unwrap() >= before);
            for server in &servers {
                for height in [0, base, base.saturating_add(7), u32::MAX] {
                    let _ = chain.missing(&Tip { height, ..server.tip() });
                }
            }
        }
        prop_assert_eq!(chain.header(base), Some(&trusted.header));
        prop_assert!(HeaderChain::restore(Rules::NotEasierThan(Target::REGTEST_LIMIT), trusted, &chain.to_bytes()).is_ok());
    }
}
