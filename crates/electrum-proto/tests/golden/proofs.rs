//! The proofs and statuses of the recorded servers hold.

use std::collections::BTreeMap;

use electrum_proto::json::{Message, RawJson};
use electrum_proto::operations::{Headers, History, ProvenHeader, ProvenHeaders, ProvenTransactionIdAt};
use electrum_proto::operations::{ScriptSubscribe, TransactionMerkle};
use electrum_proto::proof::{Target, check_links, check_work, script_status};
use electrum_proto::types::{HistoryEntry, MerkleNode, RawHeader, Script, ScriptHash, ScriptRef};
use electrum_proto::{ProtocolVersion, Request};
use serde_json::Value;

use crate::recording::{self, Exchange, Recording};

/// The headers that a server sent, by height; more than one where the chain was reorganised.
type Chain = BTreeMap<u32, Vec<RawHeader>>;

/// What decodes as the answer to what `request` makes of the parameters of `method`.
fn decoded<'a, R: Request>(
    recording: &'a Recording,
    methods: &'a [&str],
    request: impl Fn(&[Value]) -> Option<R> + 'a,
) -> impl Iterator<Item = (&'a Exchange, R::Response)> + 'a {
    let exchanges = recording.scenarios.iter().flat_map(|scenario| &scenario.exchanges);
    exchanges.filter(|exchange| methods.contains(&exchange.method.as_str())).filter_map(move |exchange| {
        let request = request(exchange.params.as_array()?)?;
        let reply = exchange.reply.clone()?;
        let Ok(Message::Reply { outcome: Ok(result), .. }) = Message::parse(reply.as_bytes()) else { return None };
        let response = request.decode(exchange.version, result).unwrap();
        Some((exchange, response))
    })
}

fn u32(value: &Value) -> Option<u32> {
    value.as_u64()?.try_into().ok()
}

fn runs(recording: &Recording) -> impl Iterator<Item = (u32, Vec<RawHeader>)> + '_ {
    let request = |params: &[Value]| match params {
        [start, count] => Some(Headers::new(u32(start)?, u32(count)?)),
        _ => None,
    };
    decoded(recording, &["blockchain.block.headers"], request)
        .map(|(exchange, run)| (u32(&exchange.params[0]).unwrap(), run.headers))
}

/// What all servers sent together: some share a chain, and a long run of it is there once.
fn chain(recordings: &[Recording]) -> Chain {
    let mut chain = Chain::new();
    for (start, headers) in recordings.iter().flat_map(runs) {
        for (height, header) in (start..).zip(headers) {
            let known = chain.entry(height).or_default();
            if !known.contains(&header) {
                known.push(header);
            }
        }
    }
    chain
}

#[test]
fn headers_are_linked_from_the_first_one_on() {
    let mut count = 0;
    for (start, headers) in recording::all().iter().flat_map(runs) {
        assert_eq!(check_work(Target::REGTEST_LIMIT, &headers), Ok(()));
        assert_eq!(check_links(None, &headers), Ok(headers.last().map(RawHeader::block_hash)));
        if start == 0 && headers.len() > 150 {
            // One is left out.
            let gap: Vec<_> = headers.iter().take(5).chain(&headers[6..]).copied().collect();
            assert!(check_links(None, &gap).is_err());
            count += 1;
        }
    }
    assert!(count >= 2, "one run for each chain");
}

#[test]
fn merkle_branches_lead_to_the_header() {
    let recordings = recording::all();
    let chain = chain(&recordings);
    for recording in &recordings {
        let request = |params: &[Value]| match params {
            [txid, height] => Some(TransactionMerkle { txid: txid.as_str()?.parse().ok()?, height: u32(height)? }),
            _ => None,
        };
        let mut count = 0;
        for (exchange, proof) in decoded(recording, &["blockchain.transaction.get_merkle"], request) {
            let txid = exchange.params[0].as_str().unwrap().parse().unwrap();
            let Some(headers) = chain.get(&proof.height) else { continue };
            assert!(headers.iter().any(|header| proof.verify(txid, header).is_ok()), "{}", exchange.what);
            assert!(proof.verify(txid, &chain[&1][0]).is_err());
            count += 1;
        }
        assert!(count > 1, "{}", recording.server);

        let request = |params: &[Value]| match params {
            [height, position, Value::Bool(true)] => {
                Some(ProvenTransactionIdAt { height: u32(height)?, position: u32(position)? })
            }
            _ => None,
        };
        for (exchange, proven) in decoded(recording, &["blockchain.transaction.id_from_pos"], request) {
            let [height, position] = [0, 1].map(|n| u32(&exchange.params[n]).unwrap());
            let Some(headers) = chain.get(&height) else { continue };
            assert!(headers.iter().any(|header| proven.verify(position, header).is_ok()), "{}", exchange.what);
        }
    }
}

