//! Transactions in the mempool, and why a transaction is rejected.

use std::fmt;

use super::tx::Transaction;
use crate::hash::Txid;

/// A transaction in the mempool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MempoolEntry {
    /// The transaction.
    pub tx: Transaction,
    /// Its id.
    pub txid: Txid,
    /// Its fee in satoshi.
    pub fee: u64,
    /// Its virtual size.
    pub vsize: u64,
}

/// Why a transaction was rejected, in the words of the node behind the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection(pub String);

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Rejection {}
