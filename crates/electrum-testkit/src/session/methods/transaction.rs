//! `blockchain.transaction.*`

use super::args::Args;
use super::method::{ALWAYS, Method, NEVER, method};
use crate::chain::{Chain, Transaction};
use crate::family::{Dialect, Failure, Problem};
use crate::hash::{from_hex, to_hex};
use crate::json::Json;
use crate::session::Session;

pub(super) const METHODS: &[Method] = &[
    method("blockchain.transaction.get", &["tx_hash", "verbose"], 1, [ALWAYS, NEVER], get),
    method("blockchain.transaction.get_merkle", &["tx_hash", "height"], 2, [ALWAYS, NEVER], get_merkle),
    method("blockchain.transaction.id_from_pos", &["height", "tx_pos", "merkle"], 2, [&[1, 4], NEVER], id_from_pos),
    method("blockchain.transaction.broadcast", &["raw_tx"], 1, [ALWAYS, NEVER], broadcast),
    method("blockchain.transaction.broadcast_package", &["raw_txs", "verbose"], 1, [&[1, 6], NEVER], broadcast_package),
    method("blockchain.transaction.testmempoolaccept", &["raw_txs"], 1, [&[1, 7], NEVER], test_accept),
];

fn get(session: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let txid = args.txid(0)?;
    let verbose = args.flag(1)?;
    let tx = chain.transaction(&txid).ok_or(Problem::UnknownTransaction)?;
    if !verbose {
        return Ok(tx.to_hex().into());
    }
    if session.profile.dialect == Dialect::Esplora {
        let message = "verbose transactions are currently unsupported";
        return Err(Problem::Other(Failure::new(0, message)));
    }
    Ok(verbose_json(session.profile.dialect, chain, tx))
}

/// Returns a transaction as the node's verbose JSON, shortened.
fn verbose_json(dialect: Dialect, chain: &Chain, tx: &Transaction) -> Json {
    let txid = tx.txid();
    let inputs = tx.inputs.iter().map(|input| {
        Json::object([
            ("txid", input.previous.txid.into()),
            ("vout", input.previous.index.into()),
            ("scriptSig", Json::object([("hex", Json::Text(to_hex(&input.script_sig)))])),
            ("sequence", Json::from(input.sequence)),
        ])
    });
    let outputs = tx.outputs.iter().enumerate().map(|(n, output)| {
        let coins = format!("{}.{:08}", output.value / 100_000_000, output.value % 100_000_000);
        Json::object([
            ("value", Json::number(coins)),
            ("n", n.into()),
            ("scriptPubKey", Json::object([("hex", Json::Text(to_hex(&output.script)))])),
        ])
    });
    let mut members = vec![
        ("txid", txid.into()),
        ("hash", tx.wtxid().into()),
        ("version", tx.version.into()),
        ("size", tx.to_bytes().len().into()),
        ("vsize", tx.vsize().into()),
        ("locktime", tx.lock_time.into()),
        ("vin", Json::array(inputs)),
        ("vout", Json::array(outputs)),
        ("hex", tx.to_hex().into()),
    ];
    let height = chain.height_of(&txid).and_then(|height| u32::try_from(height).ok());
    if let Some((height, header)) = height.and_then(|h| Some((h, chain.header(h)?))) {
        // The genesis coinbase is confirmed at height 0; no transaction of the mempool is a coinbase.
        if height > 0 || tx.is_coinbase() {
            members.extend([
                ("blockhash", header.hash().into()),
                ("confirmations", (chain.height() - height + 1).into()),
                ("time", header.time.into()),
                ("blocktime", header.time.into()),
            ]);
        }
    }
    if dialect == Dialect::Electrs {
        members.push(("in_active_chain", true.into()));
    }
    Json::object(members)
}

fn get_merkle(session: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let txid = args.txid(0)?;
    let height = match args.get(1) {
        Some(_) => args.natural(1, "height argument; expected non-negative numeric value")?,
        // Fulcrum finds the height by itself.
        None => chain.height_of(&txid).unwrap_or(0).max(0) as u64,
    };
    check_block(session, chain, height)?;
    let not_there = || {
        let header = u32::try_from(height).ok().and_then(|height| chain.header(height));
        let block = header.map_or_else(String::new, |header| header.hash().to_string());
        Problem::NotInBlock { txid: txid.to_string(), height, block }
    };
    let block = u32::try_from(height).map_err(|_| not_there())?;
    let (position, branch) = chain.merkle(&txid, block).ok_or_else(not_there)?;
    Ok(Json::object([
        ("block_height", block.into()),
        ("merkle", Json::array(branch.into_iter().map(Json::from))),
        ("pos", Json::from(position)),
    ]))
}

