//! Randomness that a failed run can be repeated with.

use std::ops::Range;
use std::time::Duration;

/// SplitMix64: the same seed gives the same numbers. Nothing depends on how random they are.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts from this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another source of its own, for another thread.
    #[must_use]
    pub const fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// Below `bound`, which is not zero.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True once in `times`.
    pub const fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// In this range, which is not empty.
    pub const fn within(&mut self, range: &Range<Duration>) -> Duration {
        let (start, end) = (range.start.as_micros() as u64, range.end.as_micros() as u64);
        Duration::from_micros(start + self.below(end - start))
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
