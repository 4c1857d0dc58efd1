//! Block headers, one or many, bare or proven to lie under a checkpoint.

use alloc::format;
use alloc::vec::Vec;

use super::methods::{BLOCK_GET_HEADER, BLOCK_HEADER, BLOCK_HEADERS};
use crate::json::{DecodeError, Params, RawJson, Read, Reader, hex, not_bitcoin, read, required, wrong};
use crate::proof::{ChainError, check_links};
use crate::request::{Method, Request};
use crate::types::{CheckpointProof, HeaderRun, MerkleNode, RawHeader, Tip, read_branch};
use crate::types::{ProvenHeader as Proven, ProvenHeaderRun};
use crate::version::ProtocolVersion;

/// Asks for the header of one block.
///
/// - Parameters: the block's height.
/// - Result: [`RawHeader`].
/// - Versions: all, as `blockchain.block.header` from 1.3. Before that as `blockchain.block.get_header`, which gives the
///   header in pieces; it is put together again.
/// - Errors: a height above the tip (code 1).
/// - Protocol documentation: `blockchain.block.header`, `blockchain.block.get_header`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Header;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = Header { height: 0 };
/// assert_eq!(request.to_json(ProtocolVersion::V1_4)?, r#"{"method":"blockchain.block.header","params":[0]}"#);
/// let result = RawJson::new(
///     "\"0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd\
///      7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c\"",
/// );
/// let header = request.decode(ProtocolVersion::V1_4, result)?;
/// assert_eq!((header.time(), header.bits()), (1_231_006_505, 0x1d00_ffff));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.block.header")]
#[doc(alias = "blockchain.block.get_header")]
#[doc(alias = "block_header")]
#[doc(alias = "block_header_raw")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The block's height.
    pub height: u32,
}

/// Asks for the header of one block and the proof that it is one of those up to a checkpoint.
///
/// - Parameters: the block's height; the checkpoint's height, at least 1 and not below the block's.
/// - Result: [`ProvenHeader`](crate::types::ProvenHeader), whose `verify` checks the proof against a trusted root.
/// - Versions: from 1.4.
/// - Errors: heights above the tip (code 1); some servers know no proofs (code -32602).
/// - Protocol documentation: `blockchain.block.header`, with `cp_height`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::ProvenHeader;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = ProvenHeader { height: 0, checkpoint: 1 };
/// assert_eq!(request.to_json(ProtocolVersion::V1_4)?, r#"{"method":"blockchain.block.header","params":[0,1]}"#);
/// let result = format!(
///     r#"{{"branch":["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],"header":"{}","root":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}"#,
///     "00".repeat(80)
/// );
/// let proven = request.decode(ProtocolVersion::V1_4, RawJson::new(&result))?;
/// // The branch leads to another root than the one that is trusted: nothing is proven.
/// assert!(proven.verify(0, 1, proven.proof.root).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.block.header")]
#[doc(alias = "cp_height")]
#[doc(alias = "block_header")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenHeader {
    /// The block's height.
    pub height: u32,
    /// The checkpoint's height. 0 would ask for no proof.
    pub checkpoint: u32,
}

/// Asks for a run of headers.
///
/// - Parameters: the height of the first; how many.
/// - Result: [`HeaderRun`], shorter than asked for where the chain ends or the server cuts (mostly at 2016).
///   More than asked for, another number than the server claims, and headers that do not link are refused.
/// - Versions: from 1.2, in one piece of hex up to 1.4.x, as a list from 1.6. On 1.1 see
///   [`GetChunk`](super::legacy::GetChunk).
/// - Errors: a server may refuse a start above the tip.
/// - Protocol documentation: `blockchain.block.headers`.
///
/// To see whether headers link, each is hashed, which takes longer than all the rest of decoding. A caller that
/// checks them anyway, with [`check_links`] and the header before them, turns this off with
/// [`without_link_check`](Self::without_link_check).
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Headers;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = Headers::new(0, 2);
/// assert_eq!(request.to_json(ProtocolVersion::V1_6)?, r#"{"method":"blockchain.block.headers","params":[0,2]}"#);
/// // The chain, or what the server gives at once, may be shorter.
/// let header = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd\
///     7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";
/// let result = format!(r#"{{"count":1,"headers":["{header}"],"max":2016}}"#);
/// let run = request.decode(ProtocolVersion::V1_6, RawJson::new(&result))?;
/// assert_eq!((run.headers.len(), run.max), (1, 2016));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.block.headers")]
#[doc(alias = "block_headers")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headers {
    start: u32,
    count: u32,
    linked: bool,
}