#[test]
fn checkpoint_branches_lead_to_the_root() {
    let mut count = 0;
    for recording in recording::all() {
        let other: MerkleNode = "00".repeat(32).parse().unwrap();
        let request = |params: &[Value]| match params {
            [height, checkpoint] if u32(checkpoint)? > 0 => {
                Some(ProvenHeader { height: u32(height)?, checkpoint: u32(checkpoint)? })
            }
            _ => None,
        };
        for (exchange, proven) in decoded(&recording, &["blockchain.block.header"], request) {
            let [height, checkpoint] = [0, 1].map(|n| u32(&exchange.params[n]).unwrap());
            assert_eq!(proven.verify(height, checkpoint, proven.proof.root), Ok(()), "{}", exchange.what);
            assert!(proven.verify(height, checkpoint, other).is_err());
            count += 1;
        }
        let request = |params: &[Value]| match params {
            [start, count, checkpoint] if u32(checkpoint)? > 0 => {
                Some(ProvenHeaders { start: u32(start)?, count: u32(count)?, checkpoint: u32(checkpoint)? })
            }
            _ => None,
        };
        for (exchange, proven) in decoded(&recording, &["blockchain.block.headers"], request) {
            let [start, checkpoint] = [0, 2].map(|n| u32(&exchange.params[n]).unwrap());
            let root = proven.proof.as_ref().map_or(other, |proof| proof.root);
            let expected = proven.proof.is_some();
            assert_eq!(proven.verify(start, checkpoint, root).is_ok(), expected, "{}", exchange.what);
            count += usize::from(expected);
        }
    }
    assert!(count > 100);
}

/// A history that stays the same says that the status between its two readings is the one of that history.
#[test]
fn statuses_are_those_of_the_histories() {
    let mut count = 0;
    for recording in recording::all() {
        for scenario in &recording.scenarios {
            let mut statuses = Vec::new();
            let mut histories: BTreeMap<ScriptHash, Vec<HistoryEntry>> = BTreeMap::new();
            for exchange in &scenario.exchanges {
                let Some((script, result)) = script_and_result(exchange) else { continue };
                let version = exchange.version;
                match exchange.method.rsplit_once('.').unwrap().1 {
                    "get_history" => {
                        let request = History::new(script.clone());
                        let history = request.decode(version, RawJson::new(&result)).unwrap();
                        histories.insert(script.scripthash(), history);
                    }
                    "subscribe" => {
                        let request = ScriptSubscribe { script: script.clone() };
                        let status = request.decode(version, RawJson::new(&result)).unwrap();
                        statuses.push((exchange.what.clone(), script.scripthash(), status));
                    }
                    _ => {}
                }
            }
            if !scenario.name.starts_with("methods") {
                continue;
            }
            for (what, script, status) in statuses {
                if let Some(history) = histories.get(&script) {
                    assert_eq!(status, script_status(history), "{what}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 100, "{count}");
}

/// The script of a request about one, and the result as text.
fn script_and_result(exchange: &Exchange) -> Option<(ScriptRef, String)> {
    let [argument] = exchange.params.as_array()?.as_slice() else { return None };
    let argument = argument.as_str()?.to_lowercase();
    let script: ScriptRef = match exchange.method.rsplit_once('.')?.0 {
        "blockchain.scripthash" if exchange.version < ProtocolVersion::V1_7 => {
            argument.parse::<ScriptHash>().ok()?.into()
        }
        "blockchain.scriptpubkey" => Script::from_hex(&argument).ok()?.into(),
        _ => return None,
    };
    let reply = exchange.reply.as_ref()?;
    match Message::parse(reply.as_bytes()) {
        Ok(Message::Reply { outcome: Ok(result), .. }) => Some((script, result.as_str().to_owned())),
        _ => None,
    }
}
