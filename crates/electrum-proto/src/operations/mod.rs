//! The operations of the protocol, one type each. What goes over the wire follows from the negotiated version.

mod raw;
mod server;

pub use raw::Raw;
pub use server::{Banner, Features, Ping, ServerFeatures};
