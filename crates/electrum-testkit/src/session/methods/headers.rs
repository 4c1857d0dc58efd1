//! `blockchain.block.*` and `blockchain.headers.*`, with their forms before 1.3.

use super::args::Args;
use super::method::{ALWAYS, Method, NEVER, method};
use crate::chain::{Chain, Header};
use crate::family::{Dialect, Problem};
use crate::json::Json;
use crate::session::Session;

/// The most headers in one answer, and in a chunk.
const MOST: u64 = 2016;

pub(super) const METHODS: &[Method] = &[
    method("blockchain.headers.subscribe", &["raw"], 0, [ALWAYS, NEVER], subscribe),
    method("blockchain.numblocks.subscribe", &[], 0, [ALWAYS, &[1, 1]], numblocks),
    method("blockchain.block.header", &["height", "cp_height"], 1, [&[1, 3], NEVER], header),
    method("blockchain.block.headers", &["start_height", "count", "cp_height"], 2, [&[1, 2], NEVER], headers),
    method("blockchain.block.get_header", &["height"], 1, [ALWAYS, &[1, 4]], get_header),
    method("blockchain.block.get_chunk", &["index"], 1, [ALWAYS, &[1, 4]], get_chunk),
];

/// Returns the tip for a subscriber: raw if asked for, by default from 1.3 on.
pub(in crate::session) fn tip(chain: &Chain, raw: bool) -> Json {
    match raw {
        true => Json::object([("hex", chain.tip().to_hex().into()), ("height", chain.height().into())]),
        false => deserialized(chain.tip(), chain.height()),
    }
}

fn deserialized(header: &Header, height: u32) -> Json {
    Json::object([
        ("version", header.version.into()),
        ("prev_block_hash", header.previous.into()),
        ("merkle_root", header.merkle_root.into()),
        ("timestamp", header.time.into()),
        ("bits", header.bits.into()),
        ("nonce", header.nonce.into()),
        ("block_height", Json::from(height)),
    ])
}

fn subscribe(session: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let raw = match args.get(0) {
        Some(_) if !args.version.at_least(&[1, 4]) => args.flag(0)?,
        _ => args.version.at_least(&[1, 3]),
    };
    session.subscriptions.headers(chain, raw);
    Ok(tip(chain, raw))
}

fn numblocks(_: &mut Session, chain: &mut Chain, _: &Args<'_>) -> Result<Json, Problem> {
    Ok(chain.height().into())
}

fn header(_: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let (height, digits) = args.natural_digits(0, "height")?;
    let cp_height = args.natural_or(1, "cp_height", 0)?;
    let found = u32::try_from(height).ok().and_then(|height| chain.header(height));
    if cp_height == 0 {
        return found.map(|header| header.to_hex().into()).ok_or(Problem::HeightRange(digits));
    }
    let (branch, root) = checkpoint(chain, height, cp_height, "header height")?;
    let header = found.ok_or(Problem::HeightRange(digits))?.to_hex();
    Ok(Json::object([("header", header.into()), ("branch", branch), ("root", root)]))
}

fn headers(session: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let start = args.natural(0, "height")?;
    let asked = args.natural(1, "count")?.min(MOST);
    let cp_height = args.natural_or(2, "cp_height", 0)?;
    let above = (u64::from(chain.height()) + 1).saturating_sub(start);
    let count = asked.min(above);
    if above == 0 && session.profile.dialect == Dialect::Libbitcoin {
        return Err(Problem::HeightRange(start.to_string()));
    }
    let found: Vec<_> =
        (start..start + count).filter_map(|height| chain.header(height as u32)).map(Header::to_hex).collect();
    let list = match args.version.at_least(&[1, 6]) {
        true => ("headers", Json::array(found.into_iter().map(Json::Text))),
        false => ("hex", found.concat().into()),
    };
    let (size, most) = (("count", count.into()), ("max", MOST.into()));
    let mut members = match list.0 {
        "hex" => vec![list, size, most],
        _ => vec![size, most, list],
    };
    // If none of the headers exists Fulcrum still proves the one asked for; the others send no proof.
    let proved = match session.profile.dialect {
        Dialect::Fulcrum if count == 0 => asked,
        _ => count,
    };
    if cp_height > 0 && proved > 0 {
        let last = start + proved - 1;
        let (branch, root) = checkpoint(chain, last, cp_height, "header height + (count - 1)")?;
        members.extend([("branch", branch), ("root", root)]);
    }
    Ok(Json::object(members))
}

fn checkpoint(chain: &Chain, height: u64, cp_height: u64, what: &'static str) -> Result<(Json, Json), Problem> {
    let in_range = |n: u64| u32::try_from(n).ok();
    let proof = in_range(height).zip(in_range(cp_height)).and_then(|(h, cp)| chain.checkpoint(h, cp));
    let tip = chain.height().into();
    let (branch, root) = proof.ok_or(Problem::CheckpointRange { what, height, cp_height, tip })?;
    Ok((Json::array(branch.into_iter().map(Json::from)), root.into()))
}

fn get_header(_: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let (height, digits) = args.natural_digits(0, "height")?;
    let found = u32::try_from(height).ok().and_then(|n| Some((chain.header(n)?, n)));
    let (header, height) = found.ok_or(Problem::HeightRange(digits))?;
    Ok(deserialized(header, height))
}

fn get_chunk(_: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let start = args.natural(0, "index")?.saturating_mul(MOST);
    let heights = start..start.saturating_add(MOST).min(u64::from(chain.height()) + 1);
    let chunk: String = heights.filter_map(|height| chain.header(height as u32)).map(Header::to_hex).collect();
    Ok(chunk.into())
}
