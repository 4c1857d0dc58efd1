//! `features`: what a server says of itself.

use std::collections::BTreeMap;

use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::Features;
use electrum_smol::proto::types::ServerFeatures;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::output::Output;
use crate::query::{Once, Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Verdict};
use crate::text::printable;

/// Print what a server says of itself
#[derive(Debug, clap::Args)]
pub(crate) struct FeaturesArgs {
    #[command(flatten)]
    pub(crate) options: ServerOptions,
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
pub(crate) async fn run(args: FeaturesArgs, output: &Output) -> Outcome {
    with_server(&args.options, VersionRange::ALL, output, async |query: Query<'_>| {
        let features = query.ask("features", Once(Features)).await?;
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
