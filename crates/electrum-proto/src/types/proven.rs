//! What servers send with a proof, and the proof's check.

use alloc::vec::Vec;

use super::{MerkleNode, RawHeader, Txid};
use crate::json::{Read, Reader};
use crate::proof::{self, ChainError, MerkleError};

/// Where in its block a transaction stands, with the proof of it.
///
/// # Example
/// ```
/// use electrum_proto::types::{MerkleProof, Network, ProofError, Txid};
///
/// // The first block has one transaction, whose proof needs no sibling.
/// let txid: Txid = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b".parse()?;
/// let proof = MerkleProof { height: 0, position: 0, branch: vec![] };
/// assert_eq!(proof.verify(txid, &Network::Bitcoin.genesis()), Ok(()));
/// // The block of another network has another root.
/// let elsewhere = proof.verify(txid, &Network::Testnet4.genesis());
/// assert!(matches!(elsewhere, Err(ProofError::OtherRoot { found, .. }) if found == txid.into()));
/// # Ok::<(), electrum_proto::types::HashError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerkleProof {
    /// The height of the block.
    pub height: u32,
    /// The place of the transaction in the block, counted from 0.
    pub position: u32,
    /// The siblings from the leaf up.
    pub branch: Vec<MerkleNode>,
}

/// The id of a transaction, with the proof that it stands where it was asked for.
///
/// # Example
/// ```
/// use electrum_proto::types::{Network, ProvenTxid, Txid};
///
/// let txid: Txid = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b".parse()?;
/// let proven = ProvenTxid { txid, branch: vec![] };
/// assert_eq!(proven.verify(0, &Network::Bitcoin.genesis()), Ok(()));
/// // Nothing is proven of another place in the block.
/// assert!(proven.verify(1, &Network::Bitcoin.genesis()).is_err());
/// # Ok::<(), electrum_proto::types::HashError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenTxid {
    /// The id.
    pub txid: Txid,
    /// The siblings from the leaf up.
    pub branch: Vec<MerkleNode>,
}

/// A run of headers.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Headers;
/// use electrum_proto::types::Network;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let result = format!(r#"{{"count":1,"hex":"{}","max":2016}}"#, Network::Bitcoin.genesis().to_hex());
/// let run = Headers::new(0, 5000).decode(ProtocolVersion::V1_4, RawJson::new(&result))?;
/// // Fewer than asked for: the next request begins behind them, and asks for no more than the server gives.
/// let next = (run.headers.len(), run.max.min(4999));
/// assert_eq!(next, (1, 2016));
/// # Ok::<(), electrum_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderRun {
    /// The headers in the order of the chain; fewer than were asked for where the chain ends or the server cuts.
    pub headers: Vec<RawHeader>,
    /// How many headers the server sends at most in one answer.
    pub max: u32,
}

/// A header, with the proof that it is one of those up to a checkpoint.
///
/// # Example
/// ```
/// use electrum_proto::types::{CheckpointProof, MerkleNode, Network, ProvenHeader};
///
/// // The tree over the first two headers; such a root is kept in a program, with the height of the last header.
/// let hashes = [
///     Network::Bitcoin.genesis_hash(),
///     "00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048".parse()?,
/// ];
/// let root = MerkleNode::hash(&hashes.map(|hash| hash.to_digest()).concat());
/// let proof = CheckpointProof { branch: vec![hashes[1].into()], root };
/// let proven = ProvenHeader { header: Network::Bitcoin.genesis(), proof };
/// assert_eq!(proven.verify(0, 1, root), Ok(()));
/// // It is not the header of another height.
/// assert!(proven.verify(1, 1, root).is_err());
/// # Ok::<(), electrum_proto::types::HashError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenHeader {
    /// The header.
    pub header: RawHeader,
    /// The proof.
    pub proof: CheckpointProof,
}

/// A run of headers, with the proof that the last one is one of those up to a checkpoint.
///
/// # Example
/// ```
/// use electrum_proto::types::{CheckpointProof, HeaderRun, Network, ProofError, ProvenHeaderRun};
///
/// // Up to the checkpoint of height 0 there is one header, whose hash is the root.
/// let (header, root) = (Network::Bitcoin.genesis(), Network::Bitcoin.genesis_hash().into());
/// let run = HeaderRun { headers: vec![header], max: 2016 };
/// let proven = ProvenHeaderRun { run, proof: Some(CheckpointProof { branch: vec![], root }) };
/// assert_eq!(proven.verify(0, 0, root), Ok(()));
/// // Without headers there is no proof.
/// let nothing = ProvenHeaderRun { run: HeaderRun { headers: vec![], max: 2016 }, proof: None };
/// assert_eq!(nothing.verify(0, 0, root), Err(ProofError::Nothing));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenHeaderRun {
    /// The headers.
    pub run: HeaderRun,
    /// The proof for the last of them; `None` if there are no headers.
    pub proof: Option<CheckpointProof>,
}

