//! Plays many runs, each from its own seed. The first one that violates an invariant is shrunk and reported.

use std::fmt;

use super::probe::{Probe, Violation};
use super::trace::{Shrinker, Trace};

/// A kind of run: a function that plays what the trace decides, and keeps a record if the second argument is true.
pub type Run<P = Probe> = fn(&mut Trace, bool) -> P;

/// The result of a run.
///
/// # Example
/// ```
/// use electrum_sim::suite::{Played, play};
/// use electrum_sim::{Trace, Violation};
///
/// /// A run of a dice game, in which no invariant is ever broken.
/// struct Dice(Vec<String>);
///
/// impl Played for Dice {
///     fn violation(&self) -> Option<&Violation> {
///         None
///     }
///     fn log(&self) -> &[String] {
///         &self.0
///     }
/// }
///
/// let throw = |trace: &mut Trace, _| Dice(vec![format!("a {}", 1 + trace.below(6))]);
/// assert!(play(100, 0, &[], throw).is_ok());
/// assert_eq!(throw(&mut Trace::replay(vec![]), true).log(), ["a 1"]);
/// ```
pub trait Played {
    /// Returns the violated invariant, if there is one.
    fn violation(&self) -> Option<&Violation>;

    /// Returns the record, if one was kept.
    fn log(&self) -> &[String];
}

impl Played for Probe {
    fn violation(&self) -> Option<&Violation> {
        self.violation()
    }

    fn log(&self) -> &[String] {
        self.log()
    }
}

/// A run in which an invariant was violated.
///
/// # Example
/// ```
/// use electrum_sim::{Probe, Trace, network_run, suite};
///
/// /// A check with a mistake: it wants a connection after the end.
/// fn run(trace: &mut Trace, record: bool) -> Probe {
///     let mut probe = network_run(trace, record);
///     if probe.conn().is_none() {
///         probe.violate(0, "no connection in the end");
///     }
///     probe
/// }
///
/// let failure = suite::play(10, 0, &[0], run).unwrap_err();
/// assert_eq!(failure.violation.what, "no connection in the end");
/// assert!(failure.to_string().contains("the run above: Trace::replay("));
/// ```
#[derive(Clone, Debug)]
pub struct Failure {
    /// The violation in the shrunk run.
    pub violation: Violation,
    /// The seed of the run before it was shrunk.
    pub seed: Option<u64>,
    /// The decisions that the shrunk run needs.
    pub decisions: Vec<u32>,
    /// The record of the shrunk run.
    pub log: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.log {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "{}", self.violation)?;
        if let Some(seed) = self.seed {
            writeln!(f, "found with seed {seed}; run it again with SIM_SEED={seed} SIM_RUNS=1")?;
        }
        write!(f, "the run above: Trace::replay(vec!{:?})", self.decisions)
    }
}

/// Returns the number of runs and the first seed: from the environment variables `SIM_RUNS` and `SIM_SEED`, or these
/// values.
#[must_use]
pub fn from_environment(runs: u64, seed: u64) -> (u64, u64) {
    let read = |name: &str| std::env::var(name).ok()?.replace('_', "").parse().ok();
    (read("SIM_RUNS").unwrap_or(runs), read("SIM_SEED").unwrap_or(seed))
}

/// Plays `runs` runs, the first from `seed`. Only violations of `invariants` count, or of all if it is empty.
///
/// # Errors
/// The first failure, shrunk.
///
/// # Example
/// ```
/// use electrum_sim::{Probe, Trace, hostile_run, suite};
///
/// if let Err(failure) = suite::play(20, 0, &[], hostile_run) {
///     panic!("{failure}");
/// }
///
/// /// A kind of run with a property of its own, which does not hold.
/// fn stays_short(trace: &mut Trace, record: bool) -> Probe {
///     let mut probe = hostile_run(trace, record);
///     if trace.decisions().len() > 20 {
///         probe.violate(0, "more than 20 decisions");
///     }
///     probe
/// }
///
/// // Shrunk, and with the seed of the run that was shrunk.
/// let failure = suite::play(20, 0, &[0], stays_short).unwrap_err();
/// assert_eq!(failure.violation.what, "more than 20 decisions");
/// assert!(failure.decisions.len() <= 21 && failure.seed.is_some());
/// ```
pub fn play<P: Played>(runs: u64, seed: u64, invariants: &[u8], run: Run<P>) -> Result<(), Box<Failure>> {
    for seed in seed..seed.saturating_add(runs) {
        let mut trace = Trace::from_seed(seed);
        if breach(&mut trace, invariants, run).is_some() {
            let mut failure = shrink(trace.decisions(), invariants, run);
            failure.seed = Some(seed);
            return Err(failure);
        }
    }
    Ok(())
}

/// Plays the run of this trace. Returns its violation, if it is one of `invariants`.
#[must_use]
pub fn breach<P: Played>(trace: &mut Trace, invariants: &[u8], run: Run<P>) -> Option<Violation> {
    let probe = run(trace, false);
    probe.violation().filter(|violation| counts(violation, invariants)).cloned()
}

/// Shrinks a failing run, and plays it again for its record.
#[must_use]
pub fn shrink<P: Played>(decisions: &[u32], invariants: &[u8], run: Run<P>) -> Box<Failure> {
    const TRIES: usize = 20_000;
    let mut shrinker = Shrinker::new(decisions.to_vec());
    for _ in 0..TRIES {
        let Some(proposal) = shrinker.propose() else { break };
        if breach(&mut Trace::replay(proposal.clone()), invariants, run).is_some() {
            shrinker.accept(proposal);
        }
    }
    record(shrinker.best().to_vec(), run)
}

/// Plays a run of these decisions for its record.
#[must_use]
pub fn record<P: Played>(decisions: Vec<u32>, run: Run<P>) -> Box<Failure> {
    let probe = run(&mut Trace::replay(decisions.clone()), true);
    let none = Violation { invariant: 0, what: "nothing".into() };
    let violation = probe.violation().cloned().unwrap_or(none);
    Box::new(Failure { violation, seed: None, decisions, log: probe.log().to_vec() })
}

fn counts(violation: &Violation, invariants: &[u8]) -> bool {
    invariants.is_empty() || invariants.contains(&violation.invariant)
}
