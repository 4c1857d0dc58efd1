//! Methods that only Fulcrum has, in every version.

use super::args::Args;
use super::headers::tip;
use super::method::{Method, NEVER, Run};
use super::script::status_json;
use crate::chain::{Chain, OutPoint};
use crate::family::{Failure, Problem};
use crate::hash::{BlockHash, Hash256};
use crate::json::Json;
use crate::session::Session;

const fn method(name: &'static str, params: &'static [&'static str], required: usize, run: Run) -> Method {
    Method { name, params, required, since: NEVER, until: NEVER, run }
}

pub(super) const METHODS: &[Method] = &[
    method("blockchain.headers.get_tip", &[], 0, get_tip),
    method("blockchain.headers.unsubscribe", &[], 0, unsubscribe_headers),
    method("blockchain.header.get", &["height_or_hash"], 1, get_header),
    method("blockchain.transaction.get_height", &["tx_hash"], 1, get_height),
    method("blockchain.transaction.get_confirmed_blockhash", &["tx_hash", "include_header"], 1, get_block_hash),
    method("blockchain.transaction.subscribe", &["tx_hash"], 1, subscribe),
    method("blockchain.transaction.unsubscribe", &["tx_hash"], 1, unsubscribe),
    method("blockchain.utxo.get_info", &["tx_hash", "out_n"], 2, utxo_info),
    method("blockchain.scripthash.get_first_use", &["scripthash"], 1, first_use),
    method("blockchain.scripthash.get_status", &["scripthash"], 1, get_status),
];

fn get_tip(_: &mut Session, chain: &mut Chain, _: &Args<'_>) -> Result<Json, Problem> {
    Ok(tip(chain, true))
}

fn unsubscribe_headers(session: &mut Session, _: &mut Chain, _: &Args<'_>) -> Result<Json, Problem> {
    Ok(session.subscriptions.drop_headers().into())
}

fn get_header(_: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let by_hash = args.get(0).and_then(Json::as_text).and_then(|text| text.parse::<BlockHash>().ok());
    let height = match by_hash {
        Some(hash) => {
            let found =
                (0..=chain.height()).find(|height| chain.header(*height).is_some_and(|header| header.hash() == hash));
            found.ok_or_else(|| Problem::Other(Failure::new(2, "Block not found")))?
        }
        None => {
            let (height, digits) = args.natural_digits(0, "height")?;
            u32::try_from(height).map_err(|_| Problem::HeightRange(digits))?
        }
    };
    let header = chain.header(height).ok_or_else(|| Problem::HeightRange(height.to_string()))?;
    Ok(Json::object([("height", height.into()), ("hex", Json::Text(header.to_hex()))]))
}

fn get_height(_: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let missing = "No transaction matching the requested hash was found";
    let height = chain.height_of(&args.txid(0)?).map(|height| height.max(0).into());
    height.ok_or_else(|| Problem::Other(Failure::new(1, missing)))
}

fn get_block_hash(_: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let txid = args.txid(0)?;
    let with_header = args.flag(1)?;
    let height = chain.height_of(&txid).and_then(|height| u32::try_from(height).ok());
    let found = height.filter(|height| *height > 0).and_then(|h| Some((h, chain.header(h)?)));
    let (height, header) =
        found.ok_or_else(|| Problem::NotInBlock { txid: txid.to_string(), height: 0, block: String::new() })?;
    let members = [("block_hash", Json::from(header.hash())), ("block_height", height.into())];
    let more = with_header.then(|| ("block_header", Json::Text(header.to_hex())));
    Ok(Json::object(members.into_iter().chain(more)))
}

fn subscribe(session: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    Ok(height_json(session.subscriptions.transaction(chain, args.txid(0)?)))
}

fn unsubscribe(session: &mut Session, _: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    Ok(session.subscriptions.drop_transaction(&args.txid(0)?).into())
}

/// Returns the height of a transaction: 0 in the mempool, null if it is unknown.
pub(in crate::session) fn height_json(height: Option<i64>) -> Json {
    height.map_or(Json::Null, Json::from)
}

fn utxo_info(_: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let index = args.natural(1, "out_n")?;
    let outpoint = OutPoint::new(args.txid(0)?, u32::try_from(index).unwrap_or(u32::MAX));
    let Some(output) = chain.output(&outpoint) else {
        return Ok(Json::Null);
    };
    let status = chain.outpoint_status(&outpoint);
    if status.spender.is_some() {
        return Ok(Json::Null);
    }
    let height = status.funder_height.filter(|height| *height > 0);
    let height = height.map(|height| ("confirmed_height", Json::from(height)));
    let scripthash = Hash256::of_script(&output.script);
    let members = [("scripthash", Json::from(scripthash)), ("value", output.value.into())];
    Ok(Json::object(height.into_iter().chain(members)))
}

fn first_use(_: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let history = chain.history(&args.scripthash(0)?);
    let Some(first) = history.first() else {
        return Ok(Json::Null);
    };
    let height = first.height.max(0);
    let header = u32::try_from(height).ok().filter(|h| *h > 0).and_then(|h| chain.header(h));
    let block = header.map_or_else(String::new, |header| header.hash().to_string());
    Ok(Json::object([
        ("block_hash", Json::Text(block)),
        ("block_height", height.into()),
        ("height", height.into()),
        ("tx_hash", first.txid.into()),
    ]))
}

fn get_status(session: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    Ok(status_json(session.status(chain, &args.scripthash(0)?)))
}
