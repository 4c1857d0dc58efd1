//! Proofs against a server that is not trusted: pure functions from what it sent to a hash that is known.
//!
//! - [`merkle_root`] leads from a transaction to the merkle root of its block's header,
//!   and [`checkpoint_root`] from a header to the root over all headers up to a checkpoint.
//! - [`check_links`] and [`check_work`] say that headers form a chain and that work was done for each.
//! - [`HeaderChain`] keeps the headers from one that is trusted to the tip: each linked, with its work, and with the
//!   difficulty that the network's rules ask for. What it [proves](HeaderChain::prove) stands on that work.
//! - [`script_status`] is the status that a server should give for a history, and [`check_not_withheld`] finds servers
//!   that answer an empty one for a script that has a history.
//! - [`txid`] is the id of a transaction's bytes.

mod chain;
mod difficulty;
mod header_chain;
mod merkle;
mod proven;
mod status;
mod transaction;
mod work;

pub use chain::{ChainError, check_links, check_work};
pub use header_chain::{Added, HeaderChain, HeaderRange, Proven, Rules};
pub use merkle::{MerkleError, checkpoint_root, merkle_root};
pub use proven::ProofError;
pub use status::{HistoryWithheld, check_not_withheld, script_status};
pub use transaction::{TransactionError, txid, wtxid};
pub use work::Target;
