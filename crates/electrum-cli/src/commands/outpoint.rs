//! `outpoint`: what an output is, and what spends it.

use std::str::FromStr;

use electrum_smol::proto::operations::{History, OutPointGetStatus, TransactionGet, Unspent};
use electrum_smol::proto::types::{
    Amount, HistoryEntry, OutPoint, OutPointStatus, RawTransaction, Script, Spender, TxHeight, Txid,
};
use electrum_smol::proto::{Request, VersionRange};
use electrum_smol::transport::ServerAddr;
use serde::Serialize;

use crate::output::{Output, Paint};
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Stop, Verdict};

/// Print whether an output exists, what it is, and what spends it
///
/// Before protocol 1.7, which has a method for it, the history of the output's script is searched.
#[derive(Debug, clap::Args)]
pub(crate) struct OutPointArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// The output: the id of its transaction, a colon, and its index
    #[arg(value_name = "TXID:INDEX")]
    pub(crate) outpoint: WrittenOutPoint,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

/// An [`OutPoint`] as people write it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrittenOutPoint(pub(crate) OutPoint);

impl FromStr for WrittenOutPoint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let parse = || {
            let (txid, index) = text.split_once(':')?;
            let is_number = index.bytes().all(|byte| byte.is_ascii_digit());
            Some(Self(OutPoint { txid: txid.parse().ok()?, vout: index.parse().ok().filter(|_| is_number)? }))
        };
        parse().ok_or("an output is a transaction id, a colon and the output's index, as in <64 digits>:0")
    }
}

#[derive(Serialize)]
struct OutPointRecord {
    #[serde(flatten)]
    outpoint: OutPoint,
    value: Option<Amount>,
    script: Script,
    #[serde(flatten)]
    status: OutPointStatus,
}

/// Prints what becomes of an output.
pub(crate) async fn run(args: OutPointArgs, output: &Output) -> Outcome {
    let outpoint = args.outpoint.0;
    let OutPoint { txid, vout } = outpoint;
    with_server(&args.server, &args.options, VersionRange::ALL, output, async |query: Query<'_>| {
        let what = format!("output {txid}:{vout}");
        let transaction = decoded(&query, &what, txid).await?;
        let Some(paid) = usize::try_from(vout).ok().and_then(|vout| transaction.output.get(vout)) else {
            let why = format!("the transaction has only {} outputs, counted from 0", transaction.output.len());
            return Err(query.wrong(&what, &why, "choose one of its outputs"));
        };
        let script = Script::new(paid.script_pubkey.as_bytes());
        let request = OutPointGetStatus { outpoint, script: script.clone() };
        let status = if request.method(query.version()).is_ok() {
            query.ask(&what, request).await?
        } else {
            searched(&query, &what, outpoint, &script).await?
        };
        let record = OutPointRecord { outpoint, value: Amount::from_sat(paid.value.to_sat()), script, status };
        if output.json {
            output.object(&record)?;
        } else {
            output.line(&lines(&record, output).join("\n"))?;
        }
        Ok(Verdict::Success)
    })
    .await
}

/// Searches the history of the output's script, for servers that have no method for outputs.
async fn searched(query: &Query<'_>, what: &str, outpoint: OutPoint, script: &Script) -> Result<OutPointStatus, Stop> {
    /// How many transactions are asked for at once.
    const AT_ONCE: usize = 50;

    let (history, unspent) = (query.call(History::new(script)), query.call(Unspent::new(script)));
    let history = history.await.map_err(|error| query.failed(what, &error))?;
    let unspent = unspent.await.map_err(|error| query.failed(what, &error))?;
    let funder = history.iter().find(|entry| entry.txid == outpoint.txid);
    let funder_height = funder.map(|entry| entry.height);
    let is_unspent = unspent.iter().any(|found| (found.txid, found.vout) == (outpoint.txid, outpoint.vout));
    if is_unspent || funder.is_none() {
        return Ok(OutPointStatus { funder_height, spender: None });
    }
    let others: Vec<HistoryEntry> = history.iter().filter(|entry| entry.txid != outpoint.txid).copied().collect();
    for entries in others.chunks(AT_ONCE) {
        let calls: Vec<_> = entries.iter().map(|entry| query.call(TransactionGet::new(entry.txid))).collect();
        for (entry, call) in entries.iter().zip(calls) {
            let raw = call.await.map_err(|error| query.failed(what, &error))?;
            let transaction = decode(query, what, &raw)?;
            let wanted = bitcoin_outpoint(outpoint);
            if transaction.input.iter().any(|input| input.previous_output == wanted) {
                let spender = Some(Spender { txid: entry.txid, height: entry.height });
                return Ok(OutPointStatus { funder_height, spender });
            }
        }
    }
    // It was spent, or mined, between the two answers.
    let why = "it is neither unspent nor spent by anything in the history of its script";
    Err(query.wrong(what, why, "try again: something may just have changed"))
}

async fn decoded(query: &Query<'_>, what: &str, txid: Txid) -> Result<bitcoin::Transaction, Stop> {
    let raw = query.ask(what, TransactionGet::new(txid)).await?;
    decode(query, what, &raw)
}

fn decode(query: &Query<'_>, what: &str, raw: &RawTransaction) -> Result<bitcoin::Transaction, Stop> {
    bitcoin::consensus::deserialize(raw.as_bytes())
        .map_err(|error| query.wrong(what, &format!("the transaction cannot be read: {error}"), "use another server"))
}

fn bitcoin_outpoint(outpoint: OutPoint) -> bitcoin::OutPoint {
    use bitcoin::hashes::Hash;
    bitcoin::OutPoint { txid: bitcoin::Txid::from_byte_array(outpoint.txid.to_digest()), vout: outpoint.vout }
}

fn lines(record: &OutPointRecord, output: &Output) -> Vec<String> {
    let OutPointRecord { outpoint: OutPoint { txid, vout }, value, script, status } = record;
    let place = |height: TxHeight| match height {
        TxHeight::Confirmed(height) => format!("in block {height}"),
        TxHeight::Unconfirmed => "in the mempool".to_owned(),
        TxHeight::UnconfirmedParent => "in the mempool, after another that waits".to_owned(),
    };
    let made = status.funder_height.map_or_else(|| "unknown to the server".into(), place);
    let spent = match status.spender {
        Some(Spender { txid, height }) => output.paint(Paint::Fair, format!("by {txid} {}", place(height))),
        None => output.paint(Paint::Good, "no"),
    };
    vec![
        format!("output  {txid}:{vout}"),
        format!("value   {}", value.map_or_else(|| "beyond the supply".into(), |value| value.to_string())),
        format!("script  {}", script.to_hex()),
        format!("made    {made}"),
        format!("spent   {spent}"),
    ]
}
