//! What subscribers are told, in the order and manner of each family. Without sockets, in virtual time.

use std::time::Duration;

use electrum_testkit::prelude::*;
use electrum_testkit::session::Action;
use electrum_testkit::{Host, Peer};
use serde_json::{Value, json};

/// A client of a host: it subscribes, and reads what it is told.
struct Client {
    host: Host,
    peer: Peer,
    now: Duration,
    received: String,
}

impl Client {
    fn new(family: Family, version: &str) -> Self {
        let mut host = Host::new(family, Chain::funded());
        let peer = host.connect(Duration::ZERO);
        let mut client = Self { host, peer, now: Duration::ZERO, received: String::new() };
        let result = client.call("server.version", json!(["test", version]));
        assert_eq!(result[1], version);
        client
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        self.host.receive(self.now, self.peer, format!("{call}\n").as_bytes());
        let mut lines = self.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.remove(0)["result"].take()
    }

    fn change<T>(&mut self, change: impl FnOnce(&mut Chain) -> T) -> Vec<Value> {
        self.host.change(self.now, change);
        self.lines()
    }

    /// All that came, however long it was held back.
    fn lines(&mut self) -> Vec<Value> {
        loop {
            while let Some(action) = self.host.action(self.peer) {
                let Action::Write(bytes) = action else { panic!("closed") };
                self.received.push_str(std::str::from_utf8(&bytes).unwrap());
            }
            let Some(due) = self.host.wake_at(self.peer) else {
                break;
            };
            self.now = self.now.max(due);
            self.host.wake(self.now, self.peer);
        }
        let text = std::mem::take(&mut self.received);
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn status(&self, n: u32) -> Value {
        json!(self.host.chain().status(&Hash256::of_script(&script(n))))
    }
}

fn hash(n: u32) -> String {
    Hash256::of_script(&script(n)).to_string()
}

fn methods(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["method"].as_str().unwrap()).collect()
}

const HEADERS: &str = "blockchain.headers.subscribe";
const SCRIPTHASH: &str = "blockchain.scripthash.subscribe";
const SCRIPT: &str = "blockchain.scriptpubkey.subscribe";
const OUTPOINT: &str = "blockchain.outpoint.subscribe";

#[test]
fn the_header_comes_before_the_statuses_and_only_the_last_one() {
    for family in [Family::ElectrumX1_16, Family::Fulcrum2_1, Family::ElectrsEsplora] {
        let mut client = Client::new(family, "1.4");
        client.call(HEADERS, json!([]));
        client.call(SCRIPTHASH, json!([hash(1)]));
        let paid = client.change(|chain| chain.pay(&script(1), 5000));
        assert_eq!(methods(&paid), [SCRIPTHASH], "{family}");
        let mined = client.change(|chain| chain.mine(3));
        assert_eq!(methods(&mined), [HEADERS, SCRIPTHASH], "{family}");
        assert_eq!(mined[0]["params"][0]["height"], 113);
        assert_eq!(mined[1]["params"], json!([hash(1), client.status(1)]));
    }
}

#[test]
fn a_script_subscribed_in_1_7_is_told_of_by_its_scripthash() {
    for family in [Family::ElectrumX2_0, Family::Libbitcoin4] {
        let mut client = Client::new(family, "1.7");
        let hex = electrum_testkit::hash::to_hex(&script(1));
        assert_eq!(client.call(SCRIPT, json!([hex])), Value::Null);
        let paid = client.change(|chain| chain.pay(&script(1), 5000));
        assert_eq!(methods(&paid), [SCRIPT]);
        assert_eq!(paid[0]["params"], json!([hash(1), client.status(1)]));
        assert_eq!(client.call("blockchain.scriptpubkey.unsubscribe", json!([hex])), true);
        assert_eq!(client.call("blockchain.scriptpubkey.unsubscribe", json!([hex])), false);
        assert!(client.change(|chain| chain.pay(&script(1), 5000)).is_empty());
    }
}

