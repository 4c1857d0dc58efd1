//! Transactions in the mempool, and why a transaction is rejected.

use std::fmt;

use super::tx::Transaction;
use crate::hash::Txid;

/// A transaction in the mempool.
///
/// # Example
/// ```
/// use electrum_testkit::chain::{Chain, FEE, script};
///
/// let mut chain = Chain::funded();
/// let txid = chain.pay(&script(1), 70_000);
/// let entry = &chain.mempool()[0];
/// assert_eq!((entry.txid, entry.fee), (txid, FEE));
/// assert_eq!(entry.vsize, entry.tx.vsize());
/// ```
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
///
/// # Example
/// ```
/// use electrum_testkit::prelude::*;
///
/// let spends_nothing = Transaction::spending(OutPoint::new(Txid::default(), 0), 70_000, script(1));
/// let rejection = Chain::funded().broadcast(spends_nothing).unwrap_err();
/// assert_eq!(rejection.to_string(), "bad-txns-inputs-missingorspent");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection(pub String);

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Rejection {}
