//! Answers that cannot be right are refused, each with the place and the reason.

use electrum_proto::json::RawJson;
use electrum_proto::operations::legacy::GetChunk;
use electrum_proto::operations::{
    Balance, Banner, Broadcast, EstimateFee, Features, FeeHistogram, Header, Headers, History, Mempool,
    OutPointGetStatus, PaddedPing, Peers, ProvenHeaders, RelayFee, ScriptSubscribe, TestMempoolAccept, TransactionGet,
    TransactionMerkle, Unspent,
};
use electrum_proto::types::{OutPoint, RawTransaction};
use electrum_proto::{ProtocolVersion, Request};

use crate::all::{script, txid};

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
/// The first two headers and the first transaction of the main chain.
const HEADERS: [&str; 2] = [
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc38\
     88a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c",
    "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e1fee14677ba1a3c3\
     540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299",
];
const TRANSACTION: &str = "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff00\
    1d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e6420\
    6261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909\
    a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000";

/// `request` refuses each of the answers, which `A`, `B`, `H` and `I` stand in for hashes and headers of, at its place
/// and with words that hold those given.
fn refuses<R: Request>(version: ProtocolVersion, request: R, answers: &[(&str, &str, &str)]) {
    for (answer, place, words) in answers {
        let answer = answer.replace('A', A).replace('B', B).replace('H', HEADERS[0]).replace('I', HEADERS[1]);
        let Err(error) = request.decode(version, RawJson::new(&answer)) else { panic!("{answer} is taken") };
        assert_eq!(error.place(), *place, "{answer}: {error}");
        assert!(error.what().contains(words), "{answer}: {error}");
    }
}

const V1_6: ProtocolVersion = ProtocolVersion::V1_6;
const V1_7: ProtocolVersion = ProtocolVersion::V1_7;

