//! `doctor` on planted faults, each of which it must name first.

use crate::faulty::{Reply, faulty};
use crate::peer::answering;
use crate::tls_front::TlsFront;
use crate::tool::{Done, closed_port, file_in, run};
use electrum_testkit::prelude::*;
use serde_json::{Value, json};

const MAINNET_GENESIS: &str = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";
const MAINNET_BLOCK_1: &str = "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299";

fn doctor(url: &str, more: &[&str]) -> (Done, Value) {
    let done = run(&[&["doctor", url, "--json", "--timeout", "2"], more].concat());
    let object = done.objects()[0].clone();
    (done, object)
}

/// That the first fault found has this name, and that there is something to do about it.
#[track_caller]
fn names(fault: &str, url: &str, more: &[&str]) {
    let (done, found) = doctor(url, more);
    assert_eq!((done.code, &found["first"]), (Some(1), &json!(fault)), "{found:#}");
    let findings = found["findings"].as_array().expect("a list");
    let finding = findings.iter().find(|finding| finding["fault"] == fault).expect("it is listed");
    assert!(finding["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{finding}");
    let words = run(&[&["doctor", url, "--timeout", "2"], more].concat()).lines.join("\n");
    assert!(words.contains("first: "), "{words}");
}

/// A server with a fault in its answer to one method.
#[track_caller]
fn names_for(fault: &str, method: &'static str, reply: Reply) {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().expect("a port");
    let url = faulty(&server, move |asked, _| (asked == method).then(|| reply.clone()));
    names(fault, &url, &[]);
}

#[test]
fn nothing_is_wrong_with_any_family() {
    for family in Family::ALL {
        let server = Server::builder(family).prompt().start().expect("a port");
        let (done, found) = doctor(&server.url(), &[]);
        assert_eq!((done.code, &found["first"]), (Some(0), &Value::Null), "{family}: {found:#}");
    }
    let server = Server::start(Family::ElectrumX1_18);
    let done = run(&["doctor", &server.url()]);
    assert_eq!(done.code, Some(0), "{:?}", done.lines);
    assert!(done.lines.iter().any(|line| line.contains("padding")), "{:?}", done.lines);
    assert_eq!(done.lines.last().map(|line| line.trim()), Some("nothing is wrong"));
}

#[test]
fn a_port_where_nothing_listens() {
    names("nothing_listens", &closed_port(), &[]);
}

#[test]
fn a_port_of_the_other_kind() {
    let server = Server::start(Family::Fulcrum2_1);
    let (front, _) = TlsFront::start(&server);
    let folder = tempfile::tempdir().expect("a folder");
    let pins = folder.path().join("pins");
    let pins = ["--pins", pins.to_str().expect("UTF-8")];
    names("tls_wanted", &front.url().replace("ssl://", "tcp://"), &pins);
    names("no_tls_here", &server.url().replace("tcp://", "ssl://"), &pins);
}

#[test]
fn certificates_that_are_not_trusted() {
    let server = Server::start(Family::Fulcrum2_1);
    let (front, _) = TlsFront::start(&server);
    let folder = tempfile::tempdir().expect("a folder");
    let pins = &file_in(&folder, "pins");
    names("certificate", &front.url(), &["--trust", "ca"]);
    names("certificate", &front.url(), &["--trust", &format!("pin:{}", ["00"; 32].join(":"))]);
    assert_eq!(doctor(&front.url(), &["--pins", pins]).0.code, Some(0));
    front.rotate();
    names("certificate", &front.url(), &["--pins", pins]);
}

#[test]
fn ways_that_cannot_be_gone() {
    names("no_route", "tcp://explorerzydxu5ecjrkwceayqybizmpjjznk5izmitf2modhcusuqlid.onion:110", &[]);
    let gone = closed_port().replace("tcp://", "socks5://");
    names("unreachable_through_proxy", "tcp://127.0.0.1:1", &["--proxy", &gone]);
    for (answer, fault) in [
        // None of the ways to sign in; something that is no proxy; a server that the proxy cannot reach.
        (&[5, 0xff][..], "here"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "here"),
        (&[5, 0, 5, 4, 0, 1, 0, 0, 0, 0, 0, 0], "unreachable_through_proxy"),
    ] {
        let proxy = format!("socks5://{}", answering(&[answer]));
        names(fault, "tcp://127.0.0.1:1", &["--proxy", &proxy]);
    }
}

#[test]
fn what_is_no_electrum_server() {
    let web = answering(&[b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html></html>\r\n"]);
    names("web_server", &format!("tcp://{web}"), &[]);
    names("malformed", &format!("tcp://{}", answering(&[b"SSH-2.0-OpenSSH_9.6\r\n"])), &[]);
}

#[test]
fn servers_that_do_not_agree() {
    names_for("handshake_timeout", "server.version", Reply::Silence);
    names_for("hung_up", "server.version", Reply::Close);
    names_for("refused", "server.version", Reply::Error(1, "unsupported protocol version"));
    names_for("out_of_range", "server.version", Reply::Result(r#"["Test 1", "0.9"]"#.into()));
    names_for("malformed", "server.version", Reply::Raw("what?"));
    let server = Server::start(Family::Fulcrum2_1);
    // One that takes one old version only.
    let old = faulty(&server, |method, params| {
        (method == "server.version").then(|| match params.to_string().matches("1.2").count() {
            2.. => Reply::Result(r#"["Old 1", "1.2"]"#.into()),
            _ => Reply::Error(1, "unsupported protocol version"),
        })
    });
    names("other_versions", &old, &["--range", "1.4..1.7"]);
    names("wrong_chain", &server.url(), &["--network", "mainnet"]);
}

#[test]
fn servers_that_do_not_answer() {
    names_for("timed_out", "server.ping", Reply::Silence);
    names_for("internal", "blockchain.scripthash.get_balance", Reply::Error(-32603, "internal error: db error"));
    names_for("unknown_method", "blockchain.scripthash.get_balance", Reply::Error(-32601, "unknown method"));
    names_for("malformed_answer", "blockchain.scripthash.get_balance", Reply::Result("[]".into()));
    names_for("malformed_answer", "blockchain.headers.subscribe", Reply::Result("null".into()));
    names_for("not_found", "blockchain.block.header", Reply::Error(1, "no header at this height"));
    names_for(
        "other_chain",
        "blockchain.scripthash.get_balance",
        Reply::Result(r#"{"confirmed": 9000000000000000, "unconfirmed": 0}"#.into()),
    );
}

#[test]
fn chains_that_cannot_be_true() {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().expect("a port");
    let (tip, before) = server.chain(|chain| (chain.tip().to_hex(), chain.header(109).expect("mined").to_hex()));
    let other = move |method: &str, _: &Value| {
        let announced = format!(r#"{{"height": 110, "hex": "{before}"}}"#);
        (method == "blockchain.headers.subscribe").then_some(Reply::Result(announced))
    };
    names("contradiction", &faulty(&server, other), &[]);

    let workless = mined(&tip, 0, |hash| hash >= 0x80);
    names("no_work", &faulty(&server, with_tip(workless)), &[]);
    let in_the_future = mined(&tip, u32::MAX, |hash| hash < 0x7f);
    names("clock", &faulty(&server, with_tip(in_the_future)), &[]);

    let stale = faulty(&server, |method, params| match (method, params[0].as_u64()) {
        ("blockchain.block.header", Some(0)) => Some(Reply::Result(format!("{MAINNET_GENESIS:?}"))),
        ("blockchain.block.header", _) => Some(Reply::Result(format!("{MAINNET_BLOCK_1:?}"))),
        ("blockchain.headers.subscribe", _) => {
            Some(Reply::Result(format!(r#"{{"height": 1, "hex": "{MAINNET_BLOCK_1}"}}"#)))
        }
        _ => None,
    });
    names("stale", &stale, &[]);

    let two_chains = faulty(&server, |method, _| {
        let features = r#"{"genesis_hash": "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", "hosts": {}, "protocol_max": "1.6", "protocol_min": "1.4", "pruning": 500, "server_version": "x", "hash_function": "sha256"}"#;
        (method == "server.features").then(|| Reply::Result(features.into()))
    });
    names("contradiction", &two_chains, &[]);
}

#[test]
fn a_server_that_is_behind_another() {
    let (slow, fast) = (Server::start(Family::Electrs), Server::start(Family::Fulcrum2_1));
    fast.mine(3);
    let done = run(&["doctor", &slow.url(), &fast.url(), "--json"]);
    let firsts: Vec<_> = done.objects().iter().map(|object| object["first"].clone()).collect();
    assert_eq!((done.code, firsts), (Some(1), vec![json!("behind"), Value::Null]));
}

/// A tip at height 110 with this header, everywhere.
fn with_tip(header: String) -> impl Fn(&str, &Value) -> Option<Reply> + Send + Sync {
    move |method, params| match (method, params[0].as_u64()) {
        ("blockchain.block.header", Some(110)) => Some(Reply::Result(format!("{header:?}"))),
        ("blockchain.headers.subscribe", _) => Some(Reply::Result(format!(r#"{{"height": 110, "hex": "{header}"}}"#))),
        _ => None,
    }
}

/// A header with another time, unless that is 0, and a nonce that makes the first byte of its hash as it is wanted.
fn mined(header: &str, time: u32, is_wanted: impl Fn(u8) -> bool) -> String {
    let time = if time == 0 { header[136..144].to_owned() } else { format!("{:08x}", time.swap_bytes()) };
    let with_nonce = |nonce: u32| format!("{}{time}{}{:08x}", &header[..136], &header[144..152], nonce.swap_bytes());
    let hash = |header: &String| electrum_proto::types::RawHeader::from_hex(header).expect("a header").block_hash();
    let mut headers = (0..1000).map(with_nonce);
    headers.find(|header| is_wanted(hash(header).as_display_bytes()[0])).expect("one in two or so")
}
