//! `broadcast`: broadcasts a transaction, and prints the outcome.

use std::io::{self, Read};

use electrum_smol::CallError;
use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::{Accepted, Broadcast, BroadcastOutcome};
use electrum_smol::proto::types::{RawTransaction, Txid};
use serde::Serialize;

use crate::causes::Cause;
use crate::failure::{ErrorRecord, Failure};
use crate::output::{Output, Paint};
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Stop, Verdict};
use crate::text::printable;

/// Broadcast a transaction, and print its id and the outcome
///
/// It succeeds if the transaction is accepted, or already in the mempool or in the chain. It fails if the node rejects
/// the transaction, or if it may have been sent and no answer came.
#[derive(Debug, clap::Args)]
pub(crate) struct BroadcastArgs {
    /// The transaction in hexadecimal digits, or - to read these from stdin
    pub(crate) transaction: String,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

#[derive(Serialize)]
struct Record {
    txid: Txid,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_said: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorRecord>,
}

/// Broadcasts a transaction and prints the outcome.
pub(crate) async fn run(args: BroadcastArgs, output: &Output) -> Outcome {
    let digits = if args.transaction == "-" {
        let mut digits = String::new();
        io::stdin().read_to_string(&mut digits)?;
        digits
    } else {
        args.transaction
    };
    let digits = without_wrapping(&digits);
    if digits.is_empty() {
        return Err(Stop::Usage("there is no transaction: its hexadecimal digits are wanted".into()));
    }
    if PSBT.iter().any(|begin| digits.starts_with(begin)) {
        let how = "this is a partially signed transaction (PSBT): finalize it, and give the transaction in it";
        return Err(Stop::Usage(how.into()));
    }
    let transaction = RawTransaction::from_hex(&digits)
        .map_err(|_| Stop::Usage("a transaction is an even number of hexadecimal digits".into()))?;
    let txid = transaction.txid().map_err(|error| Stop::Usage(format!("this is no transaction: {error}")))?;
    with_server(&args.options, VersionRange::ALL, output, async |query: Query<'_>| {
        let result = query.call(Broadcast { transaction }).await;
        let outcome = result.map(BroadcastOutcome::Accepted).or_else(CallError::into_broadcast_outcome);
        print(&query, txid, outcome, output)
    })
    .await
}

/// The beginning of a partially signed transaction (BIP 174), in base 64 and in hexadecimal digits.
const PSBT: [&str; 2] = ["cHNidP", "70736274ff"];

/// Removes what other programs put around and between digits: quotes, spaces, ends of lines.
fn without_wrapping(text: &str) -> String {
    let text: String = text.split_whitespace().collect();
    let unquoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).map(ToOwned::to_owned);
    unquoted.unwrap_or(text)
}

fn print(query: &Query<'_>, txid: Txid, outcome: Result<BroadcastOutcome, CallError>, output: &Output) -> Outcome {
    let name = outcome.as_ref().map_or("not_sent", BroadcastOutcome::name);
    let (words, server_said, failure) = match outcome {
        Ok(BroadcastOutcome::Accepted(Accepted { server_said, .. })) => {
            let words = server_said.as_ref().map(|said| format!("accepted, and the server said: {}", printable(said)));
            (words, server_said, None)
        }
        Ok(BroadcastOutcome::AlreadyInMempool(_)) => (Some("already in the mempool".into()), None, None),
        Ok(BroadcastOutcome::AlreadyInChain(_)) => (Some("already in the chain".into()), None, None),
        Ok(BroadcastOutcome::Rejected(error)) => {
            let words = format!("the node rejected it: {}", error.reason());
            let failure = Failure::of_call(&CallError::Server(error));
            (None, None, Some(Failure { cause: Cause::Rejected, words, ..failure }))
        }
        Ok(BroadcastOutcome::MayHaveBeenSent { why }) => {
            let failure = Failure::new(Cause::MayHaveBeenSent, format!("it may have been sent: {why}"));
            (None, None, Some(failure))
        }
        // An outcome that a later version of the library adds.
        Ok(other) => (None, None, Some(Failure::new(Cause::MayHaveBeenSent, other.to_string()))),
        Err(error) => (None, None, Some(Failure::of_call(&error))),
    };
    if let Some(failure) = &failure {
        query.explain(&format!("the broadcast of {txid}"), failure);
    }
    let is_failure = failure.is_some();
    if output.json {
        let error = failure.map(|failure| failure.record());
        output.object(&Record { txid, outcome: name, server_said, error })?;
    } else if !is_failure {
        output.line(&output.paint(Paint::Strong, txid))?;
        if let Some(words) = words {
            output.line(&words)?;
        }
    }
    Ok(if is_failure { Verdict::Failure } else { Verdict::Success })
}
