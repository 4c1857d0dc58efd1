//! `merkle`: the proof that a transaction is in a block.

use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::{Header, TransactionMerkle};
use electrum_smol::proto::types::{BlockHash, MerkleNode, Txid};
use electrum_smol::transport::ServerAddr;
use serde::Serialize;

use crate::output::{Output, Paint};
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Verdict};

/// Prove that a transaction is in a block: fetch its merkle branch and the block's header, and compare the roots
#[derive(Debug, clap::Args)]
pub(crate) struct MerkleArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// The transaction's id
    pub(crate) txid: Txid,
    /// The height of the block
    pub(crate) height: u32,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

#[derive(Serialize)]
struct ProofRecord {
    txid: Txid,
    height: u32,
    position: u32,
    block_hash: BlockHash,
    merkle_root: MerkleNode,
    branch: Vec<MerkleNode>,
    proven: bool,
}

/// Fetches a proof and the header that it must lead to, and prints whether it does.
pub(crate) async fn run(args: MerkleArgs, output: &Output) -> Outcome {
    let MerkleArgs { server, txid, height, options } = args;
    with_server(&server, &options, VersionRange::ALL, output, async |query: Query<'_>| {
        let what = format!("the proof that {txid} is in block {height}");
        let header = query.call(Header { height });
        let proof = query.ask(&what, TransactionMerkle { txid, height }).await?;
        let header = match header.await {
            Ok(header) => header,
            Err(error) => return Err(query.failed(&format!("header {height}"), &error)),
        };
        if let Err(error) = proof.verify(txid, &header) {
            return Err(query.wrong(&what, &error.to_string(), "use another server: this one's proof does not hold"));
        }
        let record = ProofRecord {
            txid,
            height,
            position: proof.position,
            block_hash: header.block_hash(),
            merkle_root: header.merkle_root(),
            branch: proof.branch,
            proven: true,
        };
        if output.json {
            output.object(&record)?;
            return Ok(Verdict::Success);
        }
        let lines = [
            format!("{} in block {height} at position {}", output.paint(Paint::Good, "proven"), record.position),
            format!("  transaction  {txid}"),
            format!("  block        {}", record.block_hash),
            format!("  merkle root  {}, over {} hashes", record.merkle_root, record.branch.len()),
        ];
        output.line(&lines.join("\n"))?;
        Ok(Verdict::Success)
    })
    .await
}
