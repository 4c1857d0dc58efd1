//! `tx`: a transaction, checked against its id.

use std::io;

use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::{TransactionGet, TransactionGetVerbose};
use electrum_smol::proto::types::{RawTransaction, Txid};
use electrum_smol::transport::ServerAddr;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::json;
use crate::output::Output;
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Verdict};
use crate::text::printable_json;

/// Print a transaction in hexadecimal digits
///
/// It is checked to be the one with that id.
#[derive(Debug, clap::Args)]
pub(crate) struct TxArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// The transaction's id
    pub(crate) txid: Txid,
    /// Print what the server's node says of it, unchecked
    #[arg(long)]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

#[derive(Serialize)]
struct TxRecord<'a> {
    txid: Txid,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<&'a RawTransaction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verbose: Option<&'a RawValue>,
}

/// Prints a transaction.
pub(crate) async fn run(args: TxArgs, output: &Output) -> Outcome {
    let txid = args.txid;
    with_server(&args.server, &args.options, VersionRange::ALL, output, async |query: Query<'_>| {
        let what = format!("transaction {txid}");
        if args.verbose {
            let answer = query.ask(&what, TransactionGetVerbose { txid }).await?;
            if output.json {
                // On one line, with the node's own digits.
                let answer = RawValue::from_string(json::compact(answer.get())).map_err(io::Error::other)?;
                output.object(&TxRecord { txid, hex: None, verbose: Some(&answer) })?;
            } else {
                output.line(&printable_json(&json::pretty(answer.get())))?;
            }
            return Ok(Verdict::Success);
        }
        let transaction = query.ask(&what, TransactionGet::new(txid)).await?;
        if output.json {
            output.object(&TxRecord { txid, hex: Some(&transaction), verbose: None })?;
        } else {
            output.line(&transaction.to_hex())?;
        }
        Ok(Verdict::Success)
    })
    .await
}
