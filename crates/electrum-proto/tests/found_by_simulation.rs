//! Faults of the machine that simulated runs found, each as a scenario of its own.

mod driver;

use std::time::Duration;

use driver::{Driver, other_script, script, status};
use electrum_proto::operations::{Banner, Raw};
use electrum_proto::{Action, Config, Event, Input, RejectReason, TimerKind, Timestamp, Topic};

#[test]
fn a_server_that_is_not_ready_has_no_say_in_what_is_subscribed() {
    let genesis = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";
    let mut driver = Driver::new(Config { genesis_hash: genesis.parse().ok(), ..Config::default() });
    driver.subscribe();
    driver.connect();
    driver.agree("1.4");
    driver.seen();
    driver.notify(&status('1'));
    let seen = driver.seen();
    assert!(seen.len() == 1 && seen[0].starts_with("Unknown(Notification"), "{seen:?}");
}

#[test]
fn a_deadline_counts_from_the_latest_moment_that_was_reported() {
    let mut driver = Driver::ready("1.4");
    driver.client.request(Timestamp::ZERO, Banner).unwrap();
    driver.seen();
    let before = driver.now;
    assert_eq!(driver.sleep(), TimerKind::Request);
    assert_eq!(driver.now.since(before), Config::default().timeouts.request);
}

#[test]
fn a_request_that_is_refused_leaves_no_trace() {
    let mut config = Config::default();
    config.limits.outgoing = 200;
    let mut driver = Driver::ready_with(config, "1.4");
    let (until, _) = driver.drain().unwrap();
    driver.now = Timestamp::from_millis(1_010_000);
    let long = Raw::new("x", vec!["y".repeat(200).into()]);
    let rejected = driver.client.request(driver.now, long).unwrap_err();
    assert!(matches!(rejected.reason, RejectReason::TooLong { limit: 200, .. }), "it never fits: {rejected:?}");
    assert_eq!(driver.drain(), Some((until, TimerKind::Ping)), "the next ping is due as before");
}

#[test]
fn room_is_reported_only_when_what_was_refused_fits() {
    let mut config = Config::default();
    config.limits.outgoing = 400;
    let mut driver = Driver::ready_with(config, "1.4");
    driver.write();
    let raw = |length: usize| Raw::new("x", vec!["y".repeat(length).into()]);
    driver.client.request(driver.now, raw(100)).unwrap();
    driver.client.request(driver.now, raw(300)).unwrap_err();
    driver.seen();
    driver.drain();
    assert_eq!(driver.seen(), Vec::<String>::new(), "half of the room is free, which is not enough");
    driver.write();
    driver.drain();
    assert_eq!(driver.seen(), ["Capacity"]);
    driver.client.request(driver.now, raw(300)).unwrap();
}

#[test]
fn a_topic_begun_and_ended_in_one_turn_is_ended_on_the_server_too() {
    let mut driver = Driver::ready("1.7");
    let first = driver.subscribe();
    driver.drain();
    driver.client.unsubscribe(driver.now, first);
    let second = driver.subscribe();
    driver.client.unsubscribe(driver.now, second);
    driver.answer("blockchain.scriptpubkey.subscribe", "null");
    driver.answer("blockchain.scriptpubkey.unsubscribe", "true");
    let first = driver.subscribe();
    driver.drain();
    driver.answer("blockchain.scriptpubkey.subscribe", "null");
    driver.client.unsubscribe(driver.now, first);
    let second = driver.subscribe();
    driver.client.unsubscribe(driver.now, second);
    driver.drain();
    driver.answer("blockchain.scriptpubkey.unsubscribe", "true");
    assert_eq!(driver.client.outgoing(), b"");
}

