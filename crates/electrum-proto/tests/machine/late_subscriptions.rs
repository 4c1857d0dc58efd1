//! Topics whose answers are slow, late, overtaken, or never come.

use core::time::Duration;

use electrum_proto::operations::Banner;
use electrum_proto::{Action, CloseCause, Config, Event, Input, SubId, TimerKind, Topic};

use crate::SUBSCRIBE;
use crate::driver::{Driver, ids_of, other_script, script, status};

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
fn a_subscription_that_alone_is_not_answered_is_reported_and_may_be_answered_late() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    driver.seen();
    let id = driver.written_id(SUBSCRIBE);
    next_overdue(&mut driver);
    assert_eq!(driver.seen(), [""; 0], "whether the server is alive is asked first");
    next_overdue(&mut driver);
    let seen = driver.seen();
    assert!(seen[0].contains("SubscriptionRefused") && seen[0].contains("TimedOut"), "{seen:?}");
    driver.read(&format!(r#"{{"id":{id},"result":"{}"}}"#, status('2')));
    assert_eq!(driver.seen(), ["Subscribed status 2222"]);
}

/// Sleeps until this timer fires, and answers pings before.
fn answer_pings_until(driver: &mut Driver, kind: TimerKind) {
    for _ in 0..1000 {
        if driver.sleep() == kind {
            return;
        }
        driver.answer_pings();
    }
    panic!("{kind:?} does not come");
}

/// Sleeps until a request is overdue, and answers pings.
fn next_overdue(driver: &mut Driver) {
    answer_pings_until(driver, TimerKind::Request);
    driver.answer_pings();
}

/// Sleeps until events about overdue requests are emitted, and returns them. Answers pings.
pub(crate) fn until_reported(driver: &mut Driver) -> Vec<String> {
    driver.seen();
    for _ in 0..1000 {
        next_overdue(driver);
        let reported = driver.seen();
        if !reported.is_empty() {
            return reported;
        }
    }
    panic!("nothing is reported");
}

#[test]
fn a_topic_that_is_never_answered_costs_three_links_and_no_more() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    driver.write();
    for _ in 0..3 {
        let reported = until_reported(&mut driver);
        assert!(reported.iter().any(|word| word.contains("TimedOut")), "{reported:?}");
        assert_eq!(until_reported(&mut driver), ["disconnect", "down timeout"]);
        assert_eq!(driver.sleep(), TimerKind::Retry);
        driver.connect();
        driver.agree("1.4");
        driver.write();
    }
    let reported = until_reported(&mut driver);
    assert!(reported[0].contains("TimedOut") && reported.len() == 1, "{reported:?}");
    // It is asked for again on this link, ever more rarely.
    let mut pauses = Vec::new();
    for _ in 0..6 {
        let before = driver.now;
        until_asked(&mut driver);
        pauses.push(driver.now.since(before).as_secs());
    }
    assert!(pauses.is_sorted() && pauses[0] >= 60 && pauses[5] >= 360, "{pauses:?}");
    assert_eq!(driver.seen(), [""; 0], "which is not reported again");
    assert_eq!(driver.notified('3'), ["Subscribed status 3333"], "it may have heard all the same");
}

