//! Which operations change something, so that a lost one is not simply sent again, and what is rarely sent and answered.

use electrum_proto::json::RawJson;
use electrum_proto::operations::legacy::UtxoGetAddress;
use electrum_proto::operations::{Banner, EstimateFee, EstimateMode, Features, Peers, Raw};
use electrum_proto::types::OutPoint;
use electrum_proto::{
    Action, Client, Config, ConnId, Effect, Event, Input, Method, ProtocolVersion, Reply, Request, Timestamp,
};

use crate::all::{Visitor, txid, visit_all};

#[derive(Default)]
struct Changes(Vec<&'static str>);

impl Visitor for Changes {
    fn visit<R: Request<Response: Send> + Send + 'static>(&mut self, name: &'static str, request: R) {
        // The trait is passed on by references.
        assert_eq!(<&R as Request>::effect(&&request), request.effect());
        if request.effect() == Effect::Changes {
            self.0.push(name);
        }
    }
}

#[test]
fn broadcasting_and_adding_peers_change_something_and_nothing_else_does() {
    let mut changes = Changes::default();
    visit_all(&mut changes);
    assert_eq!(changes.0, ["Broadcast", "BroadcastPackage", "BroadcastPackageVerbose", "AddPeer"]);
    // Of what a server has of its own only the caller can know.
    assert_eq!(Raw::new("x", Vec::new()).effect(), Effect::Changes);
    assert_eq!(Raw::reading("x", Vec::new()).effect(), Effect::Reads);
}

/// A client that is ready on this version.
fn ready(version: &str) -> (Client, ConnId) {
    let now = Timestamp::ZERO;
    let mut client = Client::new(Config { versions: version.parse().unwrap(), ..Config::default() }, now);
    let Action::Connect(conn, _) = client.poll() else { panic!("it wants to connect") };
    client.handle(now, Input::Connected(conn));
    let length = client.outgoing().len();
    client.handle(now, Input::Wrote(conn, length));
    let answer = format!("{{\"id\":1,\"result\":[\"x\",\"{version}\"]}}\n");
    client.handle(now, Input::Read(conn, answer.as_bytes()));
    assert!(matches!(client.poll(), Action::Event(Event::Ready { .. })));
    (client, conn)
}

/// The line that a client which is ready on this version writes for a request.
fn written(version: &str, request: impl Request) -> String {
    let (mut client, _) = ready(version);
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
    let (mut client, _) = ready("1.4");
    let ticket = client.request(Timestamp::ZERO, &Banner).map_err(|rejected| rejected.reason).unwrap();
    assert_eq!(ticket.decode(Reply { version, result }), Ok("hello".to_owned()));
    assert!(ticket.decode(Reply { version, result: RawJson::NULL }).is_err());
}

#[test]
fn a_method_tells_its_versions() {
    let [v1_2, v1_4] = [ProtocolVersion::V1_2, ProtocolVersion::V1_4];
    let since = Method::since("x", v1_2);
    assert_eq!(since.to_string(), "x (from 1.2)");
    assert!(since.is_in(v1_2) && since.is_in(v1_4) && !since.not_before(v1_4).is_in(v1_2));
    let between = Method::between("x", v1_2, v1_4);
    assert_eq!(between.to_string(), "x (from 1.2, before 1.4)");
    assert!(between.is_in(v1_2) && !between.is_in(v1_4));
}
