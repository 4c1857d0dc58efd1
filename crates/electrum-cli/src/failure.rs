//! Failures of connections and calls, each with its cause from the table.

use electrum_smol::proto::json::{DecodeErrorKind, ServerError, ServerErrorKind};
use electrum_smol::proto::{DownCause, Layer, Phase, Side, TimerKind};
use electrum_smol::{CallError, NoAnswer};
use serde::Serialize;

use crate::causes::{Cause, Kind};

/// A failure with its cause and its description.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    /// The phase of the connection.
    pub(crate) phase: Phase,
    /// The server's error code, if it sent one.
    pub(crate) code: Option<i64>,
    /// The server's message if it refused, otherwise this client's.
    pub(crate) message: String,
    /// The message for people, which says whose it is.
    pub(crate) words: String,
}

/// A failure as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorRecord {
    kind: &'static str,
    cause: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    message: String,
    hint: &'static str,
}

/// The route to a server, as far as the hint depends on it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Way {
    pub(crate) is_tls: bool,
    pub(crate) has_proxy: bool,
}

impl Failure {
    /// Makes a failure that a check of this client found.
    pub(crate) fn new(cause: Cause, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { cause, phase: Phase::Ready, code: None, words: message.clone(), message }
    }

    /// Makes the failure of a connection.
    pub(crate) fn of_connection(down: &DownCause, way: Way) -> Self {
        let (code, message) = match down {
            DownCause::Refused { error, .. } | DownCause::Busy { error, .. } => (error.code, error.message.clone()),
            other => (None, other.to_string()),
        };
        Self { cause: connection_cause(down, way), phase: phase(down), code, message, words: down.to_string() }
    }

    /// Makes the failure of a call.
    pub(crate) fn of_call(error: &CallError) -> Self {
        let words = match error {
            // What to do is the hint of the cause.
            CallError::TimedOut => NoAnswer::TimedOut.to_string(),
            other => other.to_string(),
        };
        let (code, message) = match error {
            CallError::Server(ServerError { code, message, .. }) => (*code, message.clone()),
            _ => (None, words.clone()),
        };
        Self { cause: call_cause(error), phase: Phase::Ready, code, message, words }
    }

    /// Returns the failure of a command without a server, as JSON.
    pub(crate) fn alone(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Alone {
            error: ErrorRecord,
        }
        Alone { error: self.record() }
    }

    /// Returns the failure as JSON.
    pub(crate) fn record(&self) -> ErrorRecord {
        let Self { cause, phase, code, message, .. } = self;
        ErrorRecord {
            kind: cause.kind().name(),
            cause: cause.name(),
            // Without a server there is no connection.
            phase: (cause.kind() != Kind::Local).then(|| phase.to_string()),
            code: *code,
            message: message.clone(),
            hint: cause.hint(),
        }
    }
}

/// Returns the phase in which a connection failed.
fn phase(cause: &DownCause) -> Phase {
    match cause {
        DownCause::Connect { .. } | DownCause::Timeout { waited_for: TimerKind::Connect } => Phase::Connecting,
        DownCause::Closed { during }
        | DownCause::Reset { during, .. }
        | DownCause::Malformed { during, .. }
        | DownCause::Busy { during, .. } => *during,
        DownCause::Refused { .. }
        | DownCause::OutOfRange { .. }
        | DownCause::NumericVersion { .. }
        | DownCause::WrongChain { .. }
        | DownCause::UnknownChain { .. }
        | DownCause::Timeout { waited_for: TimerKind::Handshake } => Phase::Handshaking,
        // The other causes occur only after the handshake.
        _ => Phase::Ready,
    }
}

/// The code of JSON-RPC for an invalid request.
const INVALID_REQUEST: i64 = -32600;

fn connection_cause(down: &DownCause, way: Way) -> Cause {
    let Way { is_tls, has_proxy } = way;
    match down {
        DownCause::Connect { side: Side::Network, .. } if has_proxy => Cause::UnreachableThroughProxy,
        DownCause::Connect { side: Side::Network, .. } => Cause::Unreachable,
        DownCause::Connect { side: Side::Server, layer: Some(Layer::Proxy), .. } => Cause::UnreachableThroughProxy,
        DownCause::Connect { side: Side::Server, layer: Some(Layer::Tls), message } => tls_cause(message),
        DownCause::Connect { side: Side::Server, .. } => Cause::RefusedByHost,
        DownCause::Connect { side: Side::Caller, .. } => Cause::Here,
        DownCause::Timeout { waited_for: TimerKind::Connect } if has_proxy => Cause::ConnectTimeoutProxy,
        DownCause::Timeout { waited_for: TimerKind::Connect } if is_tls => Cause::ConnectTimeoutTls,
        DownCause::Timeout { waited_for: TimerKind::Connect } => Cause::ConnectTimeout,
        DownCause::Timeout { waited_for: TimerKind::Handshake } => Cause::HandshakeTimeout,
        DownCause::Timeout { .. } | DownCause::Left { .. } => Cause::Unresponsive,
        DownCause::Closed { during: Phase::Handshaking } | DownCause::Reset { during: Phase::Handshaking, .. } => {
            if is_tls {
                Cause::HungUpTls
            } else {
                Cause::HungUp
            }
        }
        DownCause::Closed { .. } | DownCause::Reset { .. } => Cause::Dropped,
        DownCause::Refused { error: ServerError { code: Some(INVALID_REQUEST), .. }, .. } => Cause::RefusedRequest,
        DownCause::Refused { error, .. } => refused_cause(error.kind()),
        DownCause::OutOfRange { .. } => Cause::OutOfRange,
        DownCause::Malformed { .. } => Cause::Malformed,
        DownCause::WrongChain { .. } => Cause::WrongChain,
        DownCause::Busy { .. } => Cause::Busy,
        DownCause::Undrained => Cause::Undrained,
        DownCause::NumericVersion { .. } => Cause::NumericVersion,
        DownCause::UnknownChain { .. } => Cause::UnknownChain,
        _ => Cause::Dropped,
    }
}

