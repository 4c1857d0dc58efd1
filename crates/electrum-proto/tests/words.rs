//! What people and other programs are shown: errors in words, values in logs and as JSON.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::fmt::Display;

use electrum_proto::json::hex::HexError;
use electrum_proto::json::{DecodeError, RawJson, ServerError};
use electrum_proto::operations::Banner;
use electrum_proto::proof::Target;
use electrum_proto::types::{
    BlockHash, FeeRate, Network, OutPoint, RawHeader, RawTransaction, ScriptRef, TxHeight, Txid,
};
use electrum_proto::{
    Client, Config, DownCause, NotInVersion, Phase, ProtocolVersion, RejectReason, Request, RequestError, Script, Side,
    SubscribeError, TimerKind, Timestamp, Topic, VersionRange,
};

/// The texts, of which no two may be equal and none empty.
fn all_differ<T: Display>(errors: &[T]) -> Vec<String> {
    let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert!(texts.iter().all(|text| text.len() > 8), "{texts:?}");
    assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), texts.len(), "{texts:#?}");
    texts
}

fn busy() -> ServerError {
    ServerError::new(Some(-102), "come back later")
}

fn range(text: &str) -> VersionRange {
    text.parse().unwrap()
}

fn missing() -> NotInVersion {
    NotInVersion::new("banner", ProtocolVersion::V1_4, &[Banner::METHODS[0].not_before(ProtocolVersion::V1_7)])
}

/// Every cause, with its name, who must act, and what its text must tell.
fn causes() -> Vec<(DownCause, &'static str, Side, &'static str)> {
    let out_of_range = |wanted: &str| DownCause::OutOfRange {
        answered: "1.3".into(),
        offered: range("1.4..1.7").into(),
        wanted: range(wanted),
    };
    let timeout = |waited_for| DownCause::Timeout { waited_for };
    let (during, message) = (Phase::Ready, "by peer".to_owned());
    vec![
        (
            DownCause::Connect { side: Side::Server, layer: None, message: message.clone() },
            "connect",
            Side::Server,
            "by peer",
        ),
        (DownCause::Closed { during }, "closed", Side::Network, "closed"),
        (DownCause::Closed { during: Phase::Handshaking }, "closed", Side::Network, "refuse a version"),
        (DownCause::Reset { during, message }, "reset", Side::Network, "by peer"),
        (
            DownCause::Refused { offered: range("1.4..1.7").into(), error: busy() },
            "refused",
            Side::Caller,
            "come back later",
        ),
        (out_of_range("1.4..1.7"), "out_of_range", Side::Caller, "outside 1.4..1.7"),
        (out_of_range("1.4..1.6"), "out_of_range", Side::Caller, "1.4..1.6 is wanted"),
        (
            DownCause::Malformed { during, what: "no JSON".into(), excerpt: "HTTP/1.1".into() },
            "malformed",
            Side::Server,
            "no JSON, in \"HTTP/1.1\"",
        ),
        (timeout(TimerKind::Connect), "timeout", Side::Network, "connection"),
        (timeout(TimerKind::Handshake), "timeout", Side::Network, "handshake"),
        (timeout(TimerKind::Pong), "timeout", Side::Network, "ping"),
        (timeout(TimerKind::Request), "timeout", Side::Network, "answer"),
        (
            DownCause::WrongChain {
                wanted: BlockHash::from_display_bytes([7; 32]),
                found: BlockHash::from_display_bytes([8; 32]),
            },
            "wrong_chain",
            Side::Caller,
            "its first block is 0808080808",
        ),
        (
            DownCause::WrongChain { wanted: Network::Bitcoin.genesis_hash(), found: Network::Regtest.genesis_hash() },
            "wrong_chain",
            Side::Caller,
            "(regtest), not 000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f (mainnet)",
        ),
        (
            DownCause::UnknownChain { wanted: BlockHash::from_display_bytes([7; 32]), what: "unknown method".into() },
            "unknown_chain",
            Side::Caller,
            "unknown method",
        ),
        (DownCause::NumericVersion { answered: "1.2".into() }, "numeric_version", Side::Caller, "number 1.2"),
        (DownCause::Busy { during, error: busy() }, "busy", Side::Server, "come back later"),
        (DownCause::Left { why: "it is busy".into() }, "left", Side::Server, "it is busy"),
        (DownCause::Undrained, "undrained", Side::Caller, "poll"),
    ]
}

