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
fn tells_the_tip(tool: &Tool, bitcoind: &Bitcoind, origin: &str) {
    let (found, height) = (update(tool), bitcoind.height());
    let told = [&found["topic"], &found["height"], &found["hash"], &found["origin"]];
    assert_eq!(told, [&json!("headers"), &json!(height), &json!(bitcoind.block_hash(height)), &json!(origin)]);
}

/// Of a connection that was lost soon after it was made: the wait before the next attempt doubles each time.
const KILLS: u32 = 6;

#[test]
fn kills_and_restarts_are_survived_and_nothing_is_missed_or_told_twice() {
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
            tells_the_tip(&tool, &bitcoind, "resumed");
        }
        // Had anything been told twice, it would come before this.
        bitcoind.mine(1);
        tells_the_tip(&tool, &bitcoind, "live");
        bitcoind.fund(&[(script, 10_000)]);
        let paid = update(&tool);
        assert_eq!((&paid["origin"], paid["status"].is_string()), (&json!("live"), true), "{paid}");
    });
}