#[test]
fn an_outpoint_is_told_of_when_it_is_made_mined_spent() {
    let mut client = Client::new(Family::ElectrumX2_0, "1.7");
    let mut preview = client.host.chain().clone();
    let txid = preview.pay(&script(1), 5000);
    let params = json!([txid.to_string(), 0, ""]);
    assert_eq!(client.call(OUTPOINT, params.clone()), json!({}));
    let status = |lines: &[Value]| {
        let told = lines.iter().find(|line| line["method"] == OUTPOINT).unwrap();
        assert_eq!(told["params"][0], json!(txid.to_string()));
        assert_eq!(told["params"][1], 0);
        told["params"][2].clone()
    };
    let lines = client.change(|chain| chain.pay(&script(1), 5000));
    assert_eq!(status(&lines), json!({"funder_height": 0}));
    let lines = client.change(|chain| chain.mine(1));
    assert_eq!(status(&lines), json!({"funder_height": 111}));
    let lines = client.change(|chain| chain.spend(OutPoint::new(txid, 0), &script(2)));
    let spent = status(&lines);
    assert_eq!((&spent["funder_height"], &spent["spender_height"]), (&json!(111), &json!(0)));
    assert_eq!(client.call("blockchain.outpoint.get_status", params), spent);
}

#[test]
fn electrumx_does_not_see_a_tip_that_is_not_higher() {
    let mut client = Client::new(Family::ElectrumX1_16, "1.4");
    let before = client.call(HEADERS, json!([]));
    client.call(SCRIPTHASH, json!([hash(1)]));
    assert!(client.change(|chain| chain.reorganise(1, 1)).is_empty());
    assert_eq!(client.call(HEADERS, json!([])), before, "the stale header");
    assert!(client.change(|chain| chain.reorganise(2, 0)).is_empty());
    let now = client.change(|chain| chain.mine(4));
    assert_eq!(methods(&now), [HEADERS]);
    assert_eq!(now[0]["params"][0]["height"], 112);

    let mut client = Client::new(Family::Fulcrum2_1, "1.4");
    client.call(HEADERS, json!([]));
    let lower = client.change(|chain| chain.reorganise(2, 1));
    assert_eq!(lower[0]["params"][0]["height"], 109, "others tell of a lower tip");
}

#[test]
fn electrumx_repeats_a_status_that_a_reorganisation_left_as_it_was() {
    let mut client = Client::new(Family::ElectrumX1_16, "1.4");
    client.change(|chain| {
        chain.pay(&script(1), 5000);
        chain.mine(1);
    });
    let status = client.call(SCRIPTHASH, json!([hash(1)]));
    let lines = client.change(|chain| {
        chain.reorganise(1, 0);
        chain.mine(2);
    });
    assert_eq!(client.status(1), status, "mined at the same height again");
    assert_eq!(lines[0]["params"], json!([hash(1), status]));
    assert!(client.change(|chain| chain.pay(&script(2), 5000)).is_empty(), "but only once");
}

#[test]
fn electrs_is_wrong_for_a_moment_after_a_block() {
    let mut client = Client::new(Family::Electrs, "1.4");
    client.call(HEADERS, json!([]));
    client.call(SCRIPTHASH, json!([hash(1)]));
    client.change(|chain| chain.pay(&script(1), 5000));
    let lines = client.change(|chain| chain.mine(1));
    assert_eq!(methods(&lines), [SCRIPTHASH, HEADERS, SCRIPTHASH]);
    assert_ne!(lines[0]["params"][1], lines[2]["params"][1]);
    assert_eq!(lines[2]["params"], json!([hash(1), client.status(1)]));
}

#[test]
fn electrumx_2_0_makes_noise_after_a_quiet_block() {
    let mut client = Client::new(Family::ElectrumX2_0, "1.7");
    client.call(HEADERS, json!([]));
    let lines = client.change(|chain| chain.mine(1));
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["method"], "server.ping");
    assert_eq!(lines[1]["params"][0].as_str().map(str::len), Some(128));
}

#[test]
fn a_header_is_deserialized_before_1_3_and_on_request() {
    let mut client = Client::new(Family::ElectrumX1_10, "1.2");
    let tip = client.call(HEADERS, json!([]));
    assert_eq!((&tip["block_height"], &tip["bits"]), (&json!(110), &json!(0x207f_ffff)));
    let mined = client.change(|chain| chain.mine(1));
    assert_eq!(mined[0]["params"][0]["block_height"], 111);
    assert_eq!(client.call(HEADERS, json!([true]))["height"], 111);

    let mut client = Client::new(Family::Libbitcoin4, "1.3");
    assert_eq!(client.call(HEADERS, json!([]))["height"], 110);
    assert_eq!(client.call(HEADERS, json!([false]))["block_height"], 110);
}
