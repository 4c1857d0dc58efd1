//! `server.*`

use super::args::Args;
use super::method::{ALWAYS, Method, NEVER, method};
use crate::chain::{Chain, REGTEST_GENESIS};
use crate::family::{Dialect, Failure, Family, Problem};
use crate::json::Json;
use crate::session::Session;

pub(super) const METHODS: &[Method] = &[
    method("server.banner", &[], 0, [ALWAYS, NEVER], banner),
    method("server.donation_address", &[], 0, [ALWAYS, NEVER], donation_address),
    method("server.features", &[], 0, [&[1, 1], NEVER], features),
    method("server.ping", &["pong_len", "data"], 0, [&[1, 2], NEVER], ping),
    method("server.peers.subscribe", &[], 0, [ALWAYS, NEVER], peers),
    method("server.add_peer", &["features"], 1, [&[1, 1], NEVER], add_peer),
];

fn banner(session: &mut Session, _: &mut Chain, _: &Args<'_>) -> Result<Json, Problem> {
    let software = &session.settings.software;
    Ok(Json::Text(match session.profile.dialect {
        Dialect::Python => format!("You are connected to an {software} server."),
        Dialect::Fulcrum => format!("Connected to a {software} server"),
        Dialect::Electrs => {
            format!("Welcome to {} (Electrum Rust Server)!", software.replace('/', " "))
        }
        Dialect::Esplora => format!("Welcome to {software}"),
        Dialect::Libbitcoin => format!("Welcome to {software}"),
    }))
}

fn donation_address(session: &mut Session, _: &mut Chain, _: &Args<'_>) -> Result<Json, Problem> {
    Ok(match session.profile.dialect {
        Dialect::Electrs | Dialect::Esplora => Json::Null,
        Dialect::Fulcrum => "1Ca1inCimwRhhcpFX84TPRrPQSryTgKW6N".into(),
        Dialect::Python | Dialect::Libbitcoin => "".into(),
    })
}

fn features(session: &mut Session, _: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let profile = &session.profile;
    let dialect = profile.dialect;
    let has_hosts = matches!(dialect, Dialect::Fulcrum | Dialect::Electrs);
    let port = [("tcp_port", Json::from(u32::from(session.settings.port)))];
    let is_flat = session.settings.quirks.early_electrs && dialect == Dialect::Electrs;
    let hosts =
        if is_flat { Json::object(port) } else { Json::object(has_hosts.then(|| ("127.0.0.1", Json::object(port)))) };
    let mut members = vec![
        ("hosts", hosts),
        ("pruning", Json::Null),
        ("server_version", session.settings.software.clone().into()),
        ("protocol_min", profile.protocol_min.to_string().into()),
        ("protocol_max", profile.protocol_max.to_string().into()),
        ("genesis_hash", REGTEST_GENESIS.into()),
    ];
    if !args.version.at_least(&[1, 7]) {
        members.push(("hash_function", "sha256".into()));
    } else if dialect == Dialect::Libbitcoin {
        members.push(("method_flavours", Json::array([])));
    }
    match dialect {
        Dialect::Python if session.family != Family::ElectrumX1_10 => {
            members.push(("services", Json::array([])));
        }
        Dialect::Fulcrum => {
            members.extend([("dsproof", false.into()), ("broadcast_package", true.into())]);
        }
        _ => {}
    }
    Ok(Json::object(members))
}

fn ping(_: &mut Session, _: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    const LONGEST_PONG: u64 = 1_000_000;
    if !args.version.at_least(&[1, 7]) {
        return Ok(Json::Null);
    }
    let length = args.natural_or(0, "pong_len", 0)?;
    // They must be hex digits; their number does not matter.
    if args.get(1).is_some() && !args.text(1).bytes().all(|b| b.is_ascii_hexdigit()) {
        args.script(1)?;
    }
    if length > LONGEST_PONG {
        return Err(Problem::Other(Failure::new(1, "pong_len value too high")));
    }
    Ok(Json::object([("data", "0".repeat(length as usize).into())]))
}

fn peers(_: &mut Session, _: &mut Chain, _: &Args<'_>) -> Result<Json, Problem> {
    Ok(Json::array([]))
}

fn add_peer(_: &mut Session, _: &mut Chain, _: &Args<'_>) -> Result<Json, Problem> {
    Ok(false.into())
}
