//! How long answers are waited for, and what shows that the server is alive.

use core::time::Duration;

use electrum_proto::operations::{Banner, Raw};
use electrum_proto::{Config, Input, Phase, TimerKind, Timestamp};

use crate::driver::Driver;

#[test]
fn a_deadline_holds_after_other_requests_were_answered() {
    let mut driver = Driver::ready("1.4");
    let first = driver.client.request(driver.now, Banner).unwrap().id.number();
    let second = driver.client.request(driver.now, Banner).unwrap().id.number();
    driver.write();
    driver.read(&format!(r#"{{"id":{first},"result":""}}"#));
    driver.seen();
    assert_eq!(driver.sleep(), TimerKind::Request);
    assert_eq!(driver.seen(), [format!("reply {second} Err(TimedOut)")]);
}

#[test]
fn nothing_is_waited_for_once_everything_is_answered() {
    let mut driver = Driver::ready("1.4");
    let (idle, _) = driver.drain().unwrap();
    let id = driver.client.request(driver.now, Banner).unwrap().id.number();
    assert!(driver.drain().is_some_and(|(until, kind)| kind == TimerKind::Request && until < idle));
    driver.read(&format!(r#"{{"id":{id},"result":""}}"#));
    assert_eq!(driver.drain(), Some((idle, TimerKind::Ping)));
}

#[test]
fn requests_end_at_their_own_deadlines() {
    let mut driver = Driver::ready("1.4");
    let at = |seconds| driver.now + Duration::from_secs(seconds);
    let deadlines = [at(3), at(1), at(2), at(1)];
    let ids = deadlines.map(|deadline| driver.client.request_until(driver.now, deadline, Banner).unwrap().id.number());
    driver.seen();
    for (deadline, due) in [(deadlines[1], &[1, 3][..]), (deadlines[2], &[2]), (deadlines[0], &[0])] {
        assert_eq!(driver.sleep(), TimerKind::Request);
        assert_eq!(driver.now, deadline);
        let timed_out: Vec<_> = due.iter().map(|i| format!("reply {} Err(TimedOut)", ids[*i])).collect();
        assert_eq!(driver.seen(), timed_out);
    }
}

#[test]
fn a_server_that_is_heard_but_not_asked_is_asked_all_the_same() {
    let mut driver = Driver::ready("1.4");
    let (due, _) = driver.drain().unwrap();
    driver.now = driver.now + Duration::from_secs(30);
    driver.read(r#"{"method":"x"}"#);
    assert_eq!(driver.drain(), Some((due, TimerKind::Ping)), "it closes links on which nothing is sent");
}

#[test]
fn a_request_that_is_answered_puts_off_the_ping() {
    let mut driver = Driver::ready("1.4");
    driver.now = driver.now + Duration::from_secs(30);
    let id = driver.client.request(driver.now, Banner).unwrap().id.number();
    driver.write();
    driver.read(&format!(r#"{{"id":{id},"result":""}}"#));
    assert_eq!(driver.drain(), Some((driver.now + Config::default().timeouts.ping_idle, TimerKind::Ping)));
}

#[test]
fn a_server_that_only_notifies_and_answers_nothing_is_left() {
    let timeouts = Config::default().timeouts;
    let mut driver = Driver::ready("1.4");
    let begin = driver.now;
    // Calls are made, and notifications come, all the time.
    while driver.client.phase() == Phase::Ready {
        driver.client.request(driver.now, Banner).unwrap();
        driver.write();
        driver.read(r#"{"method":"x"}"#);
        let (until, _) = driver.drain().unwrap();
        driver.now = until.min(driver.now + Duration::from_secs(1));
        driver.client.handle(driver.now, Input::Tick);
        driver.drain();
    }
    assert_eq!(driver.now.since(begin), 2 * timeouts.request, "it is pinged once a call has timed out");
    assert_eq!(driver.seen().into_iter().filter(|word| word.starts_with("down")).collect::<Vec<_>>(), ["down timeout"]);
}

#[test]
fn an_answer_to_something_else_shows_that_the_server_is_alive() {
    let mut driver = Driver::ready("1.4");
    assert_eq!(driver.sleep(), TimerKind::Ping);
    let id = driver.client.request(driver.now, Banner).unwrap().id.number();
    driver.write();
    driver.now = driver.now + Duration::from_millis(1);
    driver.read(&format!(r#"{{"id":{id},"error":{{"code":1,"message":"not now"}}}}"#));
    assert_eq!(driver.sleep(), TimerKind::Request, "the ping is given up in the end");
    assert_eq!((driver.sleep(), driver.client.phase()), (TimerKind::Ping, Phase::Ready));
}

#[test]
fn an_answer_at_the_very_moment_of_a_ping_does_not_stand_for_its_answer() {
    let mut driver = Driver::ready("1.4");
    let id = driver.client.request_until(driver.now, Timestamp::MAX, Banner).unwrap().id.number();
    driver.write();
    assert_eq!(driver.sleep(), TimerKind::Ping);
    let ping = driver.written_id("server.ping");
    driver.read(&format!(r#"{{"id":{id},"result":""}}"#));
    assert_eq!(driver.drain().unwrap().1, TimerKind::Pong, "it was on its way already");
    driver.read(&format!(r#"{{"id":{ping},"result":null}}"#));
    assert_eq!(driver.drain().unwrap().1, TimerKind::Ping);
}

/// A link whose ping was not answered in time, after `length` bytes of one line came.
fn slow_line(length: usize) -> Driver {
    let mut driver = Driver::ready("1.4");
    driver.write();
    assert_eq!(driver.sleep(), TimerKind::Ping);
    driver.write();
    let conn = driver.conn.unwrap();
    driver.client.handle(driver.now, Input::Read(conn, &vec![b' '; length]));
    assert_eq!(driver.sleep(), TimerKind::Pong);
    driver
}

#[test]
fn a_long_line_keeps_the_link_while_it_grows() {
    assert_eq!(slow_line(4095).client.phase(), Phase::Backoff);
    let mut driver = slow_line(4096);
    assert_eq!(driver.client.phase(), Phase::Ready);
    driver.sleep_until(TimerKind::Ping);
    assert_eq!(driver.sleep(), TimerKind::Pong);
    assert_eq!(driver.client.phase(), Phase::Backoff, "it grew no more");
}

#[test]
fn a_ping_that_is_answered_late_is_followed_by_others() {
    let mut driver = Driver::ready("1.4");
    assert_eq!(driver.sleep(), TimerKind::Ping);
    let ping = driver.written_id("server.ping");
    let asked = driver.now;
    let (until, kind) = driver.drain().unwrap();
    assert_eq!((until.since(asked), kind), (Config::default().timeouts.pong, TimerKind::Pong));
    // Another message puts off the end, but not beyond what any answer may take.
    driver.now = driver.now + Duration::from_secs(5);
    driver.read(r#"{"method":"x"}"#);
    assert_eq!(driver.drain().unwrap().0.since(asked), Duration::from_secs(25));
    driver.now = driver.now + Duration::from_secs(19);
    driver.read(r#"{"method":"x"}"#);
    assert_eq!(driver.drain().unwrap().0.since(asked), Config::default().timeouts.request);
    driver.read(&format!(r#"{{"id":{ping},"result":null}}"#));
    assert_eq!(driver.sleep(), TimerKind::Ping);
    assert_eq!(driver.now.since(asked), Config::default().timeouts.ping_idle);
    driver.answer("server.ping", "null");
    assert_eq!(driver.client.phase(), Phase::Ready);
}

#[test]
fn an_old_server_that_has_no_ping_is_asked_for_something_else() {
    let mut driver = Driver::ready_with(Config { versions: "1.1".parse().unwrap(), ..Config::default() }, "1.1");
    assert_eq!(driver.sleep(), TimerKind::Ping);
    driver.seen();
    driver.answer("server.donation_address", "\"\"");
    assert_eq!(driver.seen(), [""; 0], "no request waits for it");
    assert_eq!(driver.sleep(), TimerKind::Ping);
}

#[test]
fn what_is_never_answered_leaves_room_in_the_end() {
    let mut config = Config::default();
    config.limits.in_flight = 1;
    let mut driver = Driver::ready_with(config, "1.4");
    driver.client.request(driver.now, Banner).unwrap();
    driver.write();
    assert_eq!(driver.sleep(), TimerKind::Request);
    assert!(driver.client.request(driver.now, Banner).is_err(), "the answer may still come");
    driver.seen();
    while driver.client.phase() == Phase::Ready && driver.seen().iter().all(|word| word != "Capacity") {
        driver.answer_pings();
        driver.sleep();
    }
    driver.client.request(driver.now, Banner).unwrap();
}

#[test]
fn a_line_that_never_ends_is_not_waited_for_for_ever() {
    let mut driver = slow_line(4096);
    let conn = driver.conn.unwrap();
    let mut signs = 1;
    while driver.client.phase() == Phase::Ready {
        driver.write();
        driver.client.handle(driver.now, Input::Read(conn, &[b' '; 4096]));
        signs += usize::from(driver.sleep() == TimerKind::Pong);
    }
    assert_eq!(signs, 16, "fifteen times growth did for an answer");
}

#[test]
fn a_request_that_is_long_on_its_way_keeps_the_link() {
    let mut driver = Driver::ready("1.4");
    let (late, long) = (driver.now + Duration::from_secs(600), vec!["x".repeat(1_000_000).into()]);
    driver.client.request_until(driver.now, late, Raw::reading("server.banner", long)).unwrap();
    let conn = driver.conn.unwrap();
    while driver.now + Duration::from_secs(100) < late {
        driver.client.handle(driver.now, Input::Wrote(conn, 10_000));
        driver.sleep();
        assert_eq!(driver.client.phase(), Phase::Ready);
    }
}

#[test]
fn what_was_taken_back_leaves_its_room_though_it_had_no_deadline() {
    let mut config = Config::default();
    config.limits.in_flight = 1;
    let mut driver = Driver::ready_with(config, "1.4");
    let ticket = driver.client.request_until(driver.now, Timestamp::MAX, Banner).unwrap();
    driver.write();
    assert!(driver.client.cancel(ticket.id));
    assert!(driver.client.request(driver.now, Banner).is_err(), "the answer may still come");
    assert_eq!(driver.sleep(), TimerKind::Request);
    driver.client.request(driver.now, Banner).unwrap();
}

#[test]
fn a_request_that_was_taken_back_shortly_before_its_end_may_still_be_answered() {
    let mut driver = Driver::ready("1.4");
    let deadline = driver.now + Duration::from_millis(100);
    let id = driver.client.request_until(driver.now, deadline, Banner).unwrap().id;
    driver.drain();
    driver.seen();
    driver.write();
    assert!(driver.client.cancel(id));
    driver.now = deadline + Duration::from_millis(10);
    driver.client.handle(driver.now, Input::Tick);
    driver.read(&format!(r#"{{"id":{},"result":""}}"#, id.number()));
    assert_eq!(driver.seen(), [format!("reply {} Err(Cancelled)", id.number())], "the answer is no surprise");
}

#[test]
fn a_ping_goes_out_beside_what_is_about_to_be_written() {
    let mut driver = Driver::ready("1.4");
    driver.write();
    driver.now = driver.now + Config::default().timeouts.ping_idle;
    driver.client.request(driver.now, Banner).unwrap();
    driver.drain();
    assert_eq!(driver.written_ids("server.ping").len(), 1, "the answer to the other may take longer than a pong");
}

#[test]
fn what_is_taken_back_is_not_sent_though_an_error_without_an_id_came() {
    let mut driver = Driver::ready_with(Config::default(), "1.4");
    let id = driver.client.request(driver.now, Banner).unwrap().id;
    assert!(driver.client.cancel(id));
    let error = b"{\"id\":null,\"error\":{\"code\":1,\"message\":\"bad request\"}}\n";
    driver.client.handle(driver.now, Input::Read(driver.conn.unwrap(), error));
    driver.drain();
    assert_eq!(driver.client.outgoing(), b"");
}

#[test]
fn what_is_taken_back_before_its_first_byte_is_written_is_never_sent_and_takes_no_room() {
    let mut config = Config::default();
    config.limits.in_flight = 4;
    let mut driver = Driver::ready_with(config, "1.4");
    let mut send = |line: &str| {
        let request = Raw::new("blockchain.transaction.broadcast", vec![line.into()]);
        let deadline = driver.now + Duration::from_secs(5);
        driver.client.request_until(driver.now, deadline, request).unwrap().id
    };
    let [begun, first, kept, second] = ["begun", "first", "kept", "second"].map(&mut send);
    driver.drain();
    driver.seen();
    let conn = driver.conn.unwrap();
    driver.client.handle(driver.now, Input::Wrote(conn, 1));
    // The socket takes no more bytes.
    driver.now = driver.now + Duration::from_secs(1);
    assert!([begun, first, second].into_iter().all(|id| driver.client.cancel(id)));
    assert!(driver.client.request(driver.now, Banner).is_err(), "four are in flight");
    driver.drain();
    let mut expected = [begun, first, second].map(|id| format!("reply {} Err(Cancelled)", id.number())).to_vec();
    expected.push("Capacity".into());
    assert_eq!(driver.seen(), expected);
    let left = driver.write();
    let [begun_rest, kept_line] = left.lines().collect::<Vec<_>>()[..] else { panic!("{left}") };
    assert!(begun_rest.contains("\"begun\"") && kept_line.contains("\"kept\""), "{left}");
    for id in [begun, kept] {
        driver.read(&format!(r#"{{"id":{},"result":""}}"#, id.number()));
    }
    assert_eq!(driver.seen(), [format!("reply {} Ok(\"\\\"\\\"\")", kept.number())], "what was sent is no surprise");
}

#[test]
fn nothing_is_written_after_its_deadline() {
    let mut driver = Driver::ready("1.4");
    let late = driver.client.request_until(driver.now, driver.now, Banner).unwrap().id.number();
    driver.seen();
    driver.drain();
    assert_eq!(driver.client.outgoing(), b"", "its time is over");
    assert_eq!(driver.seen(), [format!("reply {late} Err(TimedOut)")]);
    // Of three requests the link takes one byte until two are late.
    let soon = driver.now + Duration::from_secs(5);
    let begun = driver.client.request_until(driver.now, soon, Banner).unwrap().id.number();
    let unwritten = driver.client.request_until(driver.now, soon, Banner).unwrap().id.number();
    let kept = driver.client.request(driver.now, Banner).unwrap().id.number();
    driver.client.handle(driver.now, Input::Wrote(driver.conn.unwrap(), 1));
    assert_eq!(driver.sleep(), TimerKind::Request);
    assert_eq!(driver.seen(), [begun, unwritten].map(|id| format!("reply {id} Err(TimedOut)")));
    let outgoing = driver.write();
    assert!(outgoing.contains(&format!("\"id\":{begun},")), "a line that was begun is ended: {outgoing}");
    assert!(!outgoing.contains(&format!("\"id\":{unwritten},")), "{outgoing}");
    driver.read(&format!(r#"{{"id":{kept},"result":""}}"#));
    assert_eq!(driver.seen(), [format!("reply {kept} Ok(\"\\\"\\\"\")")]);
}

#[test]
fn a_silent_server_is_pinged_as_soon_as_a_call_times_out() {
    let mut driver = Driver::ready("1.4");
    let soon = driver.now + Duration::from_secs(5);
    driver.client.request_until(driver.now, soon, Banner).unwrap();
    driver.write();
    assert_eq!(driver.sleep(), TimerKind::Request);
    assert_eq!(driver.written_ids("server.ping").len(), 1);
    assert_eq!(driver.sleep(), TimerKind::Pong);
    assert_eq!(driver.client.phase(), Phase::Backoff);
}

#[test]
fn a_server_that_has_answered_since_is_not_pinged_when_a_call_times_out() {
    let mut driver = Driver::ready("1.4");
    let soon = driver.now + Duration::from_secs(5);
    driver.client.request_until(driver.now, soon, Banner).unwrap();
    let other = driver.request_all(vec![Raw::new("other", vec![])])[0];
    driver.write();
    driver.now = driver.now + Duration::from_secs(1);
    driver.read(&format!(r#"{{"id":{other},"result":""}}"#));
    assert_eq!(driver.sleep(), TimerKind::Request);
    assert_eq!(driver.write(), "");
}
