//! `fees`, `features` and `peers`: what the server tells of the network and of itself.

use std::collections::BTreeMap;

use electrum_smol::CallError;
use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::{EstimateFee, Features, FeeHistogram, HistogramBin, Peers, RelayFee};
use electrum_smol::proto::types::{FeeRate, Peer, ServerFeatures};
use serde::Serialize;
use serde_json::value::RawValue;

use super::args::{FeesArgs, ServerArgs};
use super::{Asked, Once, with_server};
use crate::failure::ErrorRecord;
use crate::output::{Output, Paint, printable};
use crate::stop::{Outcome, Stop, Verdict};

/// Rates are in satoshi per 1000 virtual bytes.
#[derive(Serialize)]
struct FeesRecord {
    estimates: Vec<Estimate>,
    relay: Option<FeeRate>,
    histogram: Option<Vec<HistogramBin>>,
    /// Why something is missing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, ErrorRecord>,
}

#[derive(Serialize)]
struct Estimate {
    blocks: u32,
    rate: Option<FeeRate>,
}

/// Prints fee rates. Not every server has all of them.
pub(crate) async fn fees(args: FeesArgs, output: &Output) -> Outcome {
    with_server(&args.server, &args.reach, VersionRange::ALL, output, async |asked: Asked<'_>| {
        let estimates: Vec<_> =
            args.blocks.iter().map(|blocks| (*blocks, asked.call(EstimateFee::within(*blocks)))).collect();
        let (relay, histogram) = (asked.call(RelayFee), asked.call(FeeHistogram));
        let mut errors = BTreeMap::new();
        let mut record = FeesRecord { estimates: Vec::new(), relay: None, histogram: None, errors: BTreeMap::new() };
        for (blocks, estimate) in estimates {
            if let Some(rate) = had(&asked, &format!("estimate {blocks}"), estimate.await, &mut errors)? {
                record.estimates.push(Estimate { blocks, rate });
            }
        }
        record.relay = had(&asked, "relay", relay.await, &mut errors)?;
        record.histogram = had(&asked, "histogram", histogram.await, &mut errors)?;
        if let (true, true, true, Some(error)) =
            (record.estimates.is_empty(), record.relay.is_none(), record.histogram.is_none(), errors.values().next())
        {
            return Err(asked.failed("fee rates", error));
        }
        record.errors = errors.iter().map(|(name, error)| (name.clone(), error.into())).collect();
        if output.json {
            output.object(&record)?;
        } else {
            output.line(&fee_lines(&record, output).join("\n"))?;
        }
        Ok(Verdict::Success)
    })
    .await
}

/// A part of what was asked for; what the server does not have is noted, and anything worse ends the command.
fn had<T>(
    asked: &Asked<'_>,
    name: &str,
    outcome: Result<T, CallError>,
    errors: &mut BTreeMap<String, CallError>,
) -> Result<Option<T>, Stop> {
    match outcome {
        Ok(part) => Ok(Some(part)),
        Err(error @ (CallError::Server(_) | CallError::NotInVersion(_))) => {
            errors.insert(name.to_owned(), error);
            Ok(None)
        }
        Err(error) => Err(asked.failed(name, &error)),
    }
}

fn fee_lines(record: &FeesRecord, output: &Output) -> Vec<String> {
    let mut lines = Vec::new();
    for Estimate { blocks, rate } in &record.estimates {
        let rate = rate.map_or_else(|| "no estimate".into(), |rate| format!("{rate} sat/vB"));
        lines.push(format!("within {blocks} blocks: {}", output.paint(Paint::Strong, rate)));
    }
    if let Some(relay) = record.relay {
        lines.push(format!("relayed from: {} sat/vB", output.paint(Paint::Strong, relay)));
    }
    match record.histogram.as_deref() {
        Some([]) => lines.push("the mempool is empty".into()),
        Some(bins) => {
            lines.push("waiting in the mempool:".into());
            lines.extend(bins.iter().map(|bin| format!("{:>12} vB from {} sat/vB on", bin.vsize, bin.rate)));
        }
        None => {}
    }
    for (name, error) in &record.errors {
        lines.push(output.paint(Paint::Fair, format!("{name}: unknown: {}", printable(&error.message))));
    }
    lines
}

