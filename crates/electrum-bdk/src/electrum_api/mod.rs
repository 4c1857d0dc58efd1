//! The drop-in for `electrum-client`: its trait, on the blocking client.

mod client;
mod error;

pub use self::client::Client;
