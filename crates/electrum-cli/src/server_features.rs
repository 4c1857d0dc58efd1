//! The answer to `server.features`, as `features` and `probe` print it.

use std::collections::BTreeMap;

use electrum_smol::CallError;
use electrum_smol::proto::json::{DecodeError, RawJson};
use electrum_smol::proto::operations::Features;
use electrum_smol::proto::types::{BlockHash, Network, ServerFeatures, ServerHost};
use electrum_smol::proto::{Effect, Request};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::connection::Connection;
use crate::raw_call::RawCall;
use crate::text::printable;

/// The members in the order of the protocol's documentation.
const ORDER: [&str; 7] =
    ["genesis_hash", "server_version", "protocol_min", "protocol_max", "pruning", "hash_function", "hosts"];

/// An answer to `server.features`.
#[derive(Debug)]
pub(crate) struct Said {
    /// The answer as JSON.
    text: String,
    pub(crate) features: Result<ServerFeatures, DecodeError>,
}

/// Requests the features of a server, once: some servers close the connection on this request.
pub(crate) async fn ask(connection: &Connection) -> Result<Said, CallError> {
    let call = RawCall { method: "server.features".into(), params: Vec::new(), effect: Effect::Changes };
    let text = connection.client.call(call).await?;
    let features = Features.decode(connection.version, RawJson::new(&text));
    Ok(Said { text, features })
}

/// The features of a server, as JSON.
#[derive(Serialize)]
pub(crate) struct FeaturesRecord<'a> {
    genesis_hash: String,
    server_version: &'a str,
    protocol_min: &'a str,
    protocol_max: &'a str,
    pruning: Option<u64>,
    hash_function: Option<&'a str>,
    hosts: &'a [ServerHost],
    /// All other members, as the server wrote them.
    more: BTreeMap<&'a str, &'a RawValue>,
}

impl<'a> FeaturesRecord<'a> {
    pub(crate) fn new(features: &'a ServerFeatures) -> Self {
        let more = features.more.iter().filter_map(|(key, text)| Some((&**key, serde_json::from_str(text).ok()?)));
        Self {
            genesis_hash: features.genesis_hash.to_string(),
            server_version: &features.server_version,
            protocol_min: &features.protocol_min,
            protocol_max: &features.protocol_max,
            pruning: features.pruning,
            hash_function: features.hash_function.as_deref(),
            hosts: &features.hosts,
            more: more.collect(),
        }
    }
}

/// Formats a value with its name, for people.
pub(crate) fn line(name: &str, value: &str) -> String {
    format!("{name:<15} {value}")
}

impl Said {
    /// Returns the answer for people, a member on each line, also if its form is not that of the protocol.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Ok(Value::Object(mut members)) = serde_json::from_str(&self.text) else { return Vec::new() };
        let mut lines = Vec::new();
        for name in ORDER {
            if let Some(value) = members.remove(name) {
                add(name, &value, &mut lines);
            }
        }
        for (name, value) in &members {
            add(name, value, &mut lines);
        }
        lines
    }
}

fn add(name: &str, value: &Value, lines: &mut Vec<String>) {
    let text = match (name, value) {
        ("genesis_hash", Value::String(hash)) => hash.parse().map_or_else(|_| hash.clone(), chain),
        ("pruning", Value::Null) => "no".to_owned(),
        ("pruning", Value::Number(kept)) => format!("all but the last {kept} blocks"),
        ("hosts", Value::Object(hosts)) => {
            lines.extend(hosts.iter().map(|(host, ports)| line("hosts", &printable(&host_words(host, ports)))));
            return;
        }
        (_, Value::String(text)) => text.clone(),
        _ => value.to_string(),
    };
    lines.push(line(&printable(name), &printable(&text)));
}

/// Formats the hash of a first block, with the name of its network if it is known.
pub(crate) fn chain(genesis: BlockHash) -> String {
    Network::of_genesis(genesis).map_or_else(|| genesis.to_string(), |network| format!("{genesis} ({network})"))
}

fn host_words(host: &str, ports: &Value) -> String {
    let none = Map::new();
    let ports = ports.as_object().unwrap_or(&none);
    let ports = ports.iter().filter(|(_, port)| !port.is_null()).map(|(kind, port)| format!(", {kind} {port}"));
    format!("{}{}", if host.is_empty() { "this one" } else { host }, ports.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_have_the_names_and_the_order_of_the_protocol() {
        let text = r#"{"services": ["tcp://a"], "hosts": {"a.example": {"tcp_port": 50001, "ssl_port": null}, "": {"ws_port": 7}},
            "pruning": null, "genesis_hash": "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", "protocol_min": 1.4}"#;
        let said = Said { text: text.into(), features: Err(DecodeError::new("", "x")) };
        assert_eq!(
            said.lines(),
            [
                "genesis_hash    000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f (mainnet)",
                "protocol_min    1.4",
                "pruning         no",
                "hosts           this one, ws_port 7",
                "hosts           a.example, tcp_port 50001",
                "services        [\"tcp://a\"]",
            ]
        );
    }
}
