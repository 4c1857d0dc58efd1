//! Topics of every kind: asked for, reported on, ended, put off and refused.

use core::time::Duration;

use electrum_proto::operations::Banner;
use electrum_proto::types::OutPoint;
use electrum_proto::{Action, CloseCause, Config, Event, RejectReason, TimerKind, Topic};

use crate::SUBSCRIBE;
use crate::driver::{Driver, other_script, script, status};

const UNSUBSCRIBE: &str = "blockchain.scripthash.unsubscribe";
const BUSY: &str = r#"{"code":-102,"message":"server busy"}"#;

fn header(first: &str) -> String {
    format!("{first}{}", "0".repeat(158))
}

/// Answers the only request of this method with an error.
fn fail(driver: &mut Driver, method: &str, error: &str) {
    let id = driver.written_id(method);
    driver.read(&format!(r#"{{"id":{id},"error":{error}}}"#));
}

/// A driver that is ready on 1.4.2 and holds so many topics at most.
fn holding(topics: usize) -> Driver {
    let mut config = Config::default();
    config.limits.subscriptions = topics;
    Driver::ready_with(config, "1.4.2")
}

#[test]
fn the_tip_of_the_chain_is_reported_whenever_it_changes() {
    let mut driver = Driver::ready("1.4");
    driver.client.subscribe(driver.now, Topic::Headers).unwrap();
    driver.drain();
    driver.seen();
    driver.answer("blockchain.headers.subscribe", &format!(r#"{{"height":7,"hex":"{}"}}"#, header("01")));
    let notify = |tip: &str| format!(r#"{{"method":"blockchain.headers.subscribe","params":[{tip}]}}"#);
    for tip in [(8, "02"), (8, "02"), (8, "03")] {
        driver.read(&notify(&format!(r#"{{"height":{},"hex":"{}"}},"more""#, tip.0, header(tip.1))));
    }
    assert_eq!(driver.seen(), ["Subscribed height 7", "Live height 8", "Live height 8"]);
    driver.read(&notify(""));
    assert_eq!(driver.seen(), [""; 0], "it names no tip, which is asked for");
    driver.sleep();
    driver.answer("blockchain.headers.subscribe", &format!(r#"{{"height":9,"hex":"{}"}}"#, header("04")));
    assert_eq!(driver.seen(), ["Resumed height 9"]);
}

#[test]
fn an_output_is_reported_on_until_it_is_ended() {
    let txid = status('7');
    let outpoint = OutPoint { txid: txid.parse().unwrap(), vout: 3 };
    let mut driver = Driver::ready("1.7");
    let sub = driver.client.subscribe(driver.now, Topic::OutPoint { outpoint, script: script() }).unwrap();
    driver.drain();
    driver.seen();
    assert!(driver.client.outgoing().ends_with(format!("\"params\":[\"{txid}\",3,\"51\"]}}\n").as_bytes()));
    driver.answer("blockchain.outpoint.subscribe", "{}");
    let notify = |about: &str| format!(r#"{{"method":"blockchain.outpoint.subscribe","params":[{about}]}}"#);
    driver.read(&notify(&format!(r#""{txid}",3,{{"funder_height":0}},"more""#)));
    let seen = driver.seen();
    assert!(seen[0].starts_with("Subscribed OutPoint") && seen[0].contains("funder_height: None"), "{seen:?}");
    assert!(seen[1].starts_with("Live OutPoint") && seen[1].contains("Some(Unconfirmed)"), "{seen:?}");
    for other in [format!(r#""{txid}",4,{{}}"#), format!(r#""{}",3,{{}}"#, status('8')), format!(r#""{txid}""#)] {
        driver.read(&notify(&other));
        assert!(driver.seen()[0].starts_with("Unknown(Notification"), "{other}");
    }
    driver.read(&notify(&format!(r#""{txid}",3,"spent""#)));
    assert_eq!((driver.seen(), driver.sleep()), (vec![], TimerKind::Resubscribe), "no status, which is asked for");
    driver.answer("blockchain.outpoint.subscribe", r#"{"funder_height":7}"#);
    assert!(driver.seen()[0].starts_with("Resumed OutPoint"));
    driver.client.unsubscribe(driver.now, sub);
    driver.drain();
    let end = driver.write();
    assert!(end.contains("blockchain.outpoint.unsubscribe"), "{end}");
    assert!(end.ends_with(&format!("\"params\":[\"{txid}\",3]}}\n")), "{end}");
}

#[test]
fn a_notification_may_name_the_script_itself() {
    let mut driver = Driver::ready("1.7");
    driver.subscribe();
    driver.drain();
    driver.answer("blockchain.scriptpubkey.subscribe", "null");
    driver.seen();
    for (about, reported) in [("51", "Live status 1111"), ("52", "Unknown"), ("5", "Unknown")] {
        driver.read(&format!(
            r#"{{"method":"blockchain.scriptpubkey.subscribe","params":["{about}","{}",0]}}"#,
            status('1')
        ));
        let seen = driver.seen();
        assert!(seen.len() == 1 && seen[0].starts_with(reported), "{about}: {seen:?}");
    }
    driver.notify(&status('2'));
    assert_eq!(driver.seen(), ["Live status 2222"], "or its hash");
    let hash = script().scripthash();
    driver.read(&format!(r#"{{"method":"{SUBSCRIBE}","params":["{hash}"]}}"#));
    assert_eq!(driver.seen(), [""; 0], "without a status, which is asked for");
    assert_eq!(driver.sleep(), TimerKind::Resubscribe);
    driver.answer("blockchain.scriptpubkey.subscribe", &format!("\"{}\"", status('3')));
    assert_eq!(driver.seen(), ["Resumed status 3333"]);
}

#[test]
fn a_subscription_that_a_busy_server_puts_off_is_asked_for_again_later() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    driver.seen();
    fail(&mut driver, SUBSCRIBE, BUSY);
    driver.client.subscribe(driver.now, Topic::Headers).unwrap();
    driver.drain();
    assert_eq!(driver.client.outgoing(), b"", "others wait as well");
    let before = driver.now;
    assert_eq!(driver.sleep(), TimerKind::Resubscribe);
    assert!(driver.now.since(before) >= Duration::from_secs(1), "it is given some time");
    let asked = driver.write();
    assert!(asked.lines().count() == 2 && asked.contains(SUBSCRIBE), "{asked}");
    assert_eq!(driver.seen(), [""; 0], "none of that is an event");
}

#[test]
fn a_refused_subscription_is_tried_again_on_the_next_link_only() {
    for (outcome, word) in [(r#""error":{"code":1,"message":"no"}"#, "Server"), (r#""result":7"#, "Decode")] {
        let mut driver = Driver::ready("1.4");
        let sub = driver.subscribe();
        driver.drain();
        driver.seen();
        let id = driver.written_id(SUBSCRIBE);
        driver.read(&format!(r#"{{"id":{id},{outcome}}}"#));
        let seen = driver.seen();
        assert!(seen[0].contains("SubscriptionRefused") && seen[0].contains(word), "{seen:?}");
        assert_eq!(driver.write(), "");
        driver.close(CloseCause::End);
        driver.reconnect("1.4");
        driver.seen();
        driver.answer(SUBSCRIBE, "null");
        assert_eq!(driver.seen(), ["Subscribed no history"]);
        assert!(driver.client.unsubscribe(driver.now, sub));
    }
}

#[test]
fn a_topic_whose_value_could_not_be_read_is_restored_once_it_can() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    driver.answer(SUBSCRIBE, "null");
    for _ in 0..2 {
        driver.close(CloseCause::End);
        driver.reconnect("1.4");
        driver.seen();
        driver.answer(SUBSCRIBE, "7");
        let seen = driver.seen();
        assert!(seen.len() == 1 && seen[0].contains("Decode"), "{seen:?}");
        driver.close(CloseCause::End);
        driver.reconnect("1.4");
        driver.seen();
        driver.answer(SUBSCRIBE, "null");
        let seen = driver.seen();
        assert!(seen.len() == 1 && seen[0].starts_with("SubscriptionRestored"), "{seen:?}");
    }
}

#[test]
fn what_was_ended_while_it_was_asked_for_is_not_heard_of() {
    for (outcome, end) in [
        (r#""result":null"#, 1),
        (r#""result":7"#, 1),
        (r#""error":{"code":1,"message":"no"}"#, 0),
        (&*format!(r#""error":{BUSY}"#), 0),
    ] {
        let mut driver = holding(1);
        let sub = driver.subscribe();
        driver.drain();
        driver.seen();
        let id = driver.written_id(SUBSCRIBE);
        assert!(driver.client.unsubscribe(driver.now, sub));
        driver.notify(&status('1'));
        assert!(driver.seen()[0].starts_with("Unknown(Notification"));
        driver.read(&format!(r#"{{"id":{id},{outcome}}}"#));
        assert_eq!(driver.seen(), [""; 0], "{outcome}");
        let ends = driver.written_ids(UNSUBSCRIBE);
        assert_eq!(ends.len(), end, "{outcome}");
        for id in ends {
            driver.read(&format!(r#"{{"id":{id},"result":true}}"#));
        }
        while driver.drain().is_some_and(|(_, kind)| kind == TimerKind::Resubscribe) {
            driver.sleep();
        }
        assert_eq!(driver.write(), "");
        driver.client.subscribe(driver.now, Topic::Headers).expect("nothing of it is left");
    }
}

#[test]
fn an_ended_topic_leaves_its_room_at_once_though_others_are_put_off() {
    let mut driver = holding(2);
    let ended = driver.subscribe();
    driver.drain();
    driver.answer(SUBSCRIBE, "null");
    driver.client.unsubscribe(driver.now, ended);
    driver.client.subscribe(driver.now, Topic::Headers).unwrap();
    driver.drain();
    let written = driver.write();
    let id_of = |method: &str| {
        let requests = written.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        requests.filter(|request| request["method"] == method).map(|request| request["id"].clone()).next().unwrap()
    };
    driver.read(&format!(r#"{{"id":{},"error":{BUSY}}}"#, id_of("blockchain.headers.subscribe")));
    driver.read(&format!(r#"{{"id":{},"result":true}}"#, id_of(UNSUBSCRIBE)));
    driver.client.subscribe(driver.now, other_script(1)).unwrap();
}

#[test]
fn what_is_reported_of_an_ended_topic_is_not_reported_for_one_that_came_in_its_place() {
    let mut driver = Driver::ready("1.4");
    let sub = driver.subscribe();
    driver.client.unsubscribe(driver.now, sub);
    driver.client.subscribe(driver.now, other_script(1)).unwrap();
    driver.drain();
    driver.answer(SUBSCRIBE, "null");
    driver.seen();
    driver.notify(&status('1'));
    let seen = driver.seen();
    assert!(seen[0].starts_with("Unknown(Notification"), "{seen:?}");
}

#[test]
fn a_topic_that_is_subscribed_anew_gets_its_value_anew() {
    // Ended and wanted again while the first answer is on its way: that answer may be of before.
    for (first, asked_at_once) in [
        (r#""result":null"#, true),
        (r#""error":{"code":1,"message":"no"}"#, true),
        (&*format!(r#""error":{BUSY}"#), false),
    ] {
        let mut driver = Driver::ready("1.4.2");
        let old = driver.subscribe();
        driver.drain();
        let id = driver.written_id(SUBSCRIBE);
        driver.client.unsubscribe(driver.now, old);
        driver.subscribe();
        driver.drain();
        assert_eq!(driver.write(), "", "not before that answer");
        driver.seen();
        driver.read(&format!(r#"{{"id":{id},{first}}}"#));
        if !asked_at_once {
            assert_eq!(driver.sleep(), TimerKind::Resubscribe);
        }
        assert_eq!(driver.seen(), [""; 0], "{first}");
        driver.answer(SUBSCRIBE, "null");
        assert_eq!(driver.seen(), ["Subscribed no history"], "{first}");
        assert!(!driver.client.unsubscribe(driver.now, old), "it is another one");
    }
    // Where the server reports on it already, and has no end of subscriptions.
    let mut driver = Driver::ready("1.4");
    let old = driver.subscribe();
    driver.drain();
    driver.answer(SUBSCRIBE, "null");
    driver.client.unsubscribe(driver.now, old);
    driver.drain();
    driver.seen();
    assert_eq!(driver.write(), "", "1.4 has nothing to end it with");
    driver.subscribe();
    driver.drain();
    driver.answer(SUBSCRIBE, "null");
    assert_eq!(driver.seen(), ["Subscribed no history"]);
}

#[test]
fn an_end_is_an_end_whatever_the_server_answers() {
    let mut driver = Driver::ready("1.4.2");
    let sub = driver.subscribe();
    driver.drain();
    driver.answer(SUBSCRIBE, "null");
    driver.client.unsubscribe(driver.now, sub);
    driver.drain();
    driver.seen();
    let id = driver.written_id(UNSUBSCRIBE);
    let next = driver.subscribe();
    driver.notify(&status('1'));
    assert_eq!(driver.seen(), [""; 0], "it is of the subscription that ends");
    driver.read(&format!(r#"{{"id":{id},"error":{{"code":1,"message":"no"}}}}"#));
    driver.answer(SUBSCRIBE, "null");
    assert_eq!(driver.seen(), ["Subscribed no history"]);
    assert!(driver.client.unsubscribe(driver.now, next));
}

#[test]
fn the_name_of_an_ended_subscription_ends_no_other() {
    let mut driver = Driver::new(Config::default());
    let first = driver.subscribe();
    assert!(driver.client.unsubscribe(driver.now, first));
    let second = driver.client.subscribe(driver.now, other_script(1)).unwrap();
    assert_ne!(first, second);
    assert!(!driver.client.unsubscribe(driver.now, first));
    let again = driver.client.subscribe(driver.now, other_script(1)).unwrap_err();
    assert_eq!(again.reason, RejectReason::Subscribed(second));
    assert!(driver.client.unsubscribe(driver.now, second));
}

#[test]
fn what_is_not_wanted_any_more_is_not_asked_for_on_the_next_link() {
    let mut driver = Driver::ready("1.4");
    let kept = driver.subscribe();
    let dropped = driver.client.subscribe(driver.now, Topic::Headers).unwrap();
    driver.drain();
    driver.write();
    driver.client.unsubscribe(driver.now, dropped);
    driver.close(CloseCause::End);
    driver.reconnect("1.4");
    let asked = driver.write();
    assert!(asked.lines().count() == 1 && asked.contains(SUBSCRIBE), "{asked}");
    assert!(driver.client.unsubscribe(driver.now, kept));
}

#[test]
fn only_so_many_are_asked_for_at_a_time() {
    let mut driver = Driver::new(Config { resubscribe_window: 2, ..Config::default() });
    for number in 0..5 {
        driver.client.subscribe(driver.now, other_script(number)).unwrap();
    }
    driver.connect();
    driver.agree("1.4");
    let mut asked = Vec::new();
    while asked.len() < 5 {
        let ids = driver.written_ids(SUBSCRIBE);
        assert_eq!(ids.len(), if asked.is_empty() { 2 } else { 1 });
        asked.extend(ids);
        let id = asked[asked.len() - 2];
        driver.read(&format!(r#"{{"id":{id},"result":null}}"#));
    }
    assert_eq!(driver.write(), "");
}

#[test]
fn subscriptions_leave_room_within_the_limits() {
    let line = br#"{"jsonrpc":"2.0","id":2,"method":"blockchain.scripthash.subscribe","params":[""]}"#.len() + 65;
    for (in_flight, outgoing, at_once) in [(3, usize::MAX, 3), (0, usize::MAX, 1), (100, 4 * line, 2), (100, 0, 0)] {
        let mut config = Config::default();
        config.limits.in_flight = in_flight;
        config.limits.outgoing = outgoing;
        let mut driver = Driver::new(config);
        for number in 0..5 {
            driver.client.subscribe(driver.now, other_script(number)).unwrap();
        }
        driver.connect();
        driver.agree("1.4");
        assert_eq!(driver.written_ids(SUBSCRIBE).len(), at_once, "{in_flight} in flight, {outgoing} bytes");
    }
}

#[test]
fn room_for_a_topic_is_reported_once_one_is_ended() {
    let mut config = Config::default();
    config.limits.subscriptions = 2;
    let mut driver = Driver::new(config);
    let first = driver.subscribe();
    driver.client.subscribe(driver.now, Topic::Headers).unwrap();
    let full = driver.client.subscribe(driver.now, other_script(1)).unwrap_err();
    assert_eq!(full.reason, RejectReason::Subscriptions { limit: 2 });
    driver.drain();
    assert_eq!(driver.seen(), ["connect 0"]);
    driver.client.unsubscribe(driver.now, first);
    driver.drain();
    assert_eq!(driver.seen(), ["Capacity"]);
    driver.client.subscribe(driver.now, full.item).unwrap();
    driver.drain();
    assert_eq!(driver.seen(), [""; 0], "it is reported once");
}

#[test]
fn a_raw_topic_is_asked_for_with_its_parameters_and_its_result_is_emitted() {
    let topic = |params: &[&str]| Topic::Raw {
        method: "daemon.passthrough".into(),
        params: params.iter().map(|text| (*text).into()).collect(),
    };
    let mut driver = Driver::ready("1.4");
    let sub = driver.client.subscribe(driver.now, topic(&["a", "b"])).unwrap();
    driver.drain();
    driver.seen();
    assert!(driver.client.outgoing().ends_with(b"\"params\":[\"a\",\"b\"]}\n"));
    driver.answer("daemon.passthrough", "[ 1 ]");
    assert_eq!(driver.seen(), ["Subscribed RawResult(\"[ 1 ]\")"]);
    let notify = |params: &str| format!(r#"{{"method":"daemon.passthrough","params":{params}}}"#);
    // The same again is an event: what it means is not known here.
    for (params, reported) in [
        (r#"["a","b",1]"#, "Live"),
        (r#"["a","b",1]"#, "Live"),
        (r#"["a","c"]"#, "Unknown"),
        (r#"["a"]"#, "Unknown"),
        (r#"{"a":"b"}"#, "Unknown"),
    ] {
        driver.read(&notify(params));
        let seen = driver.seen();
        assert!(seen.len() == 1 && seen[0].starts_with(reported), "{params}: {seen:?}");
    }
    driver.client.unsubscribe(driver.now, sub);
    driver.read(&notify(r#"["a","b",1]"#));
    assert!(driver.seen()[0].starts_with("Unknown"));
    assert_eq!(driver.write(), "", "how it is ended is not known here");
    driver.client.subscribe(driver.now, topic(&["a", "b"])).unwrap();
    driver.drain();
    assert_eq!(driver.written_ids("daemon.passthrough").len(), 1);
}

#[test]
fn requests_go_on_while_subscriptions_are_put_off() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    fail(&mut driver, SUBSCRIBE, BUSY);
    driver.client.request(driver.now, Banner).unwrap();
    driver.drain();
    assert_eq!(driver.written_ids("server.banner").len(), 1);
}

#[test]
fn a_raw_topic_may_have_a_long_parameter() {
    let method = "x.subscribe".to_owned();
    let param = "y".repeat(60_000);
    let mut driver = Driver::ready("1.4");
    driver.client.subscribe(driver.now, Topic::Raw { method, params: vec![param.clone().into()] }).unwrap();
    driver.seen();
    driver.read(&format!(r#"{{"method":"x.subscribe","params":["{param}",1]}}"#));
    let seen = driver.seen();
    assert!(seen[0].starts_with("Subscribed RawNotification"), "{:.100}", seen[0]);
}

#[test]
fn a_refusal_that_waits_to_be_emitted_is_dropped_if_it_was_ended_meanwhile() {
    let mut driver = Driver::ready("1.7");
    let hash = |number: u8| Topic::ScriptHash(electrum_proto::Script::new([number]).scripthash());
    let subs: Vec<_> = (0..3).map(|number| driver.client.subscribe(driver.now, hash(number)).unwrap()).collect();
    assert!(matches!(driver.client.poll(), Action::Event(Event::SubscriptionRefused { sub, .. }) if sub == subs[0]));
    driver.seen();
    driver.client.unsubscribe(driver.now, subs[1]);
    // Another topic comes in its place.
    driver.client.subscribe(driver.now, hash(9)).unwrap();
    driver.drain();
    let seen = driver.seen();
    assert!(seen.len() == 2 && seen[0].contains("SubId(3)") && seen[1].contains("SubId(4)"), "{seen:?}");
}

#[test]
fn what_comes_and_goes_while_nothing_can_be_asked_takes_no_memory() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    fail(&mut driver, SUBSCRIBE, BUSY);
    let other = driver.client.clone();
    for _ in 0..1000 {
        let sub = driver.client.subscribe(driver.now, other_script(1)).unwrap();
        driver.client.unsubscribe(driver.now, sub);
    }
    let length = |client: &electrum_proto::Client| format!("{client:?}").len();
    assert!(length(&driver.client) < length(&other) + 100);
}