/// Asks for a run of headers and the proof that the last one is one of those up to a checkpoint.
///
/// - Parameters: the height of the first; how many; the checkpoint's height, at least 1 and not below that of the last.
/// - Result: [`ProvenHeaderRun`], whose `verify` checks links and proof against a trusted root. Decoding checks what
///   it checks for [`Headers`]. There is no proof if there is no header.
/// - Versions: from 1.4.
/// - Errors: heights above the tip (code 1); some servers know no proofs (code -32602).
/// - Protocol documentation: `blockchain.block.headers`, with `cp_height`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::ProvenHeaders;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = ProvenHeaders { start: 200, count: 5, checkpoint: 300 };
/// assert_eq!(request.to_json(ProtocolVersion::V1_4)?, r#"{"method":"blockchain.block.headers","params":[200,5,300]}"#);
/// // Where there are no headers, there is no proof.
/// let result = RawJson::new(r#"{"count":0,"hex":"","max":2016}"#);
/// let proven = request.decode(ProtocolVersion::V1_4, result)?;
/// assert!(proven.run.headers.is_empty() && proven.proof.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.block.headers")]
#[doc(alias = "cp_height")]
#[doc(alias = "block_headers")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenHeaders {
    /// The height of the first header.
    pub start: u32,
    /// How many headers.
    pub count: u32,
    /// The checkpoint's height. 0 would ask for no proof.
    pub checkpoint: u32,
}

impl Headers {
    /// Makes the request for the `count` headers from height `start` on.
    #[must_use]
    pub const fn new(start: u32, count: u32) -> Self {
        Self { start, count, linked: true }
    }

    /// Returns the request for the same headers, without the check that each names the one before it.
    #[must_use]
    pub const fn without_link_check(self) -> Self {
        Self { linked: false, ..self }
    }
}

impl Request for Header {
    const NAME: &'static str = "header of a block";
    const METHODS: &'static [Method] = &[BLOCK_HEADER, BLOCK_GET_HEADER];
    type Response = RawHeader;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.integer(self.height);
    }

    fn decode(&self, version: ProtocolVersion, result: RawJson<'_>) -> Result<RawHeader, DecodeError> {
        if BLOCK_HEADER.is_in(version) {
            return read(result, RawHeader::read);
        }
        let Tip { height, header } = read(result, Tip::read)?;
        if height != self.height {
            let what = alloc::format!("it is {height}, and {} was asked for", self.height);
            return Err(DecodeError::new("block_height", what));
        }
        Ok(header)
    }
}

impl Request for ProvenHeader {
    const NAME: &'static str = "header with a proof";
    const METHODS: &'static [Method] = &[BLOCK_HEADER.not_before(ProtocolVersion::V1_4)];
    type Response = Proven;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.integer(self.height).integer(self.checkpoint);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Proven, DecodeError> {
        let (mut header, mut proof) = (None, ProofParts::default());
        read(result, |reader| {
            reader.object(|reader, key| match key {
                b"header" => RawHeader::read(reader).map(|found| header = Some(found)),
                key => proof.read(reader, key),
            })
        })?;
        Ok(Proven { header: required(header, "header")?, proof: proof.whole()? })
    }
}

impl Request for Headers {
    const NAME: &'static str = "run of headers";
    const METHODS: &'static [Method] = &[BLOCK_HEADERS];
    type Response = HeaderRun;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.integer(self.start).integer(self.count);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<HeaderRun, DecodeError> {
        let mut run = RunParts::default();
        read(result, |reader| reader.object(|reader, key| run.read(reader, key)))?;
        run.whole(self.count, self.linked)
    }
}

