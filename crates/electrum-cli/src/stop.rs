//! How a command ends.

use std::io;

/// How a command ended, as far as it could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All went as it was wanted.
    Success,
    /// A server or the network failed, which was said on stderr.
    Failure,
}

/// Why a command cannot go on.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The command line asks for what cannot be, in these words.
    Usage(String),
    /// Something cannot be written or read here.
    Output(io::Error),
    /// A server or the network failed, which was said on stderr.
    Failed,
}

/// What a command comes to.
pub(crate) type Outcome = Result<Verdict, Stop>;

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
