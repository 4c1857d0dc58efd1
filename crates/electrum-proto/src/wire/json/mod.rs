//! JSON as the protocol uses it: a scanner that finds the parts of a message in one pass without copying,
//! values that stay text until somebody decodes them, and an encoder for requests.

mod decimal;
pub mod hex;
mod message;
mod params;
mod raw;
mod reader;
pub(crate) mod scan;

pub use message::{Message, NotAMessage, ReplyId, ServerError};
pub use params::Params;
pub use raw::{DecodeError, RawJson};

pub(crate) use decimal::scaled;
pub(crate) use reader::{Read, Reader, read, required, shown, too_many, wrong};
