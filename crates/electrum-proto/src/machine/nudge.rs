//! Nudges: cheap requests that make servers send answers which they hold back.
//!
//! ElectrumX 1.18 to 2.0 pads what it writes to 1024, 2048, … bytes with spaces before the last bracket, and keeps
//! small answers until 1024 bytes have gathered or a second has passed (seen in the recordings of e-x 1.18.0 and
//! 2.0.0). A request at the end of a write whose answer is longer than that makes the server send the answers before
//! it.

use core::time::Duration;

use crate::json::Params;
use crate::time::Timestamp;
use crate::version::ProtocolVersion;

/// How many nudges follow each other without a wait while answers lag behind: most answers take the server little
/// longer than a nudge.
const AT_ONCE: u32 = 3;
/// The wait before the next nudge. It doubles up to [`GIVE_UP`].
const FIRST_LAG: Duration = Duration::from_millis(1);
/// The wait from which nudges make no sense: the server writes by itself after a second.
const GIVE_UP: Duration = Duration::from_millis(1000);

/// The state of nudges on one link.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nudge {
    /// Whether a nudge is in flight.
    on_its_way: bool,
    /// Whether a request was written since the last nudge.
    is_owed: bool,
    /// How many nudges in a row were answered before the requests written earlier.
    overtook: u32,
}

impl Nudge {
    /// Notes that a request other than a nudge was written.
    pub(crate) fn wrote_request(&mut self) {
        self.is_owed = true;
        self.overtook = 0;
    }

    /// Whether the current write should end with a nudge, if the server holds answers back.
    pub(crate) fn is_due(&self) -> bool {
        self.is_owed && !self.on_its_way
    }

    /// Notes that a nudge was written.
    pub(crate) fn sent(&mut self) {
        self.on_its_way = true;
        self.is_owed = false;
    }

    /// Notes that the nudge was answered. If `others` are still in flight, their answers were not ready in time: then
    /// returns when to nudge again.
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

    /// Notes that the time that [`answered`](Self::answered) returned has come.
    pub(crate) fn lag_over(&mut self, others: bool) {
        self.is_owed |= others;
    }
}

/// The method of nudges: the cheapest one whose answer is longer than 1024 bytes and takes the server about as long as
/// most others. (`server.ping` of 1.7 can ask for padding, but its answer overtakes the ones before it.)
pub(crate) const METHOD: &str = "blockchain.block.headers";

/// The first version that has the method. No server of an older version is known to pad.
pub(crate) const SINCE: ProtocolVersion = ProtocolVersion::V1_2;

/// Writes the parameters of a nudge, for seven headers of 160 digits.
pub(crate) fn params(params: &mut Params<'_>) {
    params.integer(0).integer(7);
}
