//! `fees`: fee rates of the network.

use std::collections::BTreeMap;

use electrum_smol::CallError;
use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::{EstimateFee, FeeHistogram, HistogramBin, RelayFee};
use electrum_smol::proto::types::FeeRate;
use electrum_smol::transport::ServerAddr;
use serde::Serialize;

use crate::failure::ErrorRecord;
use crate::output::{Output, Paint};
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Stop, Verdict};
use crate::text::printable;

/// Print what fee rates are asked for
#[derive(Debug, clap::Args)]
pub(crate) struct FeesArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// Within how many blocks a transaction is to be confirmed; may be given several times
    #[arg(long, value_name = "NUMBER", default_values_t = [2, 6, 25, 144], value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) blocks: Vec<u32>,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

/// Rates are in satoshi per 1000 virtual bytes.
#[derive(Serialize)]
struct FeesRecord {
    estimates: Vec<Estimate>,
    relay: Option<FeeRate>,
    histogram: Option<Vec<HistogramBin>>,
    /// Why something is missing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, ErrorRecord>,
}

#[derive(Serialize)]
struct Estimate {
    blocks: u32,
    rate: Option<FeeRate>,
}

/// Prints fee rates. Not every server has all of them.
pub(crate) async fn run(args: FeesArgs, output: &Output) -> Outcome {
    with_server(&args.server, &args.options, VersionRange::ALL, output, async |query: Query<'_>| {
        let estimates: Vec<_> =
            args.blocks.iter().map(|blocks| (*blocks, query.call(EstimateFee::within(*blocks)))).collect();
        let (relay, histogram) = (query.call(RelayFee), query.call(FeeHistogram));
        let mut errors = BTreeMap::new();
        let mut record = FeesRecord { estimates: Vec::new(), relay: None, histogram: None, errors: BTreeMap::new() };
        for (blocks, estimate) in estimates {
            if let Some(rate) = had(&query, &format!("estimate {blocks}"), estimate.await, &mut errors)? {
                record.estimates.push(Estimate { blocks, rate });
            }
        }
        record.relay = had(&query, "relay", relay.await, &mut errors)?;
        record.histogram = had(&query, "histogram", histogram.await, &mut errors)?.map(|bins| bins.items);
        if let (true, true, true, Some(error)) =
            (record.estimates.is_empty(), record.relay.is_none(), record.histogram.is_none(), errors.values().next())
        {
            return Err(query.failed("fee rates", error));
        }
        record.errors = errors.iter().map(|(name, error)| (name.clone(), error.into())).collect();
        if output.json {
            output.object(&record)?;
        } else {
            output.line(&fee_lines(&record, output).join("\n"))?;
        }
        Ok(Verdict::Success)
    })
    .await
}

/// A part of what was asked for; what the server does not have is noted, and anything worse ends the command.
fn had<T>(
    query: &Query<'_>,
    name: &str,
    outcome: Result<T, CallError>,
    errors: &mut BTreeMap<String, CallError>,
) -> Result<Option<T>, Stop> {
    match outcome {
        Ok(part) => Ok(Some(part)),
        Err(error @ (CallError::Server(_) | CallError::NotInVersion(_))) => {
            errors.insert(name.to_owned(), error);
            Ok(None)
        }
        Err(error) => Err(query.failed(name, &error)),
    }
}

fn fee_lines(record: &FeesRecord, output: &Output) -> Vec<String> {
    let mut lines = Vec::new();
    for Estimate { blocks, rate } in &record.estimates {
        let rate = rate.map_or_else(|| "no estimate".into(), |rate| format!("{rate} sat/vB"));
        lines.push(format!("within {blocks} blocks: {}", output.paint(Paint::Strong, rate)));
    }
    if let Some(relay) = record.relay {
        lines.push(format!("relayed from: {} sat/vB", output.paint(Paint::Strong, relay)));
    }
    match record.histogram.as_deref() {
        Some([]) => lines.push("the mempool is empty".into()),
        Some(bins) => {
            lines.push("waiting in the mempool:".into());
            lines.extend(bins.iter().map(|bin| format!("{:>12} vB from {} sat/vB on", bin.vsize, bin.rate)));
        }
        None => {}
    }
    for (name, error) in &record.errors {
        lines.push(output.paint(Paint::Fair, format!("{name}: unknown: {}", printable(&error.message))));
    }
    lines
}
