//! `header` and `merkle`: one block's header, and what it proves.

use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::{Header, HeadersSubscribe, TransactionMerkle};
use electrum_smol::proto::types::{BlockHash, MerkleNode, RawHeader, Txid};
use serde::Serialize;

use super::args::{HeaderArgs, MerkleArgs};
use super::{Asked, with_server};
use crate::output::{Output, Paint};
use crate::stop::{Outcome, Verdict};

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

/// Prints a header.
pub(crate) async fn header(args: HeaderArgs, output: &Output) -> Outcome {
    with_server(&args.server, &args.reach, VersionRange::ALL, output, async |asked: Asked<'_>| {
        let (height, header) = match args.height {
            Some(height) => (height, asked.ask(&format!("header {height}"), Header { height }).await?),
            None => {
                let tip = asked.ask("the last header", HeadersSubscribe).await?;
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

/// Fetches a proof and the header that it must lead to, and prints whether it does.
pub(crate) async fn merkle(args: MerkleArgs, output: &Output) -> Outcome {
    let MerkleArgs { server, txid, height, reach } = args;
    with_server(&server, &reach, VersionRange::ALL, output, async |asked: Asked<'_>| {
        let what = format!("the proof that {txid} is in block {height}");
        let header = asked.call(Header { height });
        let proof = asked.ask(&what, TransactionMerkle { txid, height }).await?;
        let header = match header.await {
            Ok(header) => header,
            Err(error) => return Err(asked.failed(&format!("header {height}"), &error)),
        };
        if let Err(error) = proof.verify(txid, &header) {
            return Err(asked.wrong(&what, &error.to_string(), "use another server: this one's proof does not hold"));
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
