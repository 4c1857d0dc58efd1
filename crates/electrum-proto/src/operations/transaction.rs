//! Transactions: their bytes, their position in a block, and merkle proofs.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde_json::value::RawValue;

use super::methods::{TRANSACTION_GET, TRANSACTION_ID_FROM_POS, TRANSACTION_MERKLE};
use crate::json::{DecodeError, Params, RawJson, Read, Reader, hex, not_bitcoin, read, required, wrong};
use crate::proof::merkle_root;
use crate::request::{Method, Request};
use crate::types::{MerkleNode, MerkleProof, ProvenTxid, RawTransaction, Txid, read_branch};
use crate::version::ProtocolVersion;

/// Asks for a transaction.
///
/// - Parameters: the transaction's id.
/// - Result: [`RawTransaction`]. Bytes that do not hash to the id are refused.
/// - Versions: all.
/// - Errors: a transaction that the server does not know (code 1 or 2).
/// - Protocol documentation: `blockchain.transaction.get`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::TransactionGet;
/// use electrum_proto::types::Txid;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let txid: Txid = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b".parse()?;
/// let request = TransactionGet::new(txid);
/// assert_eq!(
///     request.to_json(ProtocolVersion::V1_4)?,
///     r#"{"method":"blockchain.transaction.get","params":["4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"]}"#
/// );
/// // Bytes that do not hash to the id are refused.
/// assert!(request.decode(ProtocolVersion::V1_4, RawJson::new("\"00\"")).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.transaction.get")]
#[doc(alias = "transaction_get")]
#[doc(alias = "transaction_get_raw")]
#[doc(alias = "get_transaction")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionGet {
    txid: Txid,
    checked: bool,
}

/// Asks for a transaction and all that the server's node knows about it.
///
/// - Parameters: the transaction's id.
/// - Result: the node's JSON as it was sent; nothing in it is checked, and its amounts are fractions of coins.
/// - Versions: from 1.2.
/// - Errors: a transaction that the server does not know (code 1 or 2); some servers do not support it.
/// - Protocol documentation: `blockchain.transaction.get`, with `verbose`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::TransactionGetVerbose;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = TransactionGetVerbose { txid: "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b".parse()? };
/// assert_eq!(
///     request.to_json(ProtocolVersion::V1_4)?,
///     r#"{"method":"blockchain.transaction.get","params":["4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",true]}"#
/// );
/// let result = RawJson::new(r#"{"confirmations":5,"size":204}"#);
/// assert_eq!(request.decode(ProtocolVersion::V1_4, result)?.get(), r#"{"confirmations":5,"size":204}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.transaction.get")]
#[doc(alias = "verbose")]
#[doc(alias = "transaction_get_verbose")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionGetVerbose {
    /// The transaction's id.
    pub txid: Txid,
}

/// Asks for the position of a transaction in its block, and for the proof of it.
///
/// - Parameters: the transaction's id; the height of its block.
/// - Result: [`MerkleProof`], whose `verify` checks it against a trusted header. A branch that no block can have,
///   and a proof for another height are refused.
/// - Versions: all.
/// - Errors: a transaction that is not in that block (code 1).
/// - Protocol documentation: `blockchain.transaction.get_merkle`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::TransactionMerkle;
/// use electrum_proto::types::{Network, Txid};
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let txid: Txid = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b".parse()?;
/// let request = TransactionMerkle { txid, height: 0 };
/// assert_eq!(
///     request.to_json(ProtocolVersion::V1_4)?,
///     r#"{"method":"blockchain.transaction.get_merkle","params":["4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",0]}"#
/// );
/// let result = RawJson::new(r#"{"block_height":0,"merkle":[],"pos":0}"#);
/// let proof = request.decode(ProtocolVersion::V1_4, result)?;
/// // The first block has one transaction. Its header is known; see `HeaderChain` for others.
/// assert!(proof.verify(txid, &Network::Bitcoin.genesis()).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.transaction.get_merkle")]
#[doc(alias = "get_merkle")]
#[doc(alias = "transaction_get_merkle")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionMerkle {
    /// The transaction's id.
    pub txid: Txid,
    /// The height of its block.
    pub height: u32,
}

