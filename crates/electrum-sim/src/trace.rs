//! Traces: the sequences of random decisions from which simulations are played.
//!
//! A trace grows from a seed while it is read. Its decisions can be replayed without the seed, and a failure is shrunk
//! by making them fewer and smaller.

use std::fmt;

/// A source of decisions that remembers them.
///
/// # Example
/// ```
/// use electrum_sim::Trace;
///
/// let mut trace = Trace::from_seed(7);
/// let drawn = (trace.below(6), trace.pick(&["red", "blue"]), trace.chance(500));
/// let mut again = Trace::replay(trace.decisions().to_vec());
/// assert_eq!((again.below(6), again.pick(&["red", "blue"]), again.chance(500)), drawn);
/// assert_eq!(again.below(6), 0, "the simplest choice, after the end");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Trace {
    seed: Option<u64>,
    decisions: Vec<u32>,
    next: usize,
    state: u64,
}

impl Trace {
    /// Makes a trace that grows from `seed` as it is read.
    #[must_use]
    pub const fn from_seed(seed: u64) -> Self {
        Self { seed: Some(seed), decisions: Vec::new(), next: 0, state: seed }
    }

    /// Makes a trace of these decisions. After its end all decisions are zero, the simplest choice.
    #[must_use]
    pub const fn replay(decisions: Vec<u32>) -> Self {
        Self { seed: None, decisions, next: 0, state: 0 }
    }

    /// Returns the first `count` decisions of a trace that grows from `seed`.
    #[must_use]
    pub fn unrolled(seed: u64, count: usize) -> Vec<u32> {
        let mut trace = Self::from_seed(seed);
        for _ in 0..count {
            trace.below(0);
        }
        trace.decisions
    }

    /// Returns the seed, if the trace grows from one.
    #[must_use]
    pub const fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// Returns the decisions so far.
    #[must_use]
    pub fn decisions(&self) -> &[u32] {
        &self.decisions
    }

    /// Draws a number below `bound`, or zero if that is zero. A smaller decision gives a smaller number.
    pub fn below(&mut self, bound: u32) -> u32 {
        let decision = match self.decisions.get(self.next) {
            Some(decision) => *decision,
            None if self.seed.is_some() => {
                let decision = self.fresh();
                self.decisions.push(decision);
                decision
            }
            None => 0,
        };
        self.next += 1;
        // The product of two numbers of 32 bits, of which the upper half is below `bound`.
        ((u64::from(decision) * u64::from(bound)) >> 32) as u32
    }

    /// Draws an index below `count`, which must not be zero.
    pub fn index(&mut self, count: usize) -> usize {
        self.below(u32::try_from(count).unwrap_or(u32::MAX)) as usize
    }

    /// Draws whether something with a probability of `permille` in a thousand happens. The simplest choice is that it
    /// does not.
    pub fn chance(&mut self, permille: u32) -> bool {
        self.below(1000) >= 1000 - permille.min(1000)
    }

    /// Draws one of `choices`, of which the first is the simplest.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// Draws a new number with the generator SplitMix64, of which the upper half is used.
    fn fresh(&mut self) -> u32 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 32) as u32
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seed {
            Some(seed) => write!(f, "Trace::from_seed({seed})"),
            None => write!(f, "Trace::replay(vec!{:?})", self.decisions),
        }
    }
}

/// Shrinks a trace that fails: it proposes smaller traces, which the caller tries.
///
/// # Example
/// ```
/// use electrum_sim::Shrinker;
///
/// // Fails if any decision is 1000 or more.
/// let fails = |decisions: &[u32]| decisions.iter().any(|decision| *decision >= 1000);
/// let mut shrinker = Shrinker::new(vec![7, 5000, 3, 80_000]);
/// while let Some(proposal) = shrinker.propose() {
///     if fails(&proposal) {
///         shrinker.accept(proposal);
///     }
/// }
/// assert!(matches!(*shrinker.best(), [1000..2000]));
/// ```
#[derive(Clone, Debug)]
pub struct Shrinker {
    best: Vec<u32>,
    /// How a piece of the trace is changed.
    way: Way,
    /// The length of the pieces.
    size: usize,
    /// The index at which the next piece begins.
    at: usize,
    improved: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Cut,
    Zero,
    Halve,
}

