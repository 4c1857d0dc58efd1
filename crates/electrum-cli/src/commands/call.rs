//! `call`: calls any method, and prints the result as the server wrote it.

use std::io;

use electrum_smol::proto::{Effect, VersionRange};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::failure::{ErrorRecord, Failure};
use crate::json;
use crate::output::Output;
use crate::query::{Query, with_server};
use crate::raw_call::{self, RawCall};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Verdict};
use crate::text::{printable_json, printable_lines};

/// Call any method and print its result
#[derive(Debug, clap::Args)]
pub(crate) struct CallArgs {
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
    with_server(&args.options, VersionRange::default(), output, async |query: Query<'_>| {
        let params = args.params.iter().map(|text| raw_call::param(text)).collect();
        // The method may change something, so the call is not sent again.
        let call = RawCall { method: args.method.clone(), params, effect: Effect::Changes };
        let record = |result, error| Record { server: query.server().to_string(), method: &args.method, result, error };
        let text = match query.call(call).await {
            Ok(text) => text,
            Err(error) => {
                let failure = Failure::of_call(&error);
                query.explain(&args.method, &failure);
                if output.json {
                    output.object(&record(None, Some(failure.record())))?;
                }
                return Ok(Verdict::Failure);
            }
        };
        if output.json {
            let result: &RawValue = serde_json::from_str(&text).map_err(io::Error::other)?;
            output.object(&record(Some(result), None))?;
            return Ok(Verdict::Success);
        }
        // A string is printed without quotes, everything else as JSON.
        match serde_json::from_str::<String>(&text) {
            Ok(words) => output.verbatim(&printable_lines(&words))?,
            Err(_) => output.verbatim(&printable_json(&json::pretty(&text)))?,
        }
        Ok(Verdict::Success)
    })
    .await
}
