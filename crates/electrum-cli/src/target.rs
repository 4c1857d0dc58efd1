//! What people write for a script.

use std::str::FromStr;

use bitcoin::Address;
use bitcoin::address::NetworkUnchecked;
use electrum_smol::proto::Script;
use electrum_smol::proto::types::ScriptRef;

/// A script, as an address, in digits, or by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// As it was written.
    pub(crate) written: String,
    /// What it stands for.
    pub(crate) script: ScriptRef,
}

const WANTED: &str = "neither an address, nor a script in hexadecimal digits, nor a scripthash";

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let script = if let Some(digits) = text.strip_prefix("scripthash:") {
            ScriptRef::Hash(digits.parse().map_err(|error| format!("{error}"))?)
        } else if let Some(digits) = text.strip_prefix("script:") {
            script_in_digits(digits)?.into()
        } else if let Ok(hash) = text.parse() {
            // A script of 32 bytes is nothing that anybody uses.
            ScriptRef::Hash(hash)
        } else {
            script(text)?.into()
        };
        Ok(Self { written: text.to_owned(), script })
    }
}

/// The script that digits or an address stand for.
pub(crate) fn script(text: &str) -> Result<Script, String> {
    if text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return script_in_digits(text);
    }
    let address: Address<NetworkUnchecked> = text.parse().map_err(|_| no_address(text))?;
    // The script is the same on every network.
    Ok(Script::new(address.assume_checked().script_pubkey().into_bytes()))
}

/// Why a text is no address.
fn no_address(text: &str) -> String {
    /// How addresses in base 58 are long.
    const BASE58: std::ops::RangeInclusive<usize> = 26..=35;
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.to_ascii_lowercase().starts_with(prefix));
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if begins(&["xpub", "ypub", "zpub", "tpub", "upub", "vpub"]) {
        "an extended key stands for many addresses: name those that are meant".into()
    } else if is_plain && (begins(&["bc1", "tb1", "bcrt1"]) || BASE58.contains(&text.len())) {
        "the address is mistyped: its checksum does not fit".into()
    } else {
        WANTED.into()
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
    fn addresses_of_every_kind_and_network() {
        // From BIP 173, BIP 350, and the first block's reward.
        for (address, script) in [
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac"),
            ("mpXwg4jMtRhuSpVq4xS3HFHmCmWp9NyGKt", "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac"),
            ("3P14159f73E4gFr7JterCCQh9QjiTjiZrG", "a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87"),
            ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
            ("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
            ("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
            (
                "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
                "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
            ),
            (
                "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
                "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
            ),
            (
                "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c",
                "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
            ),
        ] {
            assert_eq!(read(address), Ok(Script::from_hex(script).unwrap().into()), "{address}");
        }
    }

    #[test]
    fn digits_are_a_script_or_a_hash() {
        let hash = "ab".repeat(32);
        let script = |digits: &str| Ok(Script::from_hex(digits).unwrap().into());
        assert_eq!(read("0014ab"), script("0014ab"));
        assert_eq!(read("script:6A"), script("6a"));
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
            (
                "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8",
                "extended key",
            ),
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "mistyped"),
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "mistyped"),
            // Version 0 with the checksum of later ones, and the other way round (BIP 350).
            ("bc1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", "mistyped"),
            ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", "mistyped"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
