//! Methods of 1.0 to 1.3 that later versions removed and no other operation covers.
//!
//! With a script, none of the address methods is needed: [`Balance`](super::Balance) and the others work from 1.1 on.

use alloc::string::String;
use alloc::vec::Vec;

pub use super::address::{AddressBalance, AddressHistory, AddressMempool, AddressSubscribe, AddressUnspent};
use super::header::{split_headers, unlinked};
use super::methods::{BLOCK_GET_CHUNK, BLOCK_GET_HEADER, NUMBLOCKS_SUBSCRIBE, UTXO_GET_ADDRESS};
use super::outpoint::outpoint_params;
use crate::json::{DecodeError, Params, RawJson, Reader, read};
use crate::proof::check_links;
use crate::request::{Method, Request};
use crate::types::{OutPoint, RawHeader, Tip};
use crate::version::ProtocolVersion;

/// Asks for the header of one block, field by field. [`Header`](super::Header) uses the same method before 1.3.
///
/// - Parameters: the block's height.
/// - Result: [`Tip`], the header made of its fields, and the height that the server gives for it.
/// - Versions: before 1.4.
/// - Errors: a height above the tip (code 1).
/// - Protocol documentation: `blockchain.block.get_header`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::legacy::GetHeader;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = GetHeader { height: 5 };
/// assert_eq!(request.to_json(ProtocolVersion::V1_2)?, r#"{"method":"blockchain.block.get_header","params":[5]}"#);
/// let zeros = "00".repeat(32);
/// let result = format!(
///     r#"{{"block_height":5,"version":1,"prev_block_hash":"{zeros}","merkle_root":"{zeros}",
///     "timestamp":1231006505,"bits":486604799,"nonce":7}}"#
/// );
/// let tip = request.decode(ProtocolVersion::V1_2, RawJson::new(&result))?;
/// assert_eq!((tip.height, tip.header.nonce()), (5, 7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.block.get_header")]
#[doc(alias = "block_get_header")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetHeader {
    /// The block's height.
    pub height: u32,
}

/// Asks for the 2016 headers between two changes of the difficulty.
///
/// - Parameters: the number of the run of 2016 headers, counted from 0.
/// - Result: the headers, fewer than 2016 at the end of the chain. Headers that do not link are refused.
/// - Versions: before 1.4. From 1.2 on there is [`Headers`](super::Headers).
/// - Errors: a number that the server does not accept (code 1).
/// - Protocol documentation: `blockchain.block.get_chunk`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::legacy::GetChunk;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = GetChunk { index: 0 };
/// assert_eq!(request.to_json(ProtocolVersion::V1_2)?, r#"{"method":"blockchain.block.get_chunk","params":[0]}"#);
/// let result = format!("\"{}\"", "00".repeat(80));
/// assert_eq!(request.decode(ProtocolVersion::V1_2, RawJson::new(&result))?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.block.get_chunk")]
#[doc(alias = "block_get_chunk")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetChunk {
    /// Which run of 2016 headers, counted from 0.
    pub index: u32,
}

/// Asks which address an output pays to.
///
/// - Parameters: the output.
/// - Result: the address as text; nothing if there is none.
/// - Versions: 1.0 only, which lies outside of what a client negotiates.
/// - Errors: an output that does not exist.
/// - Protocol documentation: `blockchain.utxo.get_address`, removed in 1.1.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::legacy::UtxoGetAddress;
/// use electrum_proto::types::OutPoint;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let outpoint: OutPoint = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b:0".parse()?;
/// let request = UtxoGetAddress { outpoint };
/// assert_eq!(
///     request.to_json(ProtocolVersion::V1_0)?,
///     r#"{"method":"blockchain.utxo.get_address","params":["4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",0]}"#
/// );
/// assert_eq!(request.decode(ProtocolVersion::V1_0, RawJson::NULL)?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.utxo.get_address")]
#[doc(alias = "utxo_get_address")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UtxoGetAddress {
    /// The output.
    pub outpoint: OutPoint,
}

/// Subscribes to the number of blocks.
///
/// - Result: the height of the last block.
/// - Versions: 1.0 only, which lies outside of what a client negotiates.
/// - Errors: none of its own.
/// - Protocol documentation: `blockchain.numblocks.subscribe`, removed in 1.1.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::legacy::NumblocksSubscribe;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = NumblocksSubscribe;
/// assert_eq!(request.to_json(ProtocolVersion::V1_0)?, r#"{"method":"blockchain.numblocks.subscribe","params":[]}"#);
/// assert_eq!(request.decode(ProtocolVersion::V1_0, RawJson::new("153"))?, 153);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.numblocks.subscribe")]
#[doc(alias = "numblocks_subscribe")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumblocksSubscribe;

/// How many headers lie between two changes of the difficulty.
const CHUNK: usize = 2016;

impl Request for GetHeader {
    const NAME: &'static str = "header field by field";
    const METHODS: &'static [Method] = &[BLOCK_GET_HEADER];
    type Response = Tip;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.integer(self.height);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Tip, DecodeError> {
        read(result, Tip::read)
    }
}

impl Request for GetChunk {
    const NAME: &'static str = "chunk of headers";
    const METHODS: &'static [Method] = &[BLOCK_GET_CHUNK];
    type Response = Vec<RawHeader>;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.integer(self.index);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
        let headers = read(result, |reader| split_headers(&reader.hex_digits()?))?;
        if headers.len() > CHUNK {
            return Err(DecodeError::new("", format_args!("{} headers in a chunk of {CHUNK}", headers.len())));
        }
        check_links(None, &headers).map_err(|error| unlinked(&error))?;
        Ok(headers)
    }
}

impl Request for UtxoGetAddress {
    const NAME: &'static str = "address of an output";
    const METHODS: &'static [Method] = &[UTXO_GET_ADDRESS];
    type Response = Option<String>;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        outpoint_params(self.outpoint, params);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
        read(result, |reader| if reader.null()? { Ok(None) } else { reader.string().map(|a| Some(a.into_owned())) })
    }
}

impl Request for NumblocksSubscribe {
    const NAME: &'static str = "subscription to the number of blocks";
    const METHODS: &'static [Method] = &[NUMBLOCKS_SUBSCRIBE];
    type Response = u32;

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<u32, DecodeError> {
        read(result, Reader::u32)
    }
}
