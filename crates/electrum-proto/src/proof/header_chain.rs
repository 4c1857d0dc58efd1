//! A chain of headers from one that is trusted to the tip, each with its work checked.

use alloc::vec::Vec;

use super::chain::{ChainError, check_links, check_work};
use super::difficulty::{easiest_target, may_be_too_easy, required_bits};
use super::proven::ProofError;
use super::work::Target;
use crate::types::{MerkleProof, Network, RawHeader, Tip, Txid};

/// The headers from one that the caller trusts to the tip that a server follows: each linked to the one before it, with
/// its work, and with the difficulty that the network's rules ask for.
///
/// A server can invent a header, but not the work of the headers on top of it. A result of [`prove`](Self::prove) is as
/// trustworthy as the work that a forgery would take is large: [`Proven::work`].
///
/// It does no I/O: [`missing`](Self::missing) says which headers to ask for, [`add`](Self::add) takes them, until
/// nothing is missing. After a reorganisation it finds the last header in common by itself, and changes to the server's
/// branch once that has more work. To keep it in a file, write [`to_bytes`](Self::to_bytes) and
/// [`restore`](Self::restore) it later, which checks all of it again.
///
/// # Example
/// ```
/// use electrum_proto::operations::Headers;
/// use electrum_proto::proof::{ChainError, HeaderChain};
/// use electrum_proto::types::{HeaderRun, Network, RawHeader, Tip};
///
/// // A server's answer to `Headers`; here the first two blocks after the genesis block.
/// fn ask(request: Headers) -> Vec<RawHeader> {
///     # assert_eq!(request, Headers::new(1, 2));
///     # [
///     #     "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299",
///     #     "010000004860eb18bf1b1620e37e9490fc8a427514416fd75159ab86688e9a8300000000d5fdcc541e25de1c7a5addedf24858b8bb665c9f36ef744ee42c316022c90f9bb0bc6649ffff001d08d2bd61",
///     # ].map(|digits| RawHeader::from_hex(digits).unwrap()).to_vec()
///     /* … */
/// }
///
/// # let tip = Tip { height: 2, header: ask(Headers::new(1, 2))[1] };
/// let mut chain = HeaderChain::from_genesis(Network::Bitcoin);
/// // `tip` is what the server reports for the topic `Headers`.
/// while let Some(range) = chain.missing(&tip) {
///     chain.add(range.start, &ask(Headers::new(range.start, range.count)))?;
/// }
/// assert!(chain.contains(&tip));
/// assert_eq!(chain.work_on(1), Some(2 * 0x1_0001_0001));
/// # Ok::<(), ChainError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderChain {
    rules: Rules,
    /// The height of the first header.
    base: u32,
    /// The first one is trusted.
    headers: Vec<RawHeader>,
    /// The server's headers that leave this chain behind `fork`, and have no more work than it so far.
    branch: Vec<RawHeader>,
    /// The height of the last header before the branch.
    fork: u32,
    /// How far to go back where the server's headers do not link to these.
    step: u32,
    /// The height from which to ask next.
    next: u32,
}

/// Which rules headers are checked against.
///
/// # Example
/// ```
/// use electrum_proto::proof::{ChainError, HeaderChain, Rules, Target};
/// use electrum_proto::types::{Network, RawHeader, Tip};
///
/// let trusted = Tip { height: 0, header: Network::Bitcoin.genesis() };
/// let second = RawHeader::from_hex(
///     "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe68\
///      0e1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299",
/// )?;
/// let mut chain = HeaderChain::new(Rules::Of(Network::Bitcoin), trusted);
/// assert_eq!(chain.add(1, &[second])?.added, 1);
/// // A network of one's own, where more work is asked for than this block has.
/// let limit = Target::from_compact(0x1c00_ffff).ok_or("not a target")?;
/// let mut chain = HeaderChain::new(Rules::NotEasierThan(limit), trusted);
/// assert_eq!(chain.add(1, &[second]), Err(ChainError::TooEasy { index: 0 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rules {
    /// The rules of a network: the target of each header must be the one that they give.
    Of(Network),
    /// No target may be easier than this one. It is for networks that are not known: a forged header takes no more work
    /// than this target does.
    NotEasierThan(Target),
}

