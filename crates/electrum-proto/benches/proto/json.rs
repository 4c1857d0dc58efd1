//! Parsing lines and decoding results.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use electrum_proto::json::{Message, RawJson, hex};
use electrum_proto::operations::{Balance, Headers, History, TransactionGet};
use electrum_proto::types::Txid;
use electrum_proto::{ProtocolVersion, Request};

use crate::lines::{balance_line, history, notification_line, script};

#[divan::bench]
fn parse_small_reply(bencher: Bencher<'_, '_>) {
    parse(bencher, balance_line(123_456));
}

#[divan::bench]
fn parse_notification(bencher: Bencher<'_, '_>) {
    parse(bencher, notification_line(1, 0));
}

/// As ElectrumX from 1.18 on sends them.
#[divan::bench]
fn parse_padded_reply(bencher: Bencher<'_, '_>) {
    let line = balance_line(123_456);
    let padded = format!("{}{}}}", line.trim_end().trim_end_matches('}'), " ".repeat(940));
    parse(bencher, padded);
}

#[divan::bench]
fn parse_long_history(bencher: Bencher<'_, '_>) {
    parse(bencher, reply(&history(100_000)));
}

#[divan::bench]
fn parse_large_transaction(bencher: Bencher<'_, '_>) {
    parse(bencher, reply(&format!("\"{}\"", "5a".repeat(1_000_000))));
}

#[divan::bench]
fn decode_balance(bencher: Bencher<'_, '_>) {
    decode(bencher, Balance::new(script(0)), r#"{"confirmed":123456789,"unconfirmed":-5000}"#);
}

#[divan::bench]
fn decode_long_history(bencher: Bencher<'_, '_>) {
    decode(bencher, History::new(script(0)), &history(100_000));
}

#[divan::bench]
fn decode_headers(bencher: Bencher<'_, '_>) {
    let result = format!(r#"{{"count":2016,"hex":"{}","max":2016}}"#, "5a".repeat(2016 * 80));
    decode(bencher, Headers::new(0, 2016).without_link_check(), &result);
}

#[divan::bench]
fn decode_large_transaction(bencher: Bencher<'_, '_>) {
    let request = TransactionGet::new(Txid::from_display_bytes([0; 32])).unchecked();
    decode(bencher, request, &format!("\"{}\"", hex::encode(&[0x5a; 1_000_000])));
}

fn reply(result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","result":{result},"id":123456}}"#)
}

fn parse(bencher: Bencher<'_, '_>, line: String) {
    let line = line.trim_end().as_bytes();
    bencher.counter(BytesCount::new(line.len())).bench(|| Message::parse(black_box(line)).expect("a message"));
}

fn decode<R: Request + Sync>(bencher: Bencher<'_, '_>, request: R, result: &str) {
    bencher.counter(BytesCount::new(result.len())).bench(|| {
        request
            .decode(ProtocolVersion::V1_4, RawJson::new(black_box(result)))
            .map_err(|error| error.to_string())
            .expect("a result")
    });
}
