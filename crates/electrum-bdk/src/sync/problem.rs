//! Contradictions between answers, after which a scan begins again.

use super::error::SyncError;

/// A contradiction between answers. The scan begins again, and keeps what stays valid.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The chain or the mempool changed.
    Moved(String),
    /// The chain or the mempool may have changed, or the server is wrong.
    Untrue(String),
}

/// Why a scan must begin again or fail.
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
