//! The values that the protocol speaks of.

mod hash;
mod header;
mod script;

pub use hash::{BlockHash, HashError, MerkleNode, ScriptHash, ScriptStatus, Txid};
pub use header::RawHeader;
pub use script::Script;
