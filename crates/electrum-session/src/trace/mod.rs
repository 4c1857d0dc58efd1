//! Logs what a client does: with the crate `tracing` if the feature of that name is on, otherwise with the crate `log`,
//! which gets only what users of a program need.
//!
//! Spans are entered and left, and most records are made, while the session is locked. So loggers and subscribers run under
//! that lock, and must not use the client: their authors read so on the crate's page.

#[cfg(not(feature = "tracing"))]
mod records;
#[cfg(feature = "tracing")]
mod spans;

use std::fmt;

use electrum_proto::DownCause;

#[cfg(not(feature = "tracing"))]
pub(crate) use records::{Span, answered, dial_failed, down, ended, established, ignored, ready, retried};
#[cfg(feature = "tracing")]
pub(crate) use spans::{Span, answered, dial_failed, down, ended, established, ignored, ready, retried};

/// Logs a step with the crate `tracing`. Nothing of it is evaluated while no subscriber listens.
#[cfg(feature = "tracing")]
macro_rules! debug {
    ($($event:tt)*) => { ::tracing::debug!(target: "electrum_session", $($event)*) };
}

#[cfg(not(feature = "tracing"))]
macro_rules! debug {
    ($($event:tt)*) => {};
}

pub(crate) use debug;

/// Formats a cause without what the server sent: a server may repeat in it what it was sent.
struct WithoutReceived<'a>(&'a DownCause);

impl fmt::Display for WithoutReceived<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            DownCause::Malformed { what, .. } => write!(f, "the server does not speak the protocol: {what}"),
            DownCause::Busy { .. } => f.write_str("the server is busy"),
            cause => write!(f, "{cause}"),
        }
    }
}
