//! Many lives, each from its own seed; the first one that breaks an invariant is made small and told.

use std::fmt;

use super::probe::{Probe, Violation};
use super::tape::{Shrinker, Tape};

/// A kind of life: plays what the tape decides, keeping a record if it is told to.
pub type Life = fn(&mut Tape, bool) -> Probe;

/// A life in which an invariant did not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What did not hold, in the shrunk life.
    pub violation: Violation,
    /// The seed of the life as it was found.
    pub seed: Option<u64>,
    /// The decisions that the shrunk life needs.
    pub decisions: Vec<u32>,
    /// The record of the shrunk life.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "{}", self.violation)?;
        if let Some(seed) = self.seed {
            writeln!(f, "found with seed {seed}; run it again with SIM_SEED={seed} SIM_LIFETIMES=1")?;
        }
        write!(f, "the life above: Tape::replay(vec!{:?})", self.decisions)
    }
}

/// How many lives, and which seed is the first: `SIM_LIFETIMES` and `SIM_SEED`, or the values given here.
#[must_use]
pub fn from_environment(lifetimes: u64, seed: u64) -> (u64, u64) {
    let read = |name: &str| std::env::var(name).ok()?.replace('_', "").parse().ok();
    (read("SIM_LIFETIMES").unwrap_or(lifetimes), read("SIM_SEED").unwrap_or(seed))
}

/// Plays so many lives, the first from `seed`. Only breaches of `invariants` count, or all if none are named.
///
/// # Errors
/// The first failure, shrunk.
pub fn play(lifetimes: u64, seed: u64, invariants: &[u8], life: Life) -> Result<(), Box<Failure>> {
    for seed in seed..seed.saturating_add(lifetimes) {
        let mut tape = Tape::from_seed(seed);
        if breach(&mut tape, invariants, life).is_some() {
            let mut failure = shrink(tape.decisions(), invariants, life);
            failure.seed = Some(seed);
            return Err(failure);
        }
    }
    Ok(())
}

/// The breach in the life of this tape, if it is of one of `invariants`.
#[must_use]
pub fn breach(tape: &mut Tape, invariants: &[u8], life: Life) -> Option<Violation> {
    let probe = life(tape, false);
    probe.violation().filter(|violation| counts(violation, invariants)).cloned()
}

/// Makes a failing life small and plays it once more for its record.
#[must_use]
pub fn shrink(decisions: &[u32], invariants: &[u8], life: Life) -> Box<Failure> {
    const TRIES: usize = 20_000;
    let mut shrinker = Shrinker::new(decisions.to_vec());
    for _ in 0..TRIES {
        let Some(proposal) = shrinker.propose() else { break };
        if breach(&mut Tape::replay(proposal.clone()), invariants, life).is_some() {
            shrinker.accept(proposal);
        }
    }
    record(shrinker.best().to_vec(), life)
}

/// Plays a life of these decisions for its record.
#[must_use]
pub fn record(decisions: Vec<u32>, life: Life) -> Box<Failure> {
    let probe = life(&mut Tape::replay(decisions.clone()), true);
    let none = Violation { invariant: 0, what: "nothing".into() };
    let violation = probe.violation().cloned().unwrap_or(none);
    Box::new(Failure { violation, seed: None, decisions, trace: probe.trace().to_vec() })
}

fn counts(violation: &Violation, invariants: &[u8]) -> bool {
    invariants.is_empty() || invariants.contains(&violation.invariant)
}
