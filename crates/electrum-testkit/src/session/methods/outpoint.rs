//! `blockchain.outpoint.*`, from 1.7.

use super::args::Args;
use super::method::{Method, NEVER, method};
use crate::chain::{Chain, OutPoint, OutpointStatus};
use crate::family::Problem;
use crate::json::Json;
use crate::session::Session;

pub(super) const METHODS: &[Method] = &[
    method("blockchain.outpoint.subscribe", &["tx_hash", "txout_idx", "spk_hint"], 3, [&[1, 7], NEVER], subscribe),
    method("blockchain.outpoint.unsubscribe", &["tx_hash", "txout_idx"], 2, [&[1, 7], NEVER], unsubscribe),
    method("blockchain.outpoint.get_status", &["tx_hash", "txout_idx", "spk_hint"], 3, [&[1, 7], NEVER], get_status),
];

/// Returns the status as the protocol writes it.
pub(in crate::session) fn status_json(status: &OutpointStatus) -> Json {
    let funder = status.funder_height.map(|height| ("funder_height", Json::from(height)));
    let spender =
        status.spender.map(|(txid, height)| [("spender_txhash", Json::from(txid)), ("spender_height", height.into())]);
    Json::object(funder.into_iter().chain(spender.into_iter().flatten()))
}

fn subscribe(session: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let outpoint = outpoint(args)?;
    // The hint must be hex; its content is ignored.
    args.script(2)?;
    Ok(status_json(session.subscriptions.outpoint(chain, outpoint)))
}

fn unsubscribe(session: &mut Session, _: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    Ok(session.subscriptions.drop_outpoint(&outpoint(args)?).into())
}

fn get_status(_: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let outpoint = outpoint(args)?;
    args.script(2)?;
    Ok(status_json(&chain.outpoint_status(&outpoint)))
}

fn outpoint(args: &Args<'_>) -> Result<OutPoint, Problem> {
    let txid = args.txid(0)?;
    let index = args.natural(1, "txout_idx")?;
    Ok(OutPoint::new(txid, u32::try_from(index).unwrap_or(u32::MAX)))
}