impl Request for ProvenHeaders {
    const NAME: &'static str = "run of headers with a proof";
    const METHODS: &'static [Method] = &[BLOCK_HEADERS.not_before(ProtocolVersion::V1_4)];
    type Response = ProvenHeaderRun;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.integer(self.start).integer(self.count).integer(self.checkpoint);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<ProvenHeaderRun, DecodeError> {
        let (mut run, mut proof) = (RunParts::default(), ProofParts::default());
        read(result, |reader| {
            reader.object(|reader, key| match key {
                b"branch" | b"root" => proof.read(reader, key),
                key => run.read(reader, key),
            })
        })?;
        let run = run.whole(self.count, true)?;
        let proof = if run.headers.is_empty() { None } else { Some(proof.whole()?) };
        Ok(ProvenHeaderRun { run, proof })
    }
}

/// The parts of a checkpoint proof, which come in any order.
#[derive(Default)]
struct ProofParts {
    branch: Option<Vec<MerkleNode>>,
    root: Option<MerkleNode>,
}

impl ProofParts {
    fn read(&mut self, reader: &mut Reader<'_>, key: &[u8]) -> Read<()> {
        match key {
            b"branch" => self.branch = Some(read_branch(reader)?),
            b"root" => self.root = Some(MerkleNode::from_display_bytes(reader.hash()?)),
            _ => drop(reader.skip()?),
        }
        Ok(())
    }

    fn whole(self) -> Read<CheckpointProof> {
        Ok(CheckpointProof { branch: required(self.branch, "branch")?, root: required(self.root, "root")? })
    }
}

/// The parts of a run of headers, which come in any order.
#[derive(Default)]
struct RunParts {
    count: Option<u32>,
    max: Option<u32>,
    headers: Option<Vec<RawHeader>>,
}

impl RunParts {
    /// Reads one member. Both shapes are accepted on every version, since servers differ between 1.4.2 and 1.6.
    fn read(&mut self, reader: &mut Reader<'_>, key: &[u8]) -> Read<()> {
        match key {
            b"count" => self.count = Some(reader.u32()?),
            b"max" => self.max = Some(reader.u32()?),
            b"hex" => self.headers = Some(split_headers(&reader.hex_digits()?)?),
            b"headers" => {
                let mut headers = Vec::new();
                reader.array(|reader, index| {
                    if index == 0 {
                        headers.reserve(reader.remaining() / (2 * HEADER_DIGITS) + 1);
                    }
                    headers.push(RawHeader::read(reader)?);
                    Ok(())
                })?;
                self.headers = Some(headers);
            }
            _ => drop(reader.skip()?),
        }
        Ok(())
    }

    fn whole(self, asked: u32, linked: bool) -> Read<HeaderRun> {
        let headers = required(self.headers, "headers")?;
        let count = required(self.count, "count")?;
        let max = required(self.max, "max")?;
        if headers.len() > count as usize {
            return Err(not_bitcoin(format_args!("it is {count}, and there are {}", headers.len())).within("count"));
        }
        if headers.len() != count as usize {
            return Err(DecodeError::new("count", format_args!("it is {count}, and there are {}", headers.len())));
        }
        if count > asked {
            return Err(DecodeError::new("count", format_args!("it is {count}, and {asked} were asked for")));
        }
        if linked {
            check_links(None, &headers).map_err(|error| unlinked(&error))?;
        }
        Ok(HeaderRun { headers, max })
    }
}

/// The digits of one header.
const HEADER_DIGITS: usize = 160;

/// Headers that stand one after the other in one piece of hex.
pub(super) fn split_headers(digits: &[u8]) -> Read<Vec<RawHeader>> {
    let pieces = digits.chunks_exact(HEADER_DIGITS);
    if !pieces.remainder().is_empty() {
        return Err(not_bitcoin(format_args!("{} digits are no whole number of headers of 160", digits.len())));
    }
    let mut headers = Vec::with_capacity(pieces.len());
    for (index, piece) in pieces.enumerate() {
        let mut header = [0; 80];
        hex::decode_exact(piece, &mut header).map_err(|error| wrong(format_args!("header {index}: {error}")))?;
        headers.push(RawHeader::from_bytes(header));
    }
    Ok(headers)
}

/// Names the header that does not follow from the one before it.
pub(super) fn unlinked(error: &ChainError) -> DecodeError {
    match error {
        ChainError::Unlinked { index, .. } => DecodeError::new(format!("headers[{index}]"), error),
        other => DecodeError::new("headers", other),
    }
}
