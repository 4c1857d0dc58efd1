//! Hexadecimal digits to bytes and back, with vector instructions where the machine has them.

use alloc::string::String;
use alloc::vec::Vec;

/// Why a text is not hexadecimal, or not of the expected length.
///
/// # Example
/// ```
/// use electrum_proto::json::hex::{self, HexError};
///
/// assert_eq!(hex::decode(b"00fF"), Ok(vec![0, 255]));
/// assert_eq!(hex::decode(b"00f"), Err(HexError::Odd));
/// assert_eq!(hex::decode(b"00fg"), Err(HexError::Digit));
/// let error = hex::decode_exact(b"00ff", &mut [0; 32]).expect_err("it is too short");
/// assert_eq!(error.to_string(), "4 hexadecimal digits instead of 64");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HexError {
    /// An odd number of digits.
    Odd,
    /// Another number of digits than expected.
    Length {
        /// How many digits there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// Something that is no hexadecimal digit.
    Digit,
}

error_texts!(HexError {
    Self::Odd => "an odd number of hexadecimal digits";
    Self::Length { found, expected } => "{found} hexadecimal digits instead of {expected}";
    Self::Digit => "not hexadecimal digits";
});

/// Decodes hexadecimal digits of either case.
///
/// # Errors
/// [`HexError`] if their number is odd, or one is no digit.
pub fn decode(digits: &[u8]) -> Result<Vec<u8>, HexError> {
    if digits.len() % 2 != 0 {
        return Err(HexError::Odd);
    }
    // The library would take a leading 0x.
    if digits.starts_with(b"0x") {
        return Err(HexError::Digit);
    }
    const_hex::decode(digits).map_err(|_| HexError::Digit)
}

/// Decodes hexadecimal digits of either case into `bytes`.
///
/// # Errors
/// [`HexError`] unless there are exactly twice as many digits as bytes, and nothing else.
pub fn decode_exact(digits: &[u8], bytes: &mut [u8]) -> Result<(), HexError> {
    if digits.len() != bytes.len() * 2 || digits.starts_with(b"0x") {
        return Err(HexError::Length { found: digits.len(), expected: bytes.len() * 2 });
    }
    const_hex::decode_to_slice(digits, bytes).map_err(|_| HexError::Digit)
}

/// Encodes `bytes` as lower-case hexadecimal digits.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    const_hex::encode(bytes)
}

/// Encodes `bytes` as lower-case digits into a buffer of exactly twice their length.
pub(crate) fn encode_exact<'a>(bytes: &[u8], digits: &'a mut [u8]) -> &'a str {
    const_hex::encode_to_str(bytes, digits).map_or("", |text| &*text)
}

/// Appends `bytes` to `out` as lower-case digits.
pub(crate) fn encode_into(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len() * 2, 0);
    // The room is exact, so this cannot fail.
    let _ = const_hex::encode_to_slice(bytes, &mut out[start..]);
}
