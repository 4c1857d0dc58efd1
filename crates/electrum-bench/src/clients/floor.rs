//! The floor: a loop that reads, finds lines, parses each once with borrowed serde_json and decodes hex as the `bitcoin`
//! crate does. It has no handshake, no ids, no time-outs, no errors: a client does more.

use std::hint::black_box;
use std::net::SocketAddr;

use bitcoin::hex::FromHex;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::lines::{Lines, requests};
use crate::Outcome;
use crate::measure::{Cost, Start};
use crate::workload::Workload;

#[derive(Deserialize)]
struct Reply<T> {
    #[serde(rename = "id")]
    _id: u64,
    result: T,
}

#[derive(Deserialize)]
struct Notification<'a> {
    method: &'a str,
    params: (&'a str, &'a str),
}

#[derive(Deserialize)]
struct Balance {
    confirmed: u64,
    unconfirmed: i64,
}

#[derive(Deserialize)]
struct Headers<'a> {
    hex: &'a str,
}

#[derive(Deserialize)]
struct Entry<'a> {
    height: i32,
    tx_hash: &'a str,
    fee: Option<u64>,
}

pub(super) fn run(workload: Workload, server: SocketAddr) -> Outcome<Cost> {
    let mut lines = Lines::connect(server)?;
    let (requests, answers) = requests(workload);
    let start = Start::now();
    for _ in 0..workload.operations() / answers {
        lines.send(&requests)?;
        if workload == Workload::Notifications {
            let _: Reply<IgnoredAny> = serde_json::from_slice(lines.next()?)?;
        }
        for _ in 0..answers {
            parse(workload, lines.next()?)?;
        }
    }
    Ok(start.cost(workload.operations()))
}

fn parse(workload: Workload, line: &[u8]) -> Outcome<()> {
    match workload {
        Workload::Balances | Workload::OneByOne => {
            let Balance { confirmed, unconfirmed } = result(line)?;
            black_box((confirmed, unconfirmed));
        }
        Workload::Headers => {
            let bytes = Vec::<u8>::from_hex(result::<Headers<'_>>(line)?.hex)?;
            let headers: Vec<[u8; 80]> =
                bytes.chunks_exact(80).map(|header| header.try_into().expect("80 bytes")).collect();
            black_box(headers);
        }
        Workload::History => {
            let entries: Vec<Entry<'_>> = result(line)?;
            let entry = |entry: &Entry<'_>| Ok((entry.height, <[u8; 32]>::from_hex(entry.tx_hash)?, entry.fee));
            black_box(entries.iter().map(entry).collect::<Outcome<Vec<_>>>()?);
        }
        Workload::Transaction => {
            black_box(Vec::<u8>::from_hex(result(line)?)?);
        }
        Workload::Notifications => {
            let Notification { method, params: (script, status) } = serde_json::from_slice(line)?;
            black_box((method, <[u8; 32]>::from_hex(script)?, <[u8; 32]>::from_hex(status)?));
        }
    }
    Ok(())
}

fn result<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Outcome<T> {
    Ok(serde_json::from_slice::<Reply<T>>(line)?.result)
}
