//! A second reading of what servers send, by serde_json, against which the machine's own is held.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of a JSON object in their order: each key as it is read, unless half a character stands in it, and the
/// value as it is written.
#[derive(Debug)]
pub(crate) struct Members<'a>(Vec<(Option<String>, &'a str)>);

impl<'a> Members<'a> {
    /// The members, if `text` is JSON to the letter, and an object.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The value of a key that stands here once.
    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        self.values(key).next()
    }

    /// Whether the key stands here more than once.
    pub(crate) fn has_twice(&self, key: &str) -> bool {
        self.values(key).count() > 1
    }

    fn values<'s>(&'s self, key: &'s str) -> impl Iterator<Item = &'a str> + 's {
        self.0.iter().filter(move |(found, _)| found.as_deref() == Some(key)).map(|(_, value)| *value)
    }
}

/// Whether `text` is JSON to the letter.
pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The elements of an array as they are written, if `text` is one to the letter.
pub(crate) fn elements(text: &str) -> Option<Vec<&str>> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    Some(elements.into_iter().map(RawValue::get).collect())
}

/// The inside of a string, with its escapes read.
pub(crate) fn string(text: &str) -> Option<String> {
    serde_json::from_str(text).ok()
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    members.push((string(key.get()), value.get()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(All)
    }
}
