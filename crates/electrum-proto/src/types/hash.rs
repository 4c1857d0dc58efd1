//! Hashes of 32 bytes, each with a type of its own.

use core::fmt;
use core::str::FromStr;
use serde_core::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::json::hex;

/// A text that is not 64 hexadecimal digits.
///
/// # Example
/// ```
/// use electrum_proto::types::{HashError, Txid};
///
/// assert_eq!("4a5e1e4b".parse::<Txid>(), Err(HashError));
/// assert_eq!(HashError.to_string(), "not a hash, which has 64 hexadecimal digits");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashError;

error_texts!(HashError {
    Self => "not a hash, which has 64 hexadecimal digits";
});

macro_rules! hash_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Makes a hash of 32 bytes in the order in which the protocol writes them as hex.
            #[must_use]
            pub const fn from_display_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Returns the 32 bytes in the order in which the protocol writes them as hex.
            #[must_use]
            pub const fn as_display_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            pub(crate) fn from_hex(digits: &[u8]) -> Result<Self, HashError> {
                let mut bytes = [0; 32];
                hex::decode_exact(digits, &mut bytes).map_err(|_| HashError)?;
                Ok(Self(bytes))
            }
        }

        impl FromStr for $name {
            type Err = HashError;

            /// Reads 64 hexadecimal digits of either case.
            fn from_str(text: &str) -> Result<Self, HashError> {
                Self::from_hex(text.as_bytes())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut digits = [0; 64];
                f.pad(hex::encode_exact(&self.0, &mut digits))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl Serialize for $name {
            /// Writes the 64 digits.
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut digits = [0; 64];
                serializer.serialize_str(hex::encode_exact(&self.0, &mut digits))
            }
        }
    };
}

macro_rules! double_sha256 {
    ($name:ident) => {
        impl $name {
            /// Makes a hash of the 32 bytes that double SHA-256 gives, which the protocol writes backwards.
            #[must_use]
            pub fn from_digest(mut digest: [u8; 32]) -> Self {
                digest.reverse();
                Self(digest)
            }

            /// Returns the 32 bytes as double SHA-256 gives them, and as transactions and blocks hold them.
            #[must_use]
            pub fn to_digest(self) -> [u8; 32] {
                let mut digest = self.0;
                digest.reverse();
                digest
            }

            /// Computes the double SHA-256 of `data`.
            #[must_use]
            pub fn hash(data: &[u8]) -> Self {
                Self::from_digest(Sha256::digest(Sha256::digest(data)).into())
            }
        }
    };
}

