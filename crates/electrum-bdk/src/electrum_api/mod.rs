//! The drop-in for `electrum-client`: its trait, on the blocking client.

mod api;
mod client;
mod convert;
mod error;
mod notifications;

pub use self::client::Client;
