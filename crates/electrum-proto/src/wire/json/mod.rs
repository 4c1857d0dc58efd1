//! JSON as the protocol uses it: a scanner that finds the parts of a message in one pass without copying,
//! values that stay text until the caller decodes them, and an encoder for requests.

mod decimal;
mod error_kind;
pub mod hex;
mod message;
mod params;
mod raw;
mod reader;
pub(crate) mod scan;
mod server_error;
mod spellings;

pub use error_kind::ServerErrorKind;
pub use message::{Message, NotAMessage, ReplyId};
pub use params::Params;
pub use raw::{DecodeError, DecodeErrorKind, RawJson};
pub use server_error::ServerError;
pub use spellings::spellings;

pub(crate) use decimal::scaled;
pub(crate) use raw::not_bitcoin;
pub(crate) use reader::{Read, Reader, read, required, shown, too_many, wrong};