#[test]
fn balances() {
    refuses(
        V1_6,
        Balance::new(script()),
        &[
            (r#"{"confirmed":1}"#, "unconfirmed", "missing"),
            (r#"{"confirmed":-1,"unconfirmed":0}"#, "confirmed", "-1 satoshi"),
            (r#"{"confirmed":2100000000000001,"unconfirmed":0}"#, "confirmed", "2100000000000001 satoshi"),
            (r#"{"confirmed":18446744073708651616,"unconfirmed":0}"#, "confirmed", "out of range"),
            (r#"{"confirmed":1,"unconfirmed":-2100000000000001}"#, "unconfirmed", "-2100000000000001 satoshi"),
            (r#"{"confirmed":1.5,"unconfirmed":0}"#, "confirmed", "no integer"),
            (r#"{"confirmed":"1","unconfirmed":0}"#, "confirmed", "a string where a number"),
            ("[1,0]", "", "an array where an object"),
            (r#"{"confirmed":1,"unconfirmed":0}x"#, "", "follows"),
            (r#"{"confirmed":1,"unconfirmed":0"#, "", "too early"),
        ],
    );
}

#[test]
fn histories() {
    for (version, start, end) in [(V1_6, "[", "]"), (V1_7, r#"{"history":["#, "]}")] {
        for (entries, place, words) in [
            (r#"{"tx_hash":"A","height":5},{"tx_hash":"B","height":4}"#, "history[1].height", "4 after height 5"),
            (r#"{"tx_hash":"A","height":0},{"tx_hash":"B","height":4}"#, "history[1].height", "after unconfirmed"),
            (r#"{"tx_hash":"A","height":5},{"tx_hash":"A","height":5}"#, "history[1].tx_hash", "comes twice"),
            (r#"{"tx_hash":"A","height":0},{"tx_hash":"A","height":-1}"#, "history[1].tx_hash", "comes twice"),
            (r#"{"tx_hash":"A","height":-2}"#, "history[0].height", "-2 is no height"),
            (r#"{"tx_hash":"A","height":4294967296}"#, "history[0].height", "4294967296 is no height"),
            (r#"{"tx_hash":"A","height":1},{"height":4}"#, "history[1].tx_hash", "missing"),
            (r#"{"tx_hash":"A0","height":1}"#, "history[0].tx_hash", "not a hash"),
            (r#"{"tx_hash":"00","height":1}"#, "history[0].tx_hash", "not a hash"),
        ] {
            refuses(version, History::new(script()), &[(&format!("{start}{entries}{end}"), place, words)]);
        }
        let confirmed = format!(r#"{start}{{"tx_hash":"A","height":0}},{{"tx_hash":"B","height":7}}{end}"#);
        refuses(version, Mempool::new(script()), &[(&confirmed, "history[1].height", "in the mempool")]);
    }
    refuses(V1_7, History::new(script()), &[("{}", "history", "missing"), ("[]", "", "an array where an object")]);
}

#[test]
fn unspent_outputs() {
    let output = r#"{"tx_hash":"A","tx_pos":1,"height":5,"value":7}"#;
    let list = |change: [&str; 2]| format!("[{output},{}]", output.replace(change[0], change[1]));
    let request = || Unspent::new(script());
    refuses(V1_6, request(), &[(&list(["", ""]), "utxos[1]", "comes twice")]);
    refuses(V1_6, request(), &[(&list([":7", ":-7"]), "utxos[1].value", "-7 satoshi")]);
    refuses(V1_6, request(), &[(&list([":1,", ":4294967296,"]), "utxos[1].tx_pos", "out of range")]);
    assert!(request().decode(V1_6, RawJson::new(&list([":1,", ":2,"]).replace('A', A))).is_ok());
}

#[test]
fn headers() {
    refuses(
        V1_6,
        Headers::new(0, 2),
        &[
            (r#"{"count":2,"max":2016,"hex":"IH"}"#, "headers[1]", "as the one before it"),
            (r#"{"count":2,"max":2016,"headers":["H","H"]}"#, "headers[1]", "as the one before it"),
            (r#"{"count":1,"max":2016,"hex":"HI"}"#, "count", "it is 1, and there are 2"),
            (r#"{"count":3,"max":2016,"headers":["H","I","H"]}"#, "count", "2 were asked for"),
            (r#"{"count":1,"max":2016,"hex":"H00"}"#, "hex", "no whole number of headers"),
            (r#"{"count":1,"max":2016,"headers":["H00"]}"#, "headers[0]", "81 bytes, where Bitcoin's have 80"),
            (r#"{"count":0,"max":2016}"#, "headers", "missing"),
            (r#"{"max":2016,"hex":""}"#, "count", "missing"),
        ],
    );
    // Without the check of links what does not link is taken, and nothing else.
    let unlinked = format!(r#"{{"count":2,"max":2016,"hex":"{}{}"}}"#, HEADERS[1], HEADERS[0]);
    let unchecked = Headers::new(0, 2).without_link_check();
    assert_eq!(unchecked.decode(V1_6, RawJson::new(&unlinked)).unwrap().headers.len(), 2);
    let proven = ProvenHeaders { start: 0, count: 2, checkpoint: 5 };
    refuses(V1_6, proven, &[(r#"{"count":1,"max":2016,"hex":"H"}"#, "branch", "missing")]);
    let piece = format!(
        r#"{{"version":1,"prev_block_hash":null,"merkle_root":"{A}","timestamp":1,"bits":1,"nonce":1,"block_height":6}}"#
    );
    refuses(ProtocolVersion::V1_2, Header { height: 5 }, &[(&piece, "block_height", "5 was asked for")]);
    // The version is written with a sign or without; both are the same four bytes.
    for (version, bytes) in [("-1", "ffffffff"), ("4294967295", "ffffffff"), ("4294967296", ""), ("-2147483649", "")] {
        let piece = piece.replace(r#""version":1"#, &format!(r#""version":{version}"#)).replace(":6}", ":5}");
        let header = Header { height: 5 }.decode(ProtocolVersion::V1_2, RawJson::new(&piece));
        match header {
            Ok(header) => assert!(!bytes.is_empty() && header.to_hex().starts_with(bytes), "{version}"),
            Err(error) => assert!(bytes.is_empty() && error.place() == "version", "{version}: {error}"),
        }
    }
    let chunk = format!("\"{}\"", HEADERS[0].repeat(2017));
    refuses(ProtocolVersion::V1_2, GetChunk { index: 0 }, &[(&chunk, "", "2017 headers in a chunk of 2016")]);
}

#[test]
fn transactions() {
    let wrong = format!("\"{}\"", TRANSACTION.replace("f2052a", "f3052a"));
    let right = format!("\"{TRANSACTION}\"");
    refuses(
        V1_6,
        TransactionGet::new(txid()),
        &[
            (&wrong, "", "was asked for"),
            (&right.replace("00\"", "\""), "", "cut off"),
            (&right.replace("0\"", "\""), "", "odd number"),
            (&right.replace("0\"", "x\""), "", "not hexadecimal"),
            (&right.replace("\"01", "\"0x01"), "", "not hexadecimal"),
            ("null", "", "null where a string"),
            ("\"\"", "", "cut off"),
        ],
    );
    assert!(TransactionGet::new(txid()).decode(V1_6, RawJson::new(&right)).is_ok());
    let unchecked = TransactionGet::new(A.parse().unwrap()).unchecked();
    assert_eq!(unchecked.decode(V1_6, RawJson::new(&wrong)).unwrap().as_bytes().len(), TRANSACTION.len() / 2);

    let broadcast = Broadcast { transaction: RawTransaction::from_hex(TRANSACTION).unwrap() };
    let page = "<br/><br/>Your wallet is vulnerable";
    let accepted = broadcast.decode(V1_6, RawJson::new(&format!("\"{page}\""))).unwrap();
    assert_eq!((accepted.txid, accepted.server_said.as_deref()), (txid(), Some(page)));
    let accepted = broadcast.decode(V1_6, RawJson::new(&format!("\"{A}\""))).unwrap();
    assert_eq!((accepted.txid, accepted.server_said.as_deref()), (txid(), Some(A)));
    // Electrum Personal Server up to 0.1.6 answers the reason of a rejection as the result, later ones null after a failure.
    refuses(
        V1_6,
        broadcast,
        &[
            ("{", "", "EOF"),
            ("null", "", "the server said \"null\" and no transaction's id; it may have been sent"),
            ("\"\"", "", "may have been sent"),
            ("true", "", "may have been sent"),
            ("{\"a\": 1}", "", "may have been sent"),
            ("\"bad-txns-inputs-missingorspent\"", "", "bad-txns-inputs-missingorspent"),
            ("\"broadcast disabled when using blocksonly\"", "", "broadcast disabled when using blocksonly"),
        ],
    );
    let other_chain = Broadcast { transaction: RawTransaction::new([1]) };
    assert_eq!(other_chain.decode(V1_6, RawJson::new(&format!("\"{A}\""))).unwrap().txid.to_string(), A);
    refuses(V1_6, other_chain, &[("\"\"", "", "may have been sent")]);
    refuses(
        V1_6,
        TransactionMerkle { txid: txid(), height: 5 },
        &[
            (r#"{"block_height":6,"merkle":[],"pos":0}"#, "block_height", "5 was asked for"),
            (r#"{"block_height":5,"merkle":["A"],"pos":2}"#, "merkle", "position 2 does not exist"),
            (r#"{"block_height":5,"merkle":["A","0"],"pos":0}"#, "merkle[1]", "not a hash"),
        ],
    );
    let accept = TestMempoolAccept { transactions: vec![RawTransaction::new([1]), RawTransaction::new([2])] };
    refuses(V1_7, accept, &[(r#"[{"txid":"A","wtxid":"A","allowed":true}]"#, "", "1 verdicts on 2 transactions")]);
}

#[test]
fn fees_and_the_rest() {
    refuses(
        V1_6,
        EstimateFee::within(6),
        &[("-2", "", "no fee rate"), ("1.5e-9", "", "finer"), ("\"1\"", "", "a string")],
    );
    for none in ["-1", "null"] {
        assert_eq!(EstimateFee::within(6).decode(V1_6, RawJson::new(none)), Ok(None));
    }
    refuses(ProtocolVersion::V1_4, RelayFee, &[("-1", "", "no fee rate")]);
    refuses(V1_6, RelayFee, &[("{}", "minrelaytxfee", "missing"), (r#"{"minrelaytxfee":-1}"#, "minrelaytxfee", "-1")]);
    refuses(V1_6, ScriptSubscribe { script: script().into() }, &[("\"\"", "", "not a hash"), ("5", "", "a number")]);
    refuses(V1_7, PaddedPing { pong_len: 3, data: Vec::new() }, &[(r#"{"data":"00"}"#, "data", "3 were asked for")]);
    let outpoint = OutPointGetStatus { outpoint: OutPoint { txid: txid(), vout: 0 }, script: script() };
    refuses(
        V1_7,
        outpoint,
        &[
            (r#"{"funder_height":5,"spender_txhash":"A"}"#, "spender_height", "missing"),
            (r#"{"spender_txhash":"A","spender_height":5}"#, "funder_height", "made by something"),
            (r#"{"funder_height":-2}"#, "funder_height", "no height"),
        ],
    );
}

/// What is small on the wire may be large in memory.
#[test]
fn lists_that_no_server_has() {
    let list = |element: &str, count: usize| vec![element; count].join(",");
    let many = "there are more than";
    let peer = format!(r#"["1.1.1.1","x",[{}]]"#, list(r#""t""#, 32));
    let peers = format!("[{}]", list(&peer, 10_000));
    assert_eq!(Peers.decode(V1_6, RawJson::new(&peers)).map(|peers| (peers.len(), peers.dropped)), Ok((10_000, 0)));
    let features = format!(r#"[["1.1.1.1","x",[{}]]]"#, list(r#""""#, 33));
    assert_eq!(Peers.decode(V1_6, RawJson::new(&features)).map(|peers| (peers.len(), peers.dropped)), Ok((0, 1)));
    refuses(V1_6, Peers, &[(&format!("[{}]", list(r#"["","",[]]"#, 10_001)), "[10000]", many)]);
    refuses(V1_6, FeeHistogram, &[(&format!("[{}]", list("[0,0]", 100_001)), "[100000]", many)]);
    let hosts = format!(r#"{{"hosts":{{{}}}}}"#, list(r#""x":{}"#, 1_001));
    refuses(V1_6, Features, &[(&hosts, "hosts.x", many)]);
    let more: Vec<_> = (0..=1_000).map(|n| format!(r#""{n}":0"#)).collect();
    refuses(V1_6, Features, &[(&format!("{{{}}}", more.join(",")), "1000", many)]);
}

#[test]
fn texts_that_are_no_json() {
    refuses(V1_6, Banner, &[("\"a\u{0}b\"", "", "control character"), ("\"\t\"", "", "control character")]);
    assert_eq!(Banner.decode(V1_6, RawJson::new(r#""a\tb\u0000""#)), Ok("a\tb\0".into()));
    let key = "k".repeat(1_000_000);
    let error = Balance::new(script()).decode(V1_6, RawJson::new(&format!(r#"{{"{key}":nul}}"#))).unwrap_err();
    assert!(error.place().starts_with("kkkk") && error.place().len() < 100);
}