/// The proof that a header is one of those up to a checkpoint.
///
/// # Example
/// ```
/// use electrum_proto::proof::checkpoint_root;
/// use electrum_proto::types::{CheckpointProof, MerkleNode, Network};
///
/// // The tree over the first two headers; such a root is kept in a program, with the height of the last header.
/// let hashes = [
///     Network::Bitcoin.genesis_hash(),
///     "00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048".parse()?,
/// ];
/// let root = MerkleNode::hash(&hashes.map(|hash| hash.to_digest()).concat());
/// let proof = CheckpointProof { branch: vec![hashes[1].into()], root };
/// // The server's own root proves nothing: compare where the branch leads with the root that is trusted.
/// assert_eq!(checkpoint_root(hashes[0], 0, 1, &proof.branch)?, root);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointProof {
    /// The siblings from the header's hash up.
    pub branch: Vec<MerkleNode>,
    /// The root that the server sent. The proof holds only against a root that the caller trusts.
    pub root: MerkleNode,
}

/// Why a server's proof does not hold.
///
/// # Example
/// ```
/// use electrum_proto::types::{MerkleProof, Network, ProofError, Txid};
///
/// let proof = MerkleProof { height: 0, position: 0, branch: vec![] };
/// let error = proof.verify(Txid::from_display_bytes([0xaa; 32]), &Network::Bitcoin.genesis()).unwrap_err();
/// match error {
///     // The chain of headers must grow first; nothing is wrong with the server.
///     ProofError::NoHeader { height } => panic!("ask for the headers up to {height}"),
///     // Everything else is the server's fault: ask another one.
///     fault => assert!(fault.to_string().contains("instead of the trusted 4a5e1e4baab89f3a")),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// The branch is not a valid merkle branch.
    Branch(MerkleError),
    /// The headers do not form a chain.
    Chain(ChainError),
    /// The branch leads to another root.
    OtherRoot {
        /// Where the branch leads.
        found: MerkleNode,
        /// What is trusted.
        trusted: MerkleNode,
    },
    /// The chain of headers does not have the block.
    NoHeader {
        /// The height of the block.
        height: u32,
    },
    /// There is no proof.
    Nothing,
}

error_texts!(ProofError {
    Self::Branch(inner) => "{inner}";
    Self::Chain(inner) => "{inner}";
    Self::OtherRoot { found, trusted } => "the proof leads to {found} instead of the trusted {trusted}";
    Self::NoHeader { height } => "the header of height {height} is not in the chain that was checked";
    Self::Nothing => "there is no header, so there is no proof";
});

impl From<MerkleError> for ProofError {
    fn from(error: MerkleError) -> Self {
        Self::Branch(error)
    }
}

impl From<ChainError> for ProofError {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

impl MerkleProof {
    /// Checks that transaction `txid` is in the block with this `header`, which must be trusted already.
    ///
    /// # Errors
    /// [`ProofError`] if that is not proven.
    pub fn verify(&self, txid: Txid, header: &RawHeader) -> Result<(), ProofError> {
        same_root(proof::merkle_root(txid, &self.branch, self.position)?, header.merkle_root())
    }
}

impl ProvenTxid {
    /// Checks that the transaction is at `position` in the block with this `header`, which must be trusted already.
    ///
    /// # Errors
    /// [`ProofError`] if that is not proven.
    pub fn verify(&self, position: u32, header: &RawHeader) -> Result<(), ProofError> {
        same_root(proof::merkle_root(self.txid, &self.branch, position)?, header.merkle_root())
    }
}

impl ProvenHeader {
    /// Checks that the header is the one of `height` under the trusted `root` over all headers up to `checkpoint`.
    ///
    /// # Errors
    /// [`ProofError`] if that is not proven.
    pub fn verify(&self, height: u32, checkpoint: u32, root: MerkleNode) -> Result<(), ProofError> {
        same_root(proof::checkpoint_root(self.header.block_hash(), height, checkpoint, &self.proof.branch)?, root)
    }
}

impl ProvenHeaderRun {
    /// Checks that the headers, of which the first is the one of height `start`, are linked and that the last one is
    /// under the trusted `root` over all headers up to `checkpoint`. That proves all of them.
    ///
    /// # Errors
    /// [`ProofError`] if that is not proven.
    pub fn verify(&self, start: u32, checkpoint: u32, root: MerkleNode) -> Result<(), ProofError> {
        let (Some(proof), Some(last)) = (&self.proof, proof::check_links(None, &self.run.headers)?) else {
            return Err(ProofError::Nothing);
        };
        let ahead = u32::try_from(self.run.headers.len() - 1).unwrap_or(u32::MAX);
        let height = start.saturating_add(ahead);
        same_root(proof::checkpoint_root(last, height, checkpoint, &proof.branch)?, root)
    }
}

fn same_root(found: MerkleNode, trusted: MerkleNode) -> Result<(), ProofError> {
    if found == trusted { Ok(()) } else { Err(ProofError::OtherRoot { found, trusted }) }
}

/// Reads a merkle branch.
pub(crate) fn read_branch(reader: &mut Reader<'_>) -> Read<Vec<MerkleNode>> {
    let mut branch = Vec::new();
    reader.array(|reader, _| {
        branch.push(MerkleNode::from_display_bytes(reader.hash()?));
        Ok(())
    })?;
    Ok(branch)
}

serialize_fields! {
    MerkleProof { height, position, branch }
    ProvenTxid { txid, branch }
    HeaderRun { headers, max }
    ProvenHeader { header, proof }
    ProvenHeaderRun { run, proof }
    CheckpointProof { branch, root }
}
