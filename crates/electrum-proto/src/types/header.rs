//! Block headers.

use alloc::string::String;
use core::fmt;

use super::{BlockHash, MerkleNode};
use crate::json::hex::{self, HexError};
use crate::json::{Read, Reader, required, wrong};

/// A block header as the 80 bytes that are hashed.
///
/// # Example
/// ```
/// use electrum_proto::types::Network;
///
/// let header = Network::Bitcoin.genesis();
/// assert_eq!((header.version(), header.time(), header.bits()), (1, 1_231_006_505, 0x1d00_ffff));
/// assert_eq!(header.block_hash(), Network::Bitcoin.genesis_hash());
/// // As text it is its 160 digits.
/// assert_eq!(header.to_string().parse(), Ok(header));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RawHeader([u8; 80]);

/// The header of the last block that a server knows, and its height.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::HeadersSubscribe;
/// use electrum_proto::types::Network;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let result = format!(r#"{{"height":0,"hex":"{}"}}"#, Network::Bitcoin.genesis().to_hex());
/// let tip = HeadersSubscribe.decode(ProtocolVersion::V1_4, RawJson::new(&result))?;
/// assert_eq!((tip.height, tip.header.block_hash()), (0, Network::Bitcoin.genesis_hash()));
/// # Ok::<(), electrum_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The height of the block.
    pub height: u32,
    /// Its header.
    pub header: RawHeader,
}

impl RawHeader {
    /// Makes a header of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 80]) -> Self {
        Self(bytes)
    }

    /// Reads a header from 160 hexadecimal digits.
    ///
    /// # Errors
    /// [`HexError`] for anything else.
    pub fn from_hex(digits: &str) -> Result<Self, HexError> {
        let mut bytes = [0; 80];
        hex::decode_exact(digits.as_bytes(), &mut bytes)?;
        Ok(Self(bytes))
    }

    /// Returns the 80 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 80] {
        &self.0
    }

    /// The block's hash, which costs two rounds of SHA-256 each time.
    #[must_use]
    pub fn block_hash(&self) -> BlockHash {
        BlockHash::hash(&self.0)
    }

    /// The block's version, which carries the signals of its miner.
    #[must_use]
    pub const fn version(&self) -> i32 {
        i32::from_le_bytes(self.word(0))
    }

    /// The hash of the block before it.
    #[must_use]
    pub fn prev_hash(&self) -> BlockHash {
        BlockHash::from_digest(self.digest(4))
    }

    /// The root of the merkle tree over the block's transactions.
    #[must_use]
    pub fn merkle_root(&self) -> MerkleNode {
        MerkleNode::from_digest(self.digest(36))
    }

    /// The time that the block claims, in seconds since 1970.
    #[must_use]
    pub const fn time(&self) -> u32 {
        u32::from_le_bytes(self.word(68))
    }

    /// The target that the block's hash must not exceed, in compact form.
    #[must_use]
    pub const fn bits(&self) -> u32 {
        u32::from_le_bytes(self.word(72))
    }

    /// The nonce, which the miner varied to find the hash.
    #[must_use]
    pub const fn nonce(&self) -> u32 {
        u32::from_le_bytes(self.word(76))
    }

    /// Returns the header in hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(&self.0)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Read<Self> {
        reader.header().map(Self)
    }

    const fn word(&self, at: usize) -> [u8; 4] {
        [self.0[at], self.0[at + 1], self.0[at + 2], self.0[at + 3]]
    }

    fn digest(&self, at: usize) -> [u8; 32] {
        let mut digest = [0; 32];
        digest.copy_from_slice(&self.0[at..at + 32]);
        digest
    }
}

impl Tip {
    /// Reads `{hex, height}`, or the fields of a header one by one as protocols before 1.4 have them.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let (mut height, mut header) = (None, None);
        let mut fields = Fields::default();
        reader.object(|reader, key| {
            match key {
                b"hex" => header = Some(RawHeader::read(reader)?),
                b"height" | b"block_height" => height = Some(reader.u32()?),
                _ => fields.read(reader, key)?,
            }
            Ok(())
        })?;
        let header = match header {
            Some(header) => header,
            None if fields.any() => fields.header()?,
            None => required(header, "hex")?,
        };
        Ok(Self { height: required(height, "height")?, header })
    }
}

/// The fields of a header that came one by one.
#[derive(Default)]
struct Fields {
    version: Option<i64>,
    prev_hash: Option<BlockHash>,
    merkle_root: Option<MerkleNode>,
    time: Option<u32>,
    bits: Option<u32>,
    nonce: Option<u32>,
}

