//! Logs what a client does: with the crate `tracing` if the feature of that name is on, otherwise with the crate `log`.

#[cfg(not(feature = "tracing"))]
mod records;
#[cfg(feature = "tracing")]
mod spans;

#[cfg(not(feature = "tracing"))]
pub(crate) use records::{Span, answered, down, ignored, ready};
#[cfg(feature = "tracing")]
pub(crate) use spans::{Span, answered, down, ignored, ready};
