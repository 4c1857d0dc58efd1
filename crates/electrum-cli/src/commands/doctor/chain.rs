//! Checks that a server answers, serves a valid chain, and keeps up with it.

use std::time::{Duration, Instant, SystemTime};

use electrum_smol::proto::operations::{
    Balance, EstimateFee, Features, FeeHistogram, Header, HeadersSubscribe, Ping, RelayFee,
};
use electrum_smol::proto::proof::check_work;
use electrum_smol::proto::types::{Network, ScriptRef, Tip};
use electrum_smol::proto::{ProtocolVersion, Script};
use electrum_smol::{CallError, Client, Config};

use super::finding::Findings;
use crate::causes::Cause;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::networks::{chain_name, easiest_target};
use crate::query::Once;

/// The age of the last block from which the server counts as behind. Blocks come every ten minutes on average; few
/// take longer than an hour.
const STALE: Duration = Duration::from_secs(3 * 3600);
/// By how much the time of a block may be ahead of the clocks.
const AHEAD: Duration = Duration::from_secs(2 * 3600);
/// The time from which an answer counts as slow.
const SLOW: Duration = Duration::from_secs(2);
/// The time from which an answer counts as held back: servers that do so wait for a second.
const HELD_BACK: Duration = Duration::from_millis(500);

/// Checks a sample of the server's answers. Returns the tip of its chain, if it has one.
pub(super) async fn check(connection: &Connection, findings: &mut Findings) -> Option<Tip> {
    let client = &connection.client;
    if !latency(connection, findings).await {
        return None;
    }
    let first = asked(findings, "chain", client.call(Header { height: 0 }).await)?;
    let network = Network::of_genesis(first.block_hash());
    let tip = asked(findings, "tip", client.call(HeadersSubscribe).await)?;
    let at_tip = asked(findings, "tip", client.call(Header { height: tip.height }).await)?;
    match network {
        Some(network) => findings.good("chain", network.name()),
        None => findings.note("chain", format!("{}: no network that is known", chain_name(first.block_hash()))),
    }
    if at_tip != tip.header {
        let words = format!("the header that it announced for height {} is not the one that it sends", tip.height);
        findings.fault("tip", "contradiction", words, "try again: a block may just have come; else use another server");
    } else if let Some(Err(error)) = network.map(|network| check_work(easiest_target(network), &[tip.header])) {
        let words = format!("the header of height {} shows no work: {error}", tip.height);
        findings.fault("tip", "no_work", words, Cause::NoWork.hint());
    } else {
        time(&tip, network, findings);
    }
    services(client, findings).await;
    // Last, since some servers close the connection on this request.
    match client.call(Once(Features)).await {
        Ok(features) => {
            if let Some(kept) = features.pruning {
                findings.note("limits", format!("the server keeps the last {kept} blocks only"));
            }
            if features.genesis_hash != first.block_hash() {
                let words = format!(
                    "it says that its chain begins with {}, and sends {} as the first block",
                    features.genesis_hash,
                    first.block_hash()
                );
                findings.fault("chain", "contradiction", words, "use another server: this one contradicts itself");
            }
        }
        Err(error) => findings.note("features", format!("it says nothing of itself: {error}")),
    }
    Some(tip)
}

/// Returns the result of a call, or adds its failure to the findings.
fn asked<T>(findings: &mut Findings, check: &'static str, outcome: Result<T, CallError>) -> Option<T> {
    outcome.map_err(|error| findings.failure(check, &Failure::of_call(&error))).ok()
}

async fn latency(connection: &Connection, findings: &mut Findings) -> bool {
    let mut times = Vec::new();
    for _ in 0..3 {
        let start = Instant::now();
        let answered = if connection.version >= ProtocolVersion::V1_2 {
            connection.client.call(Ping).await
        } else {
            connection.client.call(Header { height: 0 }).await.map(drop)
        };
        if asked(findings, "answers", answered).is_none() {
            return false;
        }
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let middle = times[times.len() / 2];
    let words = format!("in {:.1} ms", middle.as_secs_f64() * 1000.0);
    if middle > SLOW {
        findings.fault("answers", "slow", words, "use another server: this one is slow, or the way to it is");
    } else {
        findings.good("answers", words);
    }
    true
}

/// Checks whether the server holds small answers back, over a connection that does not avoid that.
pub(super) async fn padding(config: &Config, findings: &mut Findings) {
    let mut config = config.clone();
    config.protocol.nudge = false;
    let Ok(connection) = Connection::open(config).await else { return };
    let start = Instant::now();
    let answered = connection.client.call(EstimateFee::within(6)).await;
    let took = start.elapsed();
    connection.close().await;
    if answered.is_ok() && took > HELD_BACK {
        let words = format!(
            "it holds small answers back, {:.0} ms for one call: this client avoids that with one more cheap request",
            took.as_secs_f64() * 1000.0
        );
        findings.note("padding", words);
    }
}

fn time(tip: &Tip, network: Option<Network>, findings: &mut Findings) {
    let block = SystemTime::UNIX_EPOCH + Duration::from_secs(tip.header.time().into());
    let now = SystemTime::now();
    let age = now.duration_since(block);
    // On regtest the times of blocks mean nothing.
    let comes_regularly = network.is_some_and(|network| network != Network::Regtest);
    let hours = |time: Duration| format!("{:.1} hours", time.as_secs_f64() / 3600.0);
    match age {
        Err(ahead) if ahead.duration() > AHEAD => {
            let words = format!("the last block is {} in the future", hours(ahead.duration()));
            findings.fault("clock", "clock", words, "set this machine's clock, or use another server if it is right");
        }
        Ok(age) if comes_regularly && age > STALE => {
            let words = format!("the last block, {}, is {} old", tip.height, hours(age));
            findings.fault(
                "tip",
                "stale",
                words,
                "use another server: this one has stopped, or this machine's clock is wrong",
            );
        }
        _ => findings.good("tip", format!("height {}", tip.height)),
    }
}

/// Checks that the server answers the requests that wallets need.
async fn services(client: &Client, findings: &mut Findings) {
    let script = ScriptRef::from(Script::new(vec![0x51]));
    let (balance, estimate) = (client.call(Balance::new(script)), client.call(EstimateFee::within(6)));
    let (relay, histogram) = (client.call(RelayFee), client.call(FeeHistogram));
    if service(findings, "balances", &balance.await) {
        findings.good("balances", "are answered");
    }
    let fees = [
        service(findings, "fees", &estimate.await),
        service(findings, "fees", &relay.await),
        service(findings, "fees", &histogram.await),
    ];
    if fees == [true; 3] {
        findings.good("fees", "are answered");
    }
}

fn service<T>(findings: &mut Findings, check: &'static str, outcome: &Result<T, CallError>) -> bool {
    let Err(error) = outcome else { return true };
    let failure = Failure::of_call(error);
    // Some versions and servers lack some methods.
    let is_missing =
        matches!(failure.cause, Cause::NotInVersion | Cause::UnknownMethod | Cause::Unsupported | Cause::ServerError);
    if is_missing && check == "fees" {
        findings.note(check, failure.words);
    } else {
        findings.failure(check, &failure);
    }
    false
}
