//! The result of a command.

use std::io;

/// The verdict of a command that ran to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything succeeded.
    Success,
    /// A server or the network failed, which is reported already.
    Failure,
}

/// Why a command stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The command line is not valid, with the error message.
    Usage(String),
    /// Something cannot be read or written on this machine.
    Output(io::Error),
    /// A server or the network failed, which is reported already.
    Failed,
}

/// The result of a command.
pub(crate) type Outcome = Result<Verdict, Stop>;

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
