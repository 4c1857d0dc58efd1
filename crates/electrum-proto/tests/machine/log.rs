//! What is logged with the crate `tracing`, and that secrets are not.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};
use std::sync::Once;

use electrum_proto::operations::{Banner, Raw};
use electrum_proto::{Authorization, Config, TimerKind};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::SUBSCRIBE;
use crate::driver::{Driver, script};
use crate::late_subscriptions::{until_asked, until_reported};
use crate::messages::BUSY;
use crate::padding;

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Notes the events, a line for each, on the thread on which they happen.
struct Notes;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Notes {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn event(&self, event: &Event<'_>) {
        let is_wire = event.metadata().target() == "electrum_proto::wire";
        let mut line = Line(format!("{} ", if is_wire { "wire" } else { event.metadata().level().as_str() }));
        event.record(&mut line);
        LINES.with_borrow_mut(|lines| lines.push(line.0));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Notes events from now on. All tests of this process have the subscriber.
fn note() {
    static START: Once = Once::new();
    START.call_once(|| tracing::subscriber::set_global_default(Notes).unwrap());
    LINES.take();
}

/// The events since the last time, but those about the wire.
fn noted() -> Vec<String> {
    LINES.take().into_iter().filter(|line| !line.starts_with("wire ")).collect()
}

/// The events since the last time whose line begins with that.
fn noted_with(begin: &str) -> Vec<String> {
    noted().into_iter().filter(|line| line.starts_with(begin)).collect()
}

#[test]
fn what_is_sent_and_received_is_logged_without_the_secret() {
    let authorization = Some(Authorization::new("Bearer c2VjcmV0"));
    let mut driver = Driver::ready_with(Config { authorization, ..Config::default() }, "1.4");
    note();
    let id = driver.client.request(driver.now, Raw::new("x", vec!["y".into()])).unwrap().id.number();
    let [before, after] = ["c2VjcmV0", "[redacted]"]
        .map(|secret| format!(r#"{{"error":{{"code":1,"message":"expired: {secret}"}},"id":{id}}}"#));
    driver.read(&before);
    let sent = format!(r#"wire message=sent id={id} method="x" params=["y"] "#);
    assert_eq!(LINES.take(), [sent, format!("wire message=received bytes={} text={after} ", before.len())]);
}

#[test]
fn each_transition_is_logged() {
    note();
    let mut driver = Driver::ready("1.4");
    driver.client.close(driver.now);
    let transition = |from, by, to| format!("DEBUG message=transition from={from} by={by} to={to} ");
    assert_eq!(
        noted_with("DEBUG message=transition"),
        [
            transition("Connecting", "Connected", "Handshaking"),
            transition("Handshaking", "Accepted", "Ready"),
            transition("Ready", "Close", "Closed"),
        ]
    );
}

/// Answers the only subscription that was sent: the server is too busy.
fn refuse(driver: &mut Driver) {
    let id = driver.written_id(SUBSCRIBE);
    driver.read(&format!(r#"{{"id":{id},"error":{BUSY}}}"#));
}

#[test]
fn a_pause_of_all_topics_and_of_one_are_logged() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    note();
    for _ in 0..3 {
        refuse(&mut driver);
        let (until, _) = driver.drain().unwrap();
        assert_eq!(noted_with("DEBUG"), [format!("DEBUG message=topics paused until={until} ")]);
        driver.sleep_until(TimerKind::Resubscribe);
        // The link stays in use for others.
        let id = driver.client.request(driver.now, Banner).unwrap().id.number();
        driver.read(&format!(r#"{{"id":{id},"result":""}}"#));
        noted();
    }
    refuse(&mut driver);
    let at = driver.now + core::time::Duration::from_secs(8);
    assert_eq!(noted_with("DEBUG"), [format!("DEBUG message=topic put off place=0 at={at} refusals=4 links_ended=0 ")]);
    until_asked(&mut driver);
    assert_eq!(noted_with("DEBUG"), ["DEBUG message=topic due again place=0 "]);
}

#[test]
fn a_topic_that_is_late_and_then_given_up_is_logged_without_its_script() {
    let mut driver = Driver::ready("1.4");
    driver.subscribe();
    driver.drain();
    note();
    let id = driver.written_id(SUBSCRIBE);
    let mut lines = Vec::new();
    for _ in 0..3 {
        until_reported(&mut driver);
        until_reported(&mut driver);
        driver.reconnect("1.4");
        driver.write();
        lines.extend(noted());
    }
    until_reported(&mut driver);
    until_asked(&mut driver);
    lines.extend(noted());
    let late = format!("DEBUG message=late id={id} owner=Subscribe(0) ");
    assert_eq!(lines.iter().find(|line| line.contains("message=late")), Some(&late));
    for (part, count) in [("message=late", 4), ("message=link given up", 3), ("message=given up", 1)] {
        assert_eq!(lines.iter().filter(|line| line.contains(part)).count(), count, "{part}: {lines:#?}");
    }
    let hash = script().scripthash().to_string();
    assert!(lines.iter().all(|line| !line.contains(&hash)), "{lines:#?}");
}

#[test]
fn the_timer_of_a_padded_write_is_logged() {
    let mut driver = padding::warm();
    padding::call(&mut driver, 100);
    driver.write();
    padding::call(&mut driver, 100);
    note();
    assert_eq!(driver.sleep(), TimerKind::Padding);
    assert_eq!(noted(), [format!("TRACE message=timer kind=Padding now={} ", driver.now)]);
}
