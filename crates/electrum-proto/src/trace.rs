//! Logging with the crate `tracing`, which costs nothing unless the feature of that name is on.
//!
//! Parameters and results say whose wallet it is. They are in the events of the target `electrum_proto::wire` only, all of
//! which have the level `TRACE`; an authorization is in none.

#[cfg(feature = "tracing")]
use alloc::{format, string::String};

/// How many bytes of a line are logged.
#[cfg(feature = "tracing")]
const EXCERPT: usize = 4096;

/// The beginning of what is sent or received.
#[cfg(feature = "tracing")]
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    match bytes.split_at_checked(EXCERPT) {
        Some((begin, [_, ..])) => format!("{}…", String::from_utf8_lossy(begin)),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Logs a detail: a line, a timer.
#[cfg(feature = "tracing")]
macro_rules! trace {
    ($($event:tt)*) => { ::tracing::trace!($($event)*) };
}

/// Logs a step: a transition, a lost link.
#[cfg(feature = "tracing")]
macro_rules! debug {
    ($($event:tt)*) => { ::tracing::debug!($($event)*) };
}

#[cfg(not(feature = "tracing"))]
macro_rules! trace {
    ($($event:tt)*) => {};
}

#[cfg(not(feature = "tracing"))]
macro_rules! debug {
    ($($event:tt)*) => {};
}

#[cfg(all(test, feature = "tracing"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_cut() {
        assert_eq!(excerpt(b"[1]"), "[1]");
        assert_eq!(excerpt(&[b'a'; EXCERPT]).len(), EXCERPT);
        assert_eq!(excerpt(&[b'a'; EXCERPT + 1]).chars().count(), EXCERPT + 1);
    }
}
