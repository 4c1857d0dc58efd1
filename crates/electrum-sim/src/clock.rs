//! The driver's clock, whose timers are late like real ones.

use std::time::Duration;

use super::trace::Trace;

/// A clock whose timers fire exactly, or always some time late.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    is_exact: bool,
}

impl Clock {
    /// Draws a clock. One in eight is exact, unlike real ones.
    pub(super) fn draw(trace: &mut Trace) -> Self {
        Self { is_exact: trace.chance(125) }
    }

    /// Draws how late a timer fires: mostly microseconds to milliseconds, sometimes seconds.
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
