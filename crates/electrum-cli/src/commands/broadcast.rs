//! `broadcast`: hands a transaction to the network.

use std::io::{self, Read};

use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::Broadcast;
use electrum_smol::proto::types::{RawTransaction, Txid};
use electrum_smol::transport::ServerAddr;
use serde::Serialize;

use crate::output::Output;
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Stop, Verdict};

/// Hand a transaction to the network, and print its id
#[derive(Debug, clap::Args)]
pub(crate) struct BroadcastArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// The transaction in hexadecimal digits, or - to read these from stdin
    pub(crate) transaction: String,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

#[derive(Serialize)]
struct Record {
    txid: Txid,
}

/// Hands a transaction over.
pub(crate) async fn run(args: BroadcastArgs, output: &Output) -> Outcome {
    let digits = if args.transaction == "-" {
        let mut digits = String::new();
        io::stdin().read_to_string(&mut digits)?;
        digits
    } else {
        args.transaction
    };
    let transaction = RawTransaction::from_hex(digits.trim())
        .map_err(|_| Stop::Usage("a transaction is an even number of hexadecimal digits".into()))?;
    let own = transaction.txid().map_err(|error| Stop::Usage(format!("this is no transaction: {error}")))?;
    with_server(&args.server, &args.options, VersionRange::ALL, output, async |query: Query<'_>| {
        let txid = query.ask(&format!("the broadcast of {own}"), Broadcast { transaction }).await?.txid;
        if output.json {
            output.object(&Record { txid })?;
        } else {
            output.line(&txid.to_string())?;
        }
        Ok(Verdict::Success)
    })
    .await
}