hash_newtype! {
    /// A transaction id.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::types::Txid;
    ///
    /// let txid: Txid = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b".parse()?;
    /// // Protocols write it backwards.
    /// assert_eq!((txid.as_display_bytes()[0], txid.to_digest()[31]), (0x4a, 0x4a));
    /// # Ok::<(), electrum_proto::types::HashError>(())
    /// ```
    Txid
}
hash_newtype! {
    /// The hash of a transaction with its witnesses.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::proof::wtxid;
    /// use electrum_proto::types::{RawTransaction, Wtxid};
    ///
    /// // The smallest transaction that has an input and an output.
    /// let bytes = format!("0100000001{}ffffffff01{}", "00".repeat(37), "00".repeat(13));
    /// let transaction = RawTransaction::from_hex(&bytes)?;
    /// let hash: Wtxid = wtxid(transaction.as_bytes())?;
    /// // Without witnesses it is the same as the id.
    /// assert_eq!(hash.to_string(), transaction.txid()?.to_string());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Wtxid
}
hash_newtype! {
    /// The hash of a block header.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::types::{BlockHash, Network};
    ///
    /// let hash: BlockHash = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f".parse()?;
    /// assert_eq!(Network::Bitcoin.genesis().block_hash(), hash);
    /// // Headers hold it backwards.
    /// assert_eq!(hash.to_digest()[..2], [0x6f, 0xe2]);
    /// # Ok::<(), electrum_proto::types::HashError>(())
    /// ```
    BlockHash
}
hash_newtype! {
    /// An inner node or leaf of a merkle tree: one entry of a merkle branch, or a root.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::types::{MerkleNode, Txid};
    ///
    /// let [left, right] = [0x11, 0x22].map(|byte| MerkleNode::from(Txid::from_digest([byte; 32])));
    /// // The node above two others is the hash of both.
    /// let root = MerkleNode::hash(&[left.to_digest(), right.to_digest()].concat());
    /// assert_eq!(electrum_proto::proof::merkle_root(Txid::from_digest([0x11; 32]), &[right], 0), Ok(root));
    /// ```
    MerkleNode
}
hash_newtype! {
    /// The SHA-256 of an output script, written backwards: the key of the `blockchain.scripthash` methods.
    /// (Protocol documentation, "Script Hashes".)
    ///
    /// # Example
    /// ```
    /// use electrum_proto::types::{Script, ScriptHash};
    ///
    /// let script = Script::from_hex("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac")?;
    /// let hash: ScriptHash = "8b01df4e368ea28f8dc0423bcf7a4923e3a12d307c875e47a0cfbf90b5c39161".parse()?;
    /// assert_eq!(ScriptHash::of(script.as_bytes()), hash);
    /// assert_eq!(script.scripthash(), hash);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ScriptHash
}
hash_newtype! {
    /// The status of a script: the SHA-256 of its history as the server lists it, not reversed.
    /// It says "changed" only against a status of the same server. (Protocol documentation, "Status".)
    ///
    /// # Example
    /// ```
    /// use electrum_proto::proof::script_status;
    /// use electrum_proto::types::{HistoryEntry, ScriptStatus, TxHeight, Txid};
    ///
    /// let txid = Txid::from_display_bytes([0xaa; 32]);
    /// let kept = script_status(&[HistoryEntry { txid, height: TxHeight::Confirmed(5), fee: None }]);
    /// // What the same server reports later: as long as it is the same, nothing needs to be asked for.
    /// let reported = ScriptStatus::of_text(format!("{txid}:5:").as_bytes());
    /// assert_eq!(kept, Some(reported));
    /// ```
    ScriptStatus
}

double_sha256!(Txid);
double_sha256!(Wtxid);
double_sha256!(BlockHash);
double_sha256!(MerkleNode);

impl From<Txid> for MerkleNode {
    /// Returns the leaf that a transaction is in its block's merkle tree.
    fn from(txid: Txid) -> Self {
        Self(txid.0)
    }
}

impl From<BlockHash> for MerkleNode {
    /// Returns the leaf that a block is in the tree over all headers up to a checkpoint.
    fn from(hash: BlockHash) -> Self {
        Self(hash.0)
    }
}

impl ScriptHash {
    /// Computes the scripthash of an output script.
    #[must_use]
    pub fn of(script: &[u8]) -> Self {
        let mut digest: [u8; 32] = Sha256::digest(script).into();
        digest.reverse();
        Self(digest)
    }
}

impl ScriptStatus {
    /// Computes the SHA-256 of a history written as `txid:height:` for each of its entries.
    #[must_use]
    pub fn of_text(history: &[u8]) -> Self {
        Self(Sha256::digest(history).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn scripthash_of_the_documentation() {
        let mut script = [0; 25];
        hex::decode_exact(b"76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac", &mut script).unwrap();
        let expected = "8b01df4e368ea28f8dc0423bcf7a4923e3a12d307c875e47a0cfbf90b5c39161";
        assert_eq!(ScriptHash::of(&script).to_string(), expected);
    }

    #[test]
    fn hex_of_another_length_or_with_other_letters_is_refused() {
        let good = "00000000000000000000000000000000000000000000000000000000000000aF";
        assert_eq!(good.parse::<Txid>().unwrap().to_string(), good.to_lowercase());
        for bad in ["", "00", &good[1..], &good.replace('F', "g"), &(good.to_string() + "0")] {
            assert_eq!(bad.parse::<Txid>(), Err(HashError), "{bad:?}");
        }
    }

    #[test]
    fn digest_order_is_display_order_backwards() {
        let hash = BlockHash::hash(b"");
        assert_eq!(BlockHash::from_digest(hash.to_digest()), hash);
        assert_eq!(hash.to_digest()[0], hash.as_display_bytes()[31]);
    }
}
