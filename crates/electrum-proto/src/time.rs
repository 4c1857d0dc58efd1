//! The machine's own notion of time: a moment is a distance from an epoch that the caller picks.

use core::fmt;
use core::num::NonZeroU64;
use core::ops::Add;
use core::time::Duration;

/// A moment, as the time since an epoch of the caller's choice (the start of the program, say), in nanoseconds.
///
/// The machine has no clock: every call that depends on time takes the time.
/// Moments of one machine must share one epoch; a moment before the last one seen counts as the last one.
///
/// # Example
/// ```
/// use electrum_proto::Timestamp;
/// use std::time::{Duration, Instant};
///
/// // With a clock:
/// let start = Instant::now();
/// let now = || Timestamp::new(start.elapsed());
/// assert!(now() <= now());
/// // Without one:
/// let deadline = Timestamp::from_millis(500) + Duration::from_secs(1);
/// assert_eq!(deadline.since(Timestamp::from_millis(1200)), Duration::from_millis(300));
/// assert_eq!(deadline.to_string(), "1.500s");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(
    // The nanoseconds and one: an `Option<Timestamp>`, of which there are many, takes no more memory.
    NonZeroU64,
);

impl Timestamp {
    /// The epoch itself.
    pub const ZERO: Self = Self(NonZeroU64::MIN);
    /// The latest moment that can be expressed, 584 years after the epoch.
    pub const MAX: Self = Self(NonZeroU64::MAX);

    /// Makes the moment `since_epoch` after the epoch, or [`MAX`](Self::MAX) if that is earlier.
    #[must_use]
    pub const fn new(since_epoch: Duration) -> Self {
        Self(NonZeroU64::MIN.saturating_add(nanoseconds(since_epoch)))
    }

    /// Makes the moment `millis` milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self::new(Duration::from_millis(millis))
    }

    /// Returns the time since the epoch.
    #[must_use]
    pub const fn since_epoch(self) -> Duration {
        self.since(Self::ZERO)
    }

    /// Returns the time since `earlier`, zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.get().saturating_sub(earlier.0.get()))
    }
}

/// The nanoseconds of a duration, or as many as there can be.
const fn nanoseconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(duration.subsec_nanos() as u64)
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::ZERO
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    /// Saturates at [`Timestamp::MAX`].
    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(nanoseconds(later)))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.since_epoch()).finish()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since_epoch = self.since_epoch();
        write!(f, "{}.{:03}s", since_epoch.as_secs(), since_epoch.subsec_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn moments_are_exact_to_the_nanosecond_and_saturate() {
        let day = Duration::new(86_400, 123_456_789);
        assert_eq!((Timestamp::new(day).since_epoch(), Timestamp::new(day)), (day, Timestamp::ZERO + day));
        assert_eq!((Timestamp::ZERO + day + day).since(Timestamp::new(day)), day);
        assert_eq!(Timestamp::ZERO.since(Timestamp::new(day)), Duration::ZERO);
        assert_eq!(Timestamp::default().since_epoch(), Duration::ZERO);
        for later in [Duration::MAX, Duration::from_nanos(u64::MAX), Duration::from_secs(u64::MAX / 1_000_000_000)] {
            assert_eq!(Timestamp::new(day) + later, Timestamp::MAX);
        }
        assert_eq!(Timestamp::new(Duration::MAX), Timestamp::MAX);
        assert_eq!(format!("{:?}", Timestamp::from_millis(1_500)), "Timestamp(1.5s)");
    }
}
