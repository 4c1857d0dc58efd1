//! Servers that are slow, or take only so much at once: what the client asks of them adapts to what they were seen to take.

use core::time::Duration;
use std::collections::VecDeque;

use electrum_proto::operations::{Banner, Raw};
use electrum_proto::{CloseCause, Config, Input, Phase, RejectReason, TimerKind};

use crate::driver::Driver;

/// A client that is ready, and waits `pong` seconds for a pong at least.
fn patient(pong: u64) -> Driver {
    let mut config = Config { nudge: false, ..Config::default() };
    config.limits.busy_replies = 100;
    config.timeouts.pong = Duration::from_secs(pong);
    Driver::ready_with(config, "1.4")
}

/// The server answers a request after so many seconds.
fn answer_after(driver: &mut Driver, id: u64, seconds: u64) {
    driver.now = driver.now + Duration::from_secs(seconds);
    driver.client.handle(driver.now, Input::Tick);
    driver.read(&format!(r#"{{"id":{id},"result":""}}"#));
}

/// Lets the client send its next ping, and gives its id.
fn ping(driver: &mut Driver) -> u64 {
    driver.sleep_until(TimerKind::Ping);
    driver.written_id("server.ping")
}

#[test]
fn a_server_that_answers_slowly_is_waited_for_as_long_for_a_pong() {
    let mut driver = patient(5);
    let id = driver.request_all(vec![Banner])[0];
    driver.write();
    answer_after(&mut driver, id, 12);
    for _ in 0..20 {
        let id = ping(&mut driver);
        answer_after(&mut driver, id, 12);
        assert_eq!(driver.client.phase(), Phase::Ready);
    }
    ping(&mut driver);
    let sent = driver.now;
    assert_eq!(driver.sleep(), TimerKind::Pong);
    assert_eq!(driver.client.phase(), Phase::Backoff, "one that answers no more is left");
    assert_eq!(driver.now.since(sent).as_secs(), 18, "half as long again");
}

#[test]
fn a_server_whose_handshake_takes_long_is_waited_for_as_long_for_a_pong() {
    let mut config = Config::default();
    config.timeouts.pong = Duration::from_secs(5);
    let mut driver = Driver::new(config);
    driver.connect();
    let id = driver.written_id("server.version");
    driver.now = driver.now + Duration::from_secs(8);
    driver.client.handle(driver.now, Input::Tick);
    driver.read(&format!(r#"{{"result":["Slow","1.4"],"id":{id}}}"#));
    ping(&mut driver);
    let sent = driver.now;
    assert_eq!(driver.sleep(), TimerKind::Pong);
    assert_eq!(driver.now.since(sent).as_secs(), 24, "three times as long after one sample, as for TCP (RFC 6298)");
}

#[test]
fn a_server_whose_pong_is_late_is_waited_for_twice_as_long_on_the_next_link() {
    let mut driver = patient(5);
    ping(&mut driver);
    assert_eq!(driver.sleep(), TimerKind::Pong);
    assert_eq!(driver.client.phase(), Phase::Backoff);
    driver.reconnect("1.4");
    for _ in 0..20 {
        let id = ping(&mut driver);
        answer_after(&mut driver, id, 8);
        assert_eq!(driver.client.phase(), Phase::Ready, "it is slow, and steady");
    }
}

#[test]
fn a_server_that_was_slow_and_is_quick_again_is_found_out_as_soon_as_configured() {
    let mut driver = patient(5);
    let id = ping(&mut driver);
    answer_after(&mut driver, id, 4);
    for _ in 0..50 {
        let id = ping(&mut driver);
        answer_after(&mut driver, id, 1);
    }
    ping(&mut driver);
    let sent = driver.now;
    assert_eq!(driver.sleep(), TimerKind::Pong);
    assert_eq!(driver.now.since(sent).as_secs(), 5);
}

#[test]
fn an_answer_that_takes_half_as_long_as_a_pong_may_counts_for_the_wait_and_quicker_ones_do_not() {
    for (took, wait) in [(2, 5), (8, 24)] {
        let mut driver = patient(5);
        let id = driver.request_all(vec![Banner])[0];
        driver.write();
        answer_after(&mut driver, id, took);
        ping(&mut driver);
        let sent = driver.now;
        assert_eq!(driver.sleep(), TimerKind::Pong);
        assert_eq!(driver.now.since(sent).as_secs(), wait, "after {took} s");
    }
}

/// A client that lost its link with ten answers of a hundred thousand bytes outstanding, and is ready again.
fn cut_with_a_megabyte_outstanding() -> Driver {
    let mut driver = patient(20);
    let ids = driver.request_all(vec![Banner; 11]);
    driver.write();
    driver.read(&format!(r#"{{"id":{},"result":"{}"}}"#, ids[0], "x".repeat(100_000)));
    driver.close(CloseCause::End);
    driver.reconnect("1.4");
    driver
}

#[test]
fn a_server_that_cuts_the_link_while_it_owes_much_is_asked_for_half_of_it() {
    let mut driver = cut_with_a_megabyte_outstanding();
    // Half of the ten requests would be five; half of the bytes too, and the last of them goes beyond.
    let ids = driver.request_all(vec![Banner; 5]);
    let rejected = driver.client.request(driver.now, Banner).unwrap_err();
    assert_eq!(rejected.reason, RejectReason::InFlight { limit: 5 });
    driver.write();
    driver.seen();
    driver.read(&format!(r#"{{"id":{},"result":"{}"}}"#, ids[0], "x".repeat(100_000)));
    assert!(driver.seen().iter().any(|word| word == "Capacity"), "there is room for one again");
}

#[test]
fn requests_with_short_answers_are_not_bounded_by_long_ones() {
    let mut driver = cut_with_a_megabyte_outstanding();
    driver.request_all(vec![Raw::new("short", vec![]); 5]);
    driver.client.request(driver.now, Banner).unwrap_err();
    // The bound on their number grows with each answer to them.
    let mut asked = 0;
    while asked < 200 {
        for id in driver.written_ids("short") {
            driver.read(&format!(r#"{{"id":{id},"result":""}}"#));
        }
        while driver.client.request(driver.now, Raw::new("short", vec![])).is_ok() {
            asked += 1;
        }
    }
    let in_flight = driver.written_ids("short");
    assert!(in_flight.len() > 20, "{in_flight:?}");
    for id in in_flight {
        driver.read(&format!(r#"{{"id":{id},"result":""}}"#));
    }
    let long = (0..100).filter(|_| driver.client.request(driver.now, Banner).is_ok()).count();
    assert_eq!(long, 5, "half of the bytes, still");
}

/// A client with time-outs of so many seconds whose ping the network did not take as it was due, one minute after the start,
/// nor since, and whose next one is due. Something else was answered just after the first was due.
fn ping_unwritten(request: u64, pong: u64) -> Driver {
    let mut config = Config { nudge: false, ..Config::default() };
    (config.timeouts.request, config.timeouts.pong) = (Duration::from_secs(request), Duration::from_secs(pong));
    let mut driver = Driver::new(config);
    driver.connect();
    driver.agree("1.4");
    let start = driver.now;
    let late = start + Duration::from_secs(1000);
    let id = driver.client.request_until(driver.now, late, Banner).unwrap().id.number();
    driver.write();
    assert_eq!(driver.sleep(), TimerKind::Ping);
    driver.now = driver.now + Duration::from_millis(1);
    driver.read(&format!(r#"{{"id":{id},"result":""}}"#));
    while driver.now.since(start).as_secs() < 120 {
        driver.sleep();
    }
    driver
}

#[test]
fn a_ping_that_is_still_to_be_written_as_the_next_one_is_due_stands_for_it() {
    for (request, pong) in [(30, 20), (90, 80)] {
        let mut driver = ping_unwritten(request, pong);
        let ping = driver.written_id("server.ping");
        driver.read(&format!(r#"{{"id":{ping},"result":null}}"#));
        assert_eq!(driver.sleep(), TimerKind::Ping, "the link is kept, and the next ping is due");
    }
}

#[test]
fn a_pong_that_other_answers_overtook_is_known_even_after_the_next_ping() {
    let mut driver = patient(20);
    let banner = driver.request_all(vec![Banner])[0];
    driver.write();
    let first = ping(&mut driver);
    answer_after(&mut driver, banner, 1);
    let second = ping(&mut driver);
    driver.seen();
    driver.read(&format!(r#"{{"id":{first},"result":null}}"#));
    driver.read(&format!(r#"{{"id":{second},"result":null}}"#));
    assert_eq!(driver.seen(), [""; 0], "neither answers nothing");
}

#[test]
fn a_link_on_which_no_ping_can_be_written_ends() {
    for (request, pong) in [(30, 20), (90, 80)] {
        let mut driver = ping_unwritten(request, pong);
        let pinged = driver.now;
        driver.sleep_until(TimerKind::Pong);
        assert_eq!(driver.client.phase(), Phase::Backoff);
        assert_eq!(driver.now.since(pinged).as_secs(), pong);
    }
}

#[test]
fn slow_answers_to_many_requests_let_fewer_be_sent_at_once() {
    let mut driver = patient(20);
    let ids = driver.request_all(vec![Banner; 90]);
    driver.write();
    answer_after(&mut driver, ids[0], 15);
    for id in &ids[1..] {
        answer_after(&mut driver, *id, 0);
    }
    driver.request_all(vec![Banner; 9]);
    let rejected = driver.client.request(driver.now, Banner).unwrap_err();
    assert_eq!(
        rejected.reason,
        RejectReason::InFlight { limit: 9 },
        "a tenth, for ten times the second and a half aimed at"
    );
}

#[test]
fn a_busy_answer_halves_what_was_in_flight_with_it() {
    let mut driver = patient(20);
    let ids = driver.request_all(vec![Banner; 20]);
    driver.write();
    for id in ids {
        driver.read(&format!(r#"{{"id":{id},"error":{{"code":-102,"message":"server busy"}}}}"#));
    }
    assert_eq!((0..100).filter(|_| driver.client.request(driver.now, Banner).is_ok()).count(), 10);
}

/// A client that has learned from one busy answer to have four requests in flight.
fn takes_four_at_once() -> Driver {
    let mut driver = patient(20);
    let id = driver.request_all(vec![Banner])[0];
    driver.write();
    driver.read(&format!(r#"{{"id":{id},"error":{{"code":-102,"message":"server busy"}}}}"#));
    driver
}

#[test]
fn requests_that_are_never_answered_keep_others_from_being_sent_for_a_part_of_their_time_only() {
    let mut driver = takes_four_at_once();
    driver.request_all(vec![Raw::new("mute", vec![]); 4]);
    for round in 1..4 {
        let begin = driver.now;
        let rejected = driver.client.request(driver.now, Banner).unwrap_err();
        assert_eq!(rejected.reason, RejectReason::InFlight { limit: 4 * round }, "the server takes four at once");
        driver.seen();
        while !driver.seen().iter().any(|word| word == "Capacity") {
            driver.answer_pings();
            driver.sleep();
        }
        assert!(driver.now.since(begin).as_secs() <= 10);
        // Others are answered.
        let id = driver.request_all(vec![Banner])[0];
        driver.write();
        driver.read(&format!(r#"{{"id":{id},"result":""}}"#));
        driver.request_all(vec![Raw::new("mute", vec![]); 4]);
    }
    driver.client.request(driver.now, Banner).unwrap_err();
}

#[test]
fn while_requests_are_answered_one_after_the_other_there_is_no_room_for_more_than_the_server_takes() {
    let mut driver = takes_four_at_once();
    let mut in_flight = VecDeque::from(driver.request_all(vec![Raw::new("slow", vec![]); 4]));
    driver.write();
    for _ in 0..3 {
        driver.client.request(driver.now, Banner).unwrap_err();
        let id = in_flight.pop_front().unwrap();
        answer_after(&mut driver, id, 9);
        in_flight.extend(driver.request_all(vec![Raw::new("slow", vec![])]));
    }
    driver.client.request(driver.now, Banner).unwrap_err();
}
