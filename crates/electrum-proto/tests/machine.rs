//! The machine against a server that the test plays: one thing at a time, in virtual time.

use core::time::Duration;
use electrum_proto::operations::{Banner, Ping, Raw};
use electrum_proto::{
    Action, CloseCause, Config, DownCause, Input, Phase, RejectReason, RequestError, TimerKind, Timestamp, Topic,
};

#[path = "machine/authorization.rs"]
mod authorization;
#[path = "machine/busy_subscriptions.rs"]
mod busy_subscriptions;
mod driver;
#[path = "machine/late_subscriptions.rs"]
mod late_subscriptions;
#[path = "machine/limits.rs"]
mod limits;
#[path = "machine/links.rs"]
mod links;
#[cfg(feature = "tracing")]
#[path = "machine/log.rs"]
mod log;
#[path = "machine/messages.rs"]
mod messages;
#[path = "machine/negotiation.rs"]
mod negotiation;
#[path = "machine/nudges.rs"]
mod nudges;
#[path = "machine/padding.rs"]
mod padding;
#[path = "machine/pressure.rs"]
mod pressure;
#[path = "machine/subscriptions.rs"]
mod subscriptions;
#[path = "machine/waiting.rs"]
mod waiting;

use driver::{Driver, script, status};

#[test]
fn the_version_goes_first_and_alone() {
    let mut driver = Driver::new(Config { client_name: "me".into(), ..Config::default() });
    driver.client.subscribe(driver.now, Topic::Headers).unwrap();
    assert!(matches!(
        driver.client.request(driver.now, Ping).map_err(|rejected| rejected.reason),
        Err(RejectReason::NotReady(Phase::Connecting))
    ));
    driver.connect();
    assert_eq!(
        driver.write(),
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.version\",\"params\":[\"me\",[\"1.4\",\"1.7\"]]}\n"
    );
    driver.read(r#"{"jsonrpc":"2.0","method":"blockchain.relayfee"}"#);
    assert_eq!(driver.write(), "");
    driver.read(r#"{"jsonrpc":"2.0","result":["Test 1.0","1.6"],"id":1}"#);
    assert_eq!(driver.write().lines().count(), 1, "now the subscription is asked for");
    assert_eq!(driver.seen()[2], "ready 1.6 Test 1.0");
}

#[test]
fn every_failed_handshake_leads_to_a_new_attempt() {
    let attempt = |act: &dyn Fn(&mut Driver, u64)| {
        let mut driver = Driver::new(Config::default());
        driver.connect();
        let id = driver.written_id("server.version");
        act(&mut driver, id);
        driver.drain();
        assert_eq!(driver.client.state().phase, Phase::Backoff);
        assert_eq!(driver.client.outgoing(), b"");
        let seen = driver.seen()[1..].join(", ");
        assert_eq!(driver.sleep(), TimerKind::Retry);
        assert_eq!(driver.seen(), ["connect 0"]);
        seen
    };
    let error = r#"{"error":{"code":1,"message":"unsupported protocol version"},"id":"#;
    assert_eq!(attempt(&|d, id| d.read(&format!("{error}{id}}}"))), "disconnect, down refused");
    assert_eq!(attempt(&|d, _| d.read(&format!("{error}null}}"))), "disconnect, down refused");
    assert_eq!(attempt(&|d, _| d.agree_on_nothing()), "disconnect, down timeout");
    assert_eq!(
        attempt(&|d, id| d.read(&format!(r#"{{"id":{id},"result":["x","1.3"]}}"#))),
        "disconnect, down out_of_range"
    );
    assert_eq!(attempt(&|d, id| d.read(&format!(r#"{{"id":{id},"result":null}}"#))), "disconnect, down malformed");
    assert_eq!(attempt(&|d, _| d.read("HTTP/1.1 400 Bad Request")), "disconnect, down malformed");
    assert_eq!(attempt(&|d, _| d.close(CloseCause::End)), "down closed");
    assert_eq!(attempt(&|d, _| d.close(CloseCause::Failed("reset by peer".into()))), "down reset");
    assert_eq!(attempt(&|d, _| d.read(&"x".repeat(70_000))), "disconnect, down malformed");
}

const SUBSCRIBE: &str = "blockchain.scripthash.subscribe";

#[test]
fn a_change_during_an_outage_is_reported_once() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    driver.answer(SUBSCRIBE, "null");
    driver.notify(&status('1'));
    driver.notify(&status('1'));
    driver.seen.retain(|word| word.contains("status") || word.contains("history"));
    assert_eq!(driver.seen(), ["Subscribed no history", "Live status 1111"]);
    for (after, reported) in [('1', None), ('2', Some("Resumed status 2222"))] {
        driver.close(CloseCause::End);
        assert_eq!(driver.sleep(), TimerKind::Retry);
        driver.connect();
        driver.agree("1.4");
        driver.seen();
        driver.answer(SUBSCRIBE, &format!("\"{}\"", status(after)));
        assert_eq!(driver.seen(), Vec::from_iter(reported.map(String::from)));
    }
}

#[test]
fn a_notification_that_overtakes_the_answer_is_the_newer_one() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    driver.seen();
    let id = driver.written_id(SUBSCRIBE);
    driver.notify(&status('2'));
    driver.read(&format!(r#"{{"id":{id},"result":"{}"}}"#, status('1')));
    assert_eq!(driver.seen(), ["Subscribed status 2222"]);
}

#[test]
fn ended_and_wanted_again_while_the_server_is_asked_to_end_it() {
    let mut driver = Driver::ready("1.4.2");
    let sub = driver.subscribe();
    driver.drain();
    driver.answer(SUBSCRIBE, "null");
    driver.seen();
    assert!(driver.client.unsubscribe(driver.now, sub));
    assert!(!driver.client.unsubscribe(driver.now, sub));
    driver.drain();
    let ending = driver.written_id("blockchain.scripthash.unsubscribe");
    driver.subscribe();
    driver.drain();
    assert_eq!(driver.write(), "", "the server may work on requests in any order: its answer is awaited first");
    driver.read(&format!(r#"{{"id":{ending},"result":true}}"#));
    driver.answer(SUBSCRIBE, "null");
    assert_eq!(driver.seen(), ["Subscribed no history"]);
}

#[test]
fn lost_requests_say_whether_they_were_begun() {
    let mut driver = Driver::ready("1.4");
    let first = driver.client.request(driver.now, Banner).unwrap();
    driver.client.handle(driver.now, Input::Wrote(driver.conn.unwrap(), 1));
    let second = driver.client.request(driver.now, Banner).unwrap();
    driver.write();
    driver.seen();
    let third = driver.client.request(driver.now, Banner).unwrap();
    driver.close(CloseCause::End);
    let lost = |id: electrum_proto::RequestId, written, oldest| {
        format!("reply {} {:?}", id.number(), Err::<(), _>(RequestError::Lost { written, oldest }))
    };
    let expected = [lost(first.id, true, true), lost(second.id, true, false), lost(third.id, false, false)];
    assert_eq!(driver.seen()[1..], expected);
}

#[test]
fn deadlines_cancels_and_late_answers() {
    let mut driver = Driver::ready("1.4");
    let late = driver.client.request(driver.now, Banner).unwrap();
    let cancelled = driver.client.request(driver.now, Banner).unwrap();
    driver.drain();
    driver.seen();
    driver.write();
    assert!(driver.client.cancel(cancelled.id));
    assert!(!driver.client.cancel(cancelled.id));
    assert_eq!(driver.sleep(), TimerKind::Request);
    let failed = |id: electrum_proto::RequestId, error| format!("reply {} {:?}", id.number(), Err::<(), _>(error));
    let reported = [failed(cancelled.id, RequestError::Cancelled), failed(late.id, RequestError::TimedOut)];
    assert_eq!(driver.seen(), reported);
    for id in [late.id, cancelled.id] {
        driver.read(&format!(r#"{{"id":{},"result":"late"}}"#, id.number()));
    }
    let seen = driver.seen();
    assert!(seen.iter().all(|word| !word.starts_with("reply")), "{seen:?}");
    assert_eq!(driver.client.state().phase, Phase::Ready);
}

#[test]
fn an_array_of_replies_answers_each_by_itself() {
    let mut driver = Driver::ready("1.4");
    let ids = driver.request_all(vec![Banner; 3]);
    driver.drain();
    driver.seen();
    let [a, b, c] = [ids[0], ids[1], ids[2]];
    driver.read(&format!(
        r#"[{{"id":{c},"result":"c"}}, {{"id":{a},"error":{{"code":1,"message":"no"}}}} ,{{"id":{b},"result":"b"}}]"#
    ));
    let seen = driver.seen();
    assert_eq!(seen[0], format!("reply {c} Ok(\"\\\"c\\\"\")"));
    assert!(seen[1].starts_with(&format!("reply {a} Err(Server")), "{}", seen[1]);
    assert_eq!(seen[2], format!("reply {b} Ok(\"\\\"b\\\"\")"));
}

#[test]
fn an_error_without_id_fails_a_request_only_if_it_is_the_only_one() {
    let mut driver = Driver::ready("1.4");
    driver.request_all(vec![Banner; 2]);
    driver.seen();
    let error = r#"{"error":{"code":-32600,"message":"?"},"id":null}"#;
    driver.read(error);
    assert!(driver.seen()[0].starts_with("Unknown"));
    let only = driver.written_ids("server.banner")[1];
    let first = only - 1;
    driver.read(&format!(r#"{{"id":{first},"result":""}}"#));
    driver.seen();
    driver.read(r#"{"result":"","id":null}"#);
    assert!(driver.seen()[0].starts_with("Unknown"), "a result without id answers nothing");
    driver.read(error);
    assert!(driver.seen()[0].starts_with(&format!("reply {only} Err")));
}

#[test]
fn a_silent_application_keeps_its_link_and_a_mute_server_is_found_out() {
    let mut driver = Driver::ready("1.4");
    for _ in 0..3 {
        assert_eq!(driver.sleep(), TimerKind::Ping);
        driver.answer("server.ping", "null");
    }
    driver.seen();
    assert_eq!(driver.sleep(), TimerKind::Ping);
    driver.write();
    assert_eq!(driver.sleep(), TimerKind::Pong);
    assert_eq!(driver.seen(), ["disconnect", "down timeout"]);
}

#[test]
fn nothing_is_sent_that_the_version_lacks() {
    let mut driver = Driver::ready("1.7");
    let sub = driver.client.subscribe(driver.now, Topic::ScriptHash(script().scripthash())).unwrap();
    driver.seen();
    driver.drain();
    let seen = driver.seen();
    assert!(seen[0].contains("SubscriptionRefused") && seen[0].contains(&format!("{sub:?}")), "{seen:?}");
    assert!(seen[0].contains("before 1.7"), "it says which versions have it: {seen:?}");
    assert_eq!(driver.write(), "");
}

#[test]
fn limits_refuse_commands_and_tell_when_there_is_room() {
    let mut config = Config::default();
    config.limits.in_flight = 2;
    config.limits.outgoing = 200;
    let mut driver = Driver::ready_with(config, "1.4");
    let long = driver.client.request(driver.now, Raw::new("x", vec!["y".repeat(300).into()])).unwrap_err();
    assert!(matches!(long.reason, RejectReason::TooLong { limit: 200, .. }));
    let first = driver.client.request(driver.now, Banner).unwrap();
    driver.client.request(driver.now, Banner).unwrap();
    let full = driver.client.request(driver.now, Banner).unwrap_err();
    assert_eq!(full.reason, RejectReason::InFlight { limit: 2 });
    driver.drain();
    driver.seen();
    driver.write();
    driver.read(&format!(r#"{{"id":{},"result":""}}"#, first.id.number()));
    assert_eq!(driver.seen()[1..], ["Capacity"]);
}

#[test]
fn a_server_that_pads_is_nudged_once_a_write_and_others_never() {
    for version in ["1.4", "1.7"] {
        let mut driver = Driver::new(Config::default());
        driver.connect();
        let id = driver.written_id("server.version");
        let padding = " ".repeat(900);
        driver.read(&format!(r#"{{"jsonrpc":"2.0","result":["Pads","{version}"],"id":{id}{padding}}}"#));
        let ids = driver.request_all(vec![Banner; 2]);
        driver.drain();
        let written = driver.write();
        assert_eq!(written.lines().count(), 3);
        assert!(written.lines().last().unwrap().contains("blockchain.block.headers"), "{written}");
        let more = driver.client.request(driver.now, Banner).unwrap();
        driver.drain();
        assert_eq!(driver.write().lines().count(), 1, "none while one is on its way");
        let nudge_id = ids[1] + 1;
        driver.read(&format!(r#"{{"id":{nudge_id},"result":{{}}}}"#));
        assert_eq!(driver.write().lines().count(), 1, "one for what was written meanwhile");
        assert!(driver.seen().iter().all(|word| !word.starts_with("reply")), "{more:?} is not answered yet");
    }
    let mut driver = Driver::ready("1.7");
    driver.client.request(driver.now, Banner).unwrap();
    driver.drain();
    assert_eq!(driver.write().lines().count(), 1);
}

#[test]
fn a_server_of_another_chain_is_never_ready() {
    let wanted = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
    for (found, outcome) in [(wanted, "ready 1.4 Test 1.0"), (&status('0'), "disconnect")] {
        let mut driver =
            Driver::ready_with(Config { genesis_hash: Some(wanted.parse().unwrap()), ..Config::default() }, "1.4");
        driver.seen();
        let features = format!(
            r#"{{"genesis_hash":"{found}","server_version":"x","protocol_min":"1.4","protocol_max":"1.4","hosts":{{}}}}"#
        );
        driver.answer("server.features", &features);
        assert_eq!(driver.seen()[0], outcome);
    }
}

#[test]
fn offers_are_made_in_turn_to_a_server_that_refuses() {
    let offers = ["1.6..1.7", "1.4..1.4.2"].map(|range| range.parse().unwrap()).to_vec();
    let mut driver = Driver::new(Config { offers, ..Config::default() });
    driver.connect();
    assert!(driver.write().contains(r#"["1.6","1.7"]"#));
    driver.close(CloseCause::End);
    driver.sleep();
    driver.connect();
    assert!(driver.client.outgoing().ends_with(b"[\"1.4\",\"1.4.2\"]]}\n"));
    driver.agree("1.4.2");
    assert_eq!(driver.client.state().phase, Phase::Ready);
}

#[test]
fn closing_answers_everybody_and_ends() {
    let mut driver = Driver::ready("1.4");
    driver.client.request(driver.now, Banner).unwrap();
    driver.subscribe();
    driver.seen();
    driver.client.close(driver.now);
    driver.drain();
    let seen = driver.seen();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert_eq!(seen[0], "disconnect");
    assert!(seen[1].contains("Closed"));
    assert_eq!(driver.client.poll(), Action::Finished);
    assert!(driver.client.subscribe(driver.now, Topic::Headers).is_err());
    let mut unconnected = Driver::new(Config::default());
    unconnected.client.close(unconnected.now);
    assert_eq!(unconnected.client.poll(), Action::Finished);
}

#[test]
fn inputs_about_an_old_link_change_nothing() {
    let mut driver = Driver::ready("1.4");
    let old = driver.conn.unwrap();
    driver.close(CloseCause::End);
    driver.reconnect("1.4");
    driver.seen();
    driver.client.handle(driver.now, Input::Read(old, b"garbage\n"));
    driver.client.handle(driver.now, Input::Closed(old, CloseCause::End));
    driver.client.handle(Timestamp::ZERO, Input::Tick);
    driver.drain();
    assert_eq!(driver.seen(), Vec::<String>::new());
    assert_eq!(driver.client.state().phase, Phase::Ready);
}

#[test]
fn the_wait_between_attempts_grows_to_its_cap() {
    let mut driver = Driver::new(Config::default());
    let mut waits = Vec::new();
    for _ in 0..12 {
        driver.drain();
        driver.close(CloseCause::Failed("refused".into()));
        let before = driver.now;
        assert_eq!(driver.sleep(), TimerKind::Retry);
        waits.push(driver.now.since(before));
    }
    assert!(waits[0] <= Duration::from_millis(50) && waits[0] >= Duration::from_millis(25));
    assert!(waits[11] <= Duration::from_secs(60) && waits[11] >= Duration::from_secs(30));
    let down = driver.client.state();
    assert_eq!(down.agreed, None);
    assert!(matches!(DownCause::Undrained.name(), "undrained"));
}

#[test]
fn a_raw_topic_hears_the_notifications_of_its_method_whatever_the_method() {
    let mut driver = Driver::ready("1.4");
    let (hash, other) = (status('a'), status('b'));
    for params in [vec![hash.clone().into()], vec![]] {
        driver.client.subscribe(driver.now, Topic::Raw { method: SUBSCRIBE.into(), params }).unwrap();
    }
    driver.drain();
    driver.seen();
    for about in [&hash, &other] {
        driver.read(&format!(r#"{{"method":"{SUBSCRIBE}","params":["{about}",null]}}"#));
    }
    let reported = [&hash, &other].map(|about| format!("Subscribed RawNotification(\"[\\\"{about}\\\",null]\")"));
    assert_eq!(driver.seen(), reported);
}