/// Asks for the id of the transaction at a position in a block.
///
/// - Parameters: the block's height; the place in it, counted from 0.
/// - Result: the transaction's id.
/// - Versions: from 1.4.
/// - Errors: no such block or place (code 1).
/// - Protocol documentation: `blockchain.transaction.id_from_pos`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::TransactionIdAt;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = TransactionIdAt { height: 100, position: 0 };
/// assert_eq!(request.to_json(ProtocolVersion::V1_4)?, r#"{"method":"blockchain.transaction.id_from_pos","params":[100,0,false]}"#);
/// let result = RawJson::new(r#""aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa""#);
/// let txid = request.decode(ProtocolVersion::V1_4, result)?;
/// assert_eq!(txid.to_string(), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.transaction.id_from_pos")]
#[doc(alias = "id_from_pos")]
#[doc(alias = "txid_from_pos")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionIdAt {
    /// The block's height.
    pub height: u32,
    /// The position in the block, counted from 0.
    pub position: u32,
}

/// Asks for the id of the transaction at a position in a block, and for the proof of it.
///
/// - Parameters: the block's height; the place in it, counted from 0.
/// - Result: [`ProvenTxid`], whose `verify` checks it against a trusted header.
///   A branch that no block can have is refused.
/// - Versions: from 1.4.
/// - Errors: no such block or place (code 1).
/// - Protocol documentation: `blockchain.transaction.id_from_pos`, with `merkle`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::ProvenTransactionIdAt;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = ProvenTransactionIdAt { height: 100, position: 0 };
/// assert_eq!(request.to_json(ProtocolVersion::V1_4)?, r#"{"method":"blockchain.transaction.id_from_pos","params":[100,0,true]}"#);
/// let result = RawJson::new(r#"{"merkle":[],"tx_hash":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#);
/// let proven = request.decode(ProtocolVersion::V1_4, result)?;
/// assert_eq!(proven.txid.to_string(), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.transaction.id_from_pos")]
#[doc(alias = "id_from_pos")]
#[doc(alias = "txid_from_pos_with_merkle")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenTransactionIdAt {
    /// The block's height.
    pub height: u32,
    /// The position in the block, counted from 0.
    pub position: u32,
}

impl TransactionGet {
    /// Makes the request for the transaction with this id.
    #[must_use]
    pub const fn new(txid: Txid) -> Self {
        Self { txid, checked: true }
    }

    /// Returns the request for the same transaction, without the check that its bytes hash to the id.
    #[must_use]
    pub const fn unchecked(self) -> Self {
        Self { checked: false, ..self }
    }
}

impl Request for TransactionGet {
    const NAME: &'static str = "transaction";
    const METHODS: &'static [Method] = &[TRANSACTION_GET];
    type Response = RawTransaction;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.hex(self.txid.as_display_bytes());
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<RawTransaction, DecodeError> {
        let transaction = RawTransaction::new(read_hex(result)?);
        if self.checked {
            let txid = transaction.txid().map_err(not_bitcoin)?;
            if txid != self.txid {
                return Err(wrong(format_args!("the transaction is {txid}, and {} was asked for", self.txid)));
            }
        }
        Ok(transaction)
    }
}

impl Request for TransactionGetVerbose {
    const NAME: &'static str = "verbose transaction";
    const METHODS: &'static [Method] = &[TRANSACTION_GET.not_before(ProtocolVersion::V1_2)];
    type Response = Box<RawValue>;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.hex(self.txid.as_display_bytes()).bool(true);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
        verbatim(result)
    }
}

