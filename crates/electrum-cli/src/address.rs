//! Parses addresses into their scripts and networks, and formats them.

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Bech32m, Hrp};

use electrum_smol::proto::types::Network;

/// A parsed address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The output script that it pays to.
    pub(crate) script: Vec<u8>,
    /// The networks on which it is an address.
    pub(crate) networks: &'static [Network],
}

/// Why a text is not an address of a Bitcoin network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AddressError {
    /// It looks like an address, but its checksum is wrong.
    Mistyped,
    /// It is an address of another coin, with its name if it is known.
    OtherCoin(Option<&'static str>),
    /// It is an extended key, which has many addresses.
    ExtendedKey,
    /// It is a private key.
    PrivateKey,
    /// It does not look like an address.
    NoAddress,
}

pub(crate) const MAINNET: &[Network] = &[Network::Bitcoin];
/// The test networks that share an address format.
const TESTNETS: &[Network] = &[Network::Testnet3, Network::Testnet4, Network::Signet];
/// The networks that share the base 58 format of testnet.
pub(crate) const TESTNETS_AND_REGTEST: &[Network] =
    &[Network::Testnet3, Network::Testnet4, Network::Signet, Network::Regtest];
const REGTEST: &[Network] = &[Network::Regtest];

/// The lengths of addresses in base 58.
const BASE58_LENGTH: std::ops::RangeInclusive<usize> = 25..=36;
/// The prefixes of segwit addresses, with their networks.
const PREFIXES: [(&str, &[Network]); 3] = [("bc", MAINNET), ("tb", TESTNETS), ("bcrt", REGTEST)];
const OTHER_PREFIXES: [(&str, &str); 13] = [
    ("ltc", "Litecoin"),
    ("tltc", "Litecoin"),
    ("nc", "Namecoin"),
    ("vtc", "Vertcoin"),
    ("mona", "Monacoin"),
    ("dgb", "DigiByte"),
    ("grs", "Groestlcoin"),
    ("ex", LIQUID),
    ("lq", LIQUID),
    ("tlq", LIQUID),
    ("lnbc", "Lightning"),
    ("bitcoincash", "Bitcoin Cash"),
    ("sp", "silent payments"),
];

/// Liquid, whose confidential addresses have another checksum, which is not checked here.
const LIQUID: &str = "Liquid";
/// The schemes of URIs of Bitcoin and of other coins and networks.
const SCHEMES: [(&str, &str); 8] = [
    ("bitcoincash", "Bitcoin Cash"),
    ("bchtest", "Bitcoin Cash"),
    ("litecoin", "Litecoin"),
    ("dogecoin", "Dogecoin"),
    ("namecoin", "Namecoin"),
    ("liquidnetwork", LIQUID),
    ("lightning", "Lightning"),
    (BITCOIN, "Bitcoin"),
];
const BITCOIN: &str = "bitcoin";

/// Whether a text begins like a URI with an address.
pub(crate) fn is_uri(text: &str) -> bool {
    scheme(text).is_some()
}

/// Returns the scheme of a URI with an address, in lower case, and the name of its coin.
fn scheme(text: &str) -> Option<(&'static str, &'static str)> {
    let (found, _) = text.split_once(':')?;
    SCHEMES.into_iter().find(|(scheme, _)| found.eq_ignore_ascii_case(scheme))
}

/// Whether a text looks like a private key, valid or not: an extended key, or the wallet import format.
fn is_private_key(text: &str) -> bool {
    const WIF: [&str; 5] = ["5", "K", "L", "9", "c"];

    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_extended = text.get(1..4).is_some_and(|kind| kind == "prv") && text.len() > 100;
    let is_wif = (51..=52).contains(&text.len()) && WIF.iter().any(|first| text.starts_with(first));
    is_plain && (is_extended || is_wif)
}

/// Whether a text is a private key, or a descriptor with one.
pub(crate) fn holds_private_key(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let is_secret = |word: &str| word.get(1..4) == Some("prv") || is_private_key(word);
    is_private_key(text) || (text.contains('(') && words.any(is_secret))
}