impl Shrinker {
    /// Makes a shrinker for decisions that are known to fail.
    #[must_use]
    pub fn new(mut failing: Vec<u32>) -> Self {
        while failing.last() == Some(&0) {
            failing.pop();
        }
        let size = failing.len().div_ceil(2).max(1);
        Self { best: failing, way: Way::Cut, size, at: 0, improved: false }
    }

    /// Returns the smallest failing trace so far.
    #[must_use]
    pub fn best(&self) -> &[u32] {
        &self.best
    }

    /// Returns the next trace to try, or `None` if there is no other.
    pub fn propose(&mut self) -> Option<Vec<u32>> {
        loop {
            if self.at >= self.best.len() && !self.next_round() {
                return None;
            }
            let end = (self.at + self.size).min(self.best.len());
            let piece = self.at..end;
            let mut proposal = self.best.clone();
            match self.way {
                Way::Cut => {
                    proposal.drain(piece);
                }
                Way::Zero => proposal[piece].fill(0),
                Way::Halve => proposal[piece].iter_mut().for_each(|decision| *decision /= 2),
            }
            self.at = end;
            if proposal != self.best {
                return Some(proposal);
            }
        }
    }

    /// Reports that the last proposed trace fails too.
    pub fn accept(&mut self, proposal: Vec<u32>) {
        match self.way {
            Way::Cut => self.at = self.at.saturating_sub(self.best.len() - proposal.len()),
            Way::Halve => self.at = self.at.saturating_sub(self.size),
            Way::Zero => {}
        }
        self.best = proposal;
        self.improved = true;
    }

    /// Goes on with smaller pieces, with another kind of change, or from the beginning if the trace has become smaller.
    fn next_round(&mut self) -> bool {
        self.at = 0;
        if self.best.is_empty() {
            return false;
        }
        if self.size > 1 {
            self.size = self.size.div_ceil(2);
            return true;
        }
        self.size = self.best.len().div_ceil(2);
        self.way = match self.way {
            Way::Cut => Way::Zero,
            Way::Zero => Way::Halve,
            Way::Halve if std::mem::take(&mut self.improved) => Way::Cut,
            Way::Halve => return false,
        };
        if self.way == Way::Halve {
            self.size = 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_replays_what_it_decided() {
        let mut trace = Trace::from_seed(7);
        let drawn: Vec<u32> = (1..100).map(|bound| trace.below(bound)).collect();
        let mut again = Trace::replay(trace.decisions().to_vec());
        assert!((1..100).map(|bound| again.below(bound)).eq(drawn.iter().copied()));
        assert!((1..100).all(|bound| again.below(bound) == 0), "behind the end everything is plain");
        assert!(drawn.iter().zip(1..).all(|(number, bound)| *number < bound));
        assert!(drawn.iter().any(|number| *number > 0));
    }

    #[test]
    fn a_failure_is_shrunk_to_what_matters() {
        // It fails if some decision of at least 1000 comes anywhere before one of at least 2000.
        let fails = |trace: &[u32]| {
            trace.iter().position(|d| *d >= 1000).is_some_and(|first| trace[first + 1..].iter().any(|d| *d >= 2000))
        };
        let mut trace = Trace::from_seed(1);
        (0..300).for_each(|_| {
            trace.below(2);
        });
        let mut shrinker = Shrinker::new(trace.decisions().to_vec());
        let mut tries = 0;
        while let Some(proposal) = shrinker.propose() {
            tries += 1;
            assert!(tries < 2000, "it must come to an end");
            if fails(&proposal) {
                shrinker.accept(proposal);
            }
        }
        let best = shrinker.best();
        assert_eq!(best.len(), 2, "{best:?}");
        assert!((1000..2000).contains(&best[0]) && (2000..4000).contains(&best[1]), "{best:?}");
    }
}
