//! A small model of a server.

use std::collections::BTreeSet;

use electrum_proto::types::{OutPointStatus, TxHeight};
use electrum_proto::{Config, ProtocolVersion, Topic, Update};
use serde_json::Value;

use super::generate::{GENESIS, TOPICS, TXID, range, script, topic};
use super::messages::{self, Layout};
use super::trace::Trace;

/// The number of changes of each thing that can be subscribed, the same for all servers.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain {
    changes: [u32; TOPICS],
}

/// The properties of a server, which do not depend on its connections.
#[derive(Clone, Debug)]
pub(super) struct Server {
    min: ProtocolVersion,
    max: ProtocolVersion,
    refusal: Refusal,
    is_other_chain: bool,
    features: Features,
    pub(super) layout: Layout,
}

/// How a server refuses a range in which it has no version.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    Error,
    Close,
    Lenient,
}

/// What a server does when it is asked for its features. Not all have them.
#[derive(Clone, Copy, Debug)]
enum Features {
    Answer,
    Refuse,
    Ignore,
    Close,
}

/// A server's side of one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    pub(super) version: Option<ProtocolVersion>,
    /// The subscribed things, by their number.
    pub(super) subscribed: BTreeSet<usize>,
    /// The things for which the client may not know whether they are subscribed.
    pub(super) loose: BTreeSet<usize>,
    partial: Vec<u8>,
}

/// A request as the server reads it.
#[derive(Clone, Debug)]
pub(super) struct ServerRequest {
    pub(super) id: u64,
    pub(super) method: String,
    params: Vec<Value>,
}

/// The reaction of a server to a request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Result(String),
    Error(String, String),
    Nothing,
    Close,
}

/// Returns the number of the thing that a topic is about: a script and its hash are one thing.
pub(super) fn thing(topic_index: usize) -> usize {
    if topic_index == 5 { 4 } else { topic_index }
}

impl Chain {
    pub(super) fn change(&mut self, thing: usize) {
        self.changes[thing] += 1;
    }

    /// Returns the value of a thing, as the answer to a subscription.
    fn value(&self, thing: usize) -> String {
        let count = self.changes[thing];
        match thing {
            1 => messages::tip(count, 0),
            2 => format!("[{count}]"),
            6 => messages::output(count),
            _ => messages::status(count),
        }
    }

    /// Returns the method and the parameters of a notification.
    pub(super) fn notification(&self, thing: usize, version: ProtocolVersion) -> (&'static str, String) {
        let (count, value) = (self.changes[thing], self.value(thing));
        match thing {
            1 => ("blockchain.headers.subscribe", format!("[{value}]")),
            2 => ("raw.changes", format!("[\"a\",{count}]")),
            6 => ("blockchain.outpoint.subscribe", format!("[\"{TXID}\",0,{value}]")),
            _ if version >= ProtocolVersion::V1_7 => {
                ("blockchain.scriptpubkey.subscribe", messages::script_notification(thing as u8, false, &value))
            }
            _ => ("blockchain.scripthash.subscribe", messages::script_notification(thing as u8, false, &value)),
        }
    }

    /// Whether an update has the present value.
    pub(super) fn matches(&self, thing: usize, update: &Update) -> bool {
        let count = self.changes[thing];
        match update {
            Update::Script(status) => {
                status.map_or_else(|| "null".into(), |status| format!("\"{status}\"")) == messages::status(count)
            }
            Update::Headers(tip) => tip.height == count,
            Update::OutPoint(status) => {
                let height = status.spender.map(|spender| spender.height);
                let funder = status.funder_height;
                match count {
                    0 => *status == OutPointStatus { funder_height: None, spender: None },
                    1 => funder == Some(TxHeight::Unconfirmed) && height.is_none(),
                    _ => funder == TxHeight::from_wire(i64::from(count) - 2) && height.is_some(),
                }
            }
            Update::RawResult(text) => **text == *format!("[{count}]"),
            Update::RawNotification(text) => **text == *format!("[\"a\",{count}]"),
        }
    }
}

impl Server {
    pub(super) fn draw(trace: &mut Trace) -> Self {
        let mut versions = electrum_proto::VersionRange::default();
        if trace.chance(300) {
            versions = range(trace);
        }
        Self {
            min: versions.min(),
            max: versions.max(),
            refusal: trace.pick(&[Refusal::Error, Refusal::Close, Refusal::Lenient]),
            is_other_chain: trace.chance(100),
            features: trace.pick(&[Features::Answer, Features::Refuse, Features::Ignore, Features::Close]),
            layout: Layout::draw(trace),
        }
    }

    /// Whether a client with this configuration can become ready with this server.
    pub(super) fn suits(&self, config: &Config) -> bool {
        // A single version that is offered after the range is within the range.
        let offers = if config.offers.is_empty() { vec![config.versions.into()] } else { config.offers.clone() };
        let agrees = offers.iter().map(|offer| offer.range()).any(|range| {
            self.settle(range.min(), range.max()).is_some_and(|version| config.versions.contains(version))
        });
        let chain_fits = config.genesis_hash.is_none() || !self.is_other_chain;
        // No client offers 1.0, and every later version has a method that shows the chain.
        agrees && chain_fits
    }

    /// Returns the latest version that both have.
    fn settle(&self, min: ProtocolVersion, max: ProtocolVersion) -> Option<ProtocolVersion> {
        let version = max.min(self.max);
        (version >= min.max(self.min)).then_some(version)
    }

