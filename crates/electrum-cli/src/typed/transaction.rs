//! `tx`, `broadcast` and `outpoint`: transactions, and what becomes of their outputs.

use std::io::{self, Read};

use electrum_smol::proto::operations::{
    Broadcast, History, OutPointGetStatus, TransactionGet, TransactionGetVerbose, Unspent,
};
use electrum_smol::proto::types::{
    Amount, HistoryEntry, OutPoint, OutPointStatus, RawTransaction, Script, Spender, TxHeight, Txid,
};
use electrum_smol::proto::{Request, VersionRange};
use serde::Serialize;
use serde_json::value::RawValue;

use super::args::{BroadcastArgs, OutPointArgs, TxArgs};
use super::{Asked, with_server};
use crate::json;
use crate::output::{Output, Paint};
use crate::stop::{Outcome, Stop, Verdict};

#[derive(Serialize)]
struct TxRecord<'a> {
    txid: Txid,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<&'a RawTransaction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verbose: Option<&'a RawValue>,
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

/// Prints a transaction.
pub(crate) async fn tx(args: TxArgs, output: &Output) -> Outcome {
    let txid = args.txid;
    with_server(&args.server, &args.reach, VersionRange::ALL, output, async |asked: Asked<'_>| {
        let what = format!("transaction {txid}");
        if args.verbose {
            let told = asked.ask(&what, TransactionGetVerbose { txid }).await?;
            if output.json {
                // On one line, with the node's own digits.
                let told = RawValue::from_string(json::compact(told.get())).map_err(io::Error::other)?;
                output.object(&TxRecord { txid, hex: None, verbose: Some(&told) })?;
            } else {
                output.line(&json::printable(&json::pretty(told.get())))?;
            }
            return Ok(Verdict::Success);
        }
        let transaction = asked.ask(&what, TransactionGet::new(txid)).await?;
        if output.json {
            output.object(&TxRecord { txid, hex: Some(&transaction), verbose: None })?;
        } else {
            output.line(&transaction.to_hex())?;
        }
        Ok(Verdict::Success)
    })
    .await
}

/// Hands a transaction over.
pub(crate) async fn broadcast(args: BroadcastArgs, output: &Output) -> Outcome {
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
    with_server(&args.server, &args.reach, VersionRange::ALL, output, async |asked: Asked<'_>| {
        let txid = asked.ask(&format!("the broadcast of {own}"), Broadcast { transaction }).await?;
        if output.json {
            output.object(&TxRecord { txid, hex: None, verbose: None })?;
        } else {
            output.line(&txid.to_string())?;
        }
        Ok(Verdict::Success)
    })
    .await
}

/// Prints what becomes of an output.
pub(crate) async fn outpoint(args: OutPointArgs, output: &Output) -> Outcome {
    let outpoint = args.outpoint.0;
    let OutPoint { txid, vout } = outpoint;
    with_server(&args.server, &args.reach, VersionRange::ALL, output, async |asked: Asked<'_>| {
        let what = format!("output {txid}:{vout}");
        let transaction = decoded(&asked, &what, txid).await?;
        let Some(paid) = usize::try_from(vout).ok().and_then(|vout| transaction.output.get(vout)) else {
            let why = format!("the transaction has only {} outputs, counted from 0", transaction.output.len());
            return Err(asked.wrong(&what, &why, "choose one of its outputs"));
        };
        let script = Script::new(paid.script_pubkey.as_bytes());
        let request = OutPointGetStatus { outpoint, script: script.clone() };
        let status = if request.method(asked.version()).is_ok() {
            asked.ask(&what, request).await?
        } else {
            searched(&asked, &what, outpoint, &script).await?
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

/// What the history of the output's script tells, for servers that have no method for outputs.
async fn searched(asked: &Asked<'_>, what: &str, outpoint: OutPoint, script: &Script) -> Result<OutPointStatus, Stop> {
    /// How many transactions are asked for at once.
    const AT_ONCE: usize = 50;

    let (history, unspent) = (asked.call(History::new(script)), asked.call(Unspent::new(script)));
    let history = history.await.map_err(|error| asked.failed(what, &error))?;
    let unspent = unspent.await.map_err(|error| asked.failed(what, &error))?;
    let funder = history.iter().find(|entry| entry.txid == outpoint.txid);
    let funder_height = funder.map(|entry| entry.height);
    let is_unspent = unspent.iter().any(|found| (found.txid, found.vout) == (outpoint.txid, outpoint.vout));
    if is_unspent || funder.is_none() {
        return Ok(OutPointStatus { funder_height, spender: None });
    }
    let others: Vec<HistoryEntry> = history.iter().filter(|entry| entry.txid != outpoint.txid).copied().collect();
    for entries in others.chunks(AT_ONCE) {
        let calls: Vec<_> = entries.iter().map(|entry| asked.call(TransactionGet::new(entry.txid))).collect();
        for (entry, call) in entries.iter().zip(calls) {
            let raw = call.await.map_err(|error| asked.failed(what, &error))?;
            let transaction = decode(asked, what, &raw)?;
            let wanted = bitcoin_outpoint(outpoint);
            if transaction.input.iter().any(|input| input.previous_output == wanted) {
                let spender = Some(Spender { txid: entry.txid, height: entry.height });
                return Ok(OutPointStatus { funder_height, spender });
            }
        }
    }
    // It was spent, or mined, between the two answers.
    let why = "it is neither unspent nor spent by anything in the history of its script";
    Err(asked.wrong(what, why, "try again: something may just have changed"))
}

async fn decoded(asked: &Asked<'_>, what: &str, txid: Txid) -> Result<bitcoin::Transaction, Stop> {
    let raw = asked.ask(what, TransactionGet::new(txid)).await?;
    decode(asked, what, &raw)
}

fn decode(asked: &Asked<'_>, what: &str, raw: &RawTransaction) -> Result<bitcoin::Transaction, Stop> {
    bitcoin::consensus::deserialize(raw.as_bytes())
        .map_err(|error| asked.wrong(what, &format!("the transaction cannot be read: {error}"), "use another server"))
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
