//! Topics whose answers are slow, late, overtaken, or never come.

use core::time::Duration;

use electrum_proto::{Config, TimerKind};

use crate::SUBSCRIBE;
use crate::driver::{Driver, other_script, status};

#[test]
fn a_server_that_is_slow_with_many_subscriptions_is_waited_for() {
    let mut driver = Driver::ready("1.4");
    for number in 0..100 {
        driver.client.subscribe(driver.now, other_script(number)).unwrap();
    }
    driver.drain();
    // Ten seconds for each, so that the last is known after a thousand.
    for id in driver.written_ids(SUBSCRIBE) {
        driver.now = driver.now + Duration::from_secs(10);
        driver.read(&format!(r#"{{"id":{id},"result":null}}"#));
    }
    let seen = driver.seen();
    assert_eq!(seen.iter().filter(|word| *word == "Subscribed no history").count(), 100, "{seen:?}");
}

#[test]
fn a_subscription_that_alone_is_not_answered_is_told_of_and_may_be_answered_late() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    driver.seen();
    let id = driver.written_id(SUBSCRIBE);
    next_overdue(&mut driver);
    assert_eq!(driver.seen(), [""; 0], "whether the server lives is asked first");
    next_overdue(&mut driver);
    let seen = driver.seen();
    assert!(seen[0].contains("SubscriptionRefused") && seen[0].contains("TimedOut"), "{seen:?}");
    driver.read(&format!(r#"{{"id":{id},"result":"{}"}}"#, status('2')));
    assert_eq!(driver.seen(), ["Subscribed status 2222"]);
}

/// Until a request is overdue, on a server that answers pings.
fn next_overdue(driver: &mut Driver) {
    while driver.sleep() != TimerKind::Request {
        for id in driver.written_ids("server.ping") {
            driver.read(&format!(r#"{{"id":{id},"result":null}}"#));
        }
    }
    for id in driver.written_ids("server.ping") {
        driver.read(&format!(r#"{{"id":{id},"result":null}}"#));
    }
}

/// Until something is told of requests that are overdue.
fn until_told(driver: &mut Driver) -> Vec<String> {
    driver.seen();
    loop {
        next_overdue(driver);
        let told = driver.seen();
        if !told.is_empty() {
            return told;
        }
    }
}

#[test]
fn a_topic_that_is_never_answered_costs_three_links_and_no_more() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    driver.write();
    for _ in 0..3 {
        let told = until_told(&mut driver);
        assert!(told.iter().any(|word| word.contains("TimedOut")), "{told:?}");
        assert_eq!(until_told(&mut driver), ["disconnect", "down timeout"]);
        assert_eq!(driver.sleep(), TimerKind::Retry);
        driver.connect();
        driver.agree("1.4");
        driver.write();
    }
    driver.seen();
    for _ in 0..10 {
        let told = until_told(&mut driver);
        assert!(told[0].contains("TimedOut") && told.len() == 1, "{told:?}");
    }
}

#[test]
fn a_server_that_answers_no_subscription_and_nothing_else_is_left() {
    let timeouts = Config::default().timeouts;
    let mut driver = Driver::ready("1.4");
    let begin = driver.now;
    driver.subscribe();
    driver.drain();
    driver.seen();
    driver.write();
    driver.sleep();
    assert_eq!(driver.written_ids("server.ping").len(), 1);
    driver.sleep();
    assert_eq!(driver.now.since(begin), timeouts.request + timeouts.pong);
    assert_eq!(driver.seen(), ["disconnect", "down timeout"], "a dead link refuses nothing");
}

#[test]
fn an_answer_that_differs_from_what_overtook_it_is_asked_for_again() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    let first = driver.written_id(SUBSCRIBE);
    driver.notify(&status('a'));
    driver.read(&format!(r#"{{"id":{first},"result":"{}"}}"#, status('b')));
    driver.answer(SUBSCRIBE, &format!("\"{}\"", status('b')));
    assert_eq!(driver.seen().split_off(2), ["Subscribed status aaaa", "Resumed status bbbb"]);
    assert_eq!(driver.write(), "");
    // Where both are the same there is nothing to ask.
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    driver.notify(&status('a'));
    driver.answer(SUBSCRIBE, &format!("\"{}\"", status('a')));
    assert_eq!(driver.write(), "");
}
