//! Addresses: what people write for output scripts.

use crate::hash::Hash256;

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// What the checksum of version 0 leaves, and of later versions.
const BECH32_REST: u32 = 1;
const BECH32M_REST: u32 = 0x2bc8_30a3;

/// The output script of an address of any network, or `None` if it is not an address.
///
/// ```
/// let script = electrum_testkit::address::to_script("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080");
/// assert_eq!(script.unwrap()[..2], [0x00, 0x14]);
/// ```
pub fn to_script(address: &str) -> Option<Vec<u8>> {
    base58_script(address).or_else(|| segwit_script(address))
}

/// The regtest address of an output script, if it has one.
pub fn of_script(script: &[u8]) -> Option<String> {
    match script {
        [0x76, 0xa9, 20, hash @ .., 0x88, 0xac] if hash.len() == 20 => Some(base58(0x6f, hash)),
        [0xa9, 20, hash @ .., 0x87] if hash.len() == 20 => Some(base58(0xc4, hash)),
        [version @ (0 | 0x51..=0x60), length @ 2..=40, program @ ..] if program.len() == usize::from(*length) => {
            Some(segwit("bcrt", version.saturating_sub(0x50), program))
        }
        _ => None,
    }
}

fn base58_script(address: &str) -> Option<Vec<u8>> {
    let mut bytes = [0_u8; 25];
    for letter in address.bytes() {
        let mut carry = BASE58.iter().position(|other| *other == letter)? as u32;
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return None;
        }
    }
    let (payload, checksum) = bytes.split_at(21);
    if Hash256::double(payload).as_bytes()[..4] != *checksum {
        return None;
    }
    match payload[0] {
        0x00 | 0x6f => Some([&[0x76, 0xa9, 20], &payload[1..], &[0x88, 0xac]].concat()),
        0x05 | 0xc4 => Some([&[0xa9, 20], &payload[1..], &[0x87]].concat()),
        _ => None,
    }
}

fn base58(prefix: u8, hash: &[u8]) -> String {
    let mut bytes = [&[prefix], hash].concat();
    let checksum = Hash256::double(&bytes);
    bytes.extend(&checksum.as_bytes()[..4]);
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut letters = Vec::new();
    while bytes.iter().any(|byte| *byte != 0) {
        let mut rest = 0;
        for byte in &mut bytes {
            let value = rest * 256 + u32::from(*byte);
            *byte = (value / 58) as u8;
            rest = value % 58;
        }
        letters.push(BASE58[rest as usize]);
    }
    letters.extend(std::iter::repeat_n(BASE58[0], zeros));
    letters.iter().rev().map(|letter| char::from(*letter)).collect()
}

fn segwit_script(address: &str) -> Option<Vec<u8>> {
    let lower = address.to_ascii_lowercase();
    if lower != address && address.to_ascii_uppercase() != address {
        return None;
    }
    let (prefix, data) = lower.rsplit_once('1')?;
    let values: Vec<u8> = data
        .bytes()
        .map(|letter| BECH32.iter().position(|other| *other == letter).map(|n| n as u8))
        .collect::<Option<_>>()?;
    let (version, rest) = values.split_first()?;
    let packed = rest.get(..rest.len().checked_sub(6)?)?;
    let wanted = if *version == 0 { BECH32_REST } else { BECH32M_REST };
    if *version > 16 || polymod(prefix, &values) != wanted {
        return None;
    }
    let mut program = Vec::new();
    let (mut buffer, mut bits) = (0_u32, 0);
    for value in packed {
        buffer = (buffer << 5 | u32::from(*value)) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            program.push((buffer >> bits) as u8);
        }
    }
    let padding_is_zero = bits < 5 && buffer & ((1 << bits) - 1) == 0;
    let fits = (2..=40).contains(&program.len()) && (*version != 0 || [20, 32].contains(&program.len()));
    let opcode = if *version == 0 { 0 } else { 0x50 + version };
    (padding_is_zero && fits).then(|| [&[opcode, program.len() as u8], &program[..]].concat())
}

fn segwit(prefix: &str, version: u8, program: &[u8]) -> String {
    let mut values = vec![version];
    let (mut buffer, mut bits) = (0_u32, 0);
    for byte in program {
        buffer = (buffer << 8 | u32::from(*byte)) & 0xfff;
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            values.push((buffer >> bits) as u8 & 31);
        }
    }
    if bits > 0 {
        values.push((buffer << (5 - bits)) as u8 & 31);
    }
    let wanted = if version == 0 { BECH32_REST } else { BECH32M_REST };
    let rest = polymod(prefix, &[&values[..], &[0; 6]].concat()) ^ wanted;
    values.extend((0..6).map(|n| (rest >> (5 * (5 - n))) as u8 & 31));
    let letters: String = values.iter().map(|value| char::from(BECH32[usize::from(*value)])).collect();
    format!("{prefix}1{letters}")
}

/// The remainder of the checksum's polynomial over prefix and data.
fn polymod(prefix: &str, values: &[u8]) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    let all = high.chain([0]).chain(low).chain(values.iter().copied());
    all.fold(1, |rest, value| {
        let top = rest >> 25;
        let rest = (rest & 0x1ff_ffff) << 5 ^ u32::from(value);
        let taps = GENERATOR.iter().enumerate().filter(|(n, _)| top >> n & 1 == 1);
        taps.fold(rest, |rest, (_, tap)| rest ^ tap)
    })
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
