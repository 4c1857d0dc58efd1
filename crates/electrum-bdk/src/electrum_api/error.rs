//! Converts errors to those of `electrum-client`, so that BDK can match on them.

use std::io;

use electrum_blocking::proto::json::{ServerError, ServerErrorKind};
use electrum_blocking::proto::{RejectReason, SubscribeError};
use electrum_blocking::{CallError, NoAnswer, NoUpdate, NotReady};
use electrum_client::Error;
use serde_json::{Value, json};

/// The code of JSON-RPC for a method that does not exist.
const UNKNOWN_METHOD: i64 = -32601;

/// Converts the error of a call.
///
/// BDK takes [`Error::Protocol`] for the server's statement that something does not exist, and goes on without it. So
/// only an error about the request itself is converted to it, not one of a server that is too busy.
pub(super) fn of_call(error: CallError) -> Error {
    match error {
        CallError::Server(error) => of_server(error),
        CallError::NotInVersion(error) => protocol(UNKNOWN_METHOD, &error.to_string()),
        CallError::Decode(error) => Error::InvalidResponse(Value::String(error.to_string())),
        CallError::TimedOut | CallError::MaybeSent { reason: NoAnswer::TimedOut } => {
            transport(io::ErrorKind::TimedOut, &error)
        }
        CallError::Unsent { .. } => transport(io::ErrorKind::NotConnected, &error),
        CallError::MaybeSent { .. } | CallError::ClosesConnection { .. } => {
            transport(io::ErrorKind::ConnectionAborted, &error)
        }
        CallError::Closed => transport(io::ErrorKind::BrokenPipe, &error),
        error => Error::Message(error.to_string()),
    }
}

/// Converts the error of a subscription that the server refuses.
pub(super) fn of_subscription(error: SubscribeError) -> Error {
    match error {
        SubscribeError::Server(error) | SubscribeError::Unavailable(error) => of_server(error),
        SubscribeError::NotInVersion(error) => protocol(UNKNOWN_METHOD, &error.to_string()),
        SubscribeError::TimedOut => transport(io::ErrorKind::TimedOut, &error),
        SubscribeError::Decode(error) => Error::InvalidResponse(Value::String(error.to_string())),
        error => Error::Message(error.to_string()),
    }
}

/// Converts the error of a subscription that the client refuses.
pub(super) fn of_rejection(reason: &RejectReason) -> Error {
    match reason {
        RejectReason::Closed => transport(io::ErrorKind::BrokenPipe, reason),
        reason => Error::Message(reason.to_string()),
    }
}

/// Converts the error of a client that has no connection.
pub(super) fn of_not_ready(error: &NotReady) -> Error {
    match error {
        NotReady::TimedOut { .. } => transport(io::ErrorKind::NotConnected, error),
        NotReady::Closed => transport(io::ErrorKind::BrokenPipe, error),
    }
}

/// Converts the error of a subscription without an update.
pub(super) fn of_no_update(error: NoUpdate) -> Error {
    match error {
        NoUpdate::TimedOut => transport(io::ErrorKind::TimedOut, &"the server did not answer the subscription in time"),
        NoUpdate::Closed => transport(io::ErrorKind::BrokenPipe, &error),
    }
}

fn of_server(error: ServerError) -> Error {
    if error.kind() == ServerErrorKind::Busy {
        return transport(io::ErrorKind::ResourceBusy, &CallError::Server(error));
    }
    let mut value = json!({ "code": error.code, "message": error.message });
    if let Some(data) = error.data {
        value["data"] = serde_json::from_str(&data).unwrap_or(Value::String(data));
    }
    Error::Protocol(value)
}

fn protocol(code: i64, message: &str) -> Error {
    Error::Protocol(json!({ "code": code, "message": message }))
}

fn transport(kind: io::ErrorKind, error: &impl ToString) -> Error {
    Error::IOError(io::Error::new(kind, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_protocol(error: &Error) -> bool {
        matches!(error, Error::Protocol(_))
    }

    #[test]
    fn what_a_server_says_of_a_request_is_its_word() {
        let not_found = ServerError::new(Some(2), "daemon error: No such mempool or blockchain transaction.");
        let Error::Protocol(value) = of_call(CallError::Server(not_found)) else { panic!("another kind") };
        assert_eq!(value, json!({ "code": 2, "message": "daemon error: No such mempool or blockchain transaction." }));
        let mut rejected = ServerError::new(None, "no");
        rejected.data = Some("[1]".to_owned());
        let Error::Protocol(value) = of_subscription(SubscribeError::Server(rejected)) else { panic!("another kind") };
        assert_eq!(value, json!({ "code": null, "message": "no", "data": [1] }));
    }

    #[test]
    fn a_busy_server_has_not_said_that_there_is_no_such_thing() {
        let busy = ServerError::new(Some(-102), "server busy - request timed out");
        let Error::IOError(error) = of_call(CallError::Server(busy)) else { panic!("another kind") };
        assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
    }

    #[test]
    fn failures_of_the_transport_are_errors_of_input_and_output() {
        for (error, kind) in [
            (CallError::TimedOut, io::ErrorKind::TimedOut),
            (CallError::MaybeSent { reason: NoAnswer::TimedOut }, io::ErrorKind::TimedOut),
            (CallError::MaybeSent { reason: NoAnswer::ConnectionLost }, io::ErrorKind::ConnectionAborted),
            (CallError::Unsent { why: String::new() }, io::ErrorKind::NotConnected),
            (CallError::Closed, io::ErrorKind::BrokenPipe),
        ] {
            let text = error.to_string();
            let Error::IOError(found) = of_call(error) else { panic!("{text}: another kind") };
            assert_eq!((found.kind(), found.to_string()), (kind, text));
        }
        assert!(!is_protocol(&of_call(CallError::QueueFull { limit: 3 })));
        assert!(!is_protocol(&of_no_update(NoUpdate::TimedOut)));
    }
}
