//! Wallets of the Bitcoin Dev Kit (BDK) on Electrum servers.
//!
//! [`Client`] takes the place of `electrum_client::Client`: it implements the same trait,
//! [`ElectrumApi`](electrum_client::ElectrumApi), so `BdkElectrumClient` and all above it work on it unchanged. What it
//! adds is what the client of this workspace does: it reconnects, resubscribes, answers in time or says why not, and does
//! not wait a second for each answer of servers that hold small answers back.
//!
//! [`sync`] replaces `bdk_electrum` as well: it has everything in flight at once, proves every anchor, and follows a wallet by
//! subscriptions.

#[cfg(feature = "blocking")]
mod electrum_api;
pub mod sync;

#[cfg(feature = "blocking")]
pub use electrum_blocking;
#[cfg(feature = "blocking")]
pub use electrum_client;
pub use electrum_session::{proto, transport};

#[cfg(feature = "blocking")]
pub use crate::electrum_api::Client;

/// The example of the README.
#[cfg(all(doctest, feature = "blocking"))]
#[doc = include_str!("../README.md")]
struct Readme;
