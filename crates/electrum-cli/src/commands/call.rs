//! `call`: any method, its result as the server wrote it.

use std::io;

use electrum_smol::CallError;
use electrum_smol::proto::{Effect, VersionRange};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::connection::Connection;
use crate::failure::ErrorRecord;
use crate::output::Output;
use crate::raw_call::{self, RawCall};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Verdict};
use crate::text::{printable_json, printable_lines};
use crate::{failure, json};
use electrum_smol::transport::ServerAddr;

/// Call any method and print its result
#[derive(Debug, clap::Args)]
pub(crate) struct CallArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// The method, as in blockchain.block.header
    pub(crate) method: String,
    /// Its parameters: JSON if it can be read as that, else a string; after -- if it begins with a dash
    #[arg(value_name = "PARAM", allow_negative_numbers = true)]
    pub(crate) params: Vec<String>,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

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

/// Makes the call.
pub(crate) async fn run(args: CallArgs, output: &Output) -> Outcome {
    let record = |result, error| Record { server: args.server.to_string(), method: &args.method, result, error };
    let config = args.options.config([args.server.clone()], VersionRange::default())?;
    let proxy = config.route.proxy().map(ToString::to_string);
    let result = match Connection::open(config).await {
        Err(cause) => {
            failure::complain(&args.server, proxy.as_deref(), &cause, output);
            Err(ErrorRecord::from(&cause))
        }
        Ok(connection) => {
            let params = args.params.iter().map(|text| raw_call::param(text)).collect();
            // The method may change something, so it is not repeated.
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
            Err(_) => output.line(&printable_json(&json::pretty(&text)))?,
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

fn refused(args: &CallArgs, connection: &Connection, error: CallError, output: &Output) -> ErrorRecord {
    let Connection { software, version, .. } = connection;
    let about = format!("{} (ready, {software}, protocol {version}), asked for {}", args.server, args.method);
    output.error(&about, &error.to_string(), failure::call_advice(&error));
    ErrorRecord::from(&error)
}
