//! `merkle`: whether a transaction is in a block.

use std::path::PathBuf;

use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::{Header, TransactionMerkle};
use electrum_smol::proto::types::{BlockHash, MerkleNode, Txid};
use serde::Serialize;

use crate::causes::Cause;
use crate::commands::headers;
use crate::failure::Failure;
use crate::output::{Output, Paint};
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Verdict};

/// Show that a transaction is in a block: fetch its merkle branch, and compare the root with the block's header
///
/// The header is the same server's word, so that the two are only consistent with each other. With --headers it is
/// taken from a chain of headers that goes back to the first block and whose work was checked: then it is proven.
#[derive(Debug, clap::Args)]
pub(crate) struct MerkleArgs {
    #[command(flatten)]
    pub(crate) options: ServerOptions,
    /// The transaction's id
    pub(crate) txid: Txid,
    /// The height of the block
    #[arg(value_parser = height)]
    pub(crate) height: u32,
    /// A file of headers from height 0 on, as 'headers' writes it; it is made or continued
    #[arg(long, value_name = "FILE")]
    pub(crate) headers: Option<PathBuf>,
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
    work: Option<f64>,
}

/// Reads a height, and says so if a transaction id stands in its place.
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
        let anchored = match &headers {
            Some(file) => Some(headers::anchored(&query, file, height).await?),
            None => None,
        };
        let header = anchored.as_ref().map_or(header, |anchored| anchored.header);
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
            proven: anchored.is_some(),
            network: anchored.as_ref().map(|anchored| anchored.network.name()),
            confirmations: anchored.as_ref().map(|anchored| anchored.confirmations),
            work: anchored.as_ref().map(|anchored| anchored.work),
        };
        if output.json {
            output.object(&record)?;
            return Ok(Verdict::Success);
        }
        let (word, why) = match &anchored {
            Some(anchored) => (
                output.paint(Paint::Good, "proven"),
                format!(
                    "  chain        {}, checked from its first block; {} blocks on top, {:.3e} hashes of work",
                    anchored.network, anchored.confirmations, anchored.work
                ),
            ),
            None => (
                output.paint(Paint::Fair, "consistent"),
                "  not proven   the header is this server's word, and its work was not checked: see --headers".into(),
            ),
        };
        let lines = [
            format!("{word} in block {height} at position {}", record.position),
            format!("  transaction  {txid}"),
            format!("  block        {}", record.block_hash),
            format!("  merkle root  {}, over {} hashes", record.merkle_root, record.branch.len()),
            why,
        ];
        output.line(&lines.join("\n"))?;
        Ok(Verdict::Success)
    })
    .await
}
