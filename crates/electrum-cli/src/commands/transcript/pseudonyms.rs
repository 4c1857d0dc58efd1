//! Replaces scripts, scripthashes and addresses in a transcript, since they say whose wallet it is.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use electrum_smol::proto::types::{Network, RawTransaction, ScriptHash};
use electrum_smol::proto::{Authorization, Script};
use serde_json::Value;

use super::secrets::Secrets;
use crate::address;
use crate::transaction::Transaction;

/// One network for each format of addresses.
const NETWORKS: [Network; 3] = [Network::Bitcoin, Network::Testnet3, Network::Regtest];
/// The minimum length of addresses and of scripts in use.
const SHORTEST_WORD: usize = 24;
/// The minimum number of digits of a transaction.
const SHORTEST_TRANSACTION: usize = 120;

/// The replacements of scripts, the same all through a transcript and different in each transcript.
#[derive(Debug)]
pub(super) struct Pseudonyms {
    salt: [u64; 4],
    /// The replacement of each word: of scripts and hashes in lower case, and of addresses.
    replaced: HashMap<String, String>,
    secrets: Secrets,
}

impl Pseudonyms {
    /// Makes an empty set of replacements, with a secret that is known before it occurs in a request.
    pub(super) fn new(authorization: Option<&Authorization>) -> Self {
        let mut secrets = Secrets::default();
        if let Some(authorization) = authorization {
            secrets.learn(authorization.expose());
        }
        // Each is seeded by the system's random numbers.
        let salt = [0; 4].map(|_: u64| RandomState::new().hash_one(0));
        Self { salt, replaced: HashMap::new(), secrets }
    }

    /// Replaces known scripts in a line, and leaves out secrets.
    pub(super) fn replace(&mut self, line: &str) -> String {
        if let Ok(message) = serde_json::from_str(line) {
            self.learn(&message);
        }
        let left = self.secrets.leave_out(line);
        let mut replaced = String::with_capacity(left.len());
        let mut rest = &left[..];
        while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
            replaced.push_str(&rest[..start]);
            rest = &rest[start..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            // The digits of a short script may also be a number.
            let is_quoted = replaced.ends_with('"') && behind.starts_with('"');
            if is_quoted || word.len() >= SHORTEST_WORD {
                self.push_word(word, &mut replaced);
            } else {
                replaced.push_str(word);
            }
            rest = behind;
        }
        replaced + rest
    }

    /// Appends a word, or its replacement.
    fn push_word(&self, word: &str, replaced: &mut String) {
        let known = self.replaced.get(word).or_else(|| self.replaced.get(&word.to_ascii_lowercase()));
        match known {
            Some(pseudonym) => replaced.push_str(pseudonym),
            None if word.len() >= SHORTEST_TRANSACTION => replaced.push_str(&self.transaction(word)),
            None => replaced.push_str(word),
        }
    }

    /// Replaces the known scripts in the digits of a transaction. It then has another id.
    fn transaction(&self, digits: &str) -> String {
        let mut shown = digits.to_ascii_lowercase();
        let Ok(Ok(transaction)) = RawTransaction::from_hex(&shown).map(|raw| Transaction::read(&raw)) else {
            return digits.to_owned();
        };
        for output in transaction.outputs {
            let script = Script::new(output.script).to_hex();
            let Some(pseudonym) = self.replaced.get(&script) else { continue };
            let written = |script: &str| -> String {
                let value: String = output.value.to_le_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
                // Scripts that clients ask for are so short that their length takes one byte.
                format!("{value}{:02x}{script}", script.len() / 2)
            };
            shown = shown.replace(&written(&script), &written(pseudonym));
        }
        shown
    }

