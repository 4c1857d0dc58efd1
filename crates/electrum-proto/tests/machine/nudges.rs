//! Nudging a server that holds answers back until enough of them have gathered.

use core::time::Duration;

use electrum_proto::operations::Banner;
use electrum_proto::{Config, TimerKind};

use crate::driver::Driver;

const NUDGE: &str = "blockchain.block.headers";

/// A driver whose server pads what it writes.
fn padded(config: Config, version: &str) -> Driver {
    let mut driver = Driver::new(config);
    driver.connect();
    let id = driver.written_id("server.version");
    let padding = " ".repeat(900);
    driver.read(&format!(r#"{{"result":["Pads","{version}"],"id":{id}{padding}}}"#));
    driver.seen();
    driver
}

/// Answers nudges while another request waits. Gives how long each nudge came after the answer to the one before.
fn lags(driver: &mut Driver, most: usize) -> Vec<Duration> {
    let mut lags = Vec::new();
    let mut answered_at = None;
    while lags.len() < most {
        if let [id] = driver.written_ids(NUDGE)[..] {
            lags.extend(answered_at.map(|at| driver.now.since(at)));
            answered_at = Some(driver.now);
            driver.read(&format!(r#"{{"id":{id},"result":{{}}}}"#));
        } else if driver.sleep() != TimerKind::Nudge {
            break;
        }
    }
    lags
}

#[test]
fn answers_that_take_longer_than_nudges_are_nudged_for_ever_more_rarely() {
    let mut driver = padded(Config::default(), "1.4");
    driver.client.request(driver.now, Banner).unwrap();
    driver.drain();
    // Some at once, then doubling from a millisecond to a second, after which the server writes by itself.
    let expected: Vec<_> = [0, 0, 0].into_iter().chain((0..10).map(|i| 1 << i)).map(Duration::from_millis).collect();
    assert_eq!(lags(&mut driver, 100), expected);
    // A new request begins anew.
    let mut driver = padded(Config::default(), "1.4");
    driver.client.request(driver.now, Banner).unwrap();
    driver.drain();
    assert_eq!(lags(&mut driver, 5).last(), Some(&Duration::from_millis(2)));
    driver.client.request(driver.now, Banner).unwrap();
    driver.drain();
    assert_eq!(lags(&mut driver, 3), [Duration::ZERO; 3]);
}

#[test]
fn nothing_is_nudged_for_when_nothing_waits() {
    let mut driver = padded(Config::default(), "1.4");
    for before in [true, false] {
        let id = driver.client.request(driver.now, Banner).unwrap().id.number();
        driver.drain();
        let nudge = driver.written_id(NUDGE);
        let answers = [id, nudge].map(|id| format!(r#"{{"id":{id},"result":""}}"#));
        driver.read(&answers[usize::from(!before)]);
        assert_eq!(driver.written_ids(NUDGE).len(), usize::from(!before), "only while the answer lags behind");
        driver.read(&answers[usize::from(before)]);
        if !before {
            driver.read(&format!(r#"{{"id":{},"result":""}}"#, nudge + 1));
        }
        assert_eq!(driver.write(), "");
        assert!(matches!(driver.drain(), Some((_, TimerKind::Ping))));
    }
}

#[test]
fn an_answer_while_the_next_nudge_is_put_off_makes_it_needless() {
    let mut driver = padded(Config::default(), "1.4");
    let id = driver.client.request(driver.now, Banner).unwrap().id.number();
    driver.drain();
    lags(&mut driver, 4);
    let (_, kind) = driver.drain().unwrap();
    assert_eq!(kind, TimerKind::Nudge);
    driver.read(&format!(r#"{{"id":{id},"result":""}}"#));
    driver.sleep();
    assert_eq!(driver.write(), "");
}

#[test]
fn a_nudge_that_is_answered_last_leads_to_no_other() {
    let mut driver = padded(Config::default(), "1.4");
    let id = driver.client.request(driver.now, Banner).unwrap().id.number();
    driver.drain();
    lags(&mut driver, 4);
    driver.sleep();
    let nudge = driver.written_id(NUDGE);
    for id in [id, nudge] {
        driver.read(&format!(r#"{{"id":{id},"result":""}}"#));
    }
    assert!(matches!(driver.drain(), Some((_, TimerKind::Ping))), "there is nothing to wake up for");
}

#[test]
fn the_answer_to_a_nudge_is_longer_than_what_is_held_back() {
    let mut driver = padded(Config::default(), "1.4");
    driver.client.request(driver.now, Banner).unwrap();
    driver.drain();
    let written = driver.write();
    let nudge: serde_json::Value = serde_json::from_str(written.lines().last().unwrap()).unwrap();
    assert_eq!(nudge["method"], NUDGE);
    assert!(nudge["params"][0].is_u64() && nudge["params"][1].as_u64().unwrap() * 160 > 1024, "{nudge}");
}

#[test]
fn who_is_nudged() {
    let nudges = |config: Config, version: &str| {
        let mut driver = padded(config, version);
        driver.client.request(driver.now, Banner).unwrap();
        driver.drain();
        driver.written_ids(NUDGE).len()
    };
    assert_eq!(nudges(Config::default(), "1.4"), 1);
    assert_eq!(nudges(Config { nudge: false, ..Config::default() }, "1.4"), 0, "the caller does not want it");
    let old = Config { versions: "1.2".parse().unwrap(), ..Config::default() };
    assert_eq!(nudges(old, "1.2"), 1, "the first version that can be");
    let mut full = Config::default();
    full.limits.outgoing = br#"{"jsonrpc":"2.0","id":2,"method":"server.banner","params":[]}"#.len() + 1;
    assert_eq!(nudges(full.clone(), "1.4"), 0, "there is no room");
    full.limits.outgoing += 1;
    assert_eq!(nudges(full, "1.4"), 1);
}

#[test]
fn a_nudge_that_is_never_answered_does_not_end_nudging() {
    let mut driver = padded(Config::default(), "1.4");
    driver.client.request(driver.now, Banner).unwrap();
    driver.drain();
    driver.write();
    assert_eq!(driver.sleep(), TimerKind::Request);
    driver.client.request(driver.now, Banner).unwrap();
    driver.drain();
    assert_eq!(driver.written_ids(NUDGE).len(), 1);
}
