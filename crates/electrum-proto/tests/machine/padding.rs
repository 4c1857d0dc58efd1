//! Padded writes: what an observer of an encrypted connection sees, sizes and moments.

use core::time::Duration;

use electrum_proto::operations::{Banner, Raw};
use electrum_proto::{CloseCause, Config, Input, TimerKind, Timestamp};
use proptest::prelude::*;

use crate::driver::{Driver, other_script};

const SECOND: Duration = Duration::from_secs(1);

fn config() -> Config {
    Config { padding: true, ..Config::default() }
}

/// A driver whose client pads and is ready, and has sent more than goes without a delay, a second ago.
pub(crate) fn warm() -> Driver {
    let mut driver = Driver::ready_with(config(), "1.4");
    call(&mut driver, 1200);
    assert_eq!(driver.write().len(), 2048);
    driver.now = driver.now + SECOND;
    driver.seen();
    driver
}

/// Makes a call whose line has this length, and polls. Gives its id.
pub(crate) fn call(driver: &mut Driver, length: usize) -> u64 {
    let line = |filling: usize| Raw::new("x", vec!["x".repeat(filling).into()]);
    let own = r#"{"jsonrpc":"2.0","id":10,"method":"x","params":[""]}"#.len() + 1;
    let id = driver.client.request_until(driver.now, Timestamp::MAX, line(length - own)).unwrap().id.number();
    driver.drain();
    id
}

