//! The methods, with the families and versions that have them.

mod args;
mod fees;
mod fulcrum;
mod headers;
mod method;
mod outpoint;
mod script;
mod server;
mod transaction;

use super::Session;
use super::rpc::Call;
use crate::chain::Chain;
use crate::family::{Dialect, Problem, Profile, Version, libbitcoin};
use crate::json::Json;
use args::Args;
pub(super) use fulcrum::height_json;
pub(super) use headers::tip;
use method::{Method, NEVER};
pub(super) use outpoint::status_json as outpoint_status;
pub(super) use script::status_json as script_status;

const TABLES: [&[Method]; 6] =
    [server::METHODS, headers::METHODS, fees::METHODS, outpoint::METHODS, fulcrum::METHODS, transaction::METHODS];

fn find(name: &str) -> Option<&'static Method> {
    TABLES.into_iter().chain(script::METHODS).flatten().find(|method| method.name == name)
}

/// Whether any version has a method of this name.
pub(super) fn exists(name: &str) -> bool {
    find(name).is_some_and(|method| method.since != NEVER)
}

/// Whether quicker answers overtake its answer, by families in which they do.
pub(super) fn is_slow(name: &str) -> bool {
    matches!(name, "blockchain.block.header" | "blockchain.block.headers" | "blockchain.estimatefee")
}

impl Session {
    /// Runs any method but `server.version`.
    pub(super) fn method(&mut self, chain: &mut Chain, call: &Call) -> Result<Json, Problem> {
        let version = self.spoken();
        let method = find(&call.method).ok_or(Problem::UnknownMethod)?;
        available(&self.profile, method, &version)?;
        let (names, required) = shape(&self.profile, method, &version);
        // Esplora ignores surplus arguments, and so does electrs for methods without parameters.
        let lax = match self.profile.dialect {
            Dialect::Electrs => names.is_empty(),
            Dialect::Esplora => true,
            _ => false,
        };
        let takes_names = matches!(self.profile.dialect, Dialect::Python | Dialect::Libbitcoin);
        match call.params.bind(names, required, takes_names) {
            Err(Problem::TooMany { .. } | Problem::NamesNotTaken) if lax => {}
            Err(problem) => return Err(problem),
            Ok(()) => {}
        }
        let args = Args { params: &call.params, names, dialect: self.profile.dialect, version: &version };
        (method.run)(self, chain, &args)
    }
}

fn available(profile: &Profile, method: &Method, version: &Version) -> Result<(), Problem> {
    let in_version = version.at_least(method.since) && !version.at_least(method.until);
    let name = method.name;
    let has = match profile.dialect {
        // ElectrumX 1.18 had it before any version of the protocol.
        Dialect::Python if name == "blockchain.transaction.broadcast_package" => {
            in_version || (profile.protocol_max == Version::new(&[1, 4, 3]) && version.at_least(&[1, 4, 2]))
        }
        Dialect::Python => in_version,
        Dialect::Fulcrum => {
            let anytime = [
                "blockchain.relayfee",
                "blockchain.scripthash.unsubscribe",
                "blockchain.transaction.broadcast_package",
                "mempool.get_info",
            ];
            in_version || method.since == NEVER || anytime.contains(&name)
        }
        Dialect::Electrs => {
            let more = ["blockchain.scripthash.unsubscribe", "blockchain.transaction.broadcast_package"];
            let fewer = ["blockchain.scripthash.get_mempool", "server.add_peer"];
            (in_version && !fewer.contains(&name)) || more.contains(&name)
        }
        Dialect::Esplora => {
            let fewer = ["blockchain.scripthash.get_mempool", "server.add_peer", "server.features"];
            in_version && !fewer.contains(&name)
        }
        Dialect::Libbitcoin if name == "mempool.get_fee_histogram" => {
            return Err(Problem::Other(libbitcoin(18)));
        }
        Dialect::Libbitcoin => in_version,
    };
    match has {
        true => Ok(()),
        false if profile.dialect == Dialect::Libbitcoin && method.since != NEVER => Err(Problem::WrongVersion),
        false => Err(Problem::UnknownMethod),
    }
}

/// The parameters that a family takes in a version, and how many of them it requires.
fn shape(profile: &Profile, method: &Method, version: &Version) -> (&'static [&'static str], usize) {
    let (names, required) = (method.params, method.required);
    let first = |n: usize| &names[..n.min(names.len())];
    let is_electrs = profile.dialect == Dialect::Electrs;
    match method.name {
        // ElectrumX 2.0 accepts the two of 1.7 in every version.
        "server.ping" => {
            let takes = match profile.dialect {
                Dialect::Python => profile.protocol_max.at_least(&[1, 7]),
                _ => version.at_least(&[1, 7]),
            };
            (if takes { names } else { &[] }, required)
        }
        "blockchain.headers.subscribe" => match version.at_least(&[1, 4]) {
            true => (&[], 0),
            false => (names, 0),
        },
        "blockchain.block.header" if is_electrs || !version.at_least(&[1, 4]) => (first(1), 1),
        "blockchain.block.headers" if is_electrs || !version.at_least(&[1, 4]) => (first(2), 2),
        "blockchain.estimatefee" => {
            let takes_mode = match profile.dialect {
                Dialect::Python => profile.protocol_min.at_least(&[1, 4]),
                Dialect::Fulcrum => true,
                Dialect::Electrs => false,
                _ => version.at_least(&[1, 6]),
            };
            (if takes_mode { names } else { first(1) }, 1)
        }
        "blockchain.scripthash.get_history" if profile.dialect == Dialect::Fulcrum => {
            (&["scripthash", "from_height", "to_height"], 1)
        }
        "blockchain.transaction.get_merkle" if profile.dialect == Dialect::Fulcrum => (names, 1),
        "blockchain.transaction.get" if !version.at_least(&[1, 2]) => (first(1), 1),
        _ => (names, required),
    }
}
