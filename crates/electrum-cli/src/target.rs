//! Parses what people write for a script: an address, hexadecimal digits, or a scripthash.

use std::str::FromStr;

use electrum_smol::proto::Script;
use electrum_smol::proto::types::ScriptRef;

use crate::address::{self, AddressError};
use electrum_smol::proto::types::Network;

/// A script or its hash, with the text that the user wrote for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The text that the user wrote.
    pub(crate) written: String,
    /// The script or its hash.
    pub(crate) script: ScriptRef,
    /// For an address or a descriptor, the networks to which it belongs.
    pub(crate) networks: Option<&'static [Network]>,
    /// For a script of a descriptor's range, its index.
    pub(crate) index: Option<u32>,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (script, networks) = if let Some(digits) = text.strip_prefix("scripthash:") {
            (ScriptRef::Hash(digits.parse().map_err(|error| format!("{error}"))?), None)
        } else if let Some(digits) = text.strip_prefix("script:") {
            (script_in_digits(digits)?.into(), None)
        } else if let Ok(hash) = text.parse() {
            // No script in use has 32 bytes.
            (ScriptRef::Hash(hash), None)
        } else if text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            refuse_keys(text)?;
            (script_in_digits(text)?.into(), None)
        } else {
            let address = address::parse(text).map_err(|error| in_words(&error, text))?;
            (Script::new(address.script).into(), Some(address.networks))
        };
        Ok(Self { written: text.to_owned(), script, networks, index: None })
    }
}

/// Whether a text does not look like an address.
pub(crate) fn is_no_address(text: &str) -> bool {
    matches!(address::parse(text), Err(AddressError::NoAddress))
}

/// The error message for a private key, which does not repeat the key.
pub(crate) const PRIVATE_KEY: &str = "a private key was given, which this tool does not take, since it can spend the coins: \
                                      give an address, or an output descriptor with public keys";

/// Refuses digits that are the public key or the hash of an address: as scripts they would hold nothing.
fn refuse_keys(digits: &str) -> Result<(), String> {
    let begins = |starts: &[&str]| starts.iter().any(|start| digits.starts_with(start));
    let what = match digits.len() {
        66 if begins(&["02", "03"]) => "a public key",
        130 if begins(&["04"]) => "a public key",
        40 => "the hash of a key or of a script",
        _ => return Ok(()),
    };
    Err(format!(
        "these digits are {what}, not an output script: give the address or an output descriptor, such as wpkh(KEY), or \
         write script: before them if they are a script after all"
    ))
}

fn in_words(error: &AddressError, text: &str) -> String {
    match error {
        AddressError::ExtendedKey => "an extended key stands for many addresses: name those that are meant".into(),
        AddressError::PrivateKey => PRIVATE_KEY.into(),
        AddressError::Mistyped => "the address is mistyped: its checksum does not fit".into(),
        AddressError::OtherCoin(coin) => {
            let whose = coin.map_or_else(String::new, |coin| format!(" ({coin})"));
            format!(
                "this is an address of another network{whose}; this client checks Bitcoin's rules: give the output \
                 script instead (script:HEX), or see the server's own answer with 'electrum-cli call'"
            )
        }
        AddressError::NoAddress if text.contains('.') => {
            "neither an address, nor a script in hexadecimal digits, nor a scripthash; a server is written \
             tcp://host:port or ssl://host:port, before everything else"
                .into()
        }
        AddressError::NoAddress => "neither an address, nor a script in hexadecimal digits, nor a scripthash".into(),
    }
}

fn script_in_digits(digits: &str) -> Result<Script, String> {
    let script = Script::from_hex(digits).ok().filter(|script| !script.as_bytes().is_empty());
    script.ok_or_else(|| "a script is written in hexadecimal digits, two for each byte".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use electrum_smol::proto::types::ScriptHash;

    fn read(text: &str) -> Result<ScriptRef, String> {
        text.parse().map(|target: Target| target.script)
    }

    #[test]
    fn digits_are_a_script_or_a_hash() {
        let hash = "ab".repeat(32);
        let script = |digits: &str| Ok(Script::from_hex(digits).unwrap().into());
        assert_eq!(read("0014ab"), script("0014ab"));
        assert_eq!(read("script:6A"), script("6a"));
        let key = format!("02{hash}");
        assert_eq!(read(&format!("script:{key}")), script(&key));
        assert_eq!(read(&format!("script:{hash}")), script(&hash));
        let by_hash: Result<ScriptRef, String> = Ok(hash.parse::<ScriptHash>().unwrap().into());
        assert_eq!(read(&hash), by_hash);
        assert_eq!(read(&format!("scripthash:{hash}")), by_hash);
    }

    #[test]
    fn all_else_is_refused_in_words() {
        for (text, words) in [
            ("", "two for each byte"),
            ("abc", "two for each byte"),
            ("script:", "two for each byte"),
            ("script:xy", "two for each byte"),
            ("scripthash:ab", "64 hexadecimal digits"),
            ("address", "neither an address"),
            ("no-address", "neither an address"),
            ("electrum.example.org", "a server is written"),
            (
                "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
                "a public key, not an output script",
            ),
            (&format!("04{}", "ab".repeat(64)), "a public key, not an output script"),
            ("751e76e8199196d454941c45d1b3a323f1433bd6", "the hash of a key"),
            ("KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn", "a private key was given"),
            (
                "tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp",
                "extended key",
            ),
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "mistyped"),
            ("DFpN6QqFfUm3gKNaxN6tNcab1FArL9cZLE", "Dogecoin"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