    /// Finds the scripts that a message names by its method.
    fn learn(&mut self, message: &Value) {
        if let Value::Array(messages) = message {
            messages.iter().for_each(|message| self.learn(message));
            return;
        }
        let method = message["method"].as_str().unwrap_or_default();
        let named: Vec<&str> = match &message["params"] {
            Value::Array(params) => params.iter().filter_map(Value::as_str).collect(),
            Value::Object(params) => params.values().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if method.contains("scripthash") || method.contains("scriptpubkey") {
            // From 1.7 on notifications name the hash of a subscribed script; the status is another hash.
            if let Some(first) = named.first() {
                match (first.parse::<ScriptHash>(), Script::from_hex(first)) {
                    (Ok(hash), _) => self.add(hash, None),
                    (_, Ok(script)) => self.add_script(&script),
                    _ => {}
                }
            }
        } else if method.contains("outpoint") {
            // Not the transaction's id.
            let scripts = named.iter().filter(|text| text.parse::<ScriptHash>().is_err());
            scripts.filter_map(|text| Script::from_hex(text).ok()).for_each(|script| self.add_script(&script));
        } else if method.contains("address") {
            let addresses = named.iter().filter_map(|text| address::parse(text).ok());
            addresses.for_each(|address| self.add_script(&Script::new(address.script)));
        }
    }

    fn add_script(&mut self, script: &Script) {
        if !script.as_bytes().is_empty() {
            self.add(script.scripthash(), Some(script));
        }
    }

    fn add(&mut self, hash: ScriptHash, script: Option<&Script>) {
        let salt = self.salt.iter().flat_map(|part| part.to_le_bytes());
        let digest = ScriptHash::of(&salt.chain(*hash.as_display_bytes()).collect::<Vec<_>>());
        // The replacement has an address, and nothing can spend it: the digest is not that of a script.
        let stand_in = Script::new([&[0x00, 0x20], &digest.as_display_bytes()[..]].concat());
        self.replaced.insert(hash.to_string(), stand_in.scripthash().to_string());
        let Some(script) = script else { return };
        self.replaced.insert(script.to_hex(), stand_in.to_hex());
        for network in NETWORKS {
            let addresses = [script, &stand_in].map(|script| address::of_script(script.as_bytes(), network));
            if let [Some(address), Some(stand_in)] = addresses {
                self.replaced.insert(address, stand_in);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "0014751e76e8199196d454941c45d1b3a323f1433bd6";

    #[test]
    fn a_script_and_its_hash_have_stand_ins_that_belong_to_each_other() {
        let script = Script::from_hex(SCRIPT).unwrap();
        let mut pseudonyms = Pseudonyms::new(None);
        let asked =
            format!(r#"{{"method":"blockchain.scriptpubkey.subscribe","params":["{}"],"id":1}}"#, script.to_hex());
        let asked: Value = serde_json::from_str(&pseudonyms.replace(&asked)).unwrap();
        let stand_in = Script::from_hex(asked["params"][0].as_str().unwrap()).unwrap();
        assert_ne!(stand_in, script);
        let notified =
            format!(r#"{{"method":"blockchain.scriptpubkey.subscribe","params":["{}",null]}}"#, script.scripthash());
        let shown: Value = serde_json::from_str(&pseudonyms.replace(&notified)).unwrap();
        assert_eq!(shown["params"][0], stand_in.scripthash().to_string());
        // Another transcript has other replacements.
        assert_ne!(Pseudonyms::new(None).replace(&notified), pseudonyms.replace(&notified));
        assert!(!Pseudonyms::new(None).replace(&notified).contains(&script.scripthash().to_string()));
    }

    #[test]
    fn a_script_of_one_byte_leaves_numbers_and_digits_alone() {
        let mut pseudonyms = Pseudonyms::new(None);
        let asked = r#"{"method":"blockchain.scriptpubkey.get_balance","params":["51"],"id":"a"}"#;
        assert!(!pseudonyms.replace(asked).contains(r#""51""#));
        let answer = r#"{"id":51,"result":{"confirmed":5151,"unconfirmed":-51.5,"hex":"0051ab","words":"at 51"}}"#;
        assert_eq!(pseudonyms.replace(answer), answer);
    }

    #[test]
    fn addresses_and_the_outputs_of_transactions_are_replaced_too() {
        let mut pseudonyms = Pseudonyms::new(None);
        let address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
        let asked = format!(r#"{{"method":"blockchain.address.get_balance","params":["{address}"],"id":1}}"#);
        let shown: Value = serde_json::from_str(&pseudonyms.replace(&asked)).unwrap();
        let stand_in = address::parse(shown["params"][0].as_str().unwrap()).unwrap();
        // Version, one input, one output that pays it, lock time.
        let input = format!("01{}00000000{}ffffffff", "11".repeat(32), "00");
        let transaction = format!("02000000{input}01881300000000000016{SCRIPT}00000000");
        let answer = pseudonyms.replace(&format!(r#"{{"result":"{transaction}"}}"#));
        assert!(!answer.contains(SCRIPT), "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let raw = RawTransaction::from_hex(answer["result"].as_str().unwrap()).unwrap();
        assert_eq!(Transaction::read(&raw).unwrap().outputs[0].script, stand_in.script);
    }
}
