//! The drop-in replacement for `electrum-client`: its trait, implemented with the blocking client.

mod api;
mod client;
mod convert;
mod error;
mod notifications;

pub use self::client::Client;
