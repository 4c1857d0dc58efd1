//! Bytes to messages and back: [`framing`] cuts a stream of bytes into messages, [`json`] reads and writes one message.

pub(crate) mod framing;
pub mod json;
