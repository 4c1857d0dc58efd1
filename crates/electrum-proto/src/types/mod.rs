//! The values that the protocol speaks of.

mod amount;
mod hash;
mod header;
mod history;
mod proven;
mod script;
mod server;
mod transaction;

pub use amount::{Amount, FeeRate, SignedAmount};
pub use hash::{BlockHash, HashError, MerkleNode, ScriptHash, ScriptStatus, Txid, Wtxid};
pub use header::{RawHeader, Tip};
pub(crate) use history::read_entries;
pub use history::{HistoryEntry, OutPoint, OutPointStatus, ScriptBalance, Spender, TxHeight, UnspentOutput};
pub(crate) use proven::read_branch;
pub use proven::{CheckpointProof, HeaderRun, MerkleProof, ProofError, ProvenHeader, ProvenHeaderRun, ProvenTxid};
pub use script::{Script, ScriptRef};
pub use server::{Peer, ServerFeatures, ServerHost};
pub use transaction::RawTransaction;
