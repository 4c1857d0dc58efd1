//! What is refused for want of room, to the byte, and when there is room again.

use core::time::Duration;
use std::collections::VecDeque;

use electrum_proto::operations::{Banner, Raw};
use electrum_proto::{Config, Input, Limits, Phase, RejectReason, Timeouts, TimerKind, Topic};

use crate::SUBSCRIBE;
use crate::driver::{Driver, other_script};

fn limited(in_flight: usize, outgoing: usize) -> Driver {
    let mut config = Config { nudge: false, ..Config::default() };
    config.limits.in_flight = in_flight;
    config.limits.outgoing = outgoing;
    let mut driver = Driver::ready_with(config, "1.4");
    driver.write();
    driver.seen();
    driver
}

/// A request whose line has so many bytes, as long as its id has one digit.
fn long(bytes: usize) -> Raw {
    let least = br#"{"jsonrpc":"2.0","id":2,"method":"x","params":[""]}"#.len() + 1;
    Raw::new("x", vec!["y".repeat(bytes - least).into()])
}

#[test]
fn a_request_may_be_as_long_as_the_limit() {
    let mut driver = limited(10, 200);
    let rejected = driver.client.request(driver.now, long(201)).unwrap_err();
    assert_eq!(rejected.reason, RejectReason::TooLong { bytes: 201, limit: 200 });
    driver.drain();
    assert_eq!(driver.seen(), [""; 0], "there will never be room for it");
    driver.client.request(driver.now, long(200)).unwrap();
    assert_eq!(driver.client.outgoing().len(), 200);
    let rejected = driver.client.request(driver.now, long(100)).unwrap_err();
    assert_eq!(rejected.reason, RejectReason::Outgoing { limit: 200 });
    assert_eq!(driver.client.outgoing().len(), 200, "nothing is left of it");
    for (bytes, reason) in
        [(200, RejectReason::Outgoing { limit: 200 }), (201, RejectReason::TooLong { bytes: 201, limit: 200 })]
    {
        let rejected = driver.client.request(driver.now, long(bytes)).unwrap_err();
        assert_eq!(rejected.reason, reason, "what waits does not count");
    }
}

#[test]
fn without_a_ready_server_that_is_the_reason() {
    let mut config = Config::default();
    config.limits.in_flight = 1;
    let mut driver = Driver::new(config);
    let rejected = driver.client.request(driver.now, Banner).unwrap_err();
    assert_eq!(rejected.reason, RejectReason::NotReady(Phase::Connecting));
    driver.client.close(driver.now);
    let rejected = driver.client.request(driver.now, Banner).unwrap_err();
    assert_eq!(rejected.reason, RejectReason::Closed);
    let rejected = driver.client.subscribe(driver.now, Topic::Headers).unwrap_err();
    assert_eq!(rejected.reason, RejectReason::Closed);
}

