//! `header`: prints the fields of a block header.

use std::fmt::Display;
use std::time::{Duration, SystemTime};

use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::{Header, HeadersSubscribe};
use electrum_smol::proto::types::{BlockHash, MerkleNode, RawHeader};
use serde::Serialize;

use crate::output::{Output, Paint};
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::Outcome;

/// Print the fields of a block header
#[derive(Debug, clap::Args)]
pub(crate) struct HeaderArgs {
    /// The block's height [default: that of the last block]
    pub(crate) height: Option<u32>,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

#[derive(Serialize)]
struct HeaderRecord {
    height: u32,
    hash: BlockHash,
    prev_hash: BlockHash,
    merkle_root: MerkleNode,
    time: u32,
    time_utc: String,
    bits: String,
    nonce: u32,
    version: i32,
    hex: RawHeader,
}

/// Prints a header.
pub(crate) async fn run(args: HeaderArgs, output: &Output) -> Outcome {
    with_server(&args.options, VersionRange::ALL, output, async |query: Query<'_>| {
        let (height, header) = match args.height {
            Some(height) => (height, query.ask(&format!("header {height}"), Header { height }).await?),
            None => {
                let tip = query.ask("the last header", HeadersSubscribe).await?;
                (tip.height, tip.header)
            }
        };
        let record = HeaderRecord {
            height,
            hash: header.block_hash(),
            prev_hash: header.prev_hash(),
            merkle_root: header.merkle_root(),
            time: header.time(),
            time_utc: utc(header.time()).to_string(),
            bits: format!("{:08x}", header.bits()),
            nonce: header.nonce(),
            version: header.version(),
            hex: header,
        };
        output.record(&record, lines)
    })
    .await
}

fn lines(record: &HeaderRecord, output: &Output) -> Vec<String> {
    vec![
        format!("height       {}", record.height),
        format!("hash         {}", output.paint(Paint::Strong, record.hash)),
        format!("prev hash    {}", record.prev_hash),
        format!("merkle root  {}", record.merkle_root),
        format!("time         {} ({})", record.time_utc, record.time),
        format!("bits         {}", record.bits),
        format!("nonce        {}", record.nonce),
        format!("version      {:#010x}", record.version),
        format!("hex          {}", record.hex),
    ]
}

/// Formats a time in seconds since 1970 in UTC.
fn utc(seconds: u32) -> impl Display {
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.into()))
}
