//! What a client logs: with the crate `tracing` if the feature of that name is on, and with the crate `log` otherwise.

#[cfg(not(feature = "tracing"))]
mod records;
#[cfg(feature = "tracing")]
mod spans;

#[cfg(not(feature = "tracing"))]
pub(crate) use records::{Span, answered, down, ignored, ready};
#[cfg(feature = "tracing")]
pub(crate) use spans::{Span, answered, down, ignored, ready};