/// Headers to ask for.
///
/// # Example
/// ```
/// use electrum_proto::operations::Headers;
/// use electrum_proto::proof::{HeaderChain, HeaderRange};
/// use electrum_proto::types::{Network, RawHeader, Tip};
///
/// let chain = HeaderChain::from_genesis(Network::Bitcoin);
/// # let header = RawHeader::from_bytes([0; 80]);
/// // What a server reports; the first headers up to it are asked for, as many as servers give at once.
/// let tip = Tip { height: 840_000, header };
/// let range = chain.missing(&tip).ok_or("nothing is missing")?;
/// assert_eq!(range, HeaderRange { start: 1, count: 2016 });
/// let request = Headers::new(range.start, range.count);
/// # assert_eq!(request, Headers::new(1, 2016));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderRange {
    /// The height of the first one.
    pub start: u32,
    /// How many.
    pub count: u32,
}

/// What headers changed in a chain.
///
/// # Example
/// ```
/// use electrum_proto::proof::{Added, HeaderChain};
/// use electrum_proto::types::{Network, RawHeader};
///
/// let mut chain = HeaderChain::from_genesis(Network::Bitcoin);
/// let second = RawHeader::from_hex(
///     "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe68\
///      0e1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299",
/// )?;
/// let changed = chain.add(1, &[second])?;
/// // Had headers been replaced, what was proven by them would have to be proven again.
/// assert_eq!(changed, Added { added: 1, replaced: 0 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// How many headers are new.
    pub added: usize,
    /// How many headers were replaced, because the server's branch has more work.
    pub replaced: usize,
}

/// A proof that a transaction is in a block, and the work that it would take to forge it.
///
/// # Example
/// ```
/// use electrum_proto::proof::HeaderChain;
/// use electrum_proto::types::{MerkleProof, Network, Txid};
///
/// let chain = HeaderChain::from_genesis(Network::Bitcoin);
/// let txid: Txid = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b".parse()?;
/// let proven = chain.prove(txid, &MerkleProof { height: 0, position: 0, branch: vec![] })?;
/// assert_eq!((proven.height, proven.confirmations), (0, 1));
/// // How sure it is: a forgery takes as many hashes.
/// assert_eq!(proven.work, 0x1_0001_0001);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proven {
    /// The height of the block.
    pub height: u32,
    /// How many blocks there are from that block to the tip, both included.
    pub confirmations: u32,
    /// How many hashes it takes on average to make those blocks.
    pub work: u128,
}

/// How many headers servers give at most, in general.
const MOST: u32 = 2016;

impl HeaderChain {
    /// Makes a chain that begins with the first block of `network`.
    #[must_use]
    pub fn from_genesis(network: Network) -> Self {
        Self::new(Rules::Of(network), Tip { height: 0, header: network.genesis() })
    }

    /// Makes a chain that begins with a header that the caller trusts, such as a checkpoint.
    ///
    /// Choose one at a change of the difficulty (a height that is a multiple of 2016): what the first change in the
    /// chain depends on is known then.
    #[must_use]
    pub fn new(rules: Rules, trusted: Tip) -> Self {
        let Tip { height, header } = trusted;
        Self {
            rules,
            base: height,
            headers: alloc::vec![header],
            branch: Vec::new(),
            fork: height,
            step: 1,
            next: height.saturating_add(1),
        }
    }

    /// Makes a chain again from what [`to_bytes`](Self::to_bytes) gave, and checks all of it.
    ///
    /// # Errors
    /// [`ChainError`] if the headers do not begin with the trusted one, are cut off, or are no chain by the rules.
    pub fn restore(rules: Rules, trusted: Tip, bytes: &[u8]) -> Result<Self, ChainError> {
        let pieces = bytes.chunks_exact(80);
        if !pieces.remainder().is_empty() {
            return Err(ChainError::CutOff(bytes.len()));
        }
        let headers: Vec<RawHeader> =
            pieces.filter_map(|piece| piece.try_into().ok()).map(RawHeader::from_bytes).collect();
        let (first, rest) = headers.split_first().ok_or(ChainError::Empty)?;
        if *first != trusted.header {
            let (expected, found) = (trusted.header.block_hash(), first.block_hash());
            return Err(ChainError::Unlinked { index: 0, expected, found });
        }
        let mut chain = Self::new(rules, trusted);
        if !rest.is_empty() {
            chain.add(chain.base.saturating_add(1), rest)?;
        }
        Ok(chain)
    }

