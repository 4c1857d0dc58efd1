//! A `proptest` strategy for traces: generated from a seed, and shrunk by removing and reducing decisions.

use std::cell::Cell;

use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use super::suite::{self, Played, Run};
use super::trace::{Shrinker, Trace};

/// The number of decisions of a trace: more than any run needs.
const DECISIONS: usize = 8_192;

/// Returns a strategy that generates traces from random seeds.
///
/// # Example
/// ```
/// use electrum_sim::network_run;
/// use electrum_sim::strategy::traces;
/// use proptest::test_runner::Config;
/// use proptest::{prop_assert_eq, proptest};
///
/// proptest! {
///     #![proptest_config(Config { cases: 10, failure_persistence: None, ..Config::default() })]
///     # /*
///     #[test]
///     # */
///     fn no_invariant_is_violated(mut trace in traces()) {
///         let probe = network_run(&mut trace, false);
///         prop_assert_eq!(probe.violation(), None);
///     }
/// }
/// # no_invariant_is_violated();
/// ```
#[must_use]
pub fn traces() -> Traces {
    Traces { next_seed: Cell::new(None) }
}

/// Returns a strategy that generates traces from this seed, the next one, and so on.
#[must_use]
pub fn traces_from(seed: u64) -> Traces {
    Traces { next_seed: Cell::new(Some(seed)) }
}

/// A strategy for traces. See [`traces`].
///
/// # Example
/// ```
/// use electrum_sim::network_run;
/// use electrum_sim::strategy::traces_from;
/// use proptest::test_runner::{Config, TestRunner};
///
/// let config = Config { cases: 10, failure_persistence: None, ..Config::default() };
/// TestRunner::new(config).run(&traces_from(0), |mut trace| {
///     let probe = network_run(&mut trace, false);
///     proptest::prop_assert!(probe.has_finished());
///     Ok(())
/// })?;
/// # Ok::<(), proptest::test_runner::TestError<electrum_sim::Trace>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Traces {
    next_seed: Cell<Option<u64>>,
}

/// A trace that can be made smaller.
///
/// # Example
/// ```
/// use electrum_sim::strategy::traces_from;
/// use proptest::strategy::{Strategy, ValueTree};
/// use proptest::test_runner::TestRunner;
///
/// let mut tree = traces_from(7).new_tree(&mut TestRunner::deterministic())?;
/// assert_eq!(tree.current().seed(), Some(7));
/// assert!(tree.simplify());
/// assert_eq!(tree.current().seed(), None, "a part of its decisions");
/// # Ok::<(), proptest::test_runner::Reason>(())
/// ```
#[derive(Clone, Debug)]
pub struct TraceTree {
    seed: u64,
    shrinker: Option<Shrinker>,
    proposal: Option<Vec<u32>>,
}

impl Strategy for Traces {
    type Tree = TraceTree;
    type Value = Trace;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        use proptest::prelude::RngCore as _;
        let seed = self.next_seed.get().unwrap_or_else(|| runner.rng().next_u64());
        self.next_seed.set(self.next_seed.get().map(|seed| seed.wrapping_add(1)));
        Ok(TraceTree { seed, shrinker: None, proposal: None })
    }
}

impl ValueTree for TraceTree {
    type Value = Trace;

    fn current(&self) -> Trace {
        match (&self.proposal, &self.shrinker) {
            (Some(proposal), _) => Trace::replay(proposal.clone()),
            (None, Some(shrinker)) => Trace::replay(shrinker.best().to_vec()),
            (None, None) => Trace::from_seed(self.seed),
        }
    }

    /// Tries a smaller trace, since the current one fails.
    fn simplify(&mut self) -> bool {
        let seed = self.seed;
        let shrinker = self.shrinker.get_or_insert_with(|| Shrinker::new(Trace::unrolled(seed, DECISIONS)));
        if let Some(proposal) = self.proposal.take() {
            shrinker.accept(proposal);
        }
        self.proposal = shrinker.propose();
        self.proposal.is_some()
    }

    /// Tries another trace, since the current one does not fail.
    fn complicate(&mut self) -> bool {
        self.proposal = self.shrinker.as_mut().and_then(Shrinker::propose);
        self.proposal.is_some()
    }
}

/// Plays ten thousand runs from seed 0, in which `invariants` must hold. If the environment variable `SIM_RUNS` is set,
/// plays so many runs from `SIM_SEED` on, in which all invariants must hold.
///
/// # Panics
/// If an invariant is violated, with the record of a shrunk run.
pub fn check<P: Played>(run: Run<P>, invariants: &[u8]) {
    let (runs, seed) = suite::from_environment(10_000, 0);
    let invariants = if std::env::var_os("SIM_RUNS").is_some() { &[] } else { invariants };
    let config = Config {
        cases: u32::try_from(runs).unwrap_or(u32::MAX),
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..Config::default()
    };
    let first_breach = Cell::new(None);
    let outcome = TestRunner::new(config).run(&traces_from(seed), |mut trace| {
        let seed = trace.seed();
        match suite::breach(&mut trace, invariants, run) {
            None => Ok(()),
            Some(violation) => {
                first_breach.set(first_breach.get().or(seed));
                Err(TestCaseError::fail(violation.to_string()))
            }
        }
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(_, mut trace)) => {
            // Recomputed, since a run that was not shrunk at all has only its seed.
            let _ = suite::breach(&mut trace, invariants, run);
            let mut failure = suite::record(trace.decisions().to_vec(), run);
            failure.seed = first_breach.get();
            panic!("{failure}");
        }
        Err(error) => panic!("{error}"),
    }
}
