//! Checks what servers send with a proof.

use super::chain::{ChainError, check_links};
use super::merkle::{MerkleError, checkpoint_root, merkle_root};
use crate::types::{MerkleNode, MerkleProof, ProvenHeader, ProvenHeaderRun, ProvenTxid, RawHeader, Txid};

/// Why a server's proof does not hold.
///
/// # Example
/// ```
/// use electrum_proto::proof::ProofError;
/// use electrum_proto::types::{MerkleProof, Network, Txid};
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
        same_root(merkle_root(txid, &self.branch, self.position)?, header.merkle_root())
    }
}

impl ProvenTxid {
    /// Checks that the transaction is at `position` in the block with this `header`, which must be trusted already.
    ///
    /// # Errors
    /// [`ProofError`] if that is not proven.
    pub fn verify(&self, position: u32, header: &RawHeader) -> Result<(), ProofError> {
        same_root(merkle_root(self.txid, &self.branch, position)?, header.merkle_root())
    }
}

impl ProvenHeader {
    /// Checks that the header is the one of `height` under the trusted `root` over all headers up to `checkpoint`.
    ///
    /// # Errors
    /// [`ProofError`] if that is not proven.
    pub fn verify(&self, height: u32, checkpoint: u32, root: MerkleNode) -> Result<(), ProofError> {
        same_root(checkpoint_root(self.header.block_hash(), height, checkpoint, &self.proof.branch)?, root)
    }
}

impl ProvenHeaderRun {
    /// Checks that the headers, of which the first is the one of height `start`, are linked and that the last one is
    /// under the trusted `root` over all headers up to `checkpoint`. That proves all of them.
    ///
    /// # Errors
    /// [`ProofError`] if that is not proven.
    pub fn verify(&self, start: u32, checkpoint: u32, root: MerkleNode) -> Result<(), ProofError> {
        let (Some(proof), Some(last)) = (&self.proof, check_links(None, &self.run.headers)?) else {
            return Err(ProofError::Nothing);
        };
        let ahead = u32::try_from(self.run.headers.len() - 1).unwrap_or(u32::MAX);
        let height = start.saturating_add(ahead);
        same_root(checkpoint_root(last, height, checkpoint, &proof.branch)?, root)
    }
}

fn same_root(found: MerkleNode, trusted: MerkleNode) -> Result<(), ProofError> {
    if found == trusted { Ok(()) } else { Err(ProofError::OtherRoot { found, trusted }) }
}