/// Parses an address or a `bitcoin:` URI.
pub(crate) fn parse(text: &str) -> Result<Address, AddressError> {
    let text = without_uri(text);
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let lower = text.to_ascii_lowercase();
    if ["xpub", "ypub", "zpub", "tpub", "upub", "vpub"].iter().any(|prefix| lower.starts_with(prefix)) {
        return Err(AddressError::ExtendedKey);
    }
    if let Some((_, coin)) = scheme(text) {
        return Err(AddressError::OtherCoin(Some(coin)));
    }
    if !is_plain {
        return Err(AddressError::NoAddress);
    }
    if is_private_key(text) {
        return Err(AddressError::PrivateKey);
    }
    if let Ok((hrp, version, program)) = bech32::segwit::decode(text) {
        return segwit(hrp, version.to_u8(), &program);
    }
    if let Ok(payload) = base58ck::decode_check(text) {
        return base58(&payload);
    }
    // A valid checksum without a segwit address in it: another kind of bech32 text.
    let (as_bech32, as_bech32m) = (CheckedHrpstring::new::<Bech32>(text), CheckedHrpstring::new::<Bech32m>(text));
    if let Ok(other) = as_bech32.or(as_bech32m) {
        let hrp = other.hrp().to_lowercase();
        let is_ours = PREFIXES.iter().any(|(prefix, _)| *prefix == hrp);
        return Err(if is_ours { AddressError::Mistyped } else { AddressError::OtherCoin(other_coin(&hrp)) });
    }
    let begins = |prefix: &str| lower.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('1'));
    if begins("lq") || begins("tlq") {
        return Err(AddressError::OtherCoin(Some(LIQUID)));
    }
    let has_prefix = PREFIXES.iter().any(|(prefix, _)| begins(prefix));
    let is_other = OTHER_PREFIXES.iter().any(|(prefix, _)| begins(prefix));
    let mistyped = has_prefix || is_other || BASE58_LENGTH.contains(&text.len());
    Err(if mistyped { AddressError::Mistyped } else { AddressError::NoAddress })
}

/// Returns the address in a `bitcoin:` URI (BIP 21), or the text itself.
fn without_uri(text: &str) -> &str {
    let Some((BITCOIN, _)) = scheme(text) else { return text };
    let rest = &text[BITCOIN.len() + 1..];
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    rest.split(['?', '#']).next().unwrap_or(rest)
}

fn segwit(hrp: Hrp, version: u8, program: &[u8]) -> Result<Address, AddressError> {
    let hrp = hrp.to_lowercase();
    let Some((_, networks)) = PREFIXES.iter().find(|(prefix, _)| *prefix == hrp) else {
        return Err(AddressError::OtherCoin(other_coin(&hrp)));
    };
    // OP_0, or OP_1 to OP_16; then the program, whose length is at most 40.
    let opcode = if version == 0 { 0 } else { 0x50 + version };
    let length = u8::try_from(program.len()).map_err(|_| AddressError::Mistyped)?;
    Ok(Address { script: [&[opcode, length], program].concat(), networks })
}

fn base58(payload: &[u8]) -> Result<Address, AddressError> {
    let [version, hash @ ..] = payload else { return Err(AddressError::Mistyped) };
    if hash.len() != 20 {
        return Err(AddressError::OtherCoin(None));
    }
    let key = || [&[0x76, 0xa9, 20], hash, &[0x88, 0xac]].concat();
    let script = || [&[0xa9, 20], hash, &[0x87]].concat();
    let coin = match version {
        0 => return Ok(Address { script: key(), networks: MAINNET }),
        5 => return Ok(Address { script: script(), networks: MAINNET }),
        111 => return Ok(Address { script: key(), networks: TESTNETS_AND_REGTEST }),
        196 => return Ok(Address { script: script(), networks: TESTNETS_AND_REGTEST }),
        48 | 50 => Some("Litecoin or Monacoin"),
        30 | 22 => Some("Dogecoin"),
        52 | 13 => Some("Namecoin"),
        57 | 39 => Some("Liquid"),
        76 | 16 => Some("Dash"),
        60 => Some("Komodo"),
        _ => None,
    };
    Err(AddressError::OtherCoin(coin))
}

fn other_coin(prefix: &str) -> Option<&'static str> {
    OTHER_PREFIXES.iter().find(|(known, _)| *known == prefix).map(|(_, coin)| *coin)
}