impl Request for TransactionMerkle {
    const NAME: &'static str = "merkle branch";
    const METHODS: &'static [Method] = &[TRANSACTION_MERKLE];
    type Response = MerkleProof;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.hex(self.txid.as_display_bytes()).integer(self.height);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<MerkleProof, DecodeError> {
        let (mut height, mut position, mut branch) = (None, None, None);
        read(result, |reader| {
            reader.object(|reader, key| {
                match key {
                    b"block_height" => height = Some(reader.u32()?),
                    b"pos" => position = Some(reader.u32()?),
                    b"merkle" => branch = Some(read_branch(reader)?),
                    _ => drop(reader.skip()?),
                }
                Ok(())
            })
        })?;
        let height = required(height, "block_height")?;
        if height != self.height {
            let what = alloc::format!("it is {height}, and {} was asked for", self.height);
            return Err(DecodeError::new("block_height", what));
        }
        let proof = MerkleProof { height, position: required(position, "pos")?, branch: required(branch, "merkle")? };
        merkle_root(self.txid, &proof.branch, proof.position).map_err(|error| DecodeError::new("merkle", error))?;
        Ok(proof)
    }
}

impl Request for TransactionIdAt {
    const NAME: &'static str = "transaction id by position";
    const METHODS: &'static [Method] = &[TRANSACTION_ID_FROM_POS];
    type Response = Txid;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        // electrs up to 0.10 wants all three.
        params.integer(self.height).integer(self.position).bool(false);
    }

    /// It is a text, or with electrs up to 0.10 an object.
    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Txid, DecodeError> {
        read(result, |reader| match reader.peek()? {
            b'{' => read_txid_with_branch(reader).and_then(|(txid, _)| required(txid, "tx_hash")),
            _ => read_txid(reader),
        })
    }
}

impl Request for ProvenTransactionIdAt {
    const NAME: &'static str = "transaction id by position with a proof";
    const METHODS: &'static [Method] = &[TRANSACTION_ID_FROM_POS];
    type Response = ProvenTxid;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.integer(self.height).integer(self.position).bool(true);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<ProvenTxid, DecodeError> {
        let (txid, branch) = read(result, read_txid_with_branch)?;
        let proven = ProvenTxid { txid: required(txid, "tx_hash")?, branch: required(branch, "merkle")? };
        merkle_root(proven.txid, &proven.branch, self.position).map_err(|error| DecodeError::new("merkle", error))?;
        Ok(proven)
    }
}

/// The bytes of a result that is one string of hex. The digits are looked at once, as decoding refuses what
/// would need a closer look (quotes, escapes).
fn read_hex(result: RawJson<'_>) -> Read<Vec<u8>> {
    let inside = result.as_str().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inside.map(|digits| hex::decode(digits.as_bytes())) {
        Some(Ok(bytes)) => Ok(bytes),
        _ => read(result, |reader| hex::decode(&reader.hex_digits()?).map_err(wrong)),
    }
}

/// `{tx_hash, merkle}`, of which electrs up to 0.11.0 calls the first one `tx_id`.
fn read_txid_with_branch(reader: &mut Reader<'_>) -> Read<(Option<Txid>, Option<Vec<MerkleNode>>)> {
    let (mut txid, mut branch) = (None, None);
    reader.object(|reader, key| {
        match key {
            b"tx_hash" | b"tx_id" => txid = Some(read_txid(reader)?),
            b"merkle" => branch = Some(read_branch(reader)?),
            _ => drop(reader.skip()?),
        }
        Ok(())
    })?;
    Ok((txid, branch))
}

/// A transaction id.
pub(super) fn read_txid(reader: &mut Reader<'_>) -> Read<Txid> {
    reader.hash().map(Txid::from_display_bytes)
}

/// Checks that the result is JSON, and returns its text.
pub(super) fn verbatim(result: RawJson<'_>) -> Read<Box<RawValue>> {
    result.decode::<&RawValue>().map(ToOwned::to_owned)
}
