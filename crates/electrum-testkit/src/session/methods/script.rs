//! `blockchain.address.*` up to 1.2, `blockchain.scripthash.*` up to 1.6, `blockchain.scriptpubkey.*` from 1.7.

use super::args::Args;
use super::method::{ALWAYS, Method, NEVER, method};
use crate::address;
use crate::chain::{Chain, HistoryEntry, OutPoint, Unspent};
use crate::family::{Dialect, Problem};
use crate::hash::{Hash256, Scripthash};
use crate::json::Json;
use crate::session::Session;
use crate::session::history::ordered;
use crate::session::subscriptions::Topic;

macro_rules! all {
    ($name:literal, $address_until:expr, $scripthash_since:expr, $run:ident) => {
        [
            method(
                concat!("blockchain.address.", $name),
                &["address"],
                1,
                [ALWAYS, $address_until],
                |session, chain, args| $run(session, chain, args, Hash256::of_script(&args.address(0)?)),
            ),
            method(
                concat!("blockchain.scripthash.", $name),
                &["scripthash"],
                1,
                [$scripthash_since, &[1, 7]],
                |session, chain, args| $run(session, chain, args, args.scripthash(0)?),
            ),
            method(
                concat!("blockchain.scriptpubkey.", $name),
                &["scriptpubkey"],
                1,
                [&[1, 7], NEVER],
                |session, chain, args| $run(session, chain, args, Hash256::of_script(&args.script(0)?)),
            ),
        ]
    };
}

/// The first version without addresses.
const NO_ADDRESSES: &[u64] = &[1, 3];

pub(super) const METHODS: [&[Method]; 7] = [
    &all!("get_balance", NO_ADDRESSES, &[1, 1], get_balance),
    &all!("get_history", NO_ADDRESSES, &[1, 1], get_history),
    &all!("get_mempool", NO_ADDRESSES, &[1, 1], get_mempool),
    &all!("listunspent", NO_ADDRESSES, &[1, 1], list_unspent),
    &all!("subscribe", NO_ADDRESSES, &[1, 1], subscribe),
    &{
        let [_, of_hash, of_script] = all!("unsubscribe", &[], &[1, 4, 2], unsubscribe);
        [of_hash, of_script]
    },
    // Removed in 1.1.
    &[method("blockchain.utxo.get_address", &["tx_hash", "index"], 2, [ALWAYS, &[1, 1]], utxo_address)],
];

fn get_balance(session: &Session, chain: &Chain, _: &Args<'_>, script: Scripthash) -> Result<Json, Problem> {
    let mut balance = chain.balance(&script);
    if let Some(most) = session.settings.quirks.max_history {
        let outputs = chain.unspent(&script);
        if outputs.len() > most {
            (balance.confirmed, balance.unconfirmed) =
                (outputs[..most].iter().map(|output| output.value as i64).sum(), 0);
        }
    }
    Ok(Json::object([("confirmed", balance.confirmed.into()), ("unconfirmed", Json::from(balance.unconfirmed))]))
}

fn get_history(session: &Session, chain: &Chain, args: &Args<'_>, script: Scripthash) -> Result<Json, Problem> {
    /// The longest history that Esplora sends.
    const ESPLORA_MOST: usize = 500;
    let history = ordered(session.profile.history_order, chain.history(&script));
    let mut history = session.listed(chain, history);
    if session.profile.dialect == Dialect::Esplora && history.len() > ESPLORA_MOST {
        return Err(Problem::TooLong);
    }
    // Fulcrum accepts a range of heights too, and leaves the mempool out if the range has an end.
    if session.profile.dialect == Dialect::Fulcrum {
        let from = args.natural_or(1, "from_height", 0)? as i64;
        let to = match args.get(2) {
            Some(Json::Number(digits)) if digits == "-1" => None,
            Some(_) => Some(args.natural(2, "to_height")? as i64),
            None => None,
        };
        history.retain(|entry| match entry.height {
            height if height > 0 => height >= from && to.is_none_or(|to| height < to),
            _ => to.is_none(),
        });
    }
    Ok(wrapped(args, "history", history.iter().map(entry)))
}

fn get_mempool(session: &Session, chain: &Chain, args: &Args<'_>, script: Scripthash) -> Result<Json, Problem> {
    let waiting = ordered(session.profile.history_order, chain.mempool_history(&script));
    Ok(wrapped(args, "history", waiting.iter().map(entry)))
}

fn list_unspent(session: &Session, chain: &Chain, args: &Args<'_>, script: Scripthash) -> Result<Json, Problem> {
    let mut unspent = session.listed_outputs(chain, chain.unspent(&script));
    // Both electrs list them in no particular order.
    if matches!(session.profile.dialect, Dialect::Electrs | Dialect::Esplora) {
        unspent.sort_by_key(|unspent| *unspent.outpoint.txid.as_bytes());
    }
    let output = |unspent: &Unspent| {
        Json::object([
            ("tx_hash", unspent.outpoint.txid.into()),
            ("tx_pos", unspent.outpoint.index.into()),
            ("height", unspent.height.into()),
            ("value", Json::from(unspent.value)),
        ])
    };
    Ok(wrapped(args, "utxos", unspent.iter().map(output)))
}

fn subscribe(session: &mut Session, chain: &Chain, args: &Args<'_>, script: Scripthash) -> Result<Json, Problem> {
    // Notifications of ElectrumX 1.10 hold the address, those of libbitcoin the scripthash.
    let topic = match (args.names[0], args.dialect) {
        ("address", Dialect::Python) => Topic::Address(args.text(0)),
        ("address", _) => Topic::AddressAsHash,
        ("scriptpubkey", _) => Topic::Script,
        _ => Topic::Scripthash,
    };
    let order = session.profile.history_order;
    Ok(status_json(session.subscriptions.script(chain, order, script, topic)))
}

fn utxo_address(_: &mut Session, chain: &mut Chain, args: &Args<'_>) -> Result<Json, Problem> {
    let txid = args.txid(0)?;
    let index = u32::try_from(args.natural(1, "index")?).unwrap_or(u32::MAX);
    let output = chain.output(&OutPoint::new(txid, index)).ok_or(Problem::UnknownTransaction)?;
    Ok(address::of_script(&output.script).map_or(Json::Null, Json::Text))
}

fn unsubscribe(session: &mut Session, _: &Chain, _: &Args<'_>, script: Scripthash) -> Result<Json, Problem> {
    Ok(session.subscriptions.drop_script(&script).into())
}

pub(in crate::session) fn status_json(status: Option<String>) -> Json {
    status.map_or(Json::Null, Json::Text)
}

fn entry(entry: &HistoryEntry) -> Json {
    let fee = entry.fee.map(|fee| ("fee", Json::from(fee)));
    let members = [("tx_hash", entry.txid.into()), ("height", entry.height.into())];
    Json::object(members.into_iter().chain(fee))
}

/// Returns a list; from 1.7 on inside an object.
fn wrapped(args: &Args<'_>, name: &str, items: impl Iterator<Item = Json>) -> Json {
    let list = Json::array(items);
    if args.version.at_least(&[1, 7]) { Json::object([(name, list)]) } else { list }
}
