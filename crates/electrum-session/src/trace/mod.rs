//! Logs what a client does: with the crate `tracing` if the feature of that name is on, otherwise with the crate `log`.
//!
//! Spans are entered and left, and records are made, while the session is locked. So loggers and subscribers run under
//! that lock, and must not use the client: their authors read so on the crate's page.

#[cfg(not(feature = "tracing"))]
mod records;
#[cfg(feature = "tracing")]
mod spans;

#[cfg(not(feature = "tracing"))]
pub(crate) use records::{Span, answered, down, ignored, ready, retried};
#[cfg(feature = "tracing")]
pub(crate) use spans::{Span, answered, down, ignored, ready, retried};
