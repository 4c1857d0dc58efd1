//! The tip of the chain as each version tells it.

use alloc::borrow::Cow;
use serde::Deserialize;

use super::topic::Tip;
use crate::json::{DecodeError, RawJson};
use crate::types::{BlockHash, MerkleNode, RawHeader};

/// What `blockchain.headers.subscribe` gives: raw from 1.2 on if asked so, taken apart before.
#[derive(Deserialize)]
#[serde(untagged)]
enum Wire<'a> {
    Raw {
        height: u32,
        #[serde(borrow)]
        hex: Cow<'a, str>,
    },
    TakenApart {
        block_height: u32,
        version: i64,
        prev_block_hash: Option<Cow<'a, str>>,
        merkle_root: Cow<'a, str>,
        timestamp: u32,
        bits: u32,
        nonce: u32,
    },
}

pub(super) fn decode_tip(result: RawJson<'_>) -> Result<Tip, DecodeError> {
    match result.decode()? {
        Wire::Raw { height, hex } => {
            let header = RawHeader::from_hex(&hex).map_err(|error| DecodeError::new("hex", error))?;
            Ok(Tip { height, header })
        }
        Wire::TakenApart { block_height, version, prev_block_hash, merkle_root, timestamp, bits, nonce } => {
            // The first block has no predecessor; servers write null or zeros.
            let previous = match prev_block_hash {
                None => BlockHash::from_digest([0; 32]),
                Some(hash) => hash.parse().map_err(|error| DecodeError::new("prev_block_hash", error))?,
            };
            let root: MerkleNode = merkle_root.parse().map_err(|error| DecodeError::new("merkle_root", error))?;
            // Versions are signed in headers; some servers write them unsigned.
            let version = i32::try_from(version)
                .map(i32::to_le_bytes)
                .or_else(|_| u32::try_from(version).map(u32::to_le_bytes))
                .map_err(|_| DecodeError::new("version", "more than 32 bits"))?;
            let mut bytes = [0; 80];
            bytes[..4].copy_from_slice(&version);
            bytes[4..36].copy_from_slice(&previous.to_digest());
            bytes[36..68].copy_from_slice(&root.to_digest());
            bytes[68..72].copy_from_slice(&timestamp.to_le_bytes());
            bytes[72..76].copy_from_slice(&bits.to_le_bytes());
            bytes[76..].copy_from_slice(&nonce.to_le_bytes());
            Ok(Tip { height: block_height, header: RawHeader::from_bytes(bytes) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    /// The first block of regtest, which is the same on every machine.
    const GENESIS: &str = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000";

    #[test]
    fn both_forms_give_the_same_header() {
        let raw = format!(r#"{{"hex":"{GENESIS}","height":0}}"#);
        let apart = r#"{"version":1,"prev_block_hash":null,"timestamp":1296688602,"bits":545259519,"nonce":2,"block_height":0,
            "merkle_root":"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"}"#;
        let raw = decode_tip(RawJson::new(&raw)).unwrap();
        assert_eq!(raw, decode_tip(RawJson::new(apart)).unwrap());
        assert_eq!(
            BlockHash::hash(raw.header.as_bytes()),
            "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206".parse().unwrap()
        );
    }

    #[test]
    fn a_header_of_another_length_is_refused() {
        for hex in ["", "00", &GENESIS[2..], &format!("{GENESIS}00")] {
            let raw = format!(r#"{{"hex":"{hex}","height":0}}"#);
            assert_eq!(decode_tip(RawJson::new(&raw)).unwrap_err().place(), "hex");
        }
    }
}