#[test]
fn pings_do_not_pile_up_on_a_link_that_takes_no_bytes() {
    let mut driver = Driver::ready("1.4");
    let late = driver.now + Duration::from_secs(1_000_000);
    let ids: Vec<_> =
        (0..300).map(|_| driver.client.request_until(driver.now, late, Banner).unwrap().id.number()).collect();
    driver.write();
    for id in ids {
        driver.sleep_until(TimerKind::Ping);
        driver.now = driver.now + Duration::from_millis(1);
        driver.read(&format!(r#"{{"id":{id},"result":""}}"#));
    }
    assert_eq!(driver.client.outgoing().split(|b| *b == b'\n').count(), 2, "one line");
}

#[test]
fn an_end_that_is_not_answered_ends_the_link() {
    let mut driver = Driver::ready("1.7");
    let sub = driver.subscribe();
    driver.drain();
    driver.answer("blockchain.scriptpubkey.subscribe", "null");
    driver.client.unsubscribe(driver.now, sub);
    answer_something_else(&mut driver);
    assert_eq!(driver.sleep(), TimerKind::Request);
    assert_eq!(driver.seen(), ["disconnect", "down timeout"], "it could undo a subscription that is made after it");
}

#[test]
fn a_server_of_the_first_protocol_is_never_nudged() {
    let mut driver = Driver::new(Config { versions: "1.1".parse().unwrap(), ..Config::default() });
    driver.connect();
    driver.read(&format!(r#"{{"id":1,"result":["Pads","1.1"]{}}}"#, " ".repeat(900)));
    driver.write();
    driver.client.request(driver.now, Banner).unwrap();
    driver.drain();
    assert_eq!(driver.write().lines().count(), 1);
}

#[test]
fn what_was_begun_with_a_script_is_ended_with_it() {
    let mut driver = Driver::ready("1.7");
    let by_script = driver.subscribe();
    driver.drain();
    driver.client.unsubscribe(driver.now, by_script);
    let by_hash = driver.client.subscribe(driver.now, Topic::ScriptHash(script().scripthash())).unwrap();
    driver.client.unsubscribe(driver.now, by_hash);
    driver.answer("blockchain.scriptpubkey.subscribe", "null");
    let end = driver.write();
    assert!(end.contains("blockchain.scriptpubkey.unsubscribe") && end.contains(&script().to_hex()), "{end}");
}

#[test]
fn a_link_that_is_given_up_is_closed_before_anything_else_is_reported() {
    const SUBSCRIBE: &str = "blockchain.scripthash.subscribe";
    let mut driver = Driver::ready("1.4.2");
    let sub = driver.subscribe();
    driver.drain();
    driver.answer(SUBSCRIBE, "null");
    driver.client.subscribe(driver.now, other_script(1)).unwrap();
    driver.client.unsubscribe(driver.now, sub);
    answer_something_else(&mut driver);
    // Neither is answered: the subscription is reported late, the end that is not known to be one costs the link.
    assert_eq!(driver.sleep(), TimerKind::Request);
    let seen = driver.seen();
    assert_eq!((seen[0].as_str(), seen[2].as_str()), ("disconnect", "down timeout"), "{seen:?}");
    assert!(seen[1].contains("SubscriptionRefused"), "{seen:?}");
}

#[test]
fn nothing_is_refused_any_more_once_the_client_is_closed() {
    let mut driver = Driver::ready("1.4");
    for number in 0..2 {
        driver.client.subscribe(driver.now, other_script(number)).unwrap();
    }
    answer_something_else(&mut driver);
    let (until, _) = driver.drain().unwrap();
    driver.client.handle(until, Input::Tick);
    assert!(matches!(driver.client.poll(), Action::Event(Event::SubscriptionRefused { .. })));
    driver.client.close(until);
    driver.drain();
    assert_eq!(driver.seen(), ["disconnect"]);
}

/// A while later the server answers something, and so it is alive when what was asked before is overdue.
fn answer_something_else(driver: &mut Driver) {
    driver.drain();
    driver.now = driver.now + Duration::from_secs(15);
    driver.client.request(driver.now, Banner).unwrap();
    driver.drain();
    driver.answer("server.banner", r#""""#);
    driver.seen();
}
