//! `tx`: prints a transaction, checked against its id and decoded.

use std::io;

use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::{Header, TransactionGet, TransactionGetVerbose};
use electrum_smol::proto::types::{Amount, Network, OutPoint, RawTransaction, Script, Txid};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::address;
use crate::json;
use crate::output::{Output, Paint};
use crate::progress::Progress;
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Stop, Verdict};
use crate::text::printable_json;
use crate::transaction::{Transaction, TxOutput};

/// Print a transaction: what it spends and pays, and its size
///
/// The transaction is checked against its id.
#[derive(Debug, clap::Args)]
pub(crate) struct TxArgs {
    /// The transaction's id
    pub(crate) txid: Txid,
    /// Print its hexadecimal digits instead
    #[arg(long)]
    pub(crate) hex: bool,
    /// Fetch the transactions that it spends, for the values and addresses of its inputs and for its fee
    #[arg(long, conflicts_with_all = ["hex", "verbose"])]
    pub(crate) inputs: bool,
    /// Print what the server's node says about it, unchecked
    #[arg(long, conflicts_with = "hex")]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

#[derive(Serialize)]
struct VerboseRecord<'a> {
    txid: Txid,
    verbose: &'a RawValue,
}

#[derive(Serialize)]
struct Record<'a> {
    txid: Txid,
    hex: &'a RawTransaction,
    version: i32,
    lock_time: u32,
    size: usize,
    virtual_size: usize,
    inputs: Vec<InputRecord>,
    outputs: Vec<OutputRecord>,
    /// The fee in satoshi, with `--inputs` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<u64>,
}

#[derive(Serialize)]
struct InputRecord {
    /// The output that it spends.
    #[serde(flatten)]
    outpoint: OutPoint,
    sequence: u32,
    /// What that output is, with `--inputs` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    spent: Option<OutputRecord>,
}

#[derive(Serialize)]
struct OutputRecord {
    value: u64,
    script: Script,
    address: Option<String>,
}

/// Prints a transaction.
pub(crate) async fn run(args: TxArgs, output: &Output) -> Outcome {
    let txid = args.txid;
    with_server(&args.options, VersionRange::ALL, output, async |query: Query<'_>| {
        let what = format!("transaction {txid}");
        if args.verbose {
            let answer = query.ask(&what, TransactionGetVerbose { txid }).await?;
            if output.json {
                // On one line, with numbers as the node wrote them.
                let answer = RawValue::from_string(json::compact(answer.get())).map_err(io::Error::other)?;
                output.object(&VerboseRecord { txid, verbose: &answer })?;
            } else {
                output.verbatim(&printable_json(&json::pretty(answer.get())))?;
            }
            return Ok(Verdict::Success);
        }
        let first = (!args.hex).then(|| query.call(Header { height: 0 }));
        let raw = query.ask(&what, TransactionGet::new(txid)).await?;
        let (Some(first), Ok(transaction)) = (first, Transaction::read(&raw)) else {
            output.verbatim(&raw.to_hex())?;
            return Ok(Verdict::Success);
        };
        let network = first.await.ok().and_then(|first| Network::of_genesis(first.block_hash()));
        let spent = if args.inputs { spent(&query, &transaction).await? } else { Vec::new() };
        let record = record(txid, &raw, &transaction, &spent, network);
        output.record(&record, |record, output| lines(record, &transaction, output))
    })
    .await
}

/// Returns the outputs that a transaction spends, in the order of its inputs; none for a coinbase transaction.
async fn spent(query: &Query<'_>, transaction: &Transaction) -> Result<Vec<Option<TxOutput>>, Stop> {
    if transaction.is_coinbase() {
        return Ok(Vec::new());
    }
    let inputs = &transaction.inputs;
    let calls: Vec<_> = inputs.iter().map(|input| query.call(TransactionGet::new(input.previous.txid))).collect();
    let progress = Progress::of(calls.len() as u64, "inputs");
    let mut spent = Vec::with_capacity(calls.len());
    for (input, call) in inputs.iter().zip(calls) {
        progress.at(spent.len() as u64);
        let what = format!("transaction {}, which is spent", input.previous.txid);
        let raw = call.await.map_err(|error| query.failed(&what, &error))?;
        let previous = Transaction::read(&raw).ok();
        let index = usize::try_from(input.previous.vout).unwrap_or(usize::MAX);
        spent.push(previous.and_then(|previous| previous.outputs.into_iter().nth(index)));
    }
    Ok(spent)
}

fn record<'a>(
    txid: Txid,
    raw: &'a RawTransaction,
    transaction: &Transaction,
    spent: &[Option<TxOutput>],
    network: Option<Network>,
) -> Record<'a> {
    let output = |output: &TxOutput| OutputRecord {
        value: output.value,
        script: Script::new(&output.script[..]),
        address: network.and_then(|network| address::of_script(&output.script, network)),
    };
    let sum = |values: &[u64]| values.iter().try_fold(0_u64, |sum, value| sum.checked_add(*value));
    let all_spent: Option<Vec<u64>> = spent.iter().map(|spent| Some(spent.as_ref()?.value)).collect();
    let spent_sum = all_spent.filter(|values| !values.is_empty()).and_then(|values| sum(&values));
    let paid_sum = sum(&transaction.outputs.iter().map(|output| output.value).collect::<Vec<_>>());
    let inputs = transaction.inputs.iter().enumerate().map(|(index, input)| InputRecord {
        outpoint: input.previous,
        sequence: input.sequence,
        spent: spent.get(index).and_then(Option::as_ref).map(output),
    });
    Record {
        txid,
        hex: raw,
        version: transaction.version,
        lock_time: transaction.lock_time,
        size: transaction.size,
        virtual_size: transaction.virtual_size(),
        inputs: inputs.collect(),
        outputs: transaction.outputs.iter().map(output).collect(),
        fee: spent_sum.zip(paid_sum).and_then(|(spent, paid)| spent.checked_sub(paid)),
    }
}

fn lines(record: &Record<'_>, transaction: &Transaction, output: &Output) -> Vec<String> {
    let mut lines = vec![
        format!("transaction  {}", output.paint(Paint::Strong, record.txid)),
        format!("size         {} bytes, {} virtual bytes", record.size, record.virtual_size),
        format!("version      {}", record.version),
        format!("lock time    {}", record.lock_time),
    ];
    if let Some(fee) = record.fee {
        let rate = fee as f64 / record.virtual_size.max(1) as f64;
        lines.push(format!("fee          {fee} sat, {rate:.1} sat/vB"));
    }
    let paid = |paid: &OutputRecord| {
        let value =
            Amount::from_sat(paid.value).map_or_else(|| format!("{} sat", paid.value), |value| value.to_string());
        let to = paid.address.clone().unwrap_or_else(|| format!("script:{}", paid.script));
        format!("{value:>17}  {to}")
    };
    for input in &record.inputs {
        let from = match &input.spent {
            _ if transaction.is_coinbase() => "new coins".to_owned(),
            Some(spent) => format!("{}\n        {}", input.outpoint, paid(spent)),
            None => input.outpoint.to_string(),
        };
        lines.push(format!("input        {from}"));
    }
    lines
        .extend(record.outputs.iter().enumerate().map(|(index, output)| format!("output {index:<5} {}", paid(output))));
    lines
}
