//! JSON as the protocol uses it: a scanner that finds the parts of a message in one pass without copying,
//! values that stay text until somebody decodes them, and an encoder for requests.

pub mod hex;
mod params;
mod raw;

pub use params::Params;
pub use raw::{DecodeError, RawJson};