/// Returns the cause of a refused handshake.
const fn refused_cause(kind: ServerErrorKind) -> Cause {
    match kind {
        // Such as a Bitcoin node's RPC port.
        ServerErrorKind::UnknownMethod => Cause::Malformed,
        ServerErrorKind::Unauthorized => Cause::RefusedAuthorization,
        _ => Cause::Refused,
    }
}

/// Returns the cause of a failed TLS handshake, by the text of the error: the machine passes on only that.
fn tls_cause(message: &str) -> Cause {
    let message = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    if says(&["certificaterequired", "certificate required", "client certificate"]) {
        Cause::TlsClientCertificate
    } else if says(&["unsupportedsignaturealgorithm", "unsupported signature", "unsupportedcertificate", "curve"]) {
        Cause::TlsUnsupported
    } else {
        Cause::Tls
    }
}

fn call_cause(error: &CallError) -> Cause {
    match error {
        CallError::Server(error) => server_cause(error.kind()),
        CallError::Decode(error) => decode_cause(error.kind()),
        CallError::NotInVersion(_) => Cause::NotInVersion,
        CallError::AnswerTooLarge { .. } => Cause::AnswerTooLong,
        CallError::TimedOut | CallError::MaybeSent { reason: NoAnswer::TimedOut } => Cause::TimedOut,
        CallError::Unsent { .. } | CallError::QueueFull { .. } | CallError::Closed => Cause::NotSent,
        CallError::MaybeSent { .. } | CallError::ClosesConnection { .. } => Cause::Lost,
        CallError::TooLong { .. } => Cause::TooLong,
        _ => Cause::Lost,
    }
}

/// Returns the cause of an answer that cannot be decoded.
pub(crate) const fn decode_cause(kind: DecodeErrorKind) -> Cause {
    match kind {
        DecodeErrorKind::OtherChain => Cause::OtherChain,
        _ => Cause::MalformedAnswer,
    }
}

/// Returns the cause of an error of the server.
pub(crate) const fn server_cause(kind: ServerErrorKind) -> Cause {
    match kind {
        ServerErrorKind::Busy => Cause::Busy,
        ServerErrorKind::TooLarge => Cause::TooLarge,
        ServerErrorKind::UnknownMethod => Cause::UnknownMethod,
        ServerErrorKind::Unsupported | ServerErrorKind::UnsupportedVersion => Cause::Unsupported,
        ServerErrorKind::InvalidParams => Cause::InvalidParams,
        ServerErrorKind::Unauthorized => Cause::Unauthorized,
        ServerErrorKind::NotFound => Cause::NotFound,
        ServerErrorKind::Rejected => Cause::Rejected,
        ServerErrorKind::AlreadyInMempool | ServerErrorKind::AlreadyInChain => Cause::AlreadyKnown,
        ServerErrorKind::Internal => Cause::Internal,
        _ => Cause::ServerError,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_handshake_may_not_be_about_versions() {
        let offered = electrum_smol::proto::VersionRange::ALL.into();
        for (code, message, cause) in [
            (1, "unsupported protocol version: 1.6", Cause::Refused),
            // A Bitcoin node, on its RPC port.
            (-32601, "Method not found", Cause::Malformed),
            (-32600, "Invalid request", Cause::RefusedRequest),
            (401, "Unauthorized", Cause::RefusedAuthorization),
        ] {
            let down = DownCause::Refused { offered, error: ServerError::new(Some(code), message) };
            assert_eq!(connection_cause(&down, Way::default()), cause, "{message}");
        }
        let error = ServerError::new(Some(-102), "server busy - request timed out");
        let down = DownCause::Busy { during: Phase::Handshaking, error };
        let failure = Failure::of_connection(&down, Way::default());
        assert_eq!((failure.cause, failure.phase, failure.code), (Cause::Busy, Phase::Handshaking, Some(-102)));
    }

    #[test]
    fn a_failed_layer_has_its_own_hint() {
        for (layer, message, cause) in [
            (Layer::Tls, "received fatal alert: CertificateRequired", Cause::TlsClientCertificate),
            (Layer::Tls, "peer certificate: UnsupportedSignatureAlgorithmForPublicKeyContext", Cause::TlsUnsupported),
            (Layer::Tls, "invalid peer certificate: Expired", Cause::Tls),
            (Layer::Tls, "no web CA vouches for one of its kind (UnsupportedCertVersion)", Cause::Tls),
            // The text is the server's own.
            (Layer::WebSocket, "the server answered \"HTTP/1.1 403 Certificate required\"", Cause::RefusedByHost),
            (Layer::Proxy, "it cannot be reached", Cause::UnreachableThroughProxy),
        ] {
            let down = DownCause::Connect { side: Side::Server, layer: Some(layer), message: message.into() };
            assert_eq!(connection_cause(&down, Way { is_tls: true, has_proxy: false }), cause, "{message}");
        }
    }
}
