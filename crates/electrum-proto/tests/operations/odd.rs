//! Odd answers: what is optional may be null, a broken element costs itself only, and a chain in motion is understood.

use electrum_proto::json::{DecodeErrorKind, RawJson};
use electrum_proto::operations::{
    Balance, Banner, BroadcastPackage, FeeHistogram, Header, Headers, History, Mempool, MempoolRecent,
    OutPointGetStatus, Peers, ProvenTransactionIdAt, TestMempoolAccept, TransactionGet, TransactionIdAt, Unspent,
};
use electrum_proto::types::{OutPoint, OutPointStatus, RawTransaction, TxHeight};
use electrum_proto::{ProtocolVersion, Request};

use crate::all::{script, txid};

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const V1_4: ProtocolVersion = ProtocolVersion::V1_4;
const V1_7: ProtocolVersion = ProtocolVersion::V1_7;

/// What `request` reads from an answer in which `A` stands for a hash.
fn decode<R: Request>(version: ProtocolVersion, request: R, answer: &str) -> R::Response {
    let answer = answer.replace('A', A);
    request.decode(version, RawJson::new(&answer)).map_err(|error| format!("{answer}: {error}")).unwrap()
}

#[test]
fn a_fee_that_is_none_is_left_out() {
    for (fee, read) in
        [("210", Some(210)), ("null", None), ("-1", None), ("1.5", None), ("\"210\"", None), ("{}", None)]
    {
        for height in [0, 700_000] {
            let history = format!(r#"[{{"height":{height},"tx_hash":"A","fee":{fee}}}]"#);
            let history = decode(V1_4, History::new(script()), &history);
            assert_eq!(history[0].fee.map(|fee| fee.to_sat()), read, "{fee}");
        }
    }
    let mempool = decode(V1_4, Mempool::new(script()), r#"[{"height":0,"tx_hash":"A","fee":null}]"#);
    assert_eq!(mempool[0].fee, None);
}

#[test]
fn broken_elements_are_dropped_and_counted() {
    let histogram = "[[18446744073709551615,0],[9223372036854775807,0],[1,6210],[1],[-1,5],[1,5,0],null,[2.5,7]]";
    let bins = decode(V1_4, FeeHistogram, histogram);
    let read: Vec<_> = bins.iter().map(|bin| (bin.rate.to_sat_per_kvb(), bin.vsize)).collect();
    assert_eq!((read.as_slice(), bins.dropped), (&[(1000, 6210), (2500, 7)][..], 6));

    let peers = decode(
        V1_4,
        Peers,
        r#"[["1.1.1.1","one",["v1.4","t"]],["1.1.1.1"],{"a":[1]},[null,"x",[]],["2.2.2.2","two",["s",5]],["3.3.3.3","three",[]]]"#,
    );
    let hosts: Vec<_> = peers.iter().map(|peer| &*peer.host).collect();
    assert_eq!((hosts.as_slice(), peers.dropped), (&["one", "three"][..], 4));

    let recent = decode(
        V1_7,
        MempoolRecent,
        r#"[{"txid":"A","fee":1,"vsize":100},{"txid":"A","fee":null,"vsize":1},{"txid":"00","fee":1,"vsize":1},5]"#,
    );
    assert_eq!((recent.len(), recent.dropped), (1, 3));
}

/// What is no JSON is not passed over, and neither is something that is no list.
#[test]
fn a_list_that_is_none_is_refused() {
    for answer in ["[[1,5],[1,", "[[1,5],nul]", "{}", "nul", "5", "[[1,5]]x"] {
        assert!(FeeHistogram.decode(V1_4, RawJson::new(answer)).is_err(), "{answer}");
    }
}

#[test]
fn the_confirmed_entry_counts_while_a_block_comes_in() {
    let history = r#"[{"tx_hash":"A","height":105},{"tx_hash":"A","height":0,"fee":210}]"#;
    let found = decode(V1_4, History::new(script()), history);
    assert_eq!((found.len(), found[0].height), (1, TxHeight::Confirmed(105)));
    let found = decode(V1_7, History::new(script()), &format!(r#"{{"history":{history}}}"#));
    assert_eq!(found.len(), 1);

    let output = |height| format!(r#"{{"tx_hash":"A","tx_pos":1,"height":{height},"value":7}}"#);
    let unspent = decode(V1_4, Unspent::new(script()), &format!("[{},{}]", output(0), output(105)));
    assert_eq!((unspent.len(), unspent[0].height), (1, TxHeight::Confirmed(105)));
    assert_eq!(unspent[0].outpoint(), OutPoint { txid: A.parse().unwrap(), vout: 1 });
}

#[test]
fn ids_by_position_in_every_shape() {
    let at = TransactionIdAt { height: 100, position: 0 };
    for answer in [r#""A""#, r#"{"tx_id":"A"}"#, r#"{"tx_hash":"A","merkle":[]}"#] {
        assert_eq!(decode(V1_4, at, answer).to_string(), A);
    }
    let proven = ProvenTransactionIdAt { height: 100, position: 0 };
    for answer in [r#"{"tx_id":"A","merkle":[]}"#, r#"{"merkle":[],"tx_hash":"A"}"#] {
        assert_eq!(decode(V1_4, proven, answer).txid.to_string(), A);
    }
    for answer in ["{}", r#"{"merkle":[]}"#, r#"{"tx_id":"00"}"#, "null"] {
        assert!(at.decode(V1_4, RawJson::new(answer)).is_err(), "{answer}");
        assert!(proven.decode(V1_4, RawJson::new(answer)).is_err(), "{answer}");
    }
}

#[test]
fn null_where_something_is_optional_is_nothing() {
    let status = OutPointGetStatus { outpoint: OutPoint { txid: txid(), vout: 0 }, script: script() };
    let nulls = r#"{"funder_height":null,"spender_txhash":null,"spender_height":null}"#;
    assert_eq!(decode(V1_7, &status, nulls), OutPointStatus::default());
    let found = decode(V1_7, status, r#"{"funder_height":5,"spender_txhash":null,"spender_height":null}"#);
    assert_eq!((found.funder_height, found.spender), (Some(TxHeight::Confirmed(5)), None));

    assert_eq!(decode(V1_4, Banner, "null"), "");
    assert!(decode(V1_4, Peers, "null").is_empty() && decode(V1_4, FeeHistogram, "null").is_empty());
    let package = BroadcastPackage { transactions: Vec::new() };
    assert!(decode(V1_7, package, r#"{"success":true,"errors":null}"#).errors.is_empty());
    let accept = TestMempoolAccept { transactions: vec![RawTransaction::new([1])] };
    let verdicts = decode(V1_7, accept, r#"[{"txid":"A","wtxid":"A","allowed":null,"reason":null}]"#);
    assert_eq!((verdicts[0].allowed, &verdicts[0].reason), (None, &None));
}

/// Other coins have more units, longer headers and other transactions: the client says whose rules it checks.
#[test]
fn answers_of_other_coins_are_not_taken_for_nonsense() {
    let header = "00".repeat(140);
    let run = format!(r#"{{"count":1,"max":2016,"hex":"{header}"}}"#);
    // Two headers of 160 bytes, which could be four of 80.
    let long_run = format!(r#"{{"count":2,"max":2016,"hex":"{}"}}"#, "00".repeat(320));
    // Flag 8 of Litecoin.
    let mweb = format!("\"0200000000090111{}\"", "11".repeat(60));
    for error in [
        Balance::new(script()).decode(V1_4, RawJson::new(r#"{"confirmed":9000000000000000,"unconfirmed":0}"#)).err(),
        Balance::new(script()).decode(V1_4, RawJson::new(r#"{"confirmed":1100000000000000000,"unconfirmed":0}"#)).err(),
        Header { height: 5 }.decode(V1_4, RawJson::new(&format!("\"{header}\""))).err(),
        Headers::new(5, 1).decode(V1_4, RawJson::new(&run)).err(),
        Headers::new(5, 2).decode(V1_4, RawJson::new(&long_run)).err(),
        TransactionGet::new(txid()).decode(V1_4, RawJson::new(&mweb)).err(),
    ] {
        let error = error.unwrap();
        assert_eq!(error.kind(), DecodeErrorKind::OtherChain, "{error}");
        assert!(error.to_string().starts_with("this client checks Bitcoin's rules"), "{error}");
    }
    for (request, answer) in [
        (Balance::new(script()), r#"{"confirmed":-1,"unconfirmed":0}"#),
        // A balance below zero, wrapped.
        (Balance::new(script()), r#"{"confirmed":18446744073708651616,"unconfirmed":0}"#),
    ] {
        let error = request.decode(V1_4, RawJson::new(answer)).unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::Malformed, "{error}");
    }
}
