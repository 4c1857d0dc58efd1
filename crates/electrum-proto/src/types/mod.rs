//! The values that the protocol speaks of.
//!
//! With the feature `bitcoin` they convert to and from those of the crate `bitcoin`, version 0.32:
#![cfg_attr(feature = "bitcoin", doc = "```")]
#![cfg_attr(not(feature = "bitcoin"), doc = "```ignore")]
//! use electrum_proto::bitcoin::{ScriptBuf, Transaction};
//! use electrum_proto::operations::{Balance, Broadcast};
//! use electrum_proto::types::RawTransaction;
//!
//! let script = ScriptBuf::from_bytes(vec![0x51]);
//! let request = Balance::new(&script);
//!
//! # let digits = format!("0100000001{}ffffffff01{}", "00".repeat(37), "00".repeat(13));
//! # let answer: RawTransaction = digits.parse()?;
//! // `answer` is what `TransactionGet` returned.
//! let transaction = Transaction::try_from(answer)?;
//! let request = Broadcast { transaction: transaction.into() };
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod amount;
#[cfg(feature = "bitcoin")]
mod convert;
mod hash;
mod header;
mod history;
mod network;
mod outpoint;
mod partial_list;
mod proven;
mod script;
mod server;
mod transaction;

pub use amount::{Amount, FeeRate, SignedAmount};
#[cfg(feature = "bitcoin")]
pub use convert::BeyondSupply;
pub use hash::{BlockHash, HashError, MerkleNode, ScriptHash, ScriptStatus, Txid, Wtxid};
pub use header::{RawHeader, Tip};
pub(crate) use history::read_entries;
pub use history::{HistoryEntry, OutPointStatus, ScriptBalance, Spender, TxHeight, UnspentOutput};
pub use network::{Network, UnknownNetwork};
pub use outpoint::{OutPoint, OutPointError};
pub use partial_list::PartialList;
pub(crate) use proven::read_branch;
pub use proven::{CheckpointProof, HeaderRun, MerkleProof, ProvenHeader, ProvenHeaderRun, ProvenTxid};
pub use script::{Script, ScriptRef};
pub use server::{Peer, ServerFeatures, ServerHost};
pub use transaction::RawTransaction;
