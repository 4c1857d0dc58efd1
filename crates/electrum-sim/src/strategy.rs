//! Tapes as a strategy of proptest: generated from a seed, and shrunk by cutting and lessening decisions.

use std::cell::Cell;

use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use super::suite::{self, Life};
use super::tape::{Shrinker, Tape};

/// More decisions than any life needs.
const DECISIONS: usize = 8_192;

/// Tapes for whatever draws its decisions from one.
#[must_use]
pub fn tapes() -> Tapes {
    Tapes { next_seed: Cell::new(None) }
}

/// Tapes from this seed, the next one, and so on.
#[must_use]
pub fn tapes_from(seed: u64) -> Tapes {
    Tapes { next_seed: Cell::new(Some(seed)) }
}

/// See [`tapes`].
#[derive(Clone, Debug)]
pub struct Tapes {
    next_seed: Cell<Option<u64>>,
}

/// A tape that can be made smaller.
#[derive(Clone, Debug)]
pub struct TapeTree {
    seed: u64,
    shrinker: Option<Shrinker>,
    proposal: Option<Vec<u32>>,
}

impl Strategy for Tapes {
    type Tree = TapeTree;
    type Value = Tape;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        use proptest::prelude::RngCore as _;
        let seed = self.next_seed.get().unwrap_or_else(|| runner.rng().next_u64());
        self.next_seed.set(self.next_seed.get().map(|seed| seed.wrapping_add(1)));
        Ok(TapeTree { seed, shrinker: None, proposal: None })
    }
}

impl ValueTree for TapeTree {
    type Value = Tape;

    fn current(&self) -> Tape {
        match (&self.proposal, &self.shrinker) {
            (Some(proposal), _) => Tape::replay(proposal.clone()),
            (None, Some(shrinker)) => Tape::replay(shrinker.best().to_vec()),
            (None, None) => Tape::from_seed(self.seed),
        }
    }

    /// The current tape fails: tries a smaller one.
    fn simplify(&mut self) -> bool {
        let seed = self.seed;
        let shrinker = self.shrinker.get_or_insert_with(|| Shrinker::new(Tape::unrolled(seed, DECISIONS)));
        if let Some(proposal) = self.proposal.take() {
            shrinker.accept(proposal);
        }
        self.proposal = shrinker.propose();
        self.proposal.is_some()
    }

    /// The current tape does not fail: tries another one.
    fn complicate(&mut self) -> bool {
        self.proposal = self.shrinker.as_mut().and_then(Shrinker::propose);
        self.proposal.is_some()
    }
}

/// Plays ten thousand lives from seed 0, in which `invariants` must hold. With `SIM_LIFETIMES` in the environment it plays
/// as many as that says, from `SIM_SEED` on, and all invariants must hold in them.
///
/// # Panics
/// With the record of a shrunk life in which one of `invariants` does not hold.
pub fn check(life: Life, invariants: &[u8]) {
    let (lifetimes, seed) = suite::from_environment(10_000, 0);
    let invariants = if std::env::var_os("SIM_LIFETIMES").is_some() { &[] } else { invariants };
    let config = Config {
        cases: u32::try_from(lifetimes).unwrap_or(u32::MAX),
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..Config::default()
    };
    let first_breach = Cell::new(None);
    let outcome = TestRunner::new(config).run(&tapes_from(seed), |mut tape| {
        let seed = tape.seed();
        match suite::breach(&mut tape, invariants, life) {
            None => Ok(()),
            Some(violation) => {
                first_breach.set(first_breach.get().or(seed));
                Err(TestCaseError::fail(violation.to_string()))
            }
        }
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(_, mut tape)) => {
            // A life that was not shrunk at all still stands under its seed.
            let _ = suite::breach(&mut tape, invariants, life);
            let mut failure = suite::record(tape.decisions().to_vec(), life);
            failure.seed = first_breach.get();
            panic!("{failure}");
        }
        Err(error) => panic!("{error}"),
    }
}
