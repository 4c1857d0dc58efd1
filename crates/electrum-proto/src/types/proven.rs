//! What servers send with a proof. The module `proof` checks it.

use alloc::vec::Vec;

use super::{MerkleNode, RawHeader, Txid};
use crate::json::{Read, Reader};

/// Where in its block a transaction stands, with the proof of it.
///
/// # Example
/// ```
/// use electrum_proto::proof::ProofError;
/// use electrum_proto::types::{MerkleProof, Network, Txid};
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
/// use electrum_proto::proof::ProofError;
/// use electrum_proto::types::{CheckpointProof, HeaderRun, Network, ProvenHeaderRun};
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
