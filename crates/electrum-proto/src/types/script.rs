//! Output scripts.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::ScriptHash;
use crate::json::hex::{self, HexError};

/// An output script, the bytes that a transaction output is locked with.
///
/// A client that has the script can ask any server about it: up to protocol 1.6 the script's hash is sent,
/// from 1.7 on the script itself.
///
/// # Example
/// ```
/// use electrum_proto::types::Script;
///
/// let script = Script::from_hex("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac")?;
/// let scripthash = "8b01df4e368ea28f8dc0423bcf7a4923e3a12d307c875e47a0cfbf90b5c39161";
/// assert_eq!(script.scripthash().to_string(), scripthash);
/// // As text it is its digits.
/// assert_eq!(script.to_string().parse(), Ok(script));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Script(Vec<u8>);

impl Script {
    /// Makes a script of these bytes.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Reads a script from its hexadecimal digits, of either case.
    ///
    /// # Errors
    /// [`HexError`] if they are odd in number or no digits.
    pub fn from_hex(digits: &str) -> Result<Self, HexError> {
        hex::decode(digits.as_bytes()).map(Self)
    }

    /// The bytes of the script.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the hash that names this script up to protocol 1.6, and in notifications of 1.7 too.
    #[must_use]
    pub fn scripthash(&self) -> ScriptHash {
        ScriptHash::of(&self.0)
    }

    /// Returns whether no transaction can spend an output with this script: it begins with `OP_RETURN`, or is longer than
    /// scripts may be. Servers do not index such outputs, so the history of the script says nothing about them.
    #[must_use]
    pub fn is_unspendable(&self) -> bool {
        const OP_RETURN: u8 = 0x6a;
        const LONGEST: usize = 10_000;

        self.0.first() == Some(&OP_RETURN) || self.0.len() > LONGEST
    }

    /// Returns the script in hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(&self.0)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({})", self.to_hex())
    }
}

hex_text!(Script);

/// What names a script towards a server: the script itself, or only its hash.
///
/// The script works with every protocol version. A scripthash alone is enough up to 1.6: from 1.7 on servers want the
/// script, which cannot be computed from its hash.
///
/// # Example
/// ```
/// use electrum_proto::operations::Balance;
/// use electrum_proto::types::{Script, ScriptRef};
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let script = Script::from_hex("51")?;
/// let (whole, only_hash) = (ScriptRef::from(&script), ScriptRef::from(script.scripthash()));
/// assert_eq!((whole.scripthash(), only_hash.script()), (script.scripthash(), None));
/// // The hash alone is of no use where servers want the script.
/// assert!(Balance::new(whole).to_json(ProtocolVersion::V1_7).is_ok());
/// assert!(Balance::new(only_hash).to_json(ProtocolVersion::V1_7).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScriptRef {
    /// The script, good on every version.
    Script(Script),
    /// Only its hash, good up to protocol 1.6.
    Hash(ScriptHash),
}

impl ScriptRef {
    /// The hash that names the script.
    #[must_use]
    pub fn scripthash(&self) -> ScriptHash {
        match self {
            Self::Script(script) => script.scripthash(),
            Self::Hash(hash) => *hash,
        }
    }

    /// The script, if it is known.
    #[must_use]
    pub const fn script(&self) -> Option<&Script> {
        match self {
            Self::Script(script) => Some(script),
            Self::Hash(_) => None,
        }
    }
}

impl From<Script> for ScriptRef {
    fn from(script: Script) -> Self {
        Self::Script(script)
    }
}

impl From<&Script> for ScriptRef {
    fn from(script: &Script) -> Self {
        Self::Script(script.clone())
    }
}

impl From<ScriptHash> for ScriptRef {
    fn from(hash: ScriptHash) -> Self {
        Self::Hash(hash)
    }
}
