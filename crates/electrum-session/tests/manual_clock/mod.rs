//! A clock that the test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use electrum_session::Clock;
use electrum_session::proto::Timestamp;

/// The milliseconds since the start.
pub(crate) struct Manual(pub(crate) Arc<AtomicU64>);

impl Clock for Manual {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn unix_time(&self) -> u64 {
        1_750_000_000
    }
}
