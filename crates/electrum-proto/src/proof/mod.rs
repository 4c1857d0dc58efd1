//! Proofs against a server that is not trusted: pure functions from what it sent to a hash that is known.
//!
//! - [`merkle_root`] leads from a transaction to the merkle root of its block's header,
//!   and [`checkpoint_root`] from a header to the root over all headers up to a checkpoint.
//! - [`check_links`] and [`check_work`] say that headers form a chain and that work was done for each.
//!   How the target must change from header to header is the chain's own rule and not checked here.
//! - [`script_status`] is the status that a server should give for a history.
//! - [`txid`] is the id of a transaction's bytes.

mod chain;
mod merkle;
mod status;
mod transaction;

pub use chain::{ChainError, Target, check_links, check_work};
pub use merkle::{MerkleError, checkpoint_root, merkle_root};
pub use status::script_status;
pub use transaction::{TransactionError, txid, wtxid};
