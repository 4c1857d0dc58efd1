//! `watch` against fake servers that change, fall and rise.

use std::collections::BTreeMap;

use crate::tool::{BOUND, Tool, run};
use electrum_testkit::hash::to_hex;
use electrum_testkit::{address, prelude::*};
use serde_json::{Value, json};

/// What `watch` says next of so many topics, by topic.
fn updates(tool: &Tool, count: usize, origin: &str) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for _ in 0..count {
        let mut update = tool.object();
        assert_eq!((&update["event"], &update["origin"]), (&json!("update"), &json!(origin)), "{update}");
        let topic = update["topic"].as_str().expect("a topic").to_owned();
        let members = update.as_object_mut().expect("an object");
        for name in ["event", "origin", "topic"] {
            members.remove(name);
        }
        assert_eq!(found.insert(topic, update), None, "no topic twice");
    }
    found
}

/// What is so on the chain of a server now.
fn truth(server: &Server, topic: &str, script: &[u8]) -> BTreeMap<String, Value> {
    server.chain(|chain| {
        let tip = json!({"height": chain.height(), "hash": chain.tip().hash().to_string()});
        let status = chain.status(&Scripthash::of_script(script));
        BTreeMap::from([("headers".to_owned(), tip), (topic.to_owned(), json!({"status": status}))])
    })
}

#[test]
fn changes_are_reported_over_restarts_each_once_on_the_last_protocol_with_scripthashes() {
    reported_over_restarts(Family::Fulcrum2_1, "1.6");
}

#[test]
fn changes_are_reported_over_restarts_each_once_on_the_first_protocol_without_scripthashes() {
    reported_over_restarts(Family::ElectrumX2_0, "1.7");
}

#[test]
fn changes_are_reported_over_restarts_each_once_by_a_server_that_holds_small_answers_back() {
    reported_over_restarts(Family::ElectrumX1_18, "1.4.3");
}

fn reported_over_restarts(family: Family, version: &str) {
    let mut server = Server::start(family);
    let script = script(1);
    let digits = to_hex(&script);
    let topic = format!("script:{digits}");
    // Twice the same.
    let address = address::of_script(&script).expect("it has one");
    let tool = Tool::start(&["watch", &server.url(), "--script", &digits, "--script", &address, "--json"]);
    let connecting = json!({"event": "connecting", "server": server.url()});
    let software = family.profile().software;
    let ready = json!({"event": "ready", "server": server.url(), "software": software, "version": version});

    assert_eq!(tool.object(), connecting);
    assert_eq!(tool.object(), ready);
    assert_eq!(updates(&tool, 2, "subscribed"), truth(&server, &topic, &script));
    for round in 1..=2 {
        server.pay(&script, 10_000);
        let paid = updates(&tool, 1, "live");
        assert_eq!(paid[&topic], truth(&server, &topic, &script)[&topic]);
        server.mine(1);
        assert_eq!(updates(&tool, 2, "live"), truth(&server, &topic, &script));

        server.stop();
        let down = tool.object();
        assert_eq!(down["event"], "down", "{down}");
        assert!(down["retry_in_ms"].as_u64().is_some_and(|ms| ms > 0), "{down}");
        assert!(["closed", "reset"].contains(&down["cause"].as_str().expect("a cause")), "{down}");

        server.pay(&script, 20_000);
        server.mine(2);
        server.restart();
        let back = std::iter::from_fn(|| Some(tool.object())).find(|event| event["event"] == "ready");
        assert_eq!(back, Some(ready.clone()), "round {round}");
        // What comes next shows that nothing else was reported.
        assert_eq!(updates(&tool, 2, "resumed"), truth(&server, &topic, &script));
    }
}

#[test]
fn for_scripthashes_alone_a_protocol_that_has_them_is_negotiated() {
    let server = Server::start(Family::ElectrumX2_0);
    let hash = Scripthash::of_script(&script(1)).to_string();
    let tool = Tool::start(&["watch", &server.url(), "--scripthash", &hash, "--json"]);
    tool.object();
    assert_eq!(tool.object()["version"], "1.6");
    let topic = format!("scripthash:{hash}");
    assert_eq!(updates(&tool, 2, "subscribed")[&topic], json!({"status": null}));

    // With a range that excludes them the error says why.
    let args = ["watch", &server.url(), "--scripthash", &hash, "--range", "1.7", "--json", "--for", "3"];
    let done = run(&args);
    let refusals = done.objects().into_iter().filter(|event| event["topic"] == topic[..]).collect::<Vec<_>>();
    assert!(!refusals.is_empty() && refusals.iter().all(|event| event["error"].is_string()), "{refusals:?}");
    assert!(done.errors.contains("--script"), "{}", done.errors);
}

