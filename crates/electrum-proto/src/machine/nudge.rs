//! Getting answers out of servers that hold them back.
//!
//! ElectrumX 1.18 to 2.0 pads what it writes to 1024, 2048, … bytes with spaces before the last bracket, and keeps
//! small answers until 1024 bytes have gathered or a second has passed (seen in the recordings of e-x 1.18.0 and 2.0.0).
//! One request whose answer is longer than that, at the end of a write, sets the answers before it free.

use core::time::Duration;

use crate::json::Params;
use crate::time::Timestamp;
use crate::version::ProtocolVersion;

/// So many nudges follow each other at once while answers lag behind them: most answers take the server little longer than a nudge.
const AT_ONCE: u32 = 3;
/// The wait before the next one. It doubles up to [`GIVE_UP`].
const FIRST_LAG: Duration = Duration::from_millis(1);
/// The server writes by itself after a second.
const GIVE_UP: Duration = Duration::from_millis(1000);

/// How far the nudges of one link are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nudge {
    /// A nudge waits for its answer.
    on_its_way: bool,
    /// Something was written since the last nudge.
    is_owed: bool,
    /// How many nudges were answered before what they were to set free.
    overtook: u32,
}

impl Nudge {
    /// A request was written that is no nudge.
    pub(crate) fn wrote_request(&mut self) {
        self.is_owed = true;
        self.overtook = 0;
    }

    /// Whether the write that is about to end should end with a nudge, if the server holds answers back.
    pub(crate) fn is_due(&self) -> bool {
        self.is_owed && !self.on_its_way
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
        if !others || self.is_owed {
            return None;
        }
        self.overtook += 1;
        let lag = match self.overtook.checked_sub(AT_ONCE + 1) {
            None => Duration::ZERO,
            Some(doublings) => FIRST_LAG.saturating_mul(1 << doublings.min(20)),
        };
        (lag <= GIVE_UP).then(|| now + lag)
    }

    /// The moment that [`answered`](Self::answered) named has come.
    pub(crate) fn lag_over(&mut self, others: bool) {
        self.is_owed |= others;
    }
}

/// The cheapest question whose answer is longer than 1024 bytes and takes the server about as long as most others.
/// (`server.ping` of 1.7 can ask for padding, but its answer overtakes those that it is to set free.)
pub(crate) const METHOD: &str = "blockchain.block.headers";

/// The first version that has it; no server of an older one is known to pad.
pub(crate) const SINCE: ProtocolVersion = ProtocolVersion::V1_2;

/// Seven headers of 160 digits.
pub(crate) fn params(params: &mut Params<'_>) {
    params.integer(0).integer(7);
}