#[test]
fn a_topic_that_cost_three_links_is_served_whenever_it_is_answered() {
    for asked in 0..3 {
        let (mut driver, _) = after_three_links();
        let mut id = driver.written_id(SUBSCRIBE);
        until_reported(&mut driver);
        for _ in 0..asked {
            id = until_asked(&mut driver);
        }
        // Its answer is late again.
        (0..2 * asked.min(1)).for_each(|_| next_overdue(&mut driver));
        assert_eq!(driver.seen(), [""; 0]);
        driver.read(&format!(r#"{{"id":{id},"result":null}}"#));
        assert_eq!(driver.seen(), ["Subscribed no history"], "{asked}");
    }
}

#[test]
fn an_answered_ping_shows_that_the_server_is_alive_however_short_a_time_requests_have() {
    let mut config = Config::default();
    config.timeouts.request = Duration::from_secs(2);
    let mut driver = Driver::ready_with(config, "1.4");
    driver.subscribe();
    driver.drain();
    driver.seen();
    next_overdue(&mut driver);
    assert_eq!(driver.seen(), [""; 0]);
    // Some of these are looks that find nothing.
    (0..3).for_each(|_| next_overdue(&mut driver));
    let seen = driver.seen();
    assert!(seen.first().is_some_and(|word| word.contains("TimedOut")), "{seen:?}");
}

#[test]
fn what_is_never_answered_leaves_room_for_requests() {
    let (mut driver, _) = after_three_links();
    until_reported(&mut driver);
    assert!(driver.client.request(driver.now, Banner).is_err());
    let has_room = (0..1000).any(|_| {
        assert!(driver.client.state().agreed.is_some(), "on the same link");
        driver.sleep();
        driver.answer_pings();
        driver.client.request(driver.now, Banner).is_ok()
    });
    assert!(has_room);
}

#[test]
fn what_is_given_up_and_not_wanted_any_more_is_not_reported() {
    let (mut driver, sub) = after_three_links();
    driver.client.unsubscribe(driver.now, sub);
    driver.seen();
    answer_pings_until(&mut driver, TimerKind::Ping);
    assert_eq!(driver.seen(), [""; 0]);
}

/// A client with room for one request, whose only subscription cost three links and is asked for on the fourth.
fn after_three_links() -> (Driver, SubId) {
    let mut config = Config::default();
    config.limits.in_flight = 1;
    let mut driver = Driver::ready_with(config, "1.4");
    let sub = driver.subscribe();
    driver.drain();
    for _ in 0..3 {
        until_reported(&mut driver);
        until_reported(&mut driver);
        driver.reconnect("1.4");
    }
    (driver, sub)
}

#[test]
fn one_that_was_lost_is_found_out_though_later_ones_are_answered() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    driver.write();
    driver.seen();
    for number in 0..3 {
        driver.now = driver.now + Duration::from_secs(20);
        driver.client.handle(driver.now, Input::Tick);
        driver.client.subscribe(driver.now, other_script(number)).unwrap();
        driver.drain();
        driver.answer(SUBSCRIBE, "null");
    }
    let seen = driver.seen();
    assert!(seen.iter().any(|word| word.contains("TimedOut")), "{seen:?}");
}

#[test]
fn an_end_waits_its_turn_behind_slow_subscriptions() {
    let mut driver = Driver::ready("1.4.2");
    let ended = driver.subscribe();
    driver.drain();
    driver.answer(SUBSCRIBE, "null");
    for number in 0..100 {
        driver.client.subscribe(driver.now, other_script(number)).unwrap();
    }
    driver.drain();
    let asked = driver.written_ids(SUBSCRIBE);
    driver.client.unsubscribe(driver.now, ended);
    driver.drain();
    let end = driver.written_id("blockchain.scripthash.unsubscribe");
    driver.seen();
    for id in asked.into_iter().chain([end]) {
        driver.now = driver.now + Duration::from_secs(10);
        driver.read(&format!(r#"{{"id":{id},"result":null}}"#));
    }
    let seen = driver.seen();
    assert!(seen.iter().all(|word| word == "Subscribed no history") && seen.len() == 100, "{seen:?}");
}

#[test]
fn a_server_that_never_answers_ends_costs_three_links_and_no_more() {
    let mut driver = Driver::ready("1.4.2");
    for round in 0..5 {
        let sub = driver.subscribe();
        driver.drain();
        driver.answer(SUBSCRIBE, "null");
        driver.client.unsubscribe(driver.now, sub);
        driver.seen();
        if round < 3 {
            assert_eq!(until_reported(&mut driver), ["disconnect", "down timeout"]);
            driver.reconnect("1.4.2");
            driver.write();
        } else {
            answer_pings_until(&mut driver, TimerKind::Ping);
            driver.answer_pings();
            assert_eq!(driver.seen(), [""; 0], "it counts as ended");
        }
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

#[test]
fn a_server_that_contradicts_itself_for_ever_is_asked_once_more_only() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    for _ in 0..2 {
        driver.notify(&status('a'));
        driver.answer(SUBSCRIBE, &format!("\"{}\"", status('b')));
    }
    assert_eq!(driver.write(), "");
    assert_eq!(driver.seen().split_off(2), ["Subscribed status aaaa"]);
    assert_eq!(driver.notified('c'), ["Live status cccc"]);
}

#[test]
fn a_raw_topic_that_was_overtaken_is_not_asked_for_again() {
    let mut driver = Driver::ready("1.4");
    driver.client.subscribe(driver.now, Topic::Raw { method: "x.subscribe".into(), params: vec![] }).unwrap();
    driver.drain();
    driver.seen();
    let id = driver.written_id("x.subscribe");
    driver.read(r#"{"method":"x.subscribe","params":[2]}"#);
    driver.read(&format!(r#"{{"id":{id},"result":1}}"#));
    assert_eq!(driver.seen(), ["Subscribed RawNotification(\"[2]\")"]);
    assert_eq!(driver.write(), "");
}

/// Sleeps until the topic is asked for. Pings are answered.
pub(crate) fn until_asked(driver: &mut Driver) -> u64 {
    for _ in 0..100 {
        let written = driver.write();
        for id in ids_of(&written, "server.ping") {
            driver.read(&format!(r#"{{"id":{id},"result":null}}"#));
        }
        if let [id] = ids_of(&written, SUBSCRIBE)[..] {
            return id;
        }
        driver.sleep();
    }
    panic!("it is not asked for");
}

/// A server that answers subscriptions in their order, and ends the connection when `bad` is asked for. Returns whether it
/// was.
fn ends_at(driver: &mut Driver, bad: &str) -> bool {
    for line in driver.write().lines().filter(|line| line.contains(SUBSCRIBE)) {
        if line.contains(bad) {
            driver.close(CloseCause::End);
            return true;
        }
        let id = line.split("\"id\":").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
        driver.read(&format!(r#"{{"id":{id},"result":null}}"#));
    }
    false
}

#[test]
fn a_topic_that_ends_the_connection_does_not_keep_others_from_being_served() {
    let bad = script().scripthash().to_string();
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.client.subscribe(driver.now, other_script(1)).unwrap();
    driver.drain();
    assert!(ends_at(&mut driver, &bad));
    driver.reconnect("1.4");
    driver.seen();
    assert!(ends_at(&mut driver, &bad));
    assert_eq!(driver.seen()[0], "Subscribed no history", "the other one is asked for first");
    driver.reconnect("1.4");
    driver.seen();
    assert!(!ends_at(&mut driver, &bad), "it is asked for later");
    let before = driver.now;
    assert_eq!(driver.sleep(), TimerKind::Resubscribe);
    assert!(driver.now.since(before) <= Duration::from_secs(2));
    assert!(ends_at(&mut driver, &bad));
    driver.seen();
    driver.reconnect("1.4");
    let seen = driver.seen();
    let refused = seen.iter().filter(|word| word.contains("SubscriptionRefused") && word.contains("Unavailable"));
    assert_eq!(refused.count(), 1, "{seen:?}");
    assert!(!ends_at(&mut driver, &bad));
    let before = driver.now;
    assert_eq!(driver.sleep(), TimerKind::Resubscribe);
    assert!(driver.now.since(before) >= Duration::from_secs(3), "ever more rarely");
    // The server has learned to answer it.
    assert!(!ends_at(&mut driver, "nothing"));
    assert_eq!(driver.seen(), ["Subscribed no history"]);
    driver.close(CloseCause::End);
    driver.reconnect("1.4");
    let asked = driver.write();
    assert!(asked.contains(&bad), "what is answered is no longer suspected: {asked}");
}

#[test]
fn a_topic_that_ends_the_connection_is_known_though_an_older_request_waits() {
    let bad = script().scripthash().to_string();
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    assert!(ends_at(&mut driver, &bad));
    driver.reconnect("1.4");
    assert!(ends_at(&mut driver, &bad));
    let (mut pauses, mut reports) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        driver.seen();
        driver.reconnect("1.4");
        reports.push(driver.seen().iter().filter(|word| word.contains("SubscriptionRefused")).count());
        driver.request_all(vec![Banner]);
        driver.write();
        let before = driver.now;
        until_asked(&mut driver);
        pauses.push(driver.now.since(before).as_secs());
        driver.close(CloseCause::End);
    }
    assert_eq!(pauses, [1, 4, 16, 60, 60]);
    assert_eq!(reports, [0, 1, 0, 0, 0], "once, when a pause has not helped");
}

#[test]
fn of_topics_that_end_connections_the_first_without_an_answer_is_put_off_for_longer() {
    let mut driver = Driver::ready("1.4");
    for number in 0..2 {
        driver.client.subscribe(driver.now, other_script(number)).unwrap();
    }
    driver.drain();
    // Each is the oldest request twice as the connection ends.
    for asked in [2, 2, 2, 1] {
        assert_eq!(driver.written_ids(SUBSCRIBE).len(), asked);
        driver.close(CloseCause::End);
        driver.reconnect("1.4");
    }
    for asked in [2, 1] {
        driver.request_all(vec![Banner]);
        driver.write();
        assert_eq!(driver.sleep(), TimerKind::Resubscribe);
        assert_eq!(driver.written_ids(SUBSCRIBE).len(), asked, "the other may have been innocent");
        driver.close(CloseCause::End);
        driver.reconnect("1.4");
    }
}

#[test]
fn a_topic_that_was_not_asked_for_yet_is_not_blamed_for_the_end_of_links() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    for _ in 0..10 {
        driver.drain();
        assert_eq!(ids_of(std::str::from_utf8(driver.client.outgoing()).unwrap(), SUBSCRIBE).len(), 1);
        driver.close(CloseCause::End);
        driver.reconnect("1.4");
    }
    assert!(!driver.seen().iter().any(|word| word.contains("SubscriptionRefused")));
}

#[test]
fn a_topic_is_not_blamed_for_the_end_of_links_on_which_an_older_request_waits() {
    let mut driver = Driver::new(Config::default());
    driver.subscribe();
    for _ in 0..4 {
        driver.connect();
        let (id, conn) = (driver.written_id("server.version"), driver.conn.unwrap());
        let answer = format!("{{\"id\":{id},\"result\":[\"Test 1.0\",\"1.4\"]}}\n");
        driver.client.handle(driver.now, Input::Read(conn, answer.as_bytes()));
        assert!(matches!(driver.client.poll(), Action::Event(Event::Ready { .. })));
        // The request is made at once, so it comes before the topic.
        driver.request_all(vec![Banner]);
        driver.drain();
        assert_eq!(driver.written_ids(SUBSCRIBE).len(), 1, "nor is it put off");
        driver.close(CloseCause::End);
        driver.sleep();
    }
    assert!(!driver.seen().iter().any(|word| word.contains("SubscriptionRefused")));
}
