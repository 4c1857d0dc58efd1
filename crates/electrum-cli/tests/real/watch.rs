//! `watch` over the deaths of a real server.

use real_servers::{Bitcoind, ElectrumX, Kind, anyone_can_spend, run_on, to_hex};
use serde_json::{Value, json};

use crate::tool::Tool;

/// The next update; what happens to the connection is passed over.
fn update(tool: &Tool) -> Value {
    loop {
        let object = tool.object();
        if object["event"] == "update" {
            return object;
        }
    }
}

#[track_caller]
fn reports_the_tip(tool: &Tool, bitcoind: &Bitcoind, origin: &str) {
    let (update, height) = (update(tool), bitcoind.height());
    let found = [&update["topic"], &update["height"], &update["hash"], &update["origin"]];
    assert_eq!(found, [&json!("headers"), &json!(height), &json!(bitcoind.block_hash(height)), &json!(origin)]);
}

const KILLS: u32 = 10;

#[test]
fn ten_kills_and_restarts_are_survived_and_nothing_is_missed_or_reported_twice() {
    run_on(Kind::Ex2_0_0, |kind| {
        let bitcoind = Bitcoind::start();
        bitcoind.mine(101);
        let mut server = ElectrumX::start(kind, &bitcoind);
        let script = anyone_can_spend(5);
        let tool = Tool::start(&["watch", &server.address(), "--script", &to_hex(&script), "--json"]);
        let mut first = [update(&tool), update(&tool)];
        first.sort_by_key(|update| update["topic"] != "headers");
        assert_eq!((&first[0]["height"], &first[0]["origin"]), (&json!(101), &json!("subscribed")));
        assert_eq!((&first[1]["status"], &first[1]["origin"]), (&Value::Null, &json!("subscribed")));
        for kill in 1..=KILLS {
            server.kill();
            bitcoind.mine(kill % 3 + 1);
            server.restart();
            reports_the_tip(&tool, &bitcoind, "resumed");
        }
        // Had anything been reported twice, it would come before this.
        bitcoind.mine(1);
        reports_the_tip(&tool, &bitcoind, "live");
        bitcoind.fund(&[(script, 10_000)]);
        let paid = update(&tool);
        assert_eq!((&paid["origin"], paid["status"].is_string()), (&json!("live"), true), "{paid}");
    });
}
