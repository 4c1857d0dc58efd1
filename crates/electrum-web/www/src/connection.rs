//! Shows the connection: its status with a countdown to the next attempt, and a log.

use std::time::Duration;

use electrum_web::{ConnectionEvent, ConnectionEvents, NoUpdate};
use web_time::Instant;

use crate::dom;

/// How often the countdown is updated.
const TURN: Duration = Duration::from_millis(200);
/// How many entries the log keeps.
const LOG: u32 = 100;

/// Shows that there is no client.
pub(crate) fn reset() {
    status("", "Not connected", "");
}

/// Shows the events of a client's connection until the client is closed.
pub(crate) async fn follow(mut events: ConnectionEvents) {
    let mut retry_at: Option<Instant> = None;
    loop {
        match events.next_within(if retry_at.is_some() { TURN } else { Duration::MAX }).await {
            Ok(event) => retry_at = show(&event),
            Err(NoUpdate::TimedOut) => {
                if let Some(at) = retry_at {
                    countdown(at.saturating_duration_since(Instant::now()));
                }
            }
            Err(NoUpdate::Closed) => return,
        }
    }
}

/// Shows one event. Returns when the next attempt will be made.
fn show(event: &ConnectionEvent) -> Option<Instant> {
    match event {
        ConnectionEvent::Connecting { server } => status("fair", &format!("Connecting to {server}"), ""),
        ConnectionEvent::Ready { server, software, version, handshake, .. } => {
            let millis = handshake.as_millis();
            let details = format!("{software}, protocol {version}, negotiated in {millis} ms");
            status("good", &format!("Connected to {server}"), &details);
            log("good", &server.to_string(), &details);
        }
        ConnectionEvent::Down { server, cause, retry_in, .. } => {
            status("bad", &format!("Disconnected from {server}"), &cause.to_string());
            let seconds = retry_in.as_secs_f32();
            log("bad", &server.to_string(), &format!("{cause}; next attempt in {seconds:.1} s"));
            countdown(*retry_in);
            return Instant::now().checked_add(*retry_in);
        }
        _ => {}
    }
    None
}

fn status(class: &str, headline: &str, details: &str) {
    dom::classify("status", class);
    dom::show("headline", headline);
    dom::show("details", details);
    dom::show("countdown", "");
}

fn countdown(left: Duration) {
    dom::show("countdown", &format!("Next attempt in {:.1} s", left.as_secs_f32()));
}

fn log(class: &str, server: &str, words: &str) {
    let entry = dom::element("li", class, "");
    for (tag, text) in [("time", dom::time_of_day().as_str()), ("b", server), ("span", words)] {
        dom::append(&entry, &dom::element(tag, "", text));
    }
    dom::prepend("log", &entry, LOG);
}