    /// Returns all headers one after the other, 80 bytes each, from the trusted one on.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.headers.iter().flat_map(RawHeader::as_bytes).copied().collect()
    }

    /// Returns the height of the trusted header.
    #[must_use]
    pub const fn base(&self) -> u32 {
        self.base
    }

    /// Returns the last header.
    #[must_use]
    pub fn tip(&self) -> Tip {
        Tip { height: self.height(), header: self.headers[self.headers.len() - 1] }
    }

    /// Returns the header of `height`, if the chain has it.
    #[must_use]
    pub fn header(&self, height: u32) -> Option<&RawHeader> {
        self.headers.get(usize::try_from(height.checked_sub(self.base)?).ok()?)
    }

    /// Returns whether the chain has the header `tip` at its height.
    #[must_use]
    pub fn contains(&self, tip: &Tip) -> bool {
        self.header(tip.height) == Some(&tip.header)
    }

    /// Returns how many hashes it takes on average to make the blocks from the one of `height` to the tip; nothing if
    /// the chain does not have that block.
    #[must_use]
    pub fn work_on(&self, height: u32) -> Option<u128> {
        self.header(height)?;
        let from = usize::try_from(height - self.base).ok()?;
        Some(work_of(&self.headers[from..]))
    }

    /// Checks that transaction `txid` is in the block that `proof` names, by this chain's header of it.
    ///
    /// # Errors
    /// [`ProofError`] if the chain does not have that header, or the proof does not lead to it.
    pub fn prove(&self, txid: Txid, proof: &MerkleProof) -> Result<Proven, ProofError> {
        let height = proof.height;
        let (Some(header), Some(work)) = (self.header(height), self.work_on(height)) else {
            return Err(ProofError::NoHeader { height });
        };
        proof.verify(txid, header)?;
        Ok(Proven { height, confirmations: self.height() - height + 1, work })
    }

    /// Returns the headers to ask a server for that reports `tip`; nothing if the chain has that tip, or the branch of
    /// that server has no more work than this chain.
    #[must_use]
    pub fn missing(&self, tip: &Tip) -> Option<HeaderRange> {
        if self.contains(tip) {
            return None;
        }
        // A tip that is not above what is known is on another branch, and so asked for itself.
        let start = if self.branch.is_empty() { self.next.min(tip.height) } else { self.next };
        let count = tip.height.checked_sub(start)?.saturating_add(1).min(MOST);
        (start > self.base).then_some(HeaderRange { start, count })
    }

    /// Takes the headers that a server gave from height `start` on, checks them, and changes to them if they have more
    /// work than the headers that they leave.
    ///
    /// Nothing is added where they do not link to this chain: [`missing`](Self::missing) then goes back, in growing steps.
    ///
    /// # Errors
    /// [`ChainError`] if the headers break a rule, or contradict the trusted header. The chain stays as it was, and
    /// begins anew with the next server.
    pub fn add(&mut self, start: u32, headers: &[RawHeader]) -> Result<Added, ChainError> {
        let added = self.try_add(start, headers);
        if added.is_err() {
            self.forget_branch();
        }
        added
    }

    /// Forgets headers of another branch that have not enough work. Call it when another server is asked.
    pub fn forget_branch(&mut self) {
        self.branch.clear();
        self.next = self.height().saturating_add(1);
        self.step = 1;
    }

    fn try_add(&mut self, start: u32, headers: &[RawHeader]) -> Result<Added, ChainError> {
        if headers.is_empty() {
            return Err(ChainError::Empty);
        }
        let goes_on = !self.branch.is_empty() && start == self.branch_end().saturating_add(1);
        if !goes_on {
            self.branch.clear();
        }
        let known = if goes_on { 0 } else { self.known(start, headers) };
        let (first, new) = (height_after(start, known), &headers[known..]);
        if new.is_empty() {
            if first <= self.next {
                return Err(ChainError::Contradiction);
            }
            self.next = first;
            return Ok(Added::default());
        }
        let before =
            if goes_on { self.branch.last() } else { first.checked_sub(1).and_then(|height| self.header(height)) };
        let Some(before) = before.copied() else {
            return Err(ChainError::Gap { start, end: self.height() });
        };
        if new[0].prev_hash() != before.block_hash() && !goes_on && first > self.base.saturating_add(1) {
            self.next = first.saturating_sub(self.step).max(self.base.saturating_add(1));
            self.step = self.step.saturating_mul(2);
            return Ok(Added::default());
        }
        self.check(first, before, new)?;
        if !goes_on {
            self.fork = first - 1;
        }
        self.branch.extend_from_slice(new);
        self.next = self.branch_end().saturating_add(1);
        self.step = 1;
        Ok(self.choose())
    }

    /// How many of the headers from `start` on the chain has already.
    fn known(&self, start: u32, headers: &[RawHeader]) -> usize {
        let same = |(index, header): &(usize, &RawHeader)| self.header(height_after(start, *index)) == Some(*header);
        headers.iter().enumerate().take_while(same).count()
    }

    /// Changes to the branch if it has more work than what it leaves.
    fn choose(&mut self) -> Added {
        let kept = usize::try_from(self.fork - self.base).unwrap_or(usize::MAX).saturating_add(1);
        if work_of(&self.branch) <= work_of(&self.headers[kept..]) {
            return Added::default();
        }
        let changed = Added { added: self.branch.len(), replaced: self.headers.len() - kept };
        self.headers.truncate(kept);
        self.headers.append(&mut self.branch);
        changed
    }

    /// Checks links, work and difficulty of headers that follow `before`, which is the one before height `first`.
    fn check(&self, first: u32, before: RawHeader, new: &[RawHeader]) -> Result<(), ChainError> {
        check_links(Some(before.block_hash()), new)?;
        let network = match self.rules {
            Rules::NotEasierThan(limit) => return check_work(limit, new),
            Rules::Of(network) => network,
        };
        check_work(easiest_target(network), new)?;
        let known = |height: u32| match height.checked_sub(first) {
            Some(index) => new.get(usize::try_from(index).ok()?),
            None if !self.branch.is_empty() && height > self.fork => {
                self.branch.get(usize::try_from(height - self.fork - 1).ok()?)
            }
            None => self.header(height),
        };
        let mut before = &before;
        for (index, header) in new.iter().enumerate() {
            let found = header.bits();
            match required_bits(network, height_after(first, index), before, header, known) {
                Some(expected) if expected != found => {
                    return Err(ChainError::Difficulty { index, network, expected, found });
                }
                None if may_be_too_easy(network, before, header) => return Err(ChainError::TooEasy { index }),
                _ => before = header,
            }
        }
        Ok(())
    }

    fn height(&self) -> u32 {
        height_after(self.base, self.headers.len() - 1)
    }

    fn branch_end(&self) -> u32 {
        if self.branch.is_empty() { self.height() } else { height_after(self.fork, self.branch.len()) }
    }
}

/// The height of what stands so many places after `start`.
fn height_after(start: u32, places: usize) -> u32 {
    start.saturating_add(u32::try_from(places).unwrap_or(u32::MAX))
}

/// How many hashes it takes to make these headers. Neighbours mostly have the same target.
fn work_of(headers: &[RawHeader]) -> u128 {
    let (mut sum, mut last) = (0_u128, (0, 0));
    for header in headers {
        let bits = header.bits();
        if bits != last.0 {
            last = (bits, Target::from_compact(bits).map_or(0, Target::work));
        }
        sum = sum.saturating_add(last.1);
    }
    sum
}
