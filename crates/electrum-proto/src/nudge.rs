//! Getting answers out of servers that hold them back.
//!
//! ElectrumX 1.18 to 2.0 pads what it writes to 1024, 2048, … bytes with spaces before the last bracket, and keeps
//! small answers until 1024 bytes have gathered or a second has passed (seen in the recordings of e-x 1.18.0 and 2.0.0).
//! One request whose answer is longer than that, at the end of a write, sets the answers before it free.

use core::time::Duration;

use crate::json::Params;
use crate::time::Timestamp;
use crate::version::ProtocolVersion;

/// How long answers may lag behind a nudge before the next one. It doubles up to [`GIVE_UP`].
const FIRST_LAG: Duration = Duration::from_millis(10);
/// The server writes by itself after a second.
const GIVE_UP: Duration = Duration::from_millis(1000);

/// What is known of one link.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nudge {
    server_pads: bool,
    /// A nudge waits for its answer.
    on_its_way: bool,
    /// Something was written since the last nudge.
    is_owed: bool,
    lag: Option<Duration>,
}

impl Nudge {
    /// A line came in: does the server pad?
    pub(crate) fn learn(&mut self, line: &[u8]) {
        if !self.server_pads {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            self.server_pads =
                line.strip_suffix(b"}").or_else(|| line.strip_suffix(b"]")).is_some_and(|l| l.ends_with(b"    "));
        }
    }

    /// A request was written that is no nudge.
    pub(crate) fn wrote_request(&mut self) {
        self.is_owed = true;
        self.lag = None;
    }

    /// Whether the write that is about to end should end with a nudge.
    pub(crate) fn is_due(&self) -> bool {
        self.server_pads && self.is_owed && !self.on_its_way
    }

    /// A nudge was written.
    pub(crate) fn sent(&mut self) {
        self.on_its_way = true;
        self.is_owed = false;
    }

    /// The nudge was answered while `others` wait. If their answers were not ready in time to be set free,
    /// says when to nudge again.
    pub(crate) fn answered(&mut self, now: Timestamp, others: bool) -> Option<Timestamp> {
        self.on_its_way = false;
        let lag = self.lag.map_or(FIRST_LAG, |lag| lag * 2);
        if !others || self.is_owed || lag > GIVE_UP {
            return None;
        }
        self.lag = Some(lag);
        Some(now + lag)
    }

    /// The moment that [`answered`](Self::answered) named has come.
    pub(crate) fn lag_over(&mut self, others: bool) {
        self.is_owed |= others;
    }
}

/// The cheapest method whose answer is longer than 1024 bytes, if `version` has one.
pub(crate) fn method(version: ProtocolVersion) -> Option<&'static str> {
    match version {
        _ if version >= ProtocolVersion::V1_7 => Some("server.ping"),
        _ if version >= ProtocolVersion::V1_2 => Some("blockchain.block.headers"),
        _ => None,
    }
}

/// Its parameters: a sign of life with 1100 digits of padding, or seven headers of 160 digits.
pub(crate) fn params(version: ProtocolVersion, params: &mut Params<'_>) {
    if version >= ProtocolVersion::V1_7 {
        params.integer(1100).str("");
    } else {
        params.integer(0).integer(7);
    }
}
