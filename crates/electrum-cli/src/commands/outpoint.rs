//! `outpoint`: prints an output, and what spends it.

use electrum_smol::proto::operations::{History, OutPointGetStatus, TransactionGet, Unspent};
use electrum_smol::proto::types::{
    Amount, HistoryEntry, OutPoint, OutPointStatus, RawTransaction, Script, Spender, TxHeight, Txid,
};
use electrum_smol::proto::{Request, VersionRange};
use serde::Serialize;

use crate::causes::Cause;
use crate::failure::Failure;
use crate::output::{Output, Paint};
use crate::progress::Progress;
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Stop};
use crate::transaction::Transaction;

/// Print whether an output exists, what it is, and what spends it
///
/// Before protocol 1.7, which has a method for it, the history of the output's script is searched.
#[derive(Debug, clap::Args)]
pub(crate) struct OutPointArgs {
    /// The output: the id of its transaction, a colon, and its index
    #[arg(value_name = "TXID:INDEX")]
    pub(crate) outpoint: OutPoint,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

#[derive(Serialize)]
struct OutPointRecord {
    #[serde(flatten)]
    outpoint: OutPoint,
    value: Option<Amount>,
    script: Script,
    /// Whether the server knows the status of the output. If not, the members of the status are null.
    known: bool,
    #[serde(flatten)]
    status: OutPointStatus,
}

/// Prints an output, and what spends it.
pub(crate) async fn run(args: OutPointArgs, output: &Output) -> Outcome {
    let outpoint = args.outpoint;
    with_server(&args.options, VersionRange::ALL, output, async |query: Query<'_>| {
        let what = format!("output {outpoint}");
        let transaction = transaction(&query, &what, outpoint.txid).await?;
        let Some(paid) = usize::try_from(outpoint.vout).ok().and_then(|vout| transaction.outputs.get(vout)) else {
            let why = format!("the transaction has only {} outputs, counted from 0", transaction.outputs.len());
            return Err(query.fail(&what, &Failure::new(Cause::NoSuchOutput, why)));
        };
        let script = Script::new(&paid.script[..]);
        let request = OutPointGetStatus { outpoint, script: script.clone() };
        let status = if request.method(query.version()).is_ok() {
            Some(query.ask(&what, request).await?)
        } else {
            searched(&query, &what, outpoint, &script).await?
        };
        let known = status.is_some();
        let status = status.unwrap_or(OutPointStatus { funder_height: None, spender: None });
        let record = OutPointRecord { outpoint, value: Amount::from_sat(paid.value), script, known, status };
        output.record(&record, lines)
    })
    .await
}

/// Searches the history of the output's script, for servers that have no method for outputs. Returns nothing if that
/// history lacks the output: the server does not index such scripts, or is behind.
async fn searched(
    query: &Query<'_>,
    what: &str,
    outpoint: OutPoint,
    script: &Script,
) -> Result<Option<OutPointStatus>, Stop> {
    /// How many transactions are requested at once.
    const AT_ONCE: usize = 50;

    if script.is_unspendable() {
        return Ok(None);
    }
    let (history, unspent) = (query.call(History::new(script)), query.call(Unspent::new(script)));
    let history = history.await.map_err(|error| query.failed(what, &error))?;
    let unspent = unspent.await.map_err(|error| query.failed(what, &error))?;
    let Some(funder) = history.iter().find(|entry| entry.txid == outpoint.txid) else { return Ok(None) };
    let funder_height = Some(funder.height);
    if unspent.iter().any(|found| found.outpoint() == outpoint) {
        return Ok(Some(OutPointStatus { funder_height, spender: None }));
    }
    let others: Vec<HistoryEntry> = history.iter().filter(|entry| entry.txid != outpoint.txid).copied().collect();
    let progress = Progress::of(others.len() as u64, "transactions");
    for (chunk, entries) in others.chunks(AT_ONCE).enumerate() {
        progress.at((chunk * AT_ONCE) as u64);
        let calls: Vec<_> = entries.iter().map(|entry| query.call(TransactionGet::new(entry.txid))).collect();
        for (entry, call) in entries.iter().zip(calls) {
            let raw = call.await.map_err(|error| query.failed(what, &error))?;
            let transaction = read(query, what, &raw)?;
            if transaction.inputs.iter().any(|input| input.previous == outpoint) {
                let spender = Some(Spender { txid: entry.txid, height: entry.height });
                return Ok(Some(OutPointStatus { funder_height, spender }));
            }
        }
    }
    // The output was spent or mined between the two answers.
    let why = "it is neither unspent nor spent by anything in the history of its script";
    Err(query.fail(what, &Failure::new(Cause::Changed, why)))
}

async fn transaction(query: &Query<'_>, what: &str, txid: Txid) -> Result<Transaction, Stop> {
    let raw = query.ask(what, TransactionGet::new(txid)).await?;
    read(query, what, &raw)
}

fn read(query: &Query<'_>, what: &str, raw: &RawTransaction) -> Result<Transaction, Stop> {
    Transaction::read(raw).map_err(|why| query.fail(what, &Failure::new(Cause::OtherChain, why)))
}

fn lines(record: &OutPointRecord, output: &Output) -> Vec<String> {
    let OutPointRecord { outpoint, value, script, known, status } = record;
    let place = |height: TxHeight| match height {
        TxHeight::Confirmed(height) => format!("in block {height}"),
        TxHeight::Unconfirmed => "in the mempool".to_owned(),
        TxHeight::UnconfirmedParent => "in the mempool, after an unconfirmed parent".to_owned(),
    };
    let unknown = || output.paint(Paint::Fair, "not known by this server");
    let made = status.funder_height.map_or_else(unknown, place);
    let spent = match status.spender {
        Some(Spender { txid, height }) => output.paint(Paint::Fair, format!("by {txid} {}", place(height))),
        None if script.is_unspendable() => output.paint(Paint::Fair, "never: no transaction can satisfy its script"),
        None if !known || status.funder_height.is_none() => unknown(),
        None => output.paint(Paint::Good, "no"),
    };
    vec![
        format!("output  {outpoint}"),
        format!("value   {}", value.map_or_else(|| "beyond the supply".into(), |value| value.to_string())),
        format!("script  {script}"),
        format!("made    {made}"),
        format!("spent   {spent}"),
    ]
}