#[test]
fn after_its_time_it_ends_well_and_leaves_nothing_open() {
    let server = Server::start(Family::Electrs);
    let done = run(&["watch", &server.url(), "--for", "3"]).succeeded();
    let words: Vec<Vec<&str>> = done.lines.iter().map(|line| line.split_whitespace().skip(2).collect()).collect();
    assert_eq!(words[0], ["connecting", &server.url()]);
    assert_eq!(words[1], ["ready", &(server.url() + ":"), "electrs/0.11.1", "speaks", "protocol", "1.4"]);
    let tip = server.chain(|chain| chain.tip().hash().to_string());
    assert_eq!(words[2], ["update", "headers:", "height", "110,", &tip, "(subscribed)"]);
    assert_eq!(words.len(), 3);
    assert!(server.wait_until(BOUND, |stats| stats.open == 0));
}

#[test]
fn a_server_that_refuses_is_tried_again() {
    let refusing = vec![Step::call("server.version"), Step::error(1, "unsupported protocol version")];
    let server = Scripted::in_turn(vec![refusing, Step::handshake("Late 1", "1.4").to_vec()]);
    let tool = Tool::start(&["watch", &server.url(), "--json"]);
    assert_eq!(tool.object()["event"], "connecting");
    let down = tool.object();
    assert_eq!((&down["event"], &down["cause"], &down["code"]), (&json!("down"), &json!("refused"), &json!(1)));
    assert_eq!(down["message"], "unsupported protocol version");
    assert_eq!(tool.object()["event"], "connecting");
    assert_eq!(tool.object()["software"], "Late 1");
}

#[test]
fn when_a_server_falls_the_next_takes_over_and_reports_what_changed() {
    let mut servers = [Family::Fulcrum2_1, Family::ElectrumX1_16].map(Server::start);
    let script = script(1);
    let topic = format!("script:{}", to_hex(&script));
    let urls = servers.each_ref().map(Server::url);
    let tool = Tool::start(&["watch", &urls[0], &urls[1], "--script", &to_hex(&script), "--json"]);
    let ready = |url: &str| {
        let ready = std::iter::from_fn(|| Some(tool.object())).find(|event| event["event"] == "ready");
        assert_eq!(ready.expect("endless")["server"], url);
    };
    ready(&urls[0]);
    assert_eq!(updates(&tool, 2, "subscribed"), truth(&servers[0], &topic, &script));
    // One chain under both, as on the network; and what the first cannot report any more.
    servers[1].chain(|chain| {
        chain.pay(&script, 10_000);
        chain.mine(3);
    });
    servers[0].stop();
    let down = tool.object();
    assert_eq!((&down["event"], &down["server"]), (&json!("down"), &json!(urls[0])));
    ready(&urls[1]);
    assert_eq!(updates(&tool, 2, "resumed"), truth(&servers[1], &topic, &script));
}

#[test]
fn three_servers_that_fall_in_turn_report_every_block_once() {
    let mut servers = [Family::Fulcrum2_1, Family::ElectrumX1_16, Family::Electrs].map(Server::start);
    let urls = servers.each_ref().map(Server::url);
    let tool = Tool::start(&["watch", &urls[0], &urls[1], &urls[2], "--json"]);
    let next_tip = || {
        let update = std::iter::from_fn(|| Some(tool.object())).find(|event| event["event"] == "update");
        let update = update.expect("endless");
        (update["height"].clone(), update["hash"].clone())
    };
    let tip = |server: &Server| server.chain(|chain| (json!(chain.height()), json!(chain.tip().hash().to_string())));
    assert_eq!(next_tip(), tip(&servers[0]));
    let mine = |servers: &[Server]| {
        for server in servers {
            server.mine(1);
        }
    };
    let mut state = 1_u64;
    for round in 0..30 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let fallen = (state >> 33) as usize % servers.len();
        // Before the block is mined, or when it may just have been reported.
        if state >> 40 & 1 == 0 {
            servers[fallen].stop();
            mine(&servers);
        } else {
            mine(&servers);
            servers[fallen].stop();
        }
        assert_eq!(next_tip(), tip(&servers[0]), "round {round}");
        servers[fallen].restart();
    }
}

#[test]
fn to_receive_nothing_is_a_failure() {
    let mut server = Server::start(Family::Fulcrum2_1);
    let url = server.url();
    let hash = Scripthash::of_script(&script(1)).to_string();
    // The last version has no subscription to a script of which only the hash is known.
    let refused = Server::start(Family::ElectrumX2_0);
    let done = run(&["watch", &refused.url(), "--scripthash", &hash, "--range", "1.7", "--for", "2"]);
    assert_eq!(done.code, Some(1), "{}", done.errors);
    assert!(done.errors.contains(&format!("no value was received of scripthash:{hash}\n")), "{}", done.errors);
    server.stop();
    let done = run(&["watch", &url, "--for", "1"]);
    assert_eq!(done.code, Some(1), "{}", done.errors);
    assert!(done.errors.contains("no value was received of headers"), "{}", done.errors);
}
