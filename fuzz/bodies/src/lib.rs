//! What the fuzz targets do, as functions that run anywhere: they panic when something that is promised does not hold.
//!
//! `tests/` runs them over the committed corpus; `fuzz_targets/` in the folder above runs them for as long as one likes.

mod decode;
mod encode;
mod handshake;
mod line;
mod message;
mod runs;
mod server_bytes;
mod session;
mod strict;
mod websocket;

pub use decode::{decode, operation_of};
pub use encode::encode;
pub use handshake::handshake;
pub use line::line;
pub use message::message;
pub use runs::{calls, client_ops, pair};
pub use server_bytes::server_bytes;
pub use websocket::websocket;

/// A body: any bytes are an input.
pub type Body = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Body); 10] = [
    ("line", line),
    ("message", message),
    ("handshake", handshake),
    ("server_bytes", server_bytes),
    ("client_ops", client_ops),
    ("pair", pair),
    ("calls", calls),
    ("decode", decode),
    ("encode", encode),
    ("websocket", websocket),
];
