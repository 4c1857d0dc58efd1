//! `fees`: prints the fee rates of the network.

use std::collections::BTreeMap;

use electrum_smol::CallError;
use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::{EstimateFee, FeeHistogram, HistogramBin, RelayFee};
use electrum_smol::proto::types::FeeRate;
use serde::Serialize;

use crate::causes::Cause;
use crate::failure::{ErrorRecord, Failure};
use crate::output::{Output, Paint};
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Verdict};
use crate::text::printable;

/// Print fee rates: estimates, the minimum for relay, and those in the mempool
#[derive(Debug, clap::Args)]
pub(crate) struct FeesArgs {
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
    /// How many bins of the histogram could not be read.
    histogram_dropped: usize,
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
    with_server(&args.options, VersionRange::ALL, output, async |query: Query<'_>| {
        let estimates: Vec<_> =
            args.blocks.iter().map(|blocks| (*blocks, query.call(EstimateFee::within(*blocks)))).collect();
        let (relay, histogram) = (query.call(RelayFee), query.call(FeeHistogram));
        let mut errors = BTreeMap::new();
        let mut record = FeesRecord {
            estimates: Vec::new(),
            relay: None,
            histogram: None,
            histogram_dropped: 0,
            errors: BTreeMap::new(),
        };
        for (blocks, estimate) in estimates {
            if let Some(rate) = part(&format!("estimate {blocks}"), estimate.await, &mut errors) {
                record.estimates.push(Estimate { blocks, rate });
            }
        }
        record.relay = part("relay", relay.await, &mut errors);
        if let Some(bins) = part("histogram", histogram.await, &mut errors) {
            record.histogram_dropped = bins.dropped;
            record.histogram = Some(bins.items);
        }
        let is_empty = record.estimates.is_empty() && record.relay.is_none() && record.histogram.is_none();
        if let (true, Some(failure)) = (is_empty, errors.values().next()) {
            return Err(query.fail("fee rates", failure));
        }
        // A part that the server lacks is no failure. Any other error is one, and the other parts are still printed.
        let is_missing = |failure: &Failure| failure.code.is_some() || failure.cause == Cause::NotInVersion;
        let broken: Vec<_> = errors.iter().filter(|(_, failure)| !is_missing(failure)).collect();
        for (name, failure) in &broken {
            query.explain(name, failure);
        }
        let verdict = if broken.is_empty() { Verdict::Success } else { Verdict::Failure };
        record.errors = errors.iter().map(|(name, failure)| (name.clone(), failure.record())).collect();
        output.record(&record, |record, output| fee_lines(record, &errors, output))?;
        Ok(verdict)
    })
    .await
}

/// Returns a part of the answer, or adds its failure to `errors`.
fn part<T>(name: &str, outcome: Result<T, CallError>, errors: &mut BTreeMap<String, Failure>) -> Option<T> {
    outcome.map_err(|error| errors.insert(name.to_owned(), Failure::of_call(&error))).ok()
}

fn fee_lines(record: &FeesRecord, errors: &BTreeMap<String, Failure>, output: &Output) -> Vec<String> {
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
    if record.histogram_dropped > 0 {
        lines.push(format!("{} more could not be read", record.histogram_dropped));
    }
    for (name, failure) in errors {
        lines.push(output.paint(Paint::Fair, format!("{name}: unknown: {}", printable(&failure.message))));
    }
    lines
}
