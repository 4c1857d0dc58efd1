//! Packages of transactions, and what a mempool would accept.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::value::RawValue;

use super::methods::{BROADCAST_PACKAGE, TEST_MEMPOOL_ACCEPT};
use super::transaction::{read_txid, verbatim};
use crate::json::{DecodeError, Params, RawJson, Read, Reader, read, required};
use crate::request::{Method, Request};
use crate::types::{RawTransaction, Txid, Wtxid};
use crate::version::ProtocolVersion;

/// Broadcasts several transactions that depend on each other.
///
/// - Parameters: the transactions, parents before children.
/// - Result: [`PackageResult`]. That transactions were refused is a result, not an error.
/// - Versions: from 1.6.
/// - Errors: the transactions do not make a package (code 1 or 2).
/// - Protocol documentation: `blockchain.transaction.broadcast_package`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::BroadcastPackage;
/// use electrum_proto::types::RawTransaction;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = BroadcastPackage { transactions: vec![RawTransaction::new([1, 2]), RawTransaction::new([3])] };
/// assert_eq!(
///     request.to_json(ProtocolVersion::V1_6)?,
///     r#"{"method":"blockchain.transaction.broadcast_package","params":[["0102","03"]]}"#
/// );
/// let result = RawJson::new(
///     r#"{"success":false,"errors":[{"txid":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","error":"bad-txns"}]}"#,
/// );
/// let package = request.decode(ProtocolVersion::V1_6, result)?;
/// assert_eq!((package.success, &*package.errors[0].error), (false, "bad-txns"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.transaction.broadcast_package")]
#[doc(alias = "submitpackage")]
#[doc(alias = "transaction_broadcast_package")]
#[doc(alias = "transaction_broadcast_package_raw")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroadcastPackage {
    /// The transactions, parents before children.
    pub transactions: Vec<RawTransaction>,
}

/// Broadcasts several transactions that depend on each other, and asks for all that the node says about them.
///
/// - Parameters: the transactions, parents before children.
/// - Result: the node's JSON as it was sent; nothing in it is checked.
/// - Versions: from 1.6.
/// - Errors: the transactions do not make a package (code 1 or 2).
/// - Protocol documentation: `blockchain.transaction.broadcast_package`, with `verbose`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::BroadcastPackageVerbose;
/// use electrum_proto::types::RawTransaction;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = BroadcastPackageVerbose { transactions: vec![RawTransaction::new([1, 2])] };
/// assert_eq!(
///     request.to_json(ProtocolVersion::V1_6)?,
///     r#"{"method":"blockchain.transaction.broadcast_package","params":[["0102"],true]}"#
/// );
/// let result = RawJson::new(r#"{"package_msg":"success"}"#);
/// assert_eq!(request.decode(ProtocolVersion::V1_6, result)?.get(), r#"{"package_msg":"success"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.transaction.broadcast_package")]
#[doc(alias = "submitpackage")]
#[doc(alias = "verbose")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroadcastPackageVerbose {
    /// The transactions, parents before children.
    pub transactions: Vec<RawTransaction>,
}

/// Asks whether the mempool would accept transactions, without broadcasting them.
///
/// - Parameters: the transactions, parents before children.
/// - Result: one [`Acceptance`] for each of them. Another number is refused.
/// - Versions: from 1.7.
/// - Errors: what is no transaction (code 1 or 2).
/// - Protocol documentation: `blockchain.transaction.testmempoolaccept`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::TestMempoolAccept;
/// use electrum_proto::types::RawTransaction;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = TestMempoolAccept { transactions: vec![RawTransaction::new([1, 2])] };
/// assert_eq!(
///     request.to_json(ProtocolVersion::V1_7)?,
///     r#"{"method":"blockchain.transaction.testmempoolaccept","params":[["0102"]]}"#
/// );
/// let result = RawJson::new(
///     r#"[{"txid":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","wtxid":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","allowed":false,"reason":"missing-inputs"}]"#,
/// );
/// let verdicts = request.decode(ProtocolVersion::V1_7, result)?;
/// assert_eq!((verdicts[0].allowed, verdicts[0].reason.as_deref()), (Some(false), Some("missing-inputs")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "blockchain.transaction.testmempoolaccept")]
#[doc(alias = "testmempoolaccept")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestMempoolAccept {
    /// The transactions, parents before children.
    pub transactions: Vec<RawTransaction>,
}

/// The outcome of broadcasting a package.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::BroadcastPackage;
/// use electrum_proto::types::RawTransaction;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = BroadcastPackage { transactions: vec![RawTransaction::new([1, 2]), RawTransaction::new([3])] };
/// let ask = |answer| request.decode(ProtocolVersion::V1_6, RawJson::new(answer));
/// assert!(ask(r#"{"success":true}"#)?.success);
/// // Refused transactions are no error of the request: look at `success`.
/// let refused = ask(r#"{"success":false,"errors":[]}"#)?;
/// assert!(!refused.success && refused.errors.is_empty());
/// # Ok::<(), electrum_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackageResult {
    /// Whether all of it was accepted.
    pub success: bool,
    /// What was refused.
    pub errors: Vec<PackageError>,
}

