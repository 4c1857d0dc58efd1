//! Shows how a server negotiates: its software, and its answers to a range that it supports, one that no server
//! supports, and one below the minimum. `electrum-cli probe --matrix` shows the same.

use std::time::Duration;

use electrum_web::proto::{DownCause, ProtocolVersion, VersionError, VersionRange};
use electrum_web::transport::ServerAddr;
use electrum_web::{Config, ConnectionEvent};

use crate::dom;

/// The column of the software, before those of the ranges.
const SOFTWARE: u32 = 1;

/// Adds a row for a server, and fills it.
pub(crate) async fn show(server: ServerAddr) {
    let row = dom::row(&[&server.to_string(), "…", "…", "…", "…"]);
    dom::append(&dom::by_id("servers"), &row);
    let Ok(ranges) = ranges() else { return };
    for (place, range) in (SOFTWARE + 1..).zip(ranges) {
        let outcome = attempt(&server, ranges[0], range).await;
        if place == SOFTWARE + 1 {
            let software = outcome.as_ref().map_or("not known", |(software, _)| software.as_str());
            dom::set_cell(&row, SOFTWARE, "", software);
        }
        let (class, words) = match outcome {
            Ok((_, version)) => ("good", version.to_string()),
            Err(cause) => words(&cause),
        };
        dom::set_cell(&row, place, class, &words);
    }
}

/// Returns the ranges in the order of the table's columns. The first is the one that the client supports.
fn ranges() -> Result<[VersionRange; 3], VersionError> {
    let version = ProtocolVersion::new;
    Ok([
        VersionRange::new(ProtocolVersion::V1_3, ProtocolVersion::V1_4)?,
        VersionRange::new(version(2, 0, 0), version(3, 0, 0))?,
        VersionRange::new(ProtocolVersion::V1_0, ProtocolVersion::V1_2)?,
    ])
}

/// Connects once, and offers a range. Returns the server's software and the negotiated version.
async fn attempt(
    server: &ServerAddr,
    wanted: VersionRange,
    offered: VersionRange,
) -> Result<(String, ProtocolVersion), DownCause> {
    let mut config = Config::from(server.clone());
    config.protocol.versions = wanted;
    config.protocol.offers = vec![offered.into()];
    let client = electrum_web::connect(config);
    let mut events = client.events();
    // The client's own time-outs end an attempt.
    loop {
        match events.next_within(Duration::MAX).await {
            Ok(ConnectionEvent::Ready { software, version, .. }) => return Ok((software, version)),
            Ok(ConnectionEvent::Down { cause, .. }) => return Err(cause),
            Ok(_) => {}
            Err(_) => return Err(DownCause::Closed { during: client.state().phase }),
        }
    }
}

/// Describes a failed attempt in few words, with the class of its cell.
fn words(cause: &DownCause) -> (&'static str, String) {
    match cause {
        DownCause::Refused { error, .. } => {
            let code = error.code.map_or_else(|| "without a code".to_owned(), |code| code.to_string());
            ("fair", format!("RPC error {code}"))
        }
        DownCause::OutOfRange { answered, .. } => ("fair", format!("answers {answered}: caught")),
        DownCause::Closed { .. } => ("fair", "closes the connection".to_owned()),
        DownCause::Timeout { .. } => ("bad", "no answer in time".to_owned()),
        DownCause::Connect { .. } => ("bad", "no connection".to_owned()),
        other => ("bad", other.name().replace('_', " ")),
    }
}