    /// Carries out a request, and returns the answer.
    pub(super) fn answer(&self, session: &mut Session, question: &ServerRequest, chain: &Chain) -> Answer {
        let Some(version) = session.version else { return self.negotiate(session, question) };
        let thing = thing_named(&question.method, &question.params, version);
        match (question.method.as_str(), thing) {
            ("server.features", _) => match self.features {
                Features::Answer => {
                    let genesis = if self.is_other_chain { messages::other_genesis() } else { GENESIS.into() };
                    Answer::Result(messages::features(&genesis))
                }
                Features::Refuse => unknown_method(),
                Features::Ignore => Answer::Nothing,
                Features::Close => Answer::Close,
            },
            ("blockchain.block.header" | "blockchain.block.get_header", _) => {
                Answer::Result(messages::first_header(self.is_other_chain, version))
            }
            ("server.ping", _) => Answer::Result("null".into()),
            (method, Some(thing)) if method.ends_with(".unsubscribe") => {
                session.loose.remove(&thing);
                Answer::Result(session.subscribed.remove(&thing).to_string())
            }
            (_, Some(thing)) => {
                session.subscribed.insert(thing);
                Answer::Result(chain.value(thing))
            }
            (method, None) if method.contains("scribe") => unknown_method(),
            _ => Answer::Result(format!("\"for {}\"", question.id)),
        }
    }

    fn negotiate(&self, session: &mut Session, question: &ServerRequest) -> Answer {
        let bound = |at: usize| {
            let offered = question.params.get(1);
            let text = offered.and_then(|offer| offer.get(at).or(offered)).and_then(Value::as_str);
            text.and_then(|text| text.parse::<ProtocolVersion>().ok())
        };
        let (Some(min), Some(max)) = (bound(0), bound(1)) else { return Answer::Close };
        let version = match (self.settle(min, max), self.refusal) {
            (Some(version), _) => version,
            (None, Refusal::Lenient) => self.max,
            (None, Refusal::Close) => return Answer::Close,
            (None, Refusal::Error) => {
                let error = r#"{"code":1,"message":"unsupported protocol version"}"#;
                return Answer::Error(error.into(), "unsupported protocol version".into());
            }
        };
        session.version = Some(version);
        Answer::Result(format!("[\"Sim 1\",\"{version}\"]"))
    }
}

fn unknown_method() -> Answer {
    let error = r#"{"code":-32602,"message":"what is that?"}"#;
    Answer::Error(error.into(), "what is that?".into())
}

impl Session {
    /// Receives bytes, and returns the requests that are complete.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<ServerRequest> {
        self.partial.extend_from_slice(bytes);
        let Some(end) = self.partial.iter().rposition(|b| *b == b'\n') else { return Vec::new() };
        let lines: Vec<u8> = self.partial.drain(..=end).collect();
        lines
            .split(|b| *b == b'\n')
            .filter_map(|line| {
                let mut value: Value = serde_json::from_slice(line).ok()?;
                let Value::Array(params) = value["params"].take() else { return None };
                Some(ServerRequest { id: value["id"].as_u64()?, method: value["method"].as_str()?.into(), params })
            })
            .collect()
    }

    /// Notes that a request is not answered correctly, so that the state of its thing is no longer known to the client.
    pub(super) fn neglect(&mut self, question: &ServerRequest) {
        if let Some(thing) = self.version.and_then(|version| thing_named(&question.method, &question.params, version)) {
            self.loose.insert(thing);
        }
    }
}

/// Returns the thing that a subscription or an end of one with this method and these parameters is about.
fn thing_named(method: &str, params: &[Value], version: ProtocolVersion) -> Option<usize> {
    let first = params.first().and_then(Value::as_str);
    match method {
        "blockchain.headers.subscribe" => Some(1),
        "raw.changes" => Some(2),
        "blockchain.outpoint.subscribe" | "blockchain.outpoint.unsubscribe" => (first == Some(TXID)).then_some(6),
        "blockchain.scripthash.subscribe" | "blockchain.scripthash.unsubscribe" if version < ProtocolVersion::V1_7 => {
            [0, 3, 4].into_iter().find(|index| first == Some(&script(*index as u8).scripthash().to_string()))
        }
        "blockchain.scriptpubkey.subscribe" | "blockchain.scriptpubkey.unsubscribe" => {
            [0, 3, 4].into_iter().find(|index| first == Some(&script(*index as u8).to_hex()))
        }
        _ => None,
    }
}

/// Returns the number of the thing that a topic of the simulation is about.
pub(super) fn thing_of(wanted: &Topic) -> Option<usize> {
    (0..TOPICS).find(|index| topic(*index) == *wanted).map(thing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::VERSIONS;

    #[test]
    fn the_latest_version_of_both_is_settled_on() {
        let version = |text: &str| text.parse::<ProtocolVersion>().unwrap();
        let server = Server {
            min: version("1.4"),
            max: version("1.6"),
            refusal: Refusal::Error,
            is_other_chain: false,
            features: Features::Answer,
            layout: Layout::default(),
        };
        assert_eq!(server.settle(version("1.1"), version("1.7")), Some(version("1.6")));
        assert_eq!(server.settle(version("1.1"), version("1.4.2")), Some(version("1.4.2")));
        assert_eq!(server.settle(version("1.7"), version("1.7")), None);
        assert_eq!(server.settle(version("1.1"), version("1.3")), None);
        assert!(VERSIONS.iter().all(|text| version(text) >= version("1.1")));
    }
}