impl Fields {
    fn read(&mut self, reader: &mut Reader<'_>, key: &[u8]) -> Read<()> {
        match key {
            b"version" => self.version = Some(reader.integer()?),
            // The first block has no predecessor: servers write null or zeros.
            b"prev_block_hash" if reader.null()? => self.prev_hash = Some(BlockHash::from_display_bytes([0; 32])),
            b"prev_block_hash" => self.prev_hash = Some(BlockHash::from_display_bytes(reader.hash()?)),
            b"merkle_root" => self.merkle_root = Some(MerkleNode::from_display_bytes(reader.hash()?)),
            b"timestamp" => self.time = Some(reader.u32()?),
            b"bits" => self.bits = Some(reader.u32()?),
            b"nonce" => self.nonce = Some(reader.u32()?),
            _ => drop(reader.skip()?),
        }
        Ok(())
    }

    const fn any(&self) -> bool {
        self.version.is_some() || self.prev_hash.is_some() || self.merkle_root.is_some()
    }

    fn header(&self) -> Read<RawHeader> {
        let version = required(self.version, "version")?;
        // Servers write the four bytes as a signed or as an unsigned number.
        let version = match (i32::try_from(version), u32::try_from(version)) {
            (Ok(version), _) => version.to_le_bytes(),
            (_, Ok(version)) => version.to_le_bytes(),
            _ => return Err(wrong(format_args!("{version} is out of range")).within("version")),
        };
        let mut bytes = [0; 80];
        bytes[..4].copy_from_slice(&version);
        bytes[4..36].copy_from_slice(&required(self.prev_hash, "prev_block_hash")?.to_digest());
        bytes[36..68].copy_from_slice(&required(self.merkle_root, "merkle_root")?.to_digest());
        bytes[68..72].copy_from_slice(&required(self.time, "timestamp")?.to_le_bytes());
        bytes[72..76].copy_from_slice(&required(self.bits, "bits")?.to_le_bytes());
        bytes[76..].copy_from_slice(&required(self.nonce, "nonce")?.to_le_bytes());
        Ok(RawHeader(bytes))
    }
}

impl fmt::Debug for RawHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawHeader({})", self.to_hex())
    }
}

hex_text!(RawHeader);

serialize_fields! {
    Tip { height, header }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{RawJson, read};
    use alloc::format;
    use alloc::string::ToString;

    /// The first block of the main chain.
    const GENESIS: &str = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac7\
        2c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";

    fn tip(json: &str) -> Read<Tip> {
        read(RawJson::new(json), Tip::read)
    }

    #[test]
    fn fields_of_the_first_header() {
        let Tip { height, header } = tip(&format!("{{\"hex\": \"{GENESIS}\", \"height\": 0}}")).unwrap();
        assert_eq!(height, 0);
        assert_eq!(header.block_hash().to_string(), "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f");
        assert_eq!(
            header.merkle_root().to_string(),
            "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"
        );
        assert_eq!((header.version(), header.time(), header.bits()), (1, 1_231_006_505, 0x1d00_ffff));
        assert_eq!((header.nonce(), header.prev_hash().to_digest()), (2_083_236_893, [0; 32]));
        assert_eq!(header.to_hex(), GENESIS);
    }

    #[test]
    fn a_header_in_pieces_is_the_same_header() {
        let pieces = r#"{"version":1,"prev_block_hash":"0000000000000000000000000000000000000000000000000000000000000000",
            "merkle_root":"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",
            "timestamp":1231006505,"bits":486604799,"nonce":2083236893,"block_height":0}"#;
        assert_eq!(tip(pieces).unwrap().header.to_hex(), GENESIS);
        let error = tip(&pieces.replace("\"bits\":486604799,", "")).unwrap_err();
        assert_eq!(error.place(), "bits");
        let error = tip(&pieces.replace("486604799", "4294967296")).unwrap_err();
        assert_eq!((error.place(), error.what()), ("bits", "the number 4294967296 is out of range"));
    }

    #[test]
    fn a_header_of_another_length_is_refused() {
        for hex in [&GENESIS[1..], &GENESIS[2..], "", &format!("{GENESIS}00"), &GENESIS.replace('f', "x")] {
            let error = tip(&format!("{{\"hex\":\"{hex}\",\"height\":0}}")).unwrap_err();
            assert_eq!(error.place(), "hex", "{hex}");
        }
    }
}