#[test]
fn every_cause_of_a_lost_link_names_itself_and_who_must_act() {
    let causes = causes();
    all_differ(&causes.iter().map(|(cause, ..)| cause).collect::<Vec<_>>());
    for (cause, name, side, reported) in causes {
        assert_eq!((cause.name(), cause.side()), (name, side));
        assert!(cause.to_string().contains(reported), "{cause}");
    }
}

#[test]
fn every_end_of_a_request_says_what_became_of_it() {
    let lost = |written| RequestError::Lost { written, oldest: false };
    let texts = all_differ(&[
        RequestError::Server(busy()),
        lost(true),
        lost(false),
        RequestError::TimedOut,
        RequestError::Cancelled,
        RequestError::Closed,
    ]);
    assert!(texts[0].contains("come back later") && texts[0].contains("-102"), "{}", texts[0]);
    assert!(texts[1].contains("may have reached") && texts[2].contains("not a byte"), "{texts:?}");
}

#[test]
fn every_refusal_names_the_limit_that_was_met() {
    let mut client = Client::new(Config::default(), Timestamp::ZERO);
    let sub = client.subscribe(Timestamp::ZERO, Topic::Headers).unwrap();
    let texts = all_differ(&[
        RejectReason::NotReady(Phase::Backoff),
        missing().into(),
        RejectReason::InFlight { limit: 71 },
        RejectReason::Outgoing { limit: 72 },
        RejectReason::TooLong { bytes: 99, limit: 74 },
        RejectReason::Subscriptions { limit: 75 },
        RejectReason::Subscribed(sub),
        RejectReason::Closed,
    ]);
    let reported = ["backoff", "from 1.7", "71", "72", "74", "75", "already", "closed"];
    assert!(texts.iter().zip(reported).all(|(text, reported)| text.contains(reported)), "{texts:?}");
    let rejected = client.subscribe(Timestamp::ZERO, Topic::Headers).unwrap_err();
    assert_eq!(rejected.to_string(), rejected.reason.to_string());
    assert!(rejected.source().is_none(), "a report with sources would say it twice");
    let decode = DecodeError::new("height", "it is no number");
    let texts = all_differ(&[
        SubscribeError::Server(busy()),
        SubscribeError::NotInVersion(missing()),
        SubscribeError::Decode(decode.clone()),
    ]);
    assert!(texts[2].ends_with("height: it is no number"), "{}", texts[2]);
    assert!(DecodeError::new("", "it is no number").to_string().ends_with("right: it is no number"));
}

#[test]
fn every_phase_has_a_name_that_can_be_lined_up() {
    all_differ(&Phase::ALL.map(|phase| format!("{phase:>12}")));
    assert_eq!(format!("{:>12}|{:<8}|", Phase::Ready, Phase::Closed), "       ready|closed  |");
}

