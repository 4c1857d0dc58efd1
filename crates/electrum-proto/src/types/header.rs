//! Block headers.

use core::fmt;

use crate::json::hex::{self, HexError};

/// A block header, the 80 bytes that a block's hash is made from.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RawHeader([u8; 80]);

impl RawHeader {
    /// A header of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 80]) -> Self {
        Self(bytes)
    }

    /// The 80 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 80] {
        &self.0
    }

    /// From 160 hexadecimal digits.
    ///
    /// # Errors
    /// [`HexError`] for anything else.
    pub fn from_hex(digits: &str) -> Result<Self, HexError> {
        let mut bytes = [0; 80];
        hex::decode_exact(digits.as_bytes(), &mut bytes)?;
        Ok(Self(bytes))
    }
}

impl fmt::Debug for RawHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawHeader({})", hex::encode(&self.0))
    }
}
