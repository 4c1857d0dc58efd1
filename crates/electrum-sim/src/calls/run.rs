//! The result of a run of calls.

use std::fmt;

use electrum_proto::Timestamp;

use crate::probe::Violation;
use crate::suite::Played;

/// The result of a run of [`calls_run`](crate::calls_run).
///
/// # Example
/// ```
/// use electrum_sim::suite::Played;
/// use electrum_sim::{Trace, calls_run};
///
/// let run = calls_run(&mut Trace::from_seed(1), true);
/// assert_eq!(run.violation(), None);
/// assert!(run.log()[0].contains("servers:"), "the record begins with the faults of the servers");
/// ```
#[derive(Debug, Default)]
pub struct CallsRun {
    violation: Option<Violation>,
    log: Vec<String>,
    is_recorded: bool,
}

impl Played for CallsRun {
    fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    fn log(&self) -> &[String] {
        &self.log
    }
}

impl CallsRun {
    pub(super) fn new(is_recorded: bool) -> Self {
        Self { is_recorded, ..Self::default() }
    }

    /// Reports that an invariant is violated. Only the first report counts.
    pub fn violate(&mut self, invariant: u8, what: impl fmt::Display) {
        if self.violation.is_none() {
            self.violation = Some(Violation { invariant, what: what.to_string() });
        }
    }

    pub(super) fn note(&mut self, now: Timestamp, what: impl FnOnce() -> String) {
        if self.is_recorded {
            self.log.push(format!("{now} {}", what()));
        }
    }
}