/// Returns the address of an output script on a network, if it has one.
pub(crate) fn of_script(script: &[u8], network: Network) -> Option<String> {
    let is_main = network == Network::Bitcoin;
    let check = |version: u8, hash: &[u8]| Some(base58ck::encode_check(&[&[version], hash].concat()));
    match script {
        [0x76, 0xa9, 20, hash @ .., 0x88, 0xac] if hash.len() == 20 => check(if is_main { 0 } else { 111 }, hash),
        [0xa9, 20, hash @ .., 0x87] if hash.len() == 20 => check(if is_main { 5 } else { 196 }, hash),
        [opcode @ (0 | 0x51..=0x60), length, program @ ..]
            if program.len() == usize::from(*length) && (2..=40).contains(length) =>
        {
            let version = bech32::Fe32::try_from(opcode.saturating_sub(0x50)).ok()?;
            let prefix = match network {
                Network::Bitcoin => "bc",
                Network::Regtest => "bcrt",
                _ => "tb",
            };
            bech32::segwit::encode(Hrp::parse(prefix).ok()?, version, program).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use electrum_smol::proto::Script;

    /// From BIP 173, BIP 350, and the first block's reward: address, script, network.
    const ADDRESSES: [(&str, &str, &[Network]); 9] = [
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac", MAINNET),
        (
            "mpXwg4jMtRhuSpVq4xS3HFHmCmWp9NyGKt",
            "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac",
            TESTNETS_AND_REGTEST,
        ),
        ("3P14159f73E4gFr7JterCCQh9QjiTjiZrG", "a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87", MAINNET),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "0014751e76e8199196d454941c45d1b3a323f1433bd6", MAINNET),
        ("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "0014751e76e8199196d454941c45d1b3a323f1433bd6", TESTNETS),
        ("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", "0014751e76e8199196d454941c45d1b3a323f1433bd6", REGTEST),
        (
            "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
            "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
            TESTNETS,
        ),
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
            MAINNET,
        ),
        (
            "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c",
            "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
            TESTNETS,
        ),
    ];

    #[test]
    fn addresses_of_every_kind_and_network() {
        for (address, script, networks) in ADDRESSES {
            let script = Script::from_hex(script).unwrap().as_bytes().to_vec();
            let expected = Ok(Address { script, networks });
            assert_eq!(parse(address), expected, "{address}");
            assert_eq!(parse(&format!("bitcoin:{address}?amount=0.1&label=x")), expected, "{address}");
            assert_eq!(parse(&format!("bitcoin://{address}")), expected, "{address}");
            let network = networks[0];
            assert_eq!(of_script(&parse(address).unwrap().script, network).as_deref(), Some(address));
        }
        let upper = "BITCOIN:BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4";
        assert_eq!(parse(upper), parse("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"));
        assert_eq!(of_script(&[0x6a, 1, 2], Network::Bitcoin), None);
    }

    #[test]
    fn addresses_of_other_coins_are_not_called_mistyped() {
        for (address, coin) in [
            ("LVuDpNCSSj6pQ7t9Pv6d6sUkLKoqDEVUnJ", Some("Litecoin or Monacoin")),
            ("MJaRnao1s62a2zAKSkmG582KbLKianqb7v", Some("Litecoin or Monacoin")),
            ("DFpN6QqFfUm3gKNaxN6tNcab1FArL9cZLE", Some("Dogecoin")),
            ("N7FdkoPbHSxKfrSVVbRu3NZtrLqc1oKpAR", Some("Namecoin")),
            ("Q7wegLt2qMGhm28vch6VTzvpzs8KXvs4X7", Some("Liquid")),
            ("ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", Some("Litecoin")),
            ("litecoin:LVuDpNCSSj6pQ7t9Pv6d6sUkLKoqDEVUnJ?amount=1", Some("Litecoin")),
            ("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", Some("Bitcoin Cash")),
            // An address that hides amounts, from the documentation of Elements.
            (
                "lq1qqf8er278e6nyvuwtgf39e6ewvdcnjupn9a86rzpx655y5lhkt0walu3djf9cklkxd3ryld97hu8h3xepw7sh2rlu7q45dcew5",
                Some("Liquid"),
            ),
        ] {
            assert_eq!(parse(address), Err(AddressError::OtherCoin(coin)), "{address}");
        }
    }

    #[test]
    fn private_keys_are_found_in_descriptors_too() {
        let key = "xprv9uPDJpEQgRQfDcW7BkF7eTya6RPxXeJCqCJGHuCJ4GiRVLzkTXBAJMu2qaMWPrS7AANYqdq6vcBcBUdJCVVFceUvJFjaPdGZ2y9WACViL4L";
        let wif = "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn";
        for text in [format!("pkh({key}/0)"), format!("wpkh({wif})"), format!("sh(wpkh([d34db33f/49h]{key}/*))")] {
            assert!(holds_private_key(&text), "{text}");
        }
        let public = "xpub6CatWdiZiodmUeTDp8LT5or8nmbKNcuyvz7WyksVFkKB4RHwCD3XyuvPEbvqAQY3rAPshWcMLoP2fMFMKHPJ4ZeZXYVUhLv1VMrjPC7PW6V";
        assert!(!holds_private_key(&format!("wpkh({public}/0/*)")));
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        for (text, error) in [
            ("", AddressError::NoAddress),
            ("no-address", AddressError::NoAddress),
            ("address", AddressError::NoAddress),
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", AddressError::Mistyped),
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", AddressError::Mistyped),
            // Version 0 with the checksum of later ones, and the other way round (BIP 350).
            ("bc1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", AddressError::Mistyped),
            ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", AddressError::Mistyped),
            (
                "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8",
                AddressError::ExtendedKey,
            ),
            (
                "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
                AddressError::PrivateKey,
            ),
            ("KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn", AddressError::PrivateKey),
            // Mistyped it is as secret.
            ("KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWm", AddressError::PrivateKey),
            ("5HpHagT65TZzG1PH3CSu63k8DbpvD8s5ip4nEB3kEsreAnchuDf", AddressError::PrivateKey),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
