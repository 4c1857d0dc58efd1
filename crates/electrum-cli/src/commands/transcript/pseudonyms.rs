//! Scripts and scripthashes are replaced in a transcript: it is sent to others, and they say whose money it is about.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use electrum_smol::proto::Script;
use electrum_smol::proto::types::ScriptHash;
use serde_json::Value;

/// What stands for what, the same all through a transcript, and different in every other.
#[derive(Debug)]
pub(super) struct Pseudonyms {
    salt: [u64; 4],
    replaced: BTreeMap<String, String>,
}

impl Pseudonyms {
    pub(super) fn new() -> Self {
        // Each is seeded by the system's random numbers.
        let salt = [0; 4].map(|_: u64| RandomState::new().hash_one(0));
        Self { salt, replaced: BTreeMap::new() }
    }

    /// A line in which what is known of scripts is replaced.
    pub(super) fn replace(&mut self, line: &str) -> String {
        if let Ok(message) = serde_json::from_str(line) {
            self.learn(&message);
        }
        let replaced = self.replaced.iter();
        replaced.fold(line.to_owned(), |line, (original, pseudonym)| line.replace(original, pseudonym))
    }

    /// Finds the scripts that a message names by its method.
    fn learn(&mut self, message: &Value) {
        if let Value::Array(messages) = message {
            messages.iter().for_each(|message| self.learn(message));
            return;
        }
        let method = message["method"].as_str().unwrap_or_default();
        let place = if method.contains("outpoint") { 2 } else { 0 };
        let named = message["params"].get(place).and_then(Value::as_str).unwrap_or_default();
        if method.contains("scripthash") {
            if let Ok(hash) = named.parse::<ScriptHash>() {
                self.add(hash, None);
            }
        } else if method.contains("scriptpubkey") || method.contains("outpoint") {
            // From 1.7 on notifications name the hash although the script was asked for.
            match (named.parse::<ScriptHash>(), Script::from_hex(named)) {
                (Ok(hash), _) => self.add(hash, None),
                (_, Ok(script)) if !script.as_bytes().is_empty() => self.add(script.scripthash(), Some(named)),
                _ => {}
            }
        }
    }

    fn add(&mut self, hash: ScriptHash, script: Option<&str>) {
        let salt = self.salt.iter().flat_map(|part| part.to_le_bytes());
        let digest = ScriptHash::of(&salt.chain(*hash.as_display_bytes()).collect::<Vec<_>>());
        // A script that no transaction can spend: OP_RETURN and the digest.
        let stand_in = Script::new([&[0x6a, 0x20], &digest.as_display_bytes()[..]].concat());
        self.replaced.insert(hash.to_string(), stand_in.scripthash().to_string());
        if let Some(script) = script {
            self.replaced.insert(script.to_owned(), stand_in.to_hex());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_and_its_hash_have_stand_ins_that_belong_to_each_other() {
        let script = Script::from_hex("0014751e76e8199196d454941c45d1b3a323f1433bd6").unwrap();
        let mut pseudonyms = Pseudonyms::new();
        let asked =
            format!(r#"{{"method":"blockchain.scriptpubkey.subscribe","params":["{}"],"id":1}}"#, script.to_hex());
        let asked: Value = serde_json::from_str(&pseudonyms.replace(&asked)).unwrap();
        let stand_in = Script::from_hex(asked["params"][0].as_str().unwrap()).unwrap();
        assert_ne!(stand_in, script);
        let notified =
            format!(r#"{{"method":"blockchain.scriptpubkey.subscribe","params":["{}",null]}}"#, script.scripthash());
        let shown: Value = serde_json::from_str(&pseudonyms.replace(&notified)).unwrap();
        assert_eq!(shown["params"][0], stand_in.scripthash().to_string());
        // Every transcript has others.
        assert_ne!(Pseudonyms::new().replace(&notified), pseudonyms.replace(&notified));
        assert!(!Pseudonyms::new().replace(&notified).contains(&script.scripthash().to_string()));
    }
}
