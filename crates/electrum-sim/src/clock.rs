//! The driver's clock, which is late as real timers are.

use std::time::Duration;

use super::trace::Trace;

/// A clock whose timers fire at the moment asked for, or never before some time has passed since.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    is_exact: bool,
}

impl Clock {
    /// One clock in eight is exact, as no real one is.
    pub(super) fn draw(trace: &mut Trace) -> Self {
        Self { is_exact: trace.chance(125) }
    }

    /// How much later than asked a timer fires: microseconds to milliseconds as a rule, seconds now and then.
    pub(super) fn lateness(self, trace: &mut Trace) -> Duration {
        if self.is_exact {
            return Duration::ZERO;
        }
        let micros = match trace.below(32) {
            0..=20 => 1 + trace.below(999),
            21..=30 => 1_000 + trace.below(20_000),
            _ => 1 + trace.below(5_000_000),
        };
        Duration::from_micros(u64::from(micros))
    }
}