#[test]
fn values_are_json_as_servers_write_them() {
    fn json(value: impl serde::Serialize) -> String {
        serde_json::to_string(&value).unwrap()
    }
    let txid = Txid::from_display_bytes([0xab; 32]);
    assert_eq!(json(OutPoint { txid, vout: 1 }), format!(r#"{{"txid":"{}","vout":1}}"#, "ab".repeat(32)));
    assert_eq!(json(RawHeader::from_bytes([1; 80])), format!("\"{}\"", "01".repeat(80)));
    assert_eq!(json(Script::new([0x51])), "\"51\"");
    assert_eq!(json(RawTransaction::new([1, 2])), "\"0102\"");
    let heights = [TxHeight::Confirmed(7), TxHeight::Unconfirmed, TxHeight::UnconfirmedParent];
    assert_eq!(json(heights), "[7,0,-1]");
    assert_eq!(heights.map(TxHeight::confirmed), [Some(7), None, None]);
}

#[test]
fn bytes_are_digits_as_text_and_are_read_from_it() {
    let header = RawHeader::from_bytes([0xab; 80]);
    let digits = "ab".repeat(80);
    assert_eq!(
        (header.to_string(), digits.to_uppercase().parse(), header.as_ref()),
        (digits, Ok(header), &[0xab; 80][..])
    );
    assert_eq!("ab".parse::<RawHeader>(), Err(HexError::Length { found: 2, expected: 160 }));
    let script = Script::new([0x51, 0xff]);
    assert_eq!(
        (script.to_string().as_str(), "51fF".parse(), script.as_ref()),
        ("51ff", Ok(script.clone()), &[0x51, 0xff][..])
    );
    assert_eq!((Script::new([]).to_string().as_str(), "".parse()), ("", Ok(Script::new([]))));
    assert_eq!(("5".parse::<Script>(), "0x51".parse::<Script>()), (Err(HexError::Odd), Err(HexError::Digit)));
    let transaction = RawTransaction::new([1, 2]);
    assert_eq!(
        (transaction.to_string().as_str(), "0102".parse(), transaction.as_ref()),
        ("0102", Ok(transaction.clone()), &[1, 2][..])
    );
    assert_eq!("010g".parse::<RawTransaction>(), Err(HexError::Digit));
    // They can be lined up, as hashes can.
    assert_eq!(format!("{script:>6}|{transaction:<6}|"), "  51ff|0102  |");
}

#[test]
fn logs_show_values_in_digits_and_long_ones_cut_short() {
    let txid = Txid::from_display_bytes([0xab; 32]);
    assert_eq!(format!("{txid:?}"), format!("Txid({})", "ab".repeat(32)));
    assert_eq!(format!("{:?}", RawHeader::from_bytes([1; 80])), format!("RawHeader({})", "01".repeat(80)));
    assert_eq!(format!("{:?}", Script::new([0x51])), "Script(51)");
    assert_eq!(format!("{:?}", RawTransaction::new([1, 2])), "RawTransaction(0102, 2 bytes)");
    let long = RawTransaction::new(vec![1; 1_000_000]);
    let shown = format!("{long:?}");
    assert!(shown.len() < 300 && shown.contains('…') && shown.ends_with("1000000 bytes)"), "{shown}");
    assert_eq!(long.into_bytes().len(), 1_000_000);
    assert_eq!(format!("{:?}", RawJson::new("[1]")), "RawJson([1])");
    let long = "€".repeat(1000);
    let shown = format!("{:?}", RawJson::new(&long));
    assert!(shown.starts_with("RawJson(€€") && shown.ends_with("€ …)") && shown.len() < 700, "{shown}");
    let target = Target::from_compact(0x1d00_ffff).unwrap();
    assert_eq!(target.to_be_bytes()[..6], [0, 0, 0, 0, 0xff, 0xff]);
    assert!(format!("{target:?}").starts_with("Target(00000000ffff0000"), "{target:?}");
    assert_eq!(Timestamp::new(core::time::Duration::from_millis(61_005)).to_string(), "61.005s");
    assert_eq!(Timestamp::from_millis(61_005).since_epoch().as_millis(), 61_005);
    assert_eq!(format!("{:?} {:?}", ProtocolVersion::new(1, 4, 2), range("1.4..1.7")), "1.4.2 1.4..1.7");
    let sub = Client::new(Config::default(), Timestamp::ZERO).subscribe(Timestamp::ZERO, Topic::Headers).unwrap();
    assert_eq!(format!("{sub:?}"), "SubId(1)");
    assert_eq!(FeeRate::from_sat_per_kvb(1_500).to_sat_per_kvb(), 1_500);
    let script = Script::new([0x51]);
    assert_eq!(ScriptRef::from(&script), ScriptRef::from(script));
}
