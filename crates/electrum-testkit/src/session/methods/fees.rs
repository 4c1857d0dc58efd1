//! Fees and the mempool as a whole.

use super::args::Args;
use super::method::{ALWAYS, Method, NEVER, method};
use crate::chain::Chain;
use crate::family::{Dialect, Failure, Problem};
use crate::json::Json;
use crate::session::Session;

pub(super) const METHODS: &[Method] = &[
    method("blockchain.estimatefee", &["number", "mode"], 1, [ALWAYS, NEVER], estimate),
    method("blockchain.relayfee", &[], 0, [ALWAYS, &[1, 6]], relay),
    method("mempool.get_info", &[], 0, [&[1, 6], NEVER], info),
    method("mempool.get_fee_histogram", &[], 0, [&[1, 2], NEVER], histogram),
    method("mempool.recent", &[], 0, [&[1, 7], NEVER], recent),
];

/// Returns 0.1 sat/vB as the family writes it, in BTC/kB.
fn least(dialect: Dialect) -> Json {
    Json::number(match dialect {
        Dialect::Electrs | Dialect::Esplora => "1e-6",
        Dialect::Python | Dialect::Fulcrum => "1e-06",
        Dialect::Libbitcoin => "0.000001",
    })
}

const FULCRUM_BLOCKS: &str = "blockchain.estimatefee first parameter should be a non-negative integer";

fn estimate(session: &mut Session, _: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    const LONGEST: u64 = 1008;
    let dialect = session.profile.dialect;
    let blocks = args.natural(0, "blocks").map_err(|problem| match dialect {
        Dialect::Fulcrum => Problem::Other(Failure::new(1, FULCRUM_BLOCKS)),
        _ => problem,
    })?;
    let is_2_0 = dialect == Dialect::Python && session.profile.protocol_max.at_least(&[1, 6]);
    if !(1..=LONGEST).contains(&blocks) && !is_2_0 && dialect != Dialect::Esplora {
        return Err(Problem::FeeTarget);
    }
    if let Some(Json::Text(mode)) = args.get(1) {
        // Fulcrum and ElectrumX 2.0 accept both cases.
        let mode = match dialect == Dialect::Fulcrum || is_2_0 {
            true => mode.to_ascii_uppercase(),
            false => mode.clone(),
        };
        if !["CONSERVATIVE", "ECONOMICAL", "UNSET"].contains(&&mode[..]) {
            return Err(Problem::FeeMode(mode));
        }
    }
    Ok(Json::number(match dialect {
        Dialect::Python | Dialect::Fulcrum => "3.488e-05",
        Dialect::Electrs | Dialect::Libbitcoin => "0.00003488",
        Dialect::Esplora => "1e-6",
    }))
}

fn relay(session: &mut Session, _: &mut Chain, _: &Args<'_>) -> Result<Json, Problem> {
    Ok(least(session.profile.dialect))
}

fn info(session: &mut Session, chain: &mut Chain, _: &Args<'_>) -> Result<Json, Problem> {
    let dialect = session.profile.dialect;
    let names = ["mempoolminfee", "minrelaytxfee", "incrementalrelayfee"];
    let fees = names.into_iter().map(|name| (name, least(dialect)));
    let count = ("unbroadcastcount", chain.mempool().len().into());
    let more = (dialect == Dialect::Fulcrum).then_some(count);
    Ok(Json::object(fees.chain(more)))
}

fn histogram(session: &mut Session, chain: &mut Chain, _: &Args<'_>) -> Result<Json, Problem> {
    // Esplora sends rates as floats.
    let rate = |rate: u64| match session.profile.dialect {
        Dialect::Esplora => Json::number(format!("{rate}.0")),
        _ => rate.into(),
    };
    let bins = chain.fee_histogram().into_iter();
    Ok(Json::array(bins.map(|(fee, vsize)| Json::array([rate(fee), vsize.into()]))))
}

fn recent(_: &mut Session, chain: &mut Chain, _: &Args<'_>) -> Result<Json, Problem> {
    const MOST: usize = 10;
    Ok(Json::array(chain.mempool().iter().rev().take(MOST).map(|entry| {
        Json::object([("txid", entry.txid.into()), ("fee", entry.fee.into()), ("vsize", Json::from(entry.vsize))])
    })))
}
