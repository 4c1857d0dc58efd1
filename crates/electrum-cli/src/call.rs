//! `call`: any method, its result as the server wrote it.

use std::io;

use electrum_smol::CallError;
use electrum_smol::proto::json::ServerError;
use electrum_smol::proto::{DownCause, Effect, VersionRange};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::Verdict;
use crate::args::CallArgs;
use crate::connection::Connection;
use crate::output::{Output, printable_lines};
use crate::raw::{self, RawCall};
use crate::{failure, json};

/// The outcome of a call as JSON.
#[derive(Serialize)]
struct Record<'a> {
    server: String,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorRecord>,
}

#[derive(Serialize)]
struct ErrorRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    message: String,
}

/// Makes the call.
pub(crate) async fn run(args: CallArgs, output: &Output) -> io::Result<Verdict> {
    let record = |result, error| Record { server: args.server.to_string(), method: &args.method, result, error };
    let result = match Connection::open(args.reach.config([args.server.clone()], VersionRange::default())).await {
        Err(cause) => Err(not_connected(&args, &cause, output)),
        Ok(connection) => {
            let params = args.params.iter().map(|text| raw::param(text)).collect();
            // Nobody knows what the method does, so it is not repeated.
            let call = RawCall { method: args.method.clone(), params, effect: Effect::Changes };
            let result = connection.client.call(call).await;
            let result = result.map_err(|error| refused(&args, &connection, error, output));
            connection.close().await;
            result
        }
    };
    match result {
        Ok(text) if output.json => {
            let result: &RawValue = serde_json::from_str(&text).map_err(io::Error::other)?;
            output.object(&record(Some(result), None))?;
        }
        // A text is shown as what it says, all else as JSON.
        Ok(text) => match serde_json::from_str::<String>(&text) {
            Ok(words) => output.line(&printable_lines(&words))?,
            Err(_) => output.line(&json::printable(&json::pretty(&text)))?,
        },
        Err(error) => {
            if output.json {
                output.object(&record(None, Some(error)))?;
            }
            return Ok(Verdict::Failure);
        }
    }
    Ok(Verdict::Success)
}

fn not_connected(args: &CallArgs, cause: &DownCause, output: &Output) -> ErrorRecord {
    let about = format!("{} ({})", args.server, failure::phase(cause));
    output.error(&about, &cause.to_string(), failure::advice(cause));
    let (code, message) = failure::code_and_message(cause);
    ErrorRecord { code, message }
}

fn refused(args: &CallArgs, connection: &Connection, error: CallError, output: &Output) -> ErrorRecord {
    let Connection { software, version, .. } = connection;
    let about = format!("{} (ready, {software}, protocol {version}), asked for {}", args.server, args.method);
    output.error(&about, &error.to_string(), failure::call_advice(&error));
    match error {
        CallError::Server(ServerError { code, message }) => ErrorRecord { code, message },
        other => ErrorRecord { code: None, message: other.to_string() },
    }
}
