//! Decisions: everything that could go one way or another in a simulation is drawn from a trace.
//!
//! A trace grows from a seed while it is read. The decisions that were drawn can be replayed without the seed, and
//! be made fewer and smaller: that is how a failure is shrunk.

use std::fmt;

/// A source of decisions that remembers them.
#[derive(Clone, PartialEq, Eq)]
pub struct Trace {
    seed: Option<u64>,
    decisions: Vec<u32>,
    next: usize,
    state: u64,
}

impl Trace {
    /// A trace that grows from `seed` as it is read.
    #[must_use]
    pub const fn from_seed(seed: u64) -> Self {
        Self { seed: Some(seed), decisions: Vec::new(), next: 0, state: seed }
    }

    /// A trace of these decisions; behind its end everything is decided the plain way, which is zero.
    #[must_use]
    pub const fn replay(decisions: Vec<u32>) -> Self {
        Self { seed: None, decisions, next: 0, state: 0 }
    }

    /// The first `count` decisions of a trace that grows from `seed`.
    #[must_use]
    pub fn unrolled(seed: u64, count: usize) -> Vec<u32> {
        let mut trace = Self::from_seed(seed);
        for _ in 0..count {
            trace.below(0);
        }
        trace.decisions
    }

    /// The seed, if the trace grows from one.
    #[must_use]
    pub const fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// What was decided so far.
    #[must_use]
    pub fn decisions(&self) -> &[u32] {
        &self.decisions
    }

    /// A number below `bound`, or zero if that is zero. A smaller decision gives a smaller number.
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

    /// An index below `count`, which must not be zero.
    pub fn index(&mut self, count: usize) -> usize {
        self.below(u32::try_from(count).unwrap_or(u32::MAX)) as usize
    }

    /// Whether something happens that happens so many times in a thousand. The plain way is that it does not.
    pub fn chance(&mut self, permille: u32) -> bool {
        self.below(1000) >= 1000 - permille.min(1000)
    }

    /// One of `choices`, the first being the plain one.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// SplitMix64, of which the upper half is used.
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

/// Makes a trace that fails shorter and smaller: it proposes, the caller tries.
#[derive(Clone, Debug)]
pub struct Shrinker {
    best: Vec<u32>,
    /// What is tried with a piece of the trace.
    way: Way,
    /// How long the pieces are.
    size: usize,
    /// Where the next piece begins.
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
    /// Starts from decisions that are known to fail.
    #[must_use]
    pub fn new(mut failing: Vec<u32>) -> Self {
        while failing.last() == Some(&0) {
            failing.pop();
        }
        let size = failing.len().div_ceil(2).max(1);
        Self { best: failing, way: Way::Cut, size, at: 0, improved: false }
    }

    /// The least trace so far that fails.
    #[must_use]
    pub fn best(&self) -> &[u32] {
        &self.best
    }

    /// The next trace to try, unless nothing is left to be tried.
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

    /// The trace that was proposed last fails too.
    pub fn accept(&mut self, proposal: Vec<u32>) {
        match self.way {
            Way::Cut => self.at = self.at.saturating_sub(self.best.len() - proposal.len()),
            Way::Halve => self.at = self.at.saturating_sub(self.size),
            Way::Zero => {}
        }
        self.best = proposal;
        self.improved = true;
    }

    /// Smaller pieces, another way, or all over again if anything was gained.
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
