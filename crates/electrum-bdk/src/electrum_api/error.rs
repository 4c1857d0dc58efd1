//! Errors of calls as those of `electrum-client`, so that what BDK tells apart stays apart.

use std::io;

use electrum_blocking::proto::json::{ServerError, ServerErrorKind};
use electrum_blocking::proto::{RejectReason, SubscribeError};
use electrum_blocking::{CallError, NoAnswer, NotReady};
use electrum_client::Error;
use serde_json::{Value, json};

/// The code of JSON-RPC for a method that does not exist.
const UNKNOWN_METHOD: i64 = -32601;

/// The error of a call.
///
/// BDK takes [`Error::Protocol`] for the server's word that there is no such thing, and goes on without it; so only what
/// a server said about the request itself becomes one. A server that is too busy has not looked at it.
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

/// The error of a subscription that the server does not serve.
pub(super) fn of_subscription(error: SubscribeError) -> Error {
    match error {
        SubscribeError::Server(error) | SubscribeError::Unavailable(error) => of_server(error),
        SubscribeError::NotInVersion(error) => protocol(UNKNOWN_METHOD, &error.to_string()),
        SubscribeError::TimedOut => transport(io::ErrorKind::TimedOut, &error),
        SubscribeError::Decode(error) => Error::InvalidResponse(Value::String(error.to_string())),
        error => Error::Message(error.to_string()),
    }
}

/// The error of a subscription that the client does not make.
pub(super) fn of_rejection(reason: &RejectReason) -> Error {
    match reason {
        RejectReason::Closed => transport(io::ErrorKind::BrokenPipe, reason),
        reason => Error::Message(reason.to_string()),
    }
}

/// The error of a client that has no connection.
pub(super) fn of_not_ready(error: &NotReady) -> Error {
    match error {
        NotReady::TimedOut { .. } => transport(io::ErrorKind::NotConnected, error),
        NotReady::Closed => transport(io::ErrorKind::BrokenPipe, error),
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
