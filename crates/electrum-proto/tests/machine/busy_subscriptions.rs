//! Subscriptions for which the server is too busy, or not ready yet.

use core::time::Duration;
use electrum_proto::{Config, Phase, TimerKind};

use electrum_proto::operations::Banner;

use crate::SUBSCRIBE;
use crate::driver::{Driver, other_script, script};
use crate::late_subscriptions::until_asked;
use crate::messages::BUSY;

#[test]
fn a_topic_that_a_server_is_always_too_busy_for_is_reported_and_asked_for_ever_more_rarely() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    driver.seen();
    let (mut asked, mut all_paused) = (0, Vec::new());
    while driver.seen().is_empty() {
        let id = driver.written_id(SUBSCRIBE);
        driver.read(&format!(r#"{{"id":{id},"error":{BUSY}}}"#));
        asked += 1;
        assert!(asked <= 4, "it is not reported");
        if driver.seen.is_empty() {
            let refused = driver.now;
            assert_eq!(driver.sleep(), TimerKind::Resubscribe);
            all_paused.push(driver.now.since(refused).as_secs());
            // Others are answered well.
            let id = driver.client.request(driver.now, Banner).unwrap().id.number();
            driver.read(&format!(r#"{{"id":{id},"result":""}}"#));
            driver.seen.retain(|word| !word.starts_with("reply"));
        }
    }
    assert_eq!((asked, all_paused), (4, vec![2, 4, 8]));
    let mut pauses = Vec::new();
    for _ in 0..6 {
        let before = driver.now;
        let id = until_asked(&mut driver);
        pauses.push(driver.now.since(before).as_secs());
        driver.now = driver.now + Duration::from_millis(1);
        driver.read(&format!(r#"{{"id":{id},"error":{BUSY}}}"#));
        let id = driver.client.request(driver.now, Banner).unwrap().id.number();
        driver.write();
        driver.read(&format!(r#"{{"id":{id},"result":""}}"#));
    }
    assert!(pauses.is_sorted() && pauses[0] >= 8 && pauses[5] >= 60, "{pauses:?}");
    driver.seen();
    let id = until_asked(&mut driver);
    driver.read(&format!(r#"{{"id":{id},"result":null}}"#));
    assert_eq!(driver.seen(), ["Subscribed no history"], "it is served in the end");
}

#[test]
fn a_topic_that_a_server_is_always_too_busy_for_does_not_put_off_others() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    for number in 0..10 {
        let id = until_asked(&mut driver);
        driver.read(&format!(r#"{{"id":{id},"error":{BUSY}}}"#));
        if number < 3 {
            // The first refusals put off all.
            continue;
        }
        driver.client.subscribe(driver.now, other_script(number)).unwrap();
        driver.drain();
        driver.seen();
        driver.answer(SUBSCRIBE, "null");
        assert_eq!(driver.seen(), ["Subscribed no history"], "after {number} refusals");
    }
}

#[test]
fn many_subscriptions_that_are_refused_at_once_are_asked_for_again_on_the_same_link() {
    let mut driver = Driver::ready("1.4");
    for number in 0..100 {
        driver.client.subscribe(driver.now, other_script(number)).unwrap();
    }
    driver.drain();
    driver.seen();
    let mut answered = 0;
    for round in 0..100 {
        for id in driver.written_ids(SUBSCRIBE) {
            answered += u32::from(round > 0);
            driver.read(&match round {
                0 => format!(r#"{{"id":{id},"error":{{"code":-32603,"message":"unavailable index"}}}}"#),
                _ => format!(r#"{{"id":{id},"result":null}}"#),
            });
        }
        assert!(!driver.seen().iter().any(|word| word.starts_with("down")), "after {answered} answers");
        if answered == 100 {
            return;
        }
        driver.sleep();
    }
    panic!("{answered} are answered");
}

/// The server refuses each subscription that was written, in this way. Returns how many there were.
fn refuse_all(driver: &mut Driver, error: &str) -> usize {
    let ids = driver.written_ids(SUBSCRIBE);
    for id in &ids {
        driver.read(&format!(r#"{{"id":{id},"error":{error}}}"#));
    }
    ids.len()
}

const INTERNAL: &str = r#"{"code":-32603,"message":"internal error"}"#;

#[test]
fn a_server_that_is_too_busy_for_a_burst_of_subscriptions_has_said_so_once() {
    let mut config = Config::default();
    config.limits.busy_replies = 1;
    let mut driver = Driver::ready_with(config, "1.4");
    for number in 0..3 {
        driver.client.subscribe(driver.now, other_script(number)).unwrap();
    }
    driver.drain();
    assert_eq!(refuse_all(&mut driver, BUSY), 3);
    assert_eq!(driver.client.phase(), Phase::Ready);
    driver.sleep_until(TimerKind::Resubscribe);
    driver.seen();
    refuse_all(&mut driver, BUSY);
    assert!(driver.seen().iter().any(|word| word == "down busy"), "the second time");
}

#[test]
fn the_retry_of_one_topic_does_not_end_the_pause_of_all() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    refuse_all(&mut driver, INTERNAL);
    driver.now = driver.now + Duration::from_millis(500);
    driver.client.subscribe(driver.now, other_script(1)).unwrap();
    driver.drain();
    assert_eq!(refuse_all(&mut driver, BUSY), 1);
    let refused = driver.now;
    assert_eq!(driver.sleep(), TimerKind::Resubscribe);
    let millis = driver.now.since(refused).as_millis();
    assert_eq!((millis, driver.write()), (500, String::new()), "one is due a second after its refusal, all are paused");
    assert_eq!(driver.sleep(), TimerKind::Resubscribe);
    assert_eq!((driver.now.since(refused).as_secs(), driver.written_ids(SUBSCRIBE).len()), (2, 2));
}

#[test]
fn a_topic_whose_refusals_end_links_as_busy_is_not_reported_but_asked_for_again_on_each() {
    let mut config = Config { nudge: false, ..Config::default() };
    // On one link it would be reported with the fourth.
    config.limits.busy_replies = 3;
    let mut driver = Driver::ready_with(config, "1.4");
    driver.subscribe();
    for _ in 0..3 {
        driver.drain();
        driver.seen();
        assert_eq!(refuse_all(&mut driver, BUSY), 1, "it is asked for at once");
        for _ in 0..3 {
            driver.sleep_until(TimerKind::Resubscribe);
            assert_eq!(refuse_all(&mut driver, BUSY), 1);
        }
        assert_eq!(driver.seen(), ["disconnect", "down busy"]);
        driver.reconnect("1.4");
    }
}

#[test]
fn a_topic_is_not_put_off_since_a_server_was_left_that_was_too_busy() {
    let mut config = Config { nudge: false, ..Config::default() };
    config.limits.busy_replies = 0;
    let mut driver = Driver::ready_with(config, "1.4");
    driver.subscribe();
    driver.drain();
    for _ in 0..3 {
        assert_eq!(driver.written_ids(SUBSCRIBE).len(), 1, "it is asked for at once");
        let id = driver.request_all(vec![Banner])[0];
        driver.write();
        driver.seen();
        driver.read(&format!(r#"{{"id":{id},"error":{BUSY}}}"#));
        assert!(driver.seen().iter().any(|word| word == "down busy"));
        driver.reconnect("1.4");
    }
}

#[test]
fn a_refusal_of_what_was_ended_does_not_count_for_what_was_subscribed_anew() {
    let mut driver = Driver::ready("1.4");
    let old = driver.subscribe();
    driver.drain();
    let mut id = driver.written_id(SUBSCRIBE);
    driver.client.unsubscribe(driver.now, old);
    driver.subscribe();
    driver.drain();
    let pauses = [0; 4].map(|_| {
        driver.read(&format!(r#"{{"id":{id},"error":{INTERNAL}}}"#));
        let refused = driver.now;
        id = until_asked(&mut driver);
        driver.now.since(refused).as_secs()
    });
    assert_eq!(pauses, [1, 1, 2, 4], "the first refusal is of the ended one");
}

#[test]
fn a_notification_that_cannot_be_read_does_not_end_the_pause_of_its_topic() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    let pauses = [0; 3].map(|_| {
        driver.drain();
        let id = until_asked(&mut driver);
        let asked = driver.now;
        driver.read(&format!(r#"{{"id":{id},"error":{INTERNAL}}}"#));
        let without_status = format!(r#"{{"method":"{SUBSCRIBE}","params":["{}"]}}"#, script().scripthash());
        driver.read(&without_status);
        driver.drain().unwrap().0.since(asked).as_secs()
    });
    assert_eq!(pauses, [1, 2, 4]);
}

#[test]
fn a_topic_that_is_subscribed_anew_as_its_refusal_comes_is_asked_for_once() {
    let mut driver = Driver::ready_with(Config { nudge: false, ..Config::default() }, "1.4");
    let sub = driver.subscribe();
    driver.drain();
    let id = driver.written_id(SUBSCRIBE);
    assert!(driver.client.unsubscribe(driver.now, sub));
    driver.subscribe();
    driver.read(&format!(r#"{{"id":{id},"error":{INTERNAL}}}"#));
    let again = driver.written_ids(SUBSCRIBE);
    assert_eq!(again.len(), 1, "at once");
    driver.read(&format!(r#"{{"id":{},"result":null}}"#, again[0]));
    assert_ne!(driver.drain().map(|(_, kind)| kind), Some(TimerKind::Resubscribe), "not once more");
}
