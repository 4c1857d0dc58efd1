//! Syncs wallets with all requests in flight at once, and proves every anchor.
//!
//! A [`Syncer`] scans a wallet once ([`Syncer::full_scan`], [`Syncer::sync`]), or [follows](Syncer::follow) it by
//! subscriptions. Requests and updates are those of `bdk_core`.
//!
//! # What is checked
//! - A transaction hashes to the id that was asked for, and concerns the script that it is listed for.
//! - An anchor has a merkle branch that leads to a header, and that header is linked to the server's tip, or to a
//!   checkpoint of the wallet that the server has. Each header names the one before it and has its proof of work.
//! - The tip is linked to the last checkpoint that wallet and server have in common, unless that is the first block.
//! - All histories are from the same state of the chain: the tip is the same before the first one and after the last
//!   one. If not, or if an answer contradicts another, the histories are fetched again.
//!
//! With one server, no client can detect transactions that the server withholds, or unconfirmed ones that it has made
//! up. A forged block costs the server the work of one; see [`Options::easiest_target`].
//!
//! # How many round trips
//! One for each window of scripts, which double in size while scripts are used; the transactions, proofs and headers of
//! a window are fetched along with the next one. Then one for those of the last window and for the tip, and one for
//! previous outputs if they are enabled.

mod agreement;
mod ask;
mod cache;
mod chain;
mod connection;
mod error;
mod follow;
mod items;
mod listing;
mod options;
mod plan;
mod problem;
mod progress;
mod report;
mod run;
mod scan;
mod scripts;
mod syncer;
mod update;

pub use error::SyncError;
pub use follow::Follow;
pub use options::Options;
pub use progress::{Cancel, Progress};
pub use scan::Scan;
pub use syncer::Syncer;
