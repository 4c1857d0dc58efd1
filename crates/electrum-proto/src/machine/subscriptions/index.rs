//! The index of topics: finds the place of a topic in the table by its name in notifications.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use hashbrown::HashMap;

use super::topic::Key;
use crate::json::{RawJson, read};
use crate::types::ScriptHash;

/// The places of topics. Every notification is looked up here, and most are about scripts, of which there may be many.
/// Scripts are only looked up, never listed, so their order does not matter. They are hashed with a seed that a server
/// does not know.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    scripts: HashMap<ScriptHash, u32>,
    others: BTreeMap<Key, u32>,
    /// The length of the longest parameter that any raw subscription ever had.
    longest_param: usize,
}

impl Index {
    pub(super) fn get(&self, key: &Key) -> Option<u32> {
        match key {
            Key::Script(hash) => self.scripts.get(hash),
            other => self.others.get(other),
        }
        .copied()
    }

    pub(super) fn insert(&mut self, key: Key, place: u32) {
        if let Key::Raw(_, params) = &key {
            self.longest_param = params.iter().map(String::len).fold(self.longest_param, usize::max);
        }
        match key {
            Key::Script(hash) => self.scripts.insert(hash, place),
            other => self.others.insert(other, place),
        };
    }

    pub(super) fn remove(&mut self, key: &Key) {
        match key {
            Key::Script(hash) => self.scripts.remove(hash),
            other => self.others.remove(other),
        };
    }

    /// Returns the raw subscription of this method whose parameters are the beginning of `params`, the longest one if
    /// there are several.
    ///
    /// A notification may have millions of parameters: no more are read than the subscriptions have.
    pub(super) fn raw(&self, method: &str, params: RawJson<'_>) -> Option<u32> {
        let (mut found, mut goes_on) = self.raw_from(method, &[]);
        if found.is_none() && !goes_on {
            return None;
        }
        let mut leading = Vec::new();
        let walked = read(params, |reader| {
            reader.array(|reader, _| {
                let param = reader.skip()?;
                if goes_on {
                    // A parameter that is too long for any subscription is not parsed.
                    let fits = param.len() <= STRETCH * self.longest_param;
                    let Some(param) = fits.then(|| compact(param)).flatten() else {
                        goes_on = false;
                        return Ok(());
                    };
                    leading.push(param);
                    let (place, more) = self.raw_from(method, &leading);
                    (found, goes_on) = (place.or(found), more);
                }
                Ok(())
            })
        });
        walked.ok().and(found)
    }

    /// Returns the subscription with these parameters, and whether there is one with these and more.
    fn raw_from(&self, method: &str, params: &[String]) -> (Option<u32>, bool) {
        let key = Key::Raw(method.into(), params.to_vec());
        let mut from = self.others.range(&key..).peekable();
        let exact = from.next_if(|(other, _)| **other == key).map(|(_, place)| *place);
        let goes_on =
            matches!(from.peek(), Some((Key::Raw(ours, more), _)) if ours == method && more.starts_with(params));
        (exact, goes_on)
    }
}

/// How many times as long as in its shortest form a parameter may be. Escapes make it at most six times as long.
const STRETCH: usize = 8;

/// Returns a parameter in the form of keys, or `None` if no key can contain it.
fn compact(param: &[u8]) -> Option<String> {
    serde_json::from_slice::<serde_json::Value>(param).ok().map(|value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_raw_subscription_with_most_of_the_parameters_is_meant() {
        let mut index = Index::default();
        let keys: [(&str, &[&str]); 5] =
            [("a", &["1"]), ("a", &["1", "2", "3"]), ("b", &[]), ("b", &["{\"x\":1}"]), ("ab", &["1"])];
        for ((method, params), place) in keys.into_iter().zip(0..) {
            index.insert(Key::Raw(method.into(), params.iter().map(|param| (*param).into()).collect()), place);
        }
        let long = alloc::format!("[\"{}\"]", "x".repeat(100_000));
        for (method, params, place) in [
            ("a", "[1]", Some(0)),
            ("a", "[ 1 , 2 ]", Some(0)),
            ("a", "[1,2,3]", Some(1)),
            ("a", "[1,2,3,[4]]", Some(1)),
            ("a", "[1,2,4]", Some(0)),
            ("a", "[]", None),
            ("a", "[2,1]", None),
            ("a", "1", None),
            ("a", "null", None),
            ("a", "[1,]", None),
            ("b", "[]", Some(2)),
            ("b", "[{ \"x\": 1 }, 2]", Some(3)),
            ("b", "[{}]", Some(2)),
            ("b", &long, Some(2)),
            ("c", "[]", None),
        ] {
            assert_eq!(index.raw(method, RawJson::new(params)), place, "{method}{params:.50}");
        }
        index.insert(Key::Raw("b".into(), alloc::vec![long[1..long.len() - 1].into()]), 5);
        assert_eq!(index.raw("b", RawJson::new(&long)), Some(5));
        let escaped = long.replace('x', "\\u0078");
        assert_eq!(index.raw("b", RawJson::new(&escaped)), Some(5));
    }
}
