//! Why answers do not fit to each other.

use super::error::SyncError;

/// Why answers do not fit to each other. The scan begins again, and keeps what holds at all times.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The chain or the mempool changed.
    Moved(String),
    /// It may have changed, or the server is wrong.
    Untrue(String),
}

/// Why a scan cannot go on as it is.
#[derive(Debug)]
pub(crate) enum Stop {
    Problem(Problem),
    Failed(SyncError),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Problem> for SyncError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Moved(what) => Self::Unsettled { what },
            Problem::Untrue(what) => Self::Untrue { what },
        }
    }
}
