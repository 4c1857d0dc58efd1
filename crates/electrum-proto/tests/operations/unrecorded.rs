//! What is sent and answered too rarely to be in a recording.

use electrum_proto::json::RawJson;
use electrum_proto::operations::legacy::UtxoGetAddress;
use electrum_proto::operations::{Banner, BroadcastPackage, EstimateFee, EstimateMode, Features, Peers};
use electrum_proto::types::{OutPoint, RawTransaction};
use electrum_proto::{Action, Client, Config, Event, Input, ProtocolVersion, Reply, Request, Timestamp};

use crate::all::txid;

/// A client that is ready on this version.
fn ready(version: &str) -> Client {
    let now = Timestamp::ZERO;
    let mut client = Client::new(Config { versions: version.parse().unwrap(), ..Config::default() }, now);
    let Action::Connect(conn, _) = client.poll() else { panic!("it wants to connect") };
    client.handle(now, Input::Connected(conn));
    let length = client.outgoing().len();
    client.handle(now, Input::Wrote(conn, length));
    let answer = format!("{{\"id\":1,\"result\":[\"x\",\"{version}\"]}}\n");
    client.handle(now, Input::Read(conn, answer.as_bytes()));
    assert!(matches!(client.poll(), Action::Event(Event::Ready { .. })));
    client
}

/// The line that a client which is ready on this version writes for a request.
fn written(version: &str, request: impl Request) -> String {
    let mut client = ready(version);
    let ticket = client.request(Timestamp::ZERO, request).map_err(|rejected| rejected.reason).unwrap();
    assert_eq!(ticket.id.number(), 2);
    String::from_utf8(client.outgoing().to_vec()).unwrap()
}

#[test]
fn the_mode_of_an_estimate_goes_out_where_it_is_known() {
    for (mode, word) in [
        (Some(EstimateMode::Conservative), "[6,\"CONSERVATIVE\"]"),
        (Some(EstimateMode::Economical), "[6,\"ECONOMICAL\"]"),
        (Some(EstimateMode::Unset), "[6,\"UNSET\"]"),
        (None, "[6]"),
    ] {
        let request = EstimateFee { blocks: 6, mode };
        assert!(written("1.6", request).contains(word), "{word}");
        assert!(written("1.4", request).contains("[6]"), "1.4 has no modes");
    }
}

#[test]
fn the_address_of_an_output_is_asked_for_by_transaction_and_place() {
    let request = UtxoGetAddress { outpoint: OutPoint { txid: txid(), vout: 3 } };
    let line = written("1.0", request);
    assert!(line.contains(&format!("\"blockchain.utxo.get_address\",\"params\":[\"{}\",3]", txid())), "{line}");
}

#[test]
fn what_a_later_version_adds_to_peers_is_passed_over() {
    let version = ProtocolVersion::V1_6;
    let peers = Peers.decode(version, RawJson::new(r#"[["1.2.3.4","example.org",["v1.6","s50002"],"more"]]"#)).unwrap();
    assert_eq!((&*peers[0].host, peers[0].features.len()), ("example.org", 2));
    let features = format!(
        r#"{{"genesis_hash":"{}","server_version":"x","protocol_min":"1.4","protocol_max":"1.6","pruning":null,
            "hosts":{{"example.org":{{"ws_port":1,"wss_port":2,"tcp_port":null,"other_port":3}}}}}}"#,
        txid()
    );
    let hosts = Features.decode(version, RawJson::new(&features)).unwrap().hosts;
    assert_eq!((hosts[0].ws_port, hosts[0].wss_port, hosts[0].tcp_port), (Some(1), Some(2), None));
}

#[test]
fn a_ticket_reads_what_its_request_reads() {
    let (version, result) = (ProtocolVersion::V1_4, RawJson::new("\"hello\""));
    let mut client = ready("1.4");
    let ticket = client.request(Timestamp::ZERO, &Banner).map_err(|rejected| rejected.reason).unwrap();
    assert_eq!(ticket.decode(Reply::new(version, result)), Ok("hello".to_owned()));
    assert!(ticket.decode(Reply::new(version, RawJson::new("5"))).is_err());
}

#[test]
fn an_error_of_a_package_may_say_more_than_is_known() {
    let errors = format!(r#"[{{"txid":"{}","error":"bad-txns","code":[1]}}]"#, txid());
    let result = format!(r#"{{"success":false,"errors":{errors}}}"#);
    let package = BroadcastPackage { transactions: vec![RawTransaction::new([1])] };
    let decoded = package.decode(ProtocolVersion::V1_6, RawJson::new(&result)).unwrap();
    assert_eq!((decoded.success, &*decoded.errors[0].error), (false, "bad-txns"));
}
