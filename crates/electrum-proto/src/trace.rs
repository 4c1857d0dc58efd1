//! Logging with the crate `tracing`, which costs nothing unless the feature of that name is on.
//!
//! Parameters and results are left out: they say whose wallet it is.

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