#[derive(Serialize)]
struct FeaturesRecord<'a> {
    genesis_hash: String,
    server_version: &'a str,
    protocol_min: &'a str,
    protocol_max: &'a str,
    pruning: Option<u64>,
    hash_function: Option<&'a str>,
    hosts: &'a [electrum_smol::proto::types::ServerHost],
    /// What else it says, as it says it.
    more: BTreeMap<&'a str, &'a RawValue>,
}

/// Prints what a server says of itself.
pub(crate) async fn features(args: ServerArgs, output: &Output) -> Outcome {
    with_server(&args.server, &args.reach, VersionRange::ALL, output, async |asked: Asked<'_>| {
        let features = asked.ask("features", Once(Features)).await?;
        if output.json {
            let more = features.more.iter().filter_map(|(key, text)| Some((&**key, serde_json::from_str(text).ok()?)));
            output.object(&FeaturesRecord {
                genesis_hash: features.genesis_hash.to_string(),
                server_version: &features.server_version,
                protocol_min: &features.protocol_min,
                protocol_max: &features.protocol_max,
                pruning: features.pruning,
                hash_function: features.hash_function.as_deref(),
                hosts: &features.hosts,
                more: more.collect(),
            })?;
        } else {
            output.line(&feature_lines(&features).join("\n"))?;
        }
        Ok(Verdict::Success)
    })
    .await
}

fn feature_lines(features: &ServerFeatures) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |name: &str, value: &str| lines.push(format!("{:<15} {}", printable(name), printable(value)));
    add("software", &features.server_version);
    add("protocols", &format!("{} to {}", features.protocol_min, features.protocol_max));
    add("genesis hash", &features.genesis_hash.to_string());
    let pruning = features.pruning.map_or_else(|| "no".to_owned(), |kept| format!("all but {kept} blocks"));
    add("pruning", &pruning);
    if let Some(function) = &features.hash_function {
        add("hash function", function);
    }
    for host in &features.hosts {
        let ports =
            [("tcp", host.tcp_port), ("ssl", host.ssl_port), ("ws", host.ws_port), ("wss", host.wss_port)].into_iter();
        let ports = ports.filter_map(|(kind, port)| Some(format!(", {kind} {}", port?)));
        add("host", &format!("{}{}", host.host, ports.collect::<String>()));
    }
    for (key, text) in &features.more {
        add(key, text);
    }
    lines
}

#[derive(Serialize)]
struct PeersRecord<'a> {
    peers: Vec<PeerRecord<'a>>,
}

#[derive(Serialize)]
struct PeerRecord<'a> {
    host: &'a str,
    address: &'a str,
    version: Option<&'a str>,
    tcp_port: Option<u16>,
    ssl_port: Option<u16>,
    pruning: Option<u64>,
}

/// Prints the servers that a server knows.
pub(crate) async fn peers(args: ServerArgs, output: &Output) -> Outcome {
    with_server(&args.server, &args.reach, VersionRange::ALL, output, async |asked: Asked<'_>| {
        let peers = asked.ask("peers", Peers).await?;
        if output.json {
            let peers = peers.iter().map(|peer| PeerRecord {
                host: &peer.host,
                address: &peer.address,
                version: peer.version(),
                tcp_port: peer.tcp_port(),
                ssl_port: peer.ssl_port(),
                pruning: peer.pruning(),
            });
            output.object(&PeersRecord { peers: peers.collect() })?;
        } else if peers.is_empty() {
            output.line("it knows no other servers")?;
        } else {
            output.line(&peers.iter().map(peer_line).collect::<Vec<_>>().join("\n"))?;
        }
        Ok(Verdict::Success)
    })
    .await
}

/// A peer by the addresses under which the other commands take it.
fn peer_line(peer: &Peer) -> String {
    let url = |scheme: &str, port: Option<u16>| port.map(|port| format!("{scheme}://{}:{port}", peer.host));
    let mut words: Vec<_> = [url("ssl", peer.ssl_port()), url("tcp", peer.tcp_port())].into_iter().flatten().collect();
    if words.is_empty() {
        words.push(peer.host.clone());
    }
    if peer.address != peer.host {
        words.push(format!("({})", peer.address));
    }
    words.extend(peer.version().map(|version| format!("protocol {version}")));
    printable(&words.join("  ")).into_owned()
}
