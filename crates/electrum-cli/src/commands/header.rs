//! `header`: what is in the header of a block.

use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::{Header, HeadersSubscribe};
use electrum_smol::proto::types::{BlockHash, MerkleNode, RawHeader};
use electrum_smol::transport::ServerAddr;
use serde::Serialize;

use crate::output::{Output, Paint};
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Verdict};

/// Print what is in the header of a block
#[derive(Debug, clap::Args)]
pub(crate) struct HeaderArgs {
    /// The server
    pub(crate) server: ServerAddr,
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
    bits: String,
    nonce: u32,
    version: i32,
    hex: RawHeader,
}

/// Prints a header.
pub(crate) async fn run(args: HeaderArgs, output: &Output) -> Outcome {
    with_server(&args.server, &args.options, VersionRange::ALL, output, async |query: Query<'_>| {
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
            bits: format!("{:08x}", header.bits()),
            nonce: header.nonce(),
            version: header.version(),
            hex: header,
        };
        if output.json {
            output.object(&record)?;
        } else {
            output.line(&lines(&record, output).join("\n"))?;
        }
        Ok(Verdict::Success)
    })
    .await
}

fn lines(record: &HeaderRecord, output: &Output) -> Vec<String> {
    vec![
        format!("height       {}", record.height),
        format!("hash         {}", output.paint(Paint::Strong, record.hash)),
        format!("prev hash    {}", record.prev_hash),
        format!("merkle root  {}", record.merkle_root),
        format!("time         {} ({})", utc(record.time), record.time),
        format!("bits         {}", record.bits),
        format!("nonce        {}", record.nonce),
        format!("version      {:#010x}", record.version),
        format!("hex          {}", record.hex.to_hex()),
    ]
}

/// A moment in seconds since 1970, as date and time.
fn utc(seconds: u32) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March have the leap day at their end. 719 468 days lie between 0000-03-01 and 1970-01-01.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u32::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn moments_as_date_and_time() {
        // Each as GNU date shows it.
        for (seconds, shown) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_868_799, "2000-02-29 23:59:59 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_231_006_505, "2009-01-03 18:15:05 UTC"),
            (1_735_689_599, "2024-12-31 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (u32::MAX, "2106-02-07 06:28:15 UTC"),
        ] {
            assert_eq!(utc(seconds), shown);
        }
    }
}