/// The requests in a padded text.
fn methods(written: &str) -> Vec<String> {
    let requests = written.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    requests.map(|request| request["method"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_handshake_is_padded_and_does_not_wait() {
    let mut driver = Driver::new(Config { genesis_hash: Some("00".repeat(32).parse().unwrap()), ..config() });
    driver.connect();
    let version = driver.write();
    assert_eq!((version.len(), methods(&version)), (1024, vec!["server.version".to_owned()]));
    assert!(version.ends_with(&format!("{}}}\n", " ".repeat(900))), "spaces before the last bracket: {version}");
    driver.read(r#"{"result":["Test 1.0","1.4"],"id":1}"#);
    let features = driver.write();
    assert_eq!((features.len(), methods(&features)), (1024, vec!["server.features".to_owned()]));
}

#[test]
fn a_call_after_a_pause_is_written_at_once_and_the_next_ones_together_a_second_later() {
    let mut driver = warm();
    let begin = driver.now;
    call(&mut driver, 100);
    assert_eq!(driver.write().len(), 1024);
    for millis in [1, 300, 998] {
        driver.now = begin + Duration::from_millis(millis);
        call(&mut driver, 100);
        assert_eq!(driver.write(), "", "after {millis} ms");
    }
    assert_eq!(driver.sleep(), TimerKind::Padding);
    assert_eq!(driver.now.since(begin), SECOND);
    let written = driver.write();
    assert_eq!((written.len(), methods(&written).len()), (1024, 3));
}

#[test]
fn a_kilobyte_of_requests_does_not_wait() {
    let mut driver = warm();
    for length in [100, 900] {
        call(&mut driver, length);
    }
    assert_eq!(driver.write().len(), 1024, "the first alone");
    call(&mut driver, 123);
    assert_eq!(driver.write(), "", "1023 bytes wait");
    call(&mut driver, 100);
    // 925 spaces for all, 1 for the first two.
    let written = driver.write();
    assert_eq!((written.len(), methods(&written).len()), (1024, 2));
    assert_eq!(driver.sleep(), TimerKind::Padding);
    assert_eq!(methods(&driver.write()).len(), 1);
}

#[test]
fn a_nudge_goes_into_the_write_of_what_it_is_for() {
    let mut driver = Driver::new(config());
    driver.connect();
    driver.write();
    let padding = " ".repeat(900);
    driver.read(&format!(r#"{{"result":["Pads","1.4"],"id":1{padding}}}"#));
    call(&mut driver, 1200);
    driver.write();
    driver.now = driver.now + SECOND;
    driver.client.request(driver.now, Banner).unwrap();
    driver.drain();
    let written = driver.write();
    assert_eq!(written.len(), 1024);
    assert_eq!(methods(&written)[0], "server.banner");
}

#[test]
fn the_next_write_begins_when_the_one_before_has_left() {
    let mut driver = warm();
    let (first, second) = (call(&mut driver, 100), call(&mut driver, 1500));
    let conn = driver.conn.unwrap();
    let wrote = |driver: &mut Driver, count| driver.client.handle(driver.now, Input::Wrote(conn, count));
    assert_eq!(driver.client.outgoing().len(), 1024);
    wrote(&mut driver, 1023);
    driver.drain();
    assert_eq!(driver.client.outgoing(), b"\n");
    wrote(&mut driver, 1);
    driver.drain();
    assert_eq!(driver.client.outgoing().len(), 2048);
    // Nothing of the second request has left, whatever padding did.
    driver.close(CloseCause::End);
    let seen = driver.seen().join(" ");
    assert!(seen.contains(&format!("reply {first} Err(Lost {{ written: true")), "{seen}");
    assert!(seen.contains(&format!("reply {second} Err(Lost {{ written: false")), "{seen}");
}

#[test]
fn a_request_whose_deadline_comes_while_it_waits_is_not_sent() {
    let mut driver = warm();
    call(&mut driver, 100);
    driver.write();
    let deadline = driver.now + SECOND / 2;
    driver.client.request_until(driver.now, deadline, Banner).unwrap();
    call(&mut driver, 100);
    assert_eq!(driver.sleep(), TimerKind::Request);
    assert_eq!(driver.sleep(), TimerKind::Padding);
    assert_eq!(methods(&driver.write()), ["x"]);
    // In a write that is under way it becomes spaces.
    driver.now = driver.now + SECOND;
    let deadline = driver.now + SECOND / 2;
    driver.client.request_until(driver.now, deadline, Banner).unwrap();
    call(&mut driver, 100);
    let before = driver.client.outgoing().len();
    driver.sleep();
    let written = driver.write();
    assert_eq!((written.len(), before, methods(&written)), (1024, 1024, vec!["x".to_owned()]));
}

#[test]
fn a_request_whose_deadline_comes_behind_a_write_leaves_that_write_alone() {
    let mut driver = warm();
    call(&mut driver, 100);
    driver.client.request_until(driver.now, driver.now + SECOND / 2, Banner).unwrap();
    driver.drain();
    assert_eq!(driver.sleep(), TimerKind::Request);
    let written = driver.write();
    assert_eq!((written.len(), methods(&written)), (1024, vec!["x".to_owned()]));
}

#[test]
fn a_write_ends_with_a_newline_also_if_its_last_request_is_late() {
    // Both are in one write, of which nothing leaves before the second one is late.
    let mut driver = warm();
    driver.client.request_until(driver.now, Timestamp::MAX, Banner).unwrap();
    driver.client.request_until(driver.now, driver.now + SECOND / 2, Raw::new("late", vec![])).unwrap();
    driver.drain();
    assert_eq!(driver.client.outgoing().len(), 1024);
    assert_eq!(driver.sleep(), TimerKind::Request);
    let written = driver.write();
    assert_eq!((written.len(), methods(&written)), (1024, vec!["server.banner".to_owned()]));
    assert!(written.ends_with('\n') && written.matches('\n').count() == 1, "{written:?}");
}

#[test]
fn a_write_of_which_nothing_is_left_and_nothing_was_written_is_dropped() {
    let mut driver = warm();
    for _ in 0..2 {
        driver.client.request_until(driver.now, driver.now + SECOND / 2, Banner).unwrap();
    }
    driver.drain();
    let kept = call(&mut driver, 300);
    assert_eq!(driver.client.outgoing().len(), 1024);
    assert_eq!(driver.sleep(), TimerKind::Request);
    assert_eq!(driver.write(), "");
    assert_eq!(driver.sleep(), TimerKind::Padding);
    let (written, conn) = (driver.client.outgoing().to_vec(), driver.conn.unwrap());
    assert_eq!((written.len(), methods(core::str::from_utf8(&written).unwrap())), (1024, vec!["x".to_owned()]));
    // What is behind it begins where it began.
    driver.client.handle(driver.now, Input::Wrote(conn, 1));
    driver.close(CloseCause::End);
    let seen = driver.seen().join(" ");
    assert!(seen.contains(&format!("reply {kept} Err(Lost {{ written: true")), "{seen}");
}

#[test]
fn what_is_cancelled_while_it_waits_is_not_sent() {
    let mut driver = warm();
    call(&mut driver, 100);
    driver.write();
    let cancelled = [0; 2].map(|_| driver.client.request(driver.now, Banner).unwrap().id);
    let kept = call(&mut driver, 100);
    let late = driver.client.request_until(driver.now, driver.now + SECOND / 2, Banner).unwrap().id;
    assert!(cancelled.into_iter().all(|id| driver.client.cancel(id)));
    let error = |id: u64, error: &str| format!("reply {id} Err({error})");
    driver.drain();
    assert_eq!(driver.seen(), cancelled.map(|id| error(id.number(), "Cancelled")));
    assert_eq!(driver.sleep(), TimerKind::Request);
    assert_eq!(driver.seen(), [error(late.number(), "TimedOut")]);
    let last = driver.client.request(driver.now, Banner).unwrap().id;
    assert!(driver.client.cancel(last));
    assert_eq!(driver.sleep(), TimerKind::Padding);
    let written = driver.write();
    assert_eq!((written.len(), methods(&written)), (1024, vec!["x".to_owned()]));
    driver.close(CloseCause::End);
    assert!(driver.seen().join(" ").contains(&format!("reply {kept} Err(Lost {{ written: true")));
    // Of a write that consists of those alone nothing is left.
    let mut driver = warm();
    call(&mut driver, 100);
    driver.write();
    let only = driver.client.request(driver.now, Banner).unwrap().id;
    driver.client.cancel(only);
    driver.now = driver.now + SECOND;
    driver.drain();
    assert_eq!(driver.client.outgoing(), b"");
}

#[test]
fn what_is_cancelled_is_taken_out_of_a_write_that_has_not_come_to_it() {
    let mut driver = warm();
    let [_, cancelled] = [0; 2].map(|_| driver.client.request(driver.now, Banner).unwrap().id);
    driver.drain();
    driver.client.handle(driver.now, Input::Wrote(driver.conn.unwrap(), 10));
    assert!(driver.client.cancel(cancelled));
    driver.drain();
    let rest = driver.write();
    assert_eq!((rest.len(), rest.matches("method").count()), (1014, 1), "{rest}");
}

#[test]
fn what_is_cancelled_is_not_in_a_write_that_a_subscription_fills() {
    let mut driver = warm();
    call(&mut driver, 100);
    driver.write();
    let cancelled = driver.client.request(driver.now, Banner).unwrap().id;
    assert!(driver.client.cancel(cancelled));
    call(&mut driver, 900);
    assert_eq!(driver.write(), "", "it waits for more");
    driver.client.subscribe(driver.now, other_script(1)).unwrap();
    driver.drain();
    assert_eq!(methods(&driver.write()), ["x"], "the subscription goes into the next one");
}

#[test]
fn what_is_not_sent_does_not_put_off_the_ping() {
    for is_cancelled in [true, false] {
        let mut driver = warm();
        // A second after it, the only request that was sent is answered.
        let ping_at = driver.now + (config().timeouts.ping_idle - SECOND);
        driver.read(r#"{"result":"late","id":2}"#);
        let id = driver.client.request_until(driver.now, driver.now + SECOND / 2, Banner).unwrap().id;
        if is_cancelled {
            assert!(driver.client.cancel(id));
        } else {
            driver.drain();
            assert_eq!((driver.client.outgoing().len(), driver.sleep()), (1024, TimerKind::Request));
        }
        let until = driver.drain().unwrap();
        assert_eq!((driver.client.outgoing(), until), (&b""[..], (ping_at, TimerKind::Ping)), "{is_cancelled}");
    }
}

#[test]
fn what_is_taken_out_of_a_write_or_from_behind_it_does_not_hasten_the_ping() {
    for is_under_way in [true, false] {
        let mut driver = warm();
        driver.read(r#"{"result":"late","id":2}"#);
        let ping_at = driver.now + config().timeouts.ping_idle;
        let banner = |driver: &mut Driver| driver.client.request(driver.now, Banner).unwrap().id;
        let kept = banner(&mut driver);
        if !is_under_way {
            driver.drain();
            driver.write();
        }
        let cancelled = banner(&mut driver);
        driver.drain();
        assert!(driver.client.cancel(cancelled));
        driver.drain();
        driver.write();
        driver.read(&format!(r#"{{"result":"","id":{}}}"#, kept.number()));
        driver.sleep_until(TimerKind::Ping);
        assert_eq!(driver.now, ping_at, "{is_under_way}");
    }
}

#[test]
fn it_is_off_by_default() {
    let mut driver = Driver::ready("1.4");
    call(&mut driver, 100);
    assert!(!driver.write().contains("  "));
}

/// What an observer of the connection sees, and what it does not.
#[derive(Default)]
struct Seen {
    writes: Vec<(Timestamp, usize)>,
    requests: Vec<(u64, Timestamp)>,
}

impl Seen {
    /// Writes what is outgoing, until nothing is.
    fn look(&mut self, driver: &mut Driver) {
        loop {
            driver.drain();
            let text = driver.write();
            if text.is_empty() {
                return;
            }
            self.writes.push((driver.now, text.len()));
            let requests = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
            self.requests.extend(requests.map(|request| (request["id"].as_u64().unwrap(), driver.now)));
        }
    }

    /// Lets time pass.
    fn sleep_until(&mut self, driver: &mut Driver, until: Timestamp) {
        while let Some((at, _)) = driver.drain().filter(|(at, _)| *at < until) {
            driver.now = at;
            driver.client.handle(at, Input::Tick);
            self.look(driver);
        }
        driver.now = until;
        driver.client.handle(until, Input::Tick);
        self.look(driver);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is called and subscribed, and whenever: each write has a size of the scheme, and every request is in one
    /// of them, in order, no later than a second after it was made. It is over before the first request, which is never
    /// answered, is late.
    #[test]
    fn an_observer_sees_sizes_of_the_scheme_only(
        steps in prop::collection::vec((0_u64..1500, prop_oneof![Just(0), 60_usize..200, 60_usize..6000]), 1..16),
    ) {
        let (mut driver, mut seen, mut called) = (warm(), Seen::default(), vec![]);
        for (number, (wait, length)) in (0..).zip(steps) {
            let until = driver.now + Duration::from_millis(wait);
            seen.sleep_until(&mut driver, until);
            if length == 0 {
                driver.client.subscribe(driver.now, other_script(number)).unwrap();
            } else {
                called.push((call(&mut driver, length), driver.now));
            }
            seen.look(&mut driver);
        }
        let end = driver.now + SECOND;
        seen.sleep_until(&mut driver, end);
        for (_, size) in &seen.writes {
            prop_assert!(size.is_power_of_two() && *size >= 1024, "{size} bytes");
        }
        prop_assert!(seen.requests.is_sorted(), "in order");
        for (id, made) in called {
            let sent = seen.requests.iter().find(|(sent, _)| *sent == id).map(|(_, at)| at.since(made));
            prop_assert!(sent.is_some_and(|waited| waited <= SECOND), "{id} waited for {sent:?}");
        }
    }
}
