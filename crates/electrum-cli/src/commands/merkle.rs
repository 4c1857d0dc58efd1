//! `merkle`: proves that a transaction is in a block.

use std::path::PathBuf;

use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::{Header, TransactionMerkle};
use electrum_smol::proto::proof::ProofError;
use electrum_smol::proto::types::{BlockHash, MerkleNode, Txid};
use serde::Serialize;

use crate::causes::Cause;
use crate::commands::headers::{self, Anchored};
use crate::failure::Failure;
use crate::output::{Output, Paint};
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::Outcome;

/// Show that a transaction is in a block: fetch its merkle branch, and compare the root with the block's header
///
/// The header is the same server's word, so that the two are only consistent with each other. With --headers it is
/// taken from a chain of headers that goes back to the first block and whose work was checked: then it is proven.
#[derive(Debug, clap::Args)]
pub(crate) struct MerkleArgs {
    /// The transaction's id
    #[arg(value_parser = txid)]
    pub(crate) txid: Txid,
    /// The height of the block
    #[arg(value_parser = height)]
    pub(crate) height: u32,
    /// A file of headers from height 0 on, as 'headers' writes it; it is made or continued
    #[arg(long, value_name = "FILE")]
    pub(crate) headers: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

#[derive(Serialize)]
struct Record {
    txid: Txid,
    height: u32,
    position: u32,
    block_hash: BlockHash,
    merkle_root: MerkleNode,
    branch: Vec<MerkleNode>,
    /// Whether the header is of a chain whose work was checked.
    proven: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmations: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The work of the block and of those on it: how many hashes it takes on average to make them.
    work: Option<String>,
}

/// Parses a transaction id. The error says if it is a height instead.
fn txid(text: &str) -> Result<Txid, String> {
    let is_height = text.parse::<u32>().is_ok();
    text.parse().map_err(|error| match is_height {
        true => "this is a height, and the transaction id comes before the height".to_owned(),
        false => format!("{error}"),
    })
}

/// Parses a height. The error says if it is a transaction id instead.
fn height(text: &str) -> Result<u32, String> {
    let is_txid = text.parse::<Txid>().is_ok();
    text.parse().map_err(|_| match is_txid {
        true => "this is a transaction id, which comes before the height".to_owned(),
        false => "a height is a number, such as 800000".to_owned(),
    })
}

/// Fetches a branch and the header that it must lead to, and prints whether it does.
pub(crate) async fn run(args: MerkleArgs, output: &Output) -> Outcome {
    let MerkleArgs { txid, height, options, headers } = args;
    with_server(&options, VersionRange::ALL, output, async |query: Query<'_>| {
        let what = format!("the proof that {txid} is in block {height}");
        let header = query.call(Header { height });
        let proof = query.ask(&what, TransactionMerkle { txid, height }).await?;
        let header = header.await.map_err(|error| query.failed(&format!("header {height}"), &error))?;
        let (proven, header) = match &headers {
            Some(file) => {
                let Anchored { chain, network } = headers::anchored(&query, file).await?;
                let wrong = |error: ProofError| query.fail(&what, &Failure::new(Cause::NoProof, error.to_string()));
                let proven = chain.prove(txid, &proof).map_err(wrong)?;
                (Some((proven, network)), chain.header(height).copied().unwrap_or(header))
            }
            None => (None, header),
        };
        if let Err(error) = proof.verify(txid, &header) {
            return Err(query.fail(&what, &Failure::new(Cause::NoProof, error.to_string())));
        }
        let record = Record {
            txid,
            height,
            position: proof.position,
            block_hash: header.block_hash(),
            merkle_root: header.merkle_root(),
            branch: proof.branch,
            proven: proven.is_some(),
            network: proven.map(|(_, network)| network.name()),
            confirmations: proven.map(|(proven, _)| proven.confirmations),
            work: proven.map(|(proven, _)| proven.work.to_string()),
        };
        let (word, why) = match proven {
            Some((proven, network)) => (
                output.paint(Paint::Good, "proven"),
                format!(
                    "  chain        {network}, checked from its first block; {} confirmations, {:.3e} hashes of work",
                    proven.confirmations, proven.work as f64
                ),
            ),
            None => (
                output.paint(Paint::Fair, "consistent"),
                "  not proven   the header is this server's word, and its work was not checked: see --headers".into(),
            ),
        };
        let lines = vec![
            format!("{word} in block {height} at position {}", record.position),
            format!("  transaction  {txid}"),
            format!("  block        {}", record.block_hash),
            format!("  merkle root  {}, over {} hashes", record.merkle_root, record.branch.len()),
            why,
        ];
        output.record(&record, |_, _| lines)
    })
    .await
}
