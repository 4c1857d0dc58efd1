//! Outputs of transactions, by transaction and index.

use core::fmt;
use core::str::FromStr;

use super::Txid;

/// An output of a transaction.
///
/// # Example
/// ```
/// use electrum_proto::types::{OutPoint, Txid};
///
/// let txid: Txid = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b".parse()?;
/// let outputs = [1, 0].map(|vout| OutPoint::new(txid, vout));
/// // It sorts by transaction, then by output, and can be the key of a map.
/// assert_eq!(outputs.iter().min(), Some(&OutPoint { txid, vout: 0 }));
/// // As text, it is the transaction's id, a colon and the index.
/// assert_eq!(outputs[0].to_string(), format!("{txid}:1"));
/// assert_eq!(format!("{txid}:1").parse(), Ok(outputs[0]));
/// # Ok::<(), electrum_proto::types::HashError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutPoint {
    /// The transaction.
    pub txid: Txid,
    /// Which of its outputs.
    pub vout: u32,
}

/// Why a text does not name an output as `txid:vout`.
///
/// # Example
/// ```
/// use electrum_proto::types::{OutPoint, OutPointError};
///
/// let txid = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";
/// assert_eq!(txid.parse::<OutPoint>(), Err(OutPointError::Colon));
/// assert_eq!("4a5e:0".parse::<OutPoint>(), Err(OutPointError::Txid));
/// let error = format!("{txid}:first").parse::<OutPoint>().expect_err("it is no number");
/// assert_eq!(error, OutPointError::Vout);
/// assert_eq!(error.to_string(), "what follows the colon is not the index of an output");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutPointError {
    /// There is no colon in it.
    Colon,
    /// What stands before the colon is not 64 hexadecimal digits.
    Txid,
    /// What stands after the colon is not a number of 32 bits in decimal digits.
    Vout,
}

error_texts!(OutPointError {
    Self::Colon => "an output is a transaction id, a colon and the output's index, as in <64 digits>:0";
    Self::Txid => "what precedes the colon is not a transaction id, which has 64 hexadecimal digits";
    Self::Vout => "what follows the colon is not the index of an output";
});

impl OutPoint {
    /// Makes the outpoint of the output with the index `vout`, counted from 0, of a transaction.
    #[must_use]
    pub const fn new(txid: Txid, vout: u32) -> Self {
        Self { txid, vout }
    }
}

impl fmt::Display for OutPoint {
    /// Writes `txid:vout`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.txid, self.vout)
    }
}

impl FromStr for OutPoint {
    type Err = OutPointError;

    /// Reads `txid:vout`.
    fn from_str(text: &str) -> Result<Self, OutPointError> {
        let (txid, vout) = text.split_once(':').ok_or(OutPointError::Colon)?;
        let txid = txid.parse().map_err(|_| OutPointError::Txid)?;
        // A number may have a plus sign where it is parsed.
        let is_number = vout.bytes().all(|byte| byte.is_ascii_digit());
        let vout = vout.parse().ok().filter(|_| is_number).ok_or(OutPointError::Vout)?;
        Ok(Self { txid, vout })
    }
}

serialize_fields! {
    OutPoint { txid, vout }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    #[test]
    fn texts_that_name_no_output_say_what_is_wrong() {
        let txid = "ab".repeat(32);
        for vout in [0, 1, u32::MAX] {
            let outpoint = OutPoint::new(Txid::from_display_bytes([0xab; 32]), vout);
            assert_eq!(outpoint.to_string(), format!("{txid}:{vout}"));
            assert_eq!(outpoint.to_string().to_uppercase().parse(), Ok(outpoint));
        }
        for (text, error) in [
            ("", OutPointError::Colon),
            (&txid, OutPointError::Colon),
            (":", OutPointError::Txid),
            (":0", OutPointError::Txid),
            (&format!("{}:0", &txid[1..]), OutPointError::Txid),
            (&format!(" {txid}:0"), OutPointError::Txid),
            (&format!("{txid}:"), OutPointError::Vout),
            (&format!("{txid}:+1"), OutPointError::Vout),
            (&format!("{txid}:-1"), OutPointError::Vout),
            (&format!("{txid}:1 "), OutPointError::Vout),
            (&format!("{txid}:1:1"), OutPointError::Vout),
            (&format!("{txid}:4294967296"), OutPointError::Vout),
        ] {
            assert_eq!(text.parse::<OutPoint>(), Err(error), "{text}");
        }
    }
}
