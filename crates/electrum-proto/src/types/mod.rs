//! The values that the protocol speaks of.

mod hash;
mod script;

pub use hash::{BlockHash, HashError, MerkleNode, ScriptHash, ScriptStatus, Txid};
pub use script::Script;
