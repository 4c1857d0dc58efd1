//! Failures in words: what the user can do about each.

use electrum_smol::CallError;
use electrum_smol::proto::json::ServerError;
use electrum_smol::proto::{DownCause, Phase, Side, TimerKind};
use electrum_smol::transport::{Security, ServerAddr};
use serde::Serialize;

use crate::output::Output;

/// What was going on when a connection failed.
pub(crate) const fn phase(cause: &DownCause) -> Phase {
    match cause {
        DownCause::Connect { .. } | DownCause::Timeout { waited_for: TimerKind::Connect } => Phase::Connecting,
        DownCause::Closed { during } | DownCause::Reset { during, .. } | DownCause::Malformed { during, .. } => *during,
        DownCause::Refused { .. }
        | DownCause::OutOfRange { .. }
        | DownCause::WrongChain { .. }
        | DownCause::Timeout { waited_for: TimerKind::Handshake } => Phase::Handshaking,
        // All else takes a server that agreed.
        _ => Phase::Ready,
    }
}

/// Says on stderr that a connection failed, and what can be done about it.
pub(crate) fn complain(server: &ServerAddr, proxy: Option<&str>, cause: &DownCause, output: &Output) {
    let through = proxy.map_or_else(String::new, |proxy| format!(" through {proxy}"));
    let about = format!("{server}{through} ({})", phase(cause));
    let is_tls = server.security() == Security::Tls;
    let advice = match cause {
        DownCause::Connect { side: Side::Network, .. } if proxy.is_some() => {
            "check that the proxy runs at that address, and that it can reach the server"
        }
        DownCause::Timeout { waited_for: TimerKind::Connect } if proxy.is_some() => {
            "check that a SOCKS5 proxy runs at that address and can reach the server, or allow more time (--timeout)"
        }
        // The port may be open, and silent about TLS.
        DownCause::Timeout { waited_for: TimerKind::Connect } if is_tls => {
            "check the host and the port, write tcp:// if this port does not speak TLS, or allow more time (--timeout)"
        }
        DownCause::Connect { side: Side::Server, .. } if is_tls => {
            "check the port, use another server, or trust the certificate in another way (--trust)"
        }
        DownCause::Closed { during: Phase::Handshaking } | DownCause::Reset { during: Phase::Handshaking, .. }
            if is_tls =>
        {
            "offer another range of versions (--range), or check that an Electrum server listens there"
        }
        other => advice(other),
    };
    output.error(&about, &cause.to_string(), advice);
}

/// What can be done about a connection that failed.
const fn advice(cause: &DownCause) -> &'static str {
    match cause {
        DownCause::Connect { side: Side::Network, .. } => {
            "check the host and the port, and that the server runs and can be reached from here"
        }
        DownCause::Connect { side: Side::Server, .. } => "check the port, or use another server",
        // The message itself says what; there is no use in trying again before.
        DownCause::Connect { side: Side::Caller, .. } => {
            "see to it before you try again: it will be the same until then"
        }
        DownCause::Closed { during: Phase::Handshaking } | DownCause::Reset { during: Phase::Handshaking, .. } => {
            "offer another range of versions (--range), or write ssl:// if this port wants that"
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
        DownCause::WrongChain { .. } => "use a server of the chain that you want (--genesis)",
        DownCause::Busy { .. } => "try again later, or use another server",
        DownCause::Undrained => "report this: it is a bug of this tool",
        _ => "try again, or use another server",
    }
}

/// What can be done about an operation that failed, of which the user knows neither method nor parameters.
pub(crate) const fn operation_advice(error: &CallError) -> &'static str {
    match error {
        CallError::Server(_) => {
            "check what was asked for: its chain may have no such thing (the words are the server's)"
        }
        other => call_advice(other),
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

/// A failure as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorRecord {
    /// The server's own code, if it said one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<i64>,
    /// The server's own words if it refused, else ours.
    pub(crate) message: String,
}

impl From<&DownCause> for ErrorRecord {
    fn from(cause: &DownCause) -> Self {
        let (code, message) = code_and_message(cause);
        Self { code, message }
    }
}

impl From<&CallError> for ErrorRecord {
    fn from(error: &CallError) -> Self {
        match error {
            CallError::Server(ServerError { code, message, .. }) => Self { code: *code, message: message.clone() },
            other => Self { code: None, message: other.to_string() },
        }
    }
}
