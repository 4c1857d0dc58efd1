//! The topics of `watch`, and how their values are printed.

use std::collections::BTreeSet;

use electrum_smol::TopicUpdate;
use electrum_smol::proto::types::{BlockHash, ScriptRef};
use electrum_smol::proto::{Origin, SubscribeError, Tip, Topic, Update, VersionRange};
use serde::Serialize;

use crate::causes::Cause;
use crate::failure::{decode_cause, server_cause};
use crate::text::printable;
use crate::versions::range;
use crate::written::{Group, latest_version};

/// The topics in the order in which they are subscribed.
#[derive(Debug)]
pub(crate) struct Topics {
    named: Vec<Named>,
    range: VersionRange,
}

#[derive(Debug)]
struct Named {
    name: String,
    /// The topic as the user wrote it, if that is not in the name.
    written: Option<String>,
    topic: Topic,
}

/// A new value of a topic, as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct UpdateRecord<'a> {
    event: &'static str,
    topic: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    script: Option<&'a str>,
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
    /// Makes the topics of headers and of the scripts that the user named.
    pub(crate) fn new(groups: &[Group]) -> Self {
        let mut named = vec![Named { name: "headers".to_owned(), written: None, topic: Topic::Headers }];
        let mut seen = BTreeSet::new();
        for target in groups.iter().flat_map(|group| &group.targets) {
            // A script that is named twice is reported once.
            if seen.insert(target.script.scripthash()) {
                let (name, topic) = match &target.script {
                    ScriptRef::Script(script) => (format!("script:{script}"), Topic::Script(script.clone())),
                    ScriptRef::Hash(hash) => (format!("scripthash:{hash}"), Topic::ScriptHash(*hash)),
                };
                let index = target.index.map_or_else(String::new, |index| format!(", index {index}"));
                let is_said = name.ends_with(&target.written);
                let written = (!is_said).then(|| format!("{}{index}", target.written));
                named.push(Named { name, written, topic });
            }
        }
        let default = VersionRange::default();
        Self { named, range: range(default.min(), latest_version(groups)) }
    }

    /// Returns the versions to offer.
    pub(crate) const fn range(&self) -> VersionRange {
        self.range
    }

    /// Returns the topics to subscribe to.
    pub(crate) fn topics(&self) -> impl Iterator<Item = Topic> + '_ {
        self.named.iter().map(|named| named.topic.clone())
    }

    /// Returns the names of the topics.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(|named| named.written.as_ref().unwrap_or(&named.name).as_str())
    }

    /// Returns an update as JSON, with the name of its topic.
    pub(crate) fn record(&self, change: &TopicUpdate) -> UpdateRecord<'_> {
        let named = self.named.get(change.topic);
        let topic = named.map_or("?", |named| &named.name);
        let script = named.and_then(|named| named.written.as_deref());
        let value = match &change.value {
            Ok(Update::Headers(Tip { height, header })) => {
                Value::Tip { height: *height, hash: BlockHash::hash(header.as_bytes()).to_string() }
            }
            Ok(Update::Script(status)) => Value::Status { status: status.map(|status| status.to_string()) },
            Ok(Update::OutPoint(status)) => Value::Other { value: serde_json::to_string(status).unwrap_or_default() },
            Ok(Update::RawResult(value) | Update::RawNotification(value)) => Value::Other { value: value.to_string() },
            Err(error) => Value::Refused { error: error.to_string() },
        };
        UpdateRecord { event: "update", topic, script, value, origin: origin(change.origin) }
    }
}

impl UpdateRecord<'_> {
    /// Returns the topic as the user named it.
    pub(crate) fn topic(&self) -> &str {
        self.script.unwrap_or(self.topic)
    }

    /// Returns the update as text for people.
    pub(crate) fn words(&self) -> String {
        let (topic, origin) = (self.topic(), self.origin);
        match &self.value {
            Value::Tip { height, hash } => format!("{topic}: height {height}, {hash} ({origin})"),
            Value::Status { status: Some(status) } => format!("{topic}: status {status} ({origin})"),
            Value::Status { status: None } => format!("{topic}: no history ({origin})"),
            Value::Other { value } => format!("{topic}: {} ({origin})", printable(value)),
            Value::Refused { error } => format!("{topic}: {}", printable(error)),
        }
    }
}

/// Returns what to do about a topic that the server refuses.
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
