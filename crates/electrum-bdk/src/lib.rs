//! Wallets of the Bitcoin Dev Kit (BDK) on Electrum servers.
//!
//! [`Client`] replaces `electrum_client::Client`: it implements the same trait,
//! [`ElectrumApi`](electrum_client::ElectrumApi), so `BdkElectrumClient` and everything above it work unchanged. In
//! addition it reconnects and resubscribes, every call ends in time with a result or an error, and it does not wait a
//! second for each answer of servers that hold small answers back.
//!
//! [`sync`] replaces `bdk_electrum` too: it sends all requests at once, proves every anchor, and follows a wallet by
//! subscriptions.

#![cfg_attr(docsrs, feature(doc_cfg))]

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
