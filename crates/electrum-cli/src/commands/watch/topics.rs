//! What `watch` watches, and how its values are named.

use electrum_smol::TopicUpdate;
use electrum_smol::proto::types::{BlockHash, ScriptHash};
use electrum_smol::proto::{Origin, ProtocolVersion, SubscribeError, Tip, Topic, Update, VersionRange};
use serde::Serialize;

use crate::causes::Cause;
use crate::failure::{decode_cause, server_cause};
use crate::target::Target;
use crate::text::printable;
use crate::versions::range;

/// The topics in the order in which they are subscribed, each with its name.
#[derive(Debug)]
pub(crate) struct Topics(Vec<(String, Topic)>);

/// A new value of a topic, as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct UpdateRecord<'a> {
    event: &'static str,
    topic: &'a str,
    #[serde(flatten)]
    value: Value,
    origin: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Value {
    Tip { height: u32, hash: String },
    Status { status: Option<String> },
    Other { value: String },
    Refused { error: String },
}

impl Topics {
    /// Headers, and the scripts that the user named.
    pub(crate) fn new(scripts: &[Target], scripthashes: &[ScriptHash]) -> Self {
        let mut topics = vec![("headers".to_owned(), Topic::Headers)];
        let scripts = scripts.iter().filter_map(|target| target.script.script());
        let scripts = scripts.map(|script| (format!("script:{}", script.to_hex()), Topic::Script(script.clone())));
        let hashes = scripthashes.iter().map(|hash| (format!("scripthash:{hash}"), Topic::ScriptHash(*hash)));
        for (name, topic) in scripts.chain(hashes) {
            // Named twice it is still reported once.
            if topics.iter().all(|(known, _)| *known != name) {
                topics.push((name, topic));
            }
        }
        Self(topics)
    }

    /// The versions to offer: from 1.7 on nothing can be asked of a scripthash without its script.
    pub(crate) fn range(&self) -> VersionRange {
        let default = VersionRange::default();
        let has = |wanted: fn(&Topic) -> bool| self.topics().any(|topic| wanted(&topic));
        let only_hashes =
            has(|topic| matches!(topic, Topic::ScriptHash(_))) && !has(|topic| matches!(topic, Topic::Script(_)));
        if only_hashes { range(default.min(), ProtocolVersion::V1_6) } else { default }
    }

    /// The topics, to be subscribed.
    pub(crate) fn topics(&self) -> impl Iterator<Item = Topic> + '_ {
        self.0.iter().map(|(_, topic)| topic.clone())
    }

    /// What the topics are called.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// A change as JSON, and the name of its topic.
    pub(crate) fn record(&self, change: &TopicUpdate) -> UpdateRecord<'_> {
        let topic = self.0.get(change.topic).map_or("?", |(name, _)| name);
        let value = match &change.value {
            Ok(Update::Headers(Tip { height, header })) => {
                Value::Tip { height: *height, hash: BlockHash::hash(header.as_bytes()).to_string() }
            }
            Ok(Update::Script(status)) => Value::Status { status: status.map(|status| status.to_string()) },
            Ok(Update::OutPoint(status)) => Value::Other { value: serde_json::to_string(status).unwrap_or_default() },
            Ok(Update::RawResult(value) | Update::RawNotification(value)) => Value::Other { value: value.to_string() },
            Err(error) => Value::Refused { error: error.to_string() },
        };
        UpdateRecord { event: "update", topic, value, origin: origin(change.origin) }
    }
}

impl UpdateRecord<'_> {
    /// The name of the topic.
    pub(crate) const fn topic(&self) -> &str {
        self.topic
    }

    /// The same in words.
    pub(crate) fn words(&self) -> String {
        let Self { topic, origin, .. } = self;
        match &self.value {
            Value::Tip { height, hash } => format!("{topic}: height {height}, {hash} ({origin})"),
            Value::Status { status: Some(status) } => format!("{topic}: status {status} ({origin})"),
            Value::Status { status: None } => format!("{topic}: no history ({origin})"),
            Value::Other { value } => format!("{topic}: {} ({origin})", printable(value)),
            Value::Refused { error } => format!("{topic}: {}", printable(error)),
        }
    }
}

/// What can be done about a topic that cannot be subscribed.
pub(crate) fn advice(error: &SubscribeError) -> &'static str {
    match error {
        SubscribeError::Server(error) => server_cause(error.kind()).hint(),
        SubscribeError::NotInVersion(_) => {
            "give the script (--script) instead of its hash, or offer an earlier range (--range 1.4..1.6)"
        }
        SubscribeError::Decode(error) => decode_cause(error.kind()).hint(),
        _ => Cause::TimedOut.hint(),
    }
}

const fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Subscribed => "subscribed",
        Origin::Live => "live",
        Origin::Resumed => "resumed",
    }
}
