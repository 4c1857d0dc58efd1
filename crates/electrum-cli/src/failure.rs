//! Failures in words: what the user can do about each.

use electrum_smol::CallError;
use electrum_smol::proto::{DownCause, Phase, TimerKind};

/// What was going on when a connection failed.
pub(crate) const fn phase(cause: &DownCause) -> Phase {
    match cause {
        DownCause::Connect { .. } | DownCause::Timeout { waited_for: TimerKind::Connect } => Phase::Connecting,
        DownCause::Closed { during } | DownCause::Reset { during, .. } | DownCause::Malformed { during, .. } => *during,
        DownCause::Refused { .. }
        | DownCause::OutOfRange { .. }
        | DownCause::WrongChain { .. }
        | DownCause::Timeout { waited_for: TimerKind::Handshake } => Phase::Handshaking,
        DownCause::Timeout { .. } | DownCause::Busy { .. } | DownCause::Undrained => Phase::Ready,
    }
}

/// What can be done about a connection that failed.
pub(crate) const fn advice(cause: &DownCause) -> &'static str {
    match cause {
        DownCause::Connect { .. } => {
            "check the host and the port, and that the server runs and can be reached from here"
        }
        DownCause::Closed { during: Phase::Handshaking } | DownCause::Reset { during: Phase::Handshaking, .. } => {
            "offer another range of versions (--range), or write the other of tcp:// and ssl:// if this port wants that"
        }
        DownCause::Closed { .. } | DownCause::Reset { .. } => {
            "try again later: the server may be restarting, or have too many clients"
        }
        DownCause::Refused { .. } => "offer versions that the server speaks (--range); nearly all speak 1.4",
        DownCause::OutOfRange { .. } => {
            "offer a range that holds the version that the server wants (--range), or use another server"
        }
        DownCause::Malformed { .. } => "check the port: another kind of server may listen there",
        DownCause::Timeout { waited_for: TimerKind::Connect } => {
            "check the host and the port, or allow more time (--timeout)"
        }
        DownCause::Timeout { waited_for: TimerKind::Handshake } => {
            "check that an Electrum server listens there, with tcp:// or ssl:// as you wrote, or allow more time (--timeout)"
        }
        DownCause::Timeout { .. } => "try again, or use another server: this one may be overloaded",
        DownCause::WrongChain { .. } => "use a server of the right chain",
        DownCause::Busy { .. } => "try again later, or use another server",
        DownCause::Undrained => "report this: it is a bug of this tool",
    }
}

/// What can be done about a call that failed.
pub(crate) const fn call_advice(error: &CallError) -> &'static str {
    match error {
        CallError::Server(_) => "check the method and its parameters against the protocol version that was negotiated",
        CallError::Decode(_) => "use another server: this one does not answer as the protocol says",
        CallError::NotInVersion(_) => "offer another range of versions (--range), or use another server",
        CallError::TimedOut => "allow more time (--timeout), or use another server",
        CallError::Unsent { .. } => "check that the server runs and can be reached from here",
        CallError::Lost => "check the method: some servers close the connection instead of refusing one",
        CallError::TooLong { .. } => "send less at once",
        _ => "try again",
    }
}

/// The server's own code and words if it refused, else ours.
pub(crate) fn code_and_message(cause: &DownCause) -> (Option<i64>, String) {
    match cause {
        DownCause::Refused { error, .. } | DownCause::Busy { error } => (error.code, error.message.clone()),
        other => (None, other.to_string()),
    }
}
