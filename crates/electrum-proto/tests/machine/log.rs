//! What is logged of the wire with the crate `tracing`, and that the secret is not.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};

use electrum_proto::operations::Raw;
use electrum_proto::{Authorization, Config};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::driver::Driver;

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Notes the events about the wire, a line for each, on the thread on which they happen.
struct Wire;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Wire {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "electrum_proto::wire"
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
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

#[test]
fn what_is_sent_and_received_is_logged_without_the_secret() {
    tracing::subscriber::set_global_default(Wire).unwrap();
    let authorization = Some(Authorization::new("Bearer c2VjcmV0"));
    let mut driver = Driver::ready_with(Config { authorization, ..Config::default() }, "1.4");
    LINES.take();
    let id = driver.client.request(driver.now, Raw::new("x", vec!["y".into()])).unwrap().id.number();
    let [before, after] = ["c2VjcmV0", "[redacted]"]
        .map(|secret| format!(r#"{{"error":{{"code":1,"message":"expired: {secret}"}},"id":{id}}}"#));
    driver.read(&before);
    let sent = format!(r#"message=sent id={id} method="x" params=["y"] "#);
    assert_eq!(LINES.take(), [sent, format!("message=received bytes={} text={after} ", before.len())]);
}