fn id_from_pos(session: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let is_early = session.settings.quirks.early_electrs && session.profile.dialect == Dialect::Electrs;
    if is_early && args.get(2).is_none() {
        return Err(Problem::Flag("merkle"));
    }
    let height = args.natural(0, "height")?;
    let position = args.natural(1, "tx_pos argument; expected non-negative numeric value < 1000000000")?;
    let with_branch = args.flag(2)?;
    check_block(session, chain, height)?;
    // From 1.12 on the transactions of the first block are missing.
    let is_electrumx = session.profile.dialect == Dialect::Python;
    if is_electrumx && height == 0 && session.profile.protocol_min.at_least(&[1, 4]) {
        return Err(Problem::NoSuchPosition { position, height });
    }
    let found =
        u32::try_from(height).ok().and_then(|height| chain.id_from_pos(height, usize::try_from(position).ok()?));
    let (txid, branch) = found.ok_or(Problem::NoSuchPosition { position, height })?;
    let name = if is_early { "tx_id" } else { "tx_hash" };
    if !with_branch {
        return Ok(if is_early { Json::object([(name, txid.into())]) } else { txid.into() });
    }
    let branch = Json::array(branch.into_iter().map(Json::from));
    Ok(Json::object([(name, txid.into()), ("merkle", branch)]))
}

/// Checks that a block exists, by families that have an error for one that does not.
fn check_block(session: &Session, chain: &Chain, height: u64) -> Result<(), Problem> {
    let tip = u64::from(chain.height());
    match session.profile.dialect {
        Dialect::Python if height > tip && session.profile.protocol_max.at_least(&[1, 6]) => {
            Err(Problem::HeightRange(height.to_string()))
        }
        Dialect::Python | Dialect::Electrs if height > tip => Err(Problem::BlockRange { height, tip }),
        _ => Ok(()),
    }
}

fn broadcast(session: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let raw = args.text(0);
    let is_text = matches!(args.get(0), Some(Json::Text(_)));
    let wrong = || Problem::Hex(raw.clone().into());
    match session.profile.dialect {
        Dialect::Electrs if !is_text => return Err(Problem::Natural(Json::Null, "")),
        Dialect::Electrs if from_hex(&raw).is_none() => return Err(wrong()),
        Dialect::Python if session.profile.protocol_max.at_least(&[1, 6]) => {
            let is_hex = is_text && from_hex(&raw).is_some();
            return if is_hex { take(session, chain, raw) } else { Err(wrong()) };
        }
        Dialect::Python if !is_text => {
            return Err(Problem::Other(Failure::new(-32603, "internal server error")));
        }
        _ => {}
    }
    take(session, chain, raw)
}

fn take(session: &Session, chain: &mut Chain, raw: String) -> Result<Json, Problem> {
    let tx = decode(&raw).ok_or_else(|| Problem::Undecodable(raw.clone()))?;
    let txid = chain.broadcast(tx).map_err(|rejection| Problem::Rejected { words: rejection.0, raw })?;
    Ok(session.old_client_page().unwrap_or_else(|| txid.into()))
}

const MOST_IN_PACKAGE: usize = 25;
const PACKAGE_SIZE: &str = "Array must contain between 1 and 25 transactions.";

fn broadcast_package(_: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let raws = raw_list(args)?;
    if !(1..=MOST_IN_PACKAGE).contains(&raws.len()) {
        return Err(Problem::PackageRejected(PACKAGE_SIZE.to_owned()));
    }
    let mut errors = Vec::new();
    for raw in raws {
        let tx = decode(&raw).ok_or(Problem::Undecodable(raw))?;
        let txid = tx.txid();
        if let Err(rejection) = chain.broadcast(tx) {
            errors.push(Json::object([("txid", txid.into()), ("error", Json::Text(rejection.0))]));
        }
    }
    let success = errors.is_empty();
    let errors = (!success).then_some(("errors", Json::Array(errors)));
    Ok(Json::object([("success", success.into())].into_iter().chain(errors)))
}

fn test_accept(_: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let mut results = Vec::new();
    // A transaction may spend from one before it in the package: they are tried on a copy of the chain.
    let mut trial = chain.clone();
    let raws = raw_list(args)?;
    if !(1..=MOST_IN_PACKAGE).contains(&raws.len()) {
        return Err(Problem::Node(-8, PACKAGE_SIZE.to_owned()));
    }
    for raw in raws {
        let undecodable = format!("TX decode failed: {raw} Make sure the tx has at least one input.");
        let tx = decode(&raw).ok_or(Problem::Node(-22, undecodable))?;
        let ids = [("txid", tx.txid().into()), ("wtxid", tx.wtxid().into())];
        let verdict = match trial.broadcast(tx) {
            Ok(_) => vec![("allowed", Json::Bool(true))],
            Err(rejection) => {
                vec![("allowed", Json::Bool(false)), ("reason", Json::Text(rejection.0))]
            }
        };
        results.push(Json::object(ids.into_iter().chain(verdict)));
    }
    Ok(Json::Array(results))
}

fn raw_list(args: &Args<'_>) -> Result<Vec<String>, Problem> {
    let Some(Json::Array(items)) = args.get(0) else {
        return Err(Problem::List(args.get(0).cloned().unwrap_or(Json::Null)));
    };
    let hex = |item: &Json| match item.as_text() {
        Some(text) if from_hex(text).is_some() => Ok(text.to_owned()),
        _ => Err(Problem::Hex(item.clone())),
    };
    items.iter().map(hex).collect()
}

fn decode(raw: &str) -> Option<Transaction> {
    Transaction::from_bytes(&from_hex(raw)?)
}