/// Why a transaction of a package was refused.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::BroadcastPackage;
/// use electrum_proto::types::RawTransaction;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = BroadcastPackage { transactions: vec![RawTransaction::new([1, 2]), RawTransaction::new([3])] };
/// let result = format!(
///     r#"{{"success":false,"errors":[{{"txid":"{}","error":"bad-txns-inputs-missingorspent"}}]}}"#,
///     "aa".repeat(32)
/// );
/// let outcome = request.decode(ProtocolVersion::V1_6, RawJson::new(&result))?;
/// let reasons: Vec<_> = outcome.errors.iter().map(|refused| (refused.txid.to_string(), &*refused.error)).collect();
/// assert_eq!(reasons, [("aa".repeat(32), "bad-txns-inputs-missingorspent")]);
/// # Ok::<(), electrum_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageError {
    /// The transaction.
    pub txid: Txid,
    /// The node's words.
    pub error: String,
}

/// Whether the mempool would accept a transaction.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::TestMempoolAccept;
/// use electrum_proto::types::RawTransaction;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = TestMempoolAccept { transactions: vec![RawTransaction::new([1, 2])] };
/// let id = "aa".repeat(32);
/// let result = format!(r#"[{{"txid":"{id}","wtxid":"{id}","allowed":false,"reason":"min relay fee not met"}}]"#);
/// let verdicts = request.decode(ProtocolVersion::V1_7, RawJson::new(&result))?;
/// let verdict = match (verdicts[0].allowed, &verdicts[0].reason) {
///     (Some(true), _) => "it can be sent",
///     (Some(false), Some(reason)) => reason,
///     (Some(false), None) => "it is refused",
///     (None, _) => "another one of the package is refused",
/// };
/// assert_eq!(verdict, "min relay fee not met");
/// # Ok::<(), electrum_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Acceptance {
    /// The transaction's id.
    pub txid: Txid,
    /// Its hash with the witnesses.
    pub wtxid: Wtxid,
    /// Whether it would be accepted; `None` if that was not tested, because another one of the package is refused.
    pub allowed: Option<bool>,
    /// Why not.
    pub reason: Option<String>,
}

impl Request for BroadcastPackage {
    const NAME: &'static str = "broadcast of packages";
    const METHODS: &'static [Method] = &[BROADCAST_PACKAGE];
    type Response = PackageResult;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.json(&self.transactions);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<PackageResult, DecodeError> {
        let (mut success, mut errors) = (None, Vec::new());
        read(result, |reader| {
            reader.object(|reader, key| {
                match key {
                    b"success" => success = Some(reader.bool()?),
                    b"errors" if reader.null()? => {}
                    b"errors" => reader.array(|reader, _| {
                        errors.push(read_package_error(reader)?);
                        Ok(())
                    })?,
                    _ => drop(reader.skip()?),
                }
                Ok(())
            })
        })?;
        Ok(PackageResult { success: required(success, "success")?, errors })
    }
}

impl Request for BroadcastPackageVerbose {
    const NAME: &'static str = "broadcast of packages";
    const METHODS: &'static [Method] = &[BROADCAST_PACKAGE];
    type Response = Box<RawValue>;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.json(&self.transactions).bool(true);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
        verbatim(result)
    }
}

impl Request for TestMempoolAccept {
    const NAME: &'static str = "test of what the mempool accepts";
    const METHODS: &'static [Method] = &[TEST_MEMPOOL_ACCEPT];
    type Response = Vec<Acceptance>;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.json(&self.transactions);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
        let mut verdicts = Vec::new();
        read(result, |reader| {
            reader.array(|reader, _| {
                verdicts.push(read_acceptance(reader)?);
                Ok(())
            })
        })?;
        if verdicts.len() != self.transactions.len() {
            let what = alloc::format!("{} verdicts on {} transactions", verdicts.len(), self.transactions.len());
            return Err(DecodeError::new("", what));
        }
        Ok(verdicts)
    }
}

fn read_package_error(reader: &mut Reader<'_>) -> Read<PackageError> {
    let (mut txid, mut error) = (None, None);
    reader.object(|reader, key| {
        match key {
            b"txid" => txid = Some(read_txid(reader)?),
            b"error" => error = Some(reader.string()?.into_owned()),
            _ => drop(reader.skip()?),
        }
        Ok(())
    })?;
    Ok(PackageError { txid: required(txid, "txid")?, error: required(error, "error")? })
}

fn read_acceptance(reader: &mut Reader<'_>) -> Read<Acceptance> {
    let (mut txid, mut wtxid, mut allowed, mut reason) = (None, None, None, None);
    reader.object(|reader, key| {
        match key {
            b"txid" => txid = Some(read_txid(reader)?),
            b"wtxid" => wtxid = Some(Wtxid::from_display_bytes(reader.hash()?)),
            b"allowed" => allowed = reader.lenient(Reader::bool)?,
            b"reason" => reason = reader.lenient(|reader| reader.string().map(Cow::into_owned))?,
            _ => drop(reader.skip()?),
        }
        Ok(())
    })?;
    Ok(Acceptance { txid: required(txid, "txid")?, wtxid: required(wtxid, "wtxid")?, allowed, reason })
}

serialize_fields! {
    PackageResult { success, errors }
    PackageError { txid, error }
    Acceptance { txid, wtxid, allowed, reason }
}
