//! Waits for events and updates of a client, with a time-out.

use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use electrum_proto::operations::Raw;
use electrum_proto::{DownCause, ProtocolVersion, Script, Tip, Topic, Update};
use electrum_testkit::chain::script;
use serde_json::Value;

use super::{Client, ConnectionEvent, Failure, Next, Source, TopicUpdate};

/// The time-out for whatever must come.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

pub(super) const BROADCAST: &str = "blockchain.transaction.broadcast";
pub(super) const HEADER: &str = "blockchain.block.header";

/// Returns a call without parameters that only reads.
pub(super) fn read(method: &str) -> Raw {
    Raw::reading(method, Vec::new())
}

/// Returns a call for the header at this height.
pub(super) fn header(height: u32) -> Raw {
    Raw::reading(HEADER, vec![height.into()])
}

/// Returns the topic of a script of the fake servers.
pub(super) fn topic(number: u32) -> Topic {
    Topic::Script(Script::new(script(number)))
}

/// Waits for the next event that `wanted` accepts.
pub(super) fn wait_for<T>(
    events: &mut impl Source<ConnectionEvent>,
    what: &str,
    wanted: impl Fn(&ConnectionEvent) -> Option<T>,
) -> T {
    let end = Instant::now() + PATIENCE;
    let mut others = Vec::new();
    loop {
        match events.next(end.saturating_duration_since(Instant::now())) {
            Next::Item(event) => {
                if let Some(found) = wanted(&event) {
                    return found;
                }
                others.push(event);
            }
            Next::Nothing => {
                others.truncate(10);
                panic!("waited in vain for {what}; there was {others:#?}")
            }
            Next::End => panic!("the events ended instead of {what}"),
        }
    }
}

/// Waits until a version is negotiated. Returns the server and the version.
pub(super) fn ready(events: &mut impl Source<ConnectionEvent>) -> (String, ProtocolVersion) {
    wait_for(events, "a connection", |event| match event {
        ConnectionEvent::Ready { server, version, .. } => Some((server.clone(), *version)),
        _ => None,
    })
}

/// Waits until the connection ends, or could not be made. Returns the cause.
pub(super) fn down(events: &mut impl Source<ConnectionEvent>) -> DownCause {
    wait_for(events, "the end of the connection", |event| match event {
        ConnectionEvent::Down { cause, .. } => Some(cause.clone()),
        _ => None,
    })
}

/// Waits for the next update.
#[track_caller]
pub(super) fn next(updates: &mut impl Source<TopicUpdate>) -> TopicUpdate {
    match updates.next(PATIENCE) {
        Next::Item(change) => change,
        other => panic!("an update was due, and there was {other:?}"),
    }
}

/// Returns the tip in an update.
#[track_caller]
pub(super) fn tip(change: &TopicUpdate) -> Tip {
    match &change.value {
        Ok(Update::Headers(tip)) => *tip,
        other => panic!("a tip was due, and there was {other:?}"),
    }
}

/// Makes a call in a thread of its own.
pub(super) fn call_aside(client: &impl Client, request: Raw) -> Receiver<Result<Value, Failure>> {
    let client = client.clone();
    aside(move || client.call(request, None))
}

/// Runs something that blocks in a thread of its own.
pub(super) fn aside<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        // Fails if the test has failed meanwhile.
        let _ = sender.send(run());
    });
    receiver
}

/// Waits for the result of [`aside`].
#[track_caller]
pub(super) fn outcome<T>(receiver: &Receiver<T>) -> T {
    match receiver.recv_timeout(PATIENCE) {
        Ok(outcome) => outcome,
        Err(error) => panic!("waited in vain for the outcome: {error}"),
    }
}