#[test]
fn room_for_a_request_is_reported_once() {
    let mut driver = limited(4, usize::MAX);
    let mut ids = driver.request_all(vec![Banner; 4]).into_iter();
    for _ in 0..3 {
        let rejected = driver.client.request(driver.now, Banner).unwrap_err();
        assert_eq!(rejected.reason, RejectReason::InFlight { limit: 4 });
    }
    driver.write();
    for reported in [true, false] {
        driver.seen();
        driver.read(&format!(r#"{{"id":{},"result":""}}"#, ids.next().unwrap()));
        assert_eq!(driver.seen().iter().any(|word| word == "Capacity"), reported);
    }
}

#[test]
fn room_for_bytes_is_reported_when_half_of_it_is_free_and_what_was_refused_fits() {
    for (refused, left) in [(100, 200), (250, 150)] {
        let mut driver = limited(10, 400);
        driver.client.request(driver.now, long(400)).unwrap();
        driver.client.request(driver.now, long(refused)).unwrap_err();
        let conn = driver.conn.unwrap();
        let written = |driver: &mut Driver, count| {
            driver.client.handle(driver.now, electrum_proto::Input::Wrote(conn, count));
            driver.drain();
            driver.seen()
        };
        assert_eq!(written(&mut driver, 400 - left - 1), [""; 0], "{left} bytes and one more are left");
        assert_eq!(written(&mut driver, 1), ["Capacity"], "{left} bytes are left");
        driver.client.request(driver.now, long(refused)).unwrap();
    }
}

#[test]
fn room_is_not_reported_while_nothing_can_be_sent() {
    let mut driver = limited(1, usize::MAX);
    driver.client.request(driver.now, Banner).unwrap();
    driver.client.request(driver.now, Banner).unwrap_err();
    driver.drain();
    driver.seen();
    driver.close(electrum_proto::CloseCause::End);
    assert!(driver.seen().iter().all(|word| word != "Capacity"));
    driver.sleep();
    driver.connect();
    assert!(driver.seen().iter().all(|word| word != "Capacity"));
    driver.agree("1.4");
    assert!(driver.seen().iter().any(|word| word == "Capacity"));
}

#[test]
fn a_command_for_a_topic_outlives_the_room_for_requests() {
    let mut config = Config { nudge: false, ..Config::default() };
    (config.limits.in_flight, config.limits.subscriptions) = (1, 1);
    let mut driver = Driver::ready_with(config, "1.4");
    let held = driver.client.subscribe(driver.now, Topic::Headers).unwrap();
    driver.drain();
    driver.answer("blockchain.headers.subscribe", &format!(r#"{{"height":1,"hex":"{}"}}"#, "00".repeat(80)));
    driver.client.subscribe(driver.now, Topic::Script(crate::driver::script())).unwrap_err();
    let id = driver.client.request(driver.now, Banner).unwrap().id.number();
    driver.client.request(driver.now, Banner).unwrap_err();
    driver.write();
    driver.seen();
    driver.read(&format!(r#"{{"id":{id},"result":""}}"#));
    assert_eq!(driver.seen()[1..], ["Capacity"], "for the request");
    driver.client.unsubscribe(driver.now, held);
    driver.drain();
    assert_eq!(driver.seen(), ["Capacity"], "for the topic");
}

#[test]
fn what_was_taken_back_can_be_taken_back_once() {
    let mut driver = limited(1, usize::MAX);
    let ticket = driver.client.request(driver.now, Banner).unwrap();
    driver.read(&format!(r#"{{"id":{},"result":""}}"#, ticket.id.number()));
    assert!(!driver.client.cancel(ticket.id), "it was answered");
    let ticket = driver.client.request_until(driver.now, driver.now + Duration::from_secs(1), Banner).unwrap();
    assert_eq!(driver.sleep(), TimerKind::Request);
    assert!(!driver.client.cancel(ticket.id), "it timed out");
}

#[test]
fn timeouts_of_zero_leave_time_for_everything_else() {
    let zero = Duration::ZERO;
    let timeouts = Timeouts { connect: zero, handshake: zero, request: zero, ping_idle: zero, pong: zero };
    let mut driver = Driver::new(Config { timeouts, ..Config::default() });
    driver.subscribe();
    driver.connect();
    driver.agree("1.4");
    for _ in 0..100 {
        // The driver panics if the client never waits.
        if driver.sleep() == TimerKind::Retry {
            driver.connect();
            driver.agree("1.4");
        }
    }
}

#[test]
fn an_answer_over_the_limit_fails_its_own_request() {
    for begins_with_id in [true, false] {
        let mut config = Config { nudge: false, ..Config::default() };
        config.limits.line = 1000;
        let mut driver = Driver::ready_with(config, "1.4");
        let ids = driver.request_all(vec![Banner; if begins_with_id { 3 } else { 1 }]);
        driver.write();
        driver.seen();
        let id = *ids.last().unwrap();
        let text = "x".repeat(1000);
        let line = if begins_with_id {
            format!(r#"{{"jsonrpc": "2.0", "id": {id}, "result": "{text}"}}"#)
        } else {
            format!(r#"{{"result": "{text}", "id": {id}}}"#)
        };
        driver.read(&line);
        let seen = driver.seen();
        assert_eq!(seen[..2], ["disconnect", "down malformed"]);
        assert_eq!(
            seen[2],
            format!("reply {id} Err(TooLarge {{ limit: 1000, received: {} }})", line.len()),
            "{seen:?}"
        );
        assert_eq!(seen.len(), 2 + ids.len(), "{seen:?}");
        assert!(!begins_with_id || seen[3].contains("oldest: true") && seen[4].contains("oldest: false"), "{seen:?}");
    }
}

#[test]
fn an_answer_over_the_limit_is_that_of_the_only_call_that_was_made_before_its_first_byte() {
    let message = "{\"method\":\"x\"}\n";
    // Together with a message before it, alone, or some bytes at a time.
    for (calls_before, is_known, before, size) in
        [(1, true, message, 600), (1, true, "", 600), (1, true, message, 7), (2, false, message, 600)]
    {
        let mut config = Config { nudge: false, ..Config::default() };
        config.limits.line = 1000;
        let mut driver = Driver::ready_with(config, "1.4");
        let id = *driver.request_all(vec![Banner; calls_before]).last().unwrap();
        driver.write();
        driver.seen();
        // The server takes so long that it is pinged.
        driver.sleep_until(TimerKind::Ping);
        assert_eq!(driver.written_ids("server.ping").len(), 1);
        let conn = driver.conn.unwrap();
        let long = format!(r#"{before}{{"result": "{}"#, "x".repeat(500));
        for piece in long.as_bytes().chunks(size) {
            driver.client.handle(driver.now, Input::Read(conn, piece));
        }
        // It is sent more while the answer comes.
        driver.subscribe();
        let later = driver.request_all(vec![Banner])[0];
        driver.drain();
        assert_eq!(driver.write().lines().count(), 2);
        driver.client.handle(driver.now, Input::Read(conn, "x".repeat(500).as_bytes()));
        driver.seen();
        driver.drain();
        let seen = driver.seen();
        assert_eq!(seen[..2], ["disconnect", "down malformed"]);
        let found: Vec<_> = seen.iter().filter(|word| word.contains("TooLarge")).collect();
        assert_eq!(found.len(), usize::from(is_known), "{seen:?}");
        assert!(found.iter().all(|word| word.starts_with(&format!("reply {id} "))), "{seen:?}");
        assert!(seen.iter().any(|word| word.starts_with(&format!("reply {later} Err(Lost"))), "{seen:?}");
    }
}

#[test]
fn a_server_that_cuts_a_burst_is_sent_fewer_at_once() {
    let mut driver = limited(1000, usize::MAX);
    driver.request_all(vec![Banner; 100]);
    driver.write();
    driver.close(electrum_proto::CloseCause::End);
    driver.reconnect("1.4");
    let ids = driver.request_all(vec![Banner; 50]);
    let rejected = driver.client.request(driver.now, Banner).unwrap_err();
    assert_eq!(rejected.reason, RejectReason::InFlight { limit: 50 });
    driver.write();
    driver.seen();
    driver.read(&format!(r#"{{"id":{},"result":""}}"#, ids[0]));
    assert!(driver.seen().iter().any(|word| word == "Capacity"), "there is room for one again");
}

#[test]
fn topics_that_are_due_leave_half_of_the_room_to_requests_that_wait() {
    let mut driver = limited(30, usize::MAX);
    for number in 0..200 {
        driver.client.subscribe(driver.now, other_script(number)).unwrap();
    }
    driver.drain();
    let mut topics = VecDeque::from(driver.written_ids(SUBSCRIBE));
    assert_eq!(topics.len(), 30);
    driver.client.request(driver.now, Banner).unwrap_err();
    // The server answers one topic after the other, and no request.
    let (mut requests, mut answered) = (0, 0);
    while let Some(id) = topics.pop_front() {
        driver.seen();
        driver.read(&format!(r#"{{"id":{id},"result":null}}"#));
        answered += 1;
        if driver.seen().iter().any(|word| word == "Capacity") {
            while driver.client.request(driver.now, Banner).is_ok() {
                requests += 1;
            }
        }
        driver.drain();
        topics.extend(driver.written_ids(SUBSCRIBE));
        if answered == 100 {
            assert_eq!((topics.len(), requests), (15, 15));
        }
    }
    assert_eq!((answered, requests), (200, 30), "neither keeps the other from being served");
}

#[test]
fn topics_take_all_the_room_while_no_request_waits() {
    let mut driver = limited(30, usize::MAX);
    for number in 0..200 {
        driver.client.subscribe(driver.now, other_script(number)).unwrap();
    }
    driver.drain();
    let topics = driver.written_ids(SUBSCRIBE);
    driver.client.request(driver.now, Banner).unwrap_err();
    driver.read(&format!(r#"{{"id":{},"result":null}}"#, topics[0]));
    driver.client.request(driver.now, Banner).expect("there is room");
    for id in &topics[1..] {
        driver.read(&format!(r#"{{"id":{id},"result":null}}"#));
    }
    assert_eq!(driver.written_ids(SUBSCRIBE).len(), 29);
}

#[test]
fn a_small_device_has_smaller_limits() {
    let (small, usual) = (Limits::small(), Limits::default());
    for (small, usual) in [
        (small.line, usual.line),
        (small.line_before_ready, usual.line_before_ready),
        (small.outgoing, usual.outgoing),
        (small.in_flight, usual.in_flight),
        (small.subscriptions, usual.subscriptions),
    ] {
        assert!(0 < small && small < usual, "{small} {usual}");
    }
}
