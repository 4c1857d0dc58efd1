//! Hashes and hex, as the chain and the protocol write them.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// A 32-byte hash, stored in the order in which it is computed, and shown reversed as usual for Bitcoin.
///
/// # Example
/// ```
/// use electrum_testkit::hash::{Hash256, from_hex};
///
/// let script = from_hex("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac").unwrap();
/// let scripthash = Hash256::of_script(&script);
/// let shown = "8b01df4e368ea28f8dc0423bcf7a4923e3a12d307c875e47a0cfbf90b5c39161";
/// assert_eq!(scripthash.to_string(), shown);
/// assert_eq!(shown.parse(), Ok(scripthash));
/// assert_eq!(scripthash.as_bytes()[31], 0x8b, "shown reversed");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash256([u8; 32]);

/// The id of a transaction.
pub type Txid = Hash256;
/// The hash of a block header.
pub type BlockHash = Hash256;
/// SHA-256 of an output script, shown reversed: what the protocol indexes by up to 1.6.
pub type Scripthash = Hash256;

impl Hash256 {
    /// Makes a hash from its bytes in the order of computation.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes in the order of computation, which is the reverse of the order in which they are shown.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Applies SHA-256 twice, as for transactions and headers.
    pub fn double(data: &[u8]) -> Self {
        Self(sha256(&sha256(data)))
    }

    /// Returns the scripthash of an output script.
    pub fn of_script(script: &[u8]) -> Self {
        Self(sha256(script))
    }
}

impl fmt::Display for Hash256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().rev().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The error of a text that is not 64 hex digits.
///
/// # Example
/// ```
/// use electrum_testkit::hash::{Hash256, NotAHash};
///
/// assert_eq!("8b01".parse::<Hash256>(), Err(NotAHash));
/// assert_eq!(NotAHash.to_string(), "a hash is 64 hex digits");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAHash;

impl fmt::Display for NotAHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hash is 64 hex digits")
    }
}

impl std::error::Error for NotAHash {}

impl FromStr for Hash256 {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let bytes = from_hex(text).ok_or(NotAHash)?;
        let mut bytes: [u8; 32] = bytes.try_into().map_err(|_| NotAHash)?;
        bytes.reverse();
        Ok(Self(bytes))
    }
}

/// Applies SHA-256.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

/// Encodes bytes as lower-case hex.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Decodes an even number of hex digits of either case. Returns `None` for anything else.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() % 2 != 0 {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16);
    digits.chunks_exact(2).map(|pair| Some((value(pair[0])? * 16 + value(pair[1])?) as u8)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripthash_vector_of_the_protocol_documentation() {
        let script = from_hex("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac").unwrap();
        assert_eq!(
            Hash256::of_script(&script).to_string(),
            "8b01df4e368ea28f8dc0423bcf7a4923e3a12d307c875e47a0cfbf90b5c39161"
        );
    }

    #[test]
    fn hashes_are_shown_reversed_and_parse_back() {
        let mut bytes = [0; 32];
        bytes[0] = 1;
        let hash = Hash256::from_bytes(bytes);
        assert!(hash.to_string().ends_with("01"));
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!("01".parse::<Hash256>(), Err(NotAHash));
    }

    #[test]
    fn hex_takes_both_cases_and_nothing_else() {
        assert_eq!(from_hex("00fFa1"), Some(vec![0, 255, 0xa1]));
        assert_eq!(from_hex("abc"), None);
        assert_eq!(from_hex("zz"), None);
        assert_eq!(to_hex(&[0, 255, 0xa1]), "00ffa1");
    }
}
