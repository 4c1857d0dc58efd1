//! Transactions in their serialized form.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::json::hex::{self, HexError};

/// A transaction as bytes, with its witnesses if it has any.
///
/// # Example
/// ```
/// use electrum_proto::types::RawTransaction;
///
/// let digits = format!("0100000001{}ffffffff01{}", "00".repeat(37), "00".repeat(13));
/// let transaction: RawTransaction = digits.parse()?;
/// assert_eq!((transaction.to_string(), transaction.as_bytes().len()), (digits, 60));
/// println!("{}", transaction.txid()?);
/// // The bytes are not checked before their parts are asked for.
/// assert!(RawTransaction::from_hex("00")?.txid().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RawTransaction(Vec<u8>);

impl RawTransaction {
    /// Makes a transaction of these bytes, which are not checked.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Reads a transaction from its hexadecimal digits, of either case.
    ///
    /// # Errors
    /// [`HexError`] if they are odd in number or no digits.
    pub fn from_hex(digits: &str) -> Result<Self, HexError> {
        hex::decode(digits.as_bytes()).map(Self)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Returns the transaction in hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(&self.0)
    }
}

impl fmt::Debug for RawTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 100;
        let more = if self.0.len() > SHOWN { "…" } else { "" };
        write!(f, "RawTransaction({}{more}, {} bytes)", hex::encode(&self.0[..self.0.len().min(SHOWN)]), self.0.len())
    }
}

hex_text!(RawTransaction);
