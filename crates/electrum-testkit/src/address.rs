//! Converts between addresses and output scripts.

use bech32::{Fe32, hrp, segwit};

/// Returns the output script of an address of any network, or `None` if the text is not an address.
///
/// # Example
/// ```
/// let script = electrum_testkit::address::to_script("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080");
/// assert_eq!(script.unwrap()[..2], [0x00, 0x14]);
/// ```
pub fn to_script(address: &str) -> Option<Vec<u8>> {
    if let Ok((_, version, program)) = segwit::decode(address) {
        let opcode = if version == Fe32::Q { 0 } else { 0x50 + version.to_u8() };
        return Some([&[opcode, program.len() as u8], &program[..]].concat());
    }
    let payload = base58ck::decode_check(address).ok()?;
    match payload.split_first()? {
        (0x00 | 0x6f, hash) if hash.len() == 20 => Some([&[0x76, 0xa9, 20], hash, &[0x88, 0xac]].concat()),
        (0x05 | 0xc4, hash) if hash.len() == 20 => Some([&[0xa9, 20], hash, &[0x87]].concat()),
        _ => None,
    }
}

/// Returns the regtest address of an output script, if it has one.
pub fn of_script(script: &[u8]) -> Option<String> {
    let base58 = |prefix: u8, hash: &[u8]| Some(base58ck::encode_check(&[&[prefix], hash].concat()));
    match script {
        [0x76, 0xa9, 20, hash @ .., 0x88, 0xac] if hash.len() == 20 => base58(0x6f, hash),
        [0xa9, 20, hash @ .., 0x87] if hash.len() == 20 => base58(0xc4, hash),
        [version @ (0 | 0x51..=0x60), length, program @ ..] if program.len() == usize::from(*length) => {
            segwit::encode(hrp::BCRT, Fe32::try_from(version.saturating_sub(0x50)).ok()?, program).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{from_hex, to_hex};

    /// From the recordings and from the tests of the address formats' own descriptions.
    const KNOWN: [(&str, &str); 6] = [
        ("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", "76a914243f1394f44554f4ce3fd68649c19adc483ce92488ac"),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac"),
        ("3P14159f73E4gFr7JterCCQh9QjiTjiZrG", "a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87"),
        ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        ),
        ("bcrt1qg4fptetnz3u7x9fp952e9djukmw4ay7r96yuz7", "0014455215e5731479e315212d1592b65cb6dd5e93c3"),
    ];

    #[test]
    fn known_addresses_give_their_scripts() {
        for (address, script) in KNOWN {
            assert_eq!(to_script(address).map(|s| to_hex(&s)).as_deref(), Some(script), "{address}");
        }
    }

    #[test]
    fn scripts_give_addresses_that_give_the_scripts() {
        for (_, script) in KNOWN {
            let script = from_hex(script).unwrap();
            let address = of_script(&script).unwrap();
            assert_eq!(to_script(&address), Some(script), "{address}");
        }
        assert_eq!(of_script(&from_hex(KNOWN[5].1).unwrap()).as_deref(), Some(KNOWN[5].0));
        assert_eq!(of_script(&[0x51]), None);
    }

    #[test]
    fn one_wrong_letter_is_no_address() {
        for bad in [
            "",
            "nonsense",
            "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfm",
            "bcrt1qg4fptetnz3u7x9fp952e9djukmw4ay7r96yuz8",
            "bcrt1Qg4fptetnz3u7x9fp952e9djukmw4ay7r96yuz7",
        ] {
            assert_eq!(to_script(bad), None, "{bad}");
        }
    }
}
