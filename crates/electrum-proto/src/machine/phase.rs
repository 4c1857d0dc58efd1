//! The phases of a client and what leads from one to the next, as a table that knows neither bytes nor time.

use alloc::string::String;
use core::fmt;

/// Where a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// A link is being opened.
    Connecting,
    /// The link is open, and the server has not yet agreed to a version that we accept.
    Handshaking,
    /// Requests can be sent.
    Ready,
    /// The link is gone; the next one is due later.
    Backoff,
    /// The caller closed the client. Nothing leads away from here.
    Closed,
}

/// What leads from one phase to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// The link was opened.
    Connected,
    /// The server's version, and its chain if one is asked for, were accepted.
    Accepted,
    /// The link could not be opened, broke, or was given up for any reason.
    Lost,
    /// The time to try again has come.
    RetryDue,
    /// The caller wants no more.
    Close,
}

/// Every transition that there is.
pub const TRANSITIONS: &[(Phase, Change, Phase)] = &[
    (Phase::Connecting, Change::Connected, Phase::Handshaking),
    (Phase::Connecting, Change::Lost, Phase::Backoff),
    (Phase::Connecting, Change::Close, Phase::Closed),
    (Phase::Handshaking, Change::Accepted, Phase::Ready),
    (Phase::Handshaking, Change::Lost, Phase::Backoff),
    (Phase::Handshaking, Change::Close, Phase::Closed),
    (Phase::Ready, Change::Lost, Phase::Backoff),
    (Phase::Ready, Change::Close, Phase::Closed),
    (Phase::Backoff, Change::RetryDue, Phase::Connecting),
    (Phase::Backoff, Change::Close, Phase::Closed),
];

impl Phase {
    /// All phases, in the order of a link's life.
    pub const ALL: [Self; 5] = [Self::Connecting, Self::Handshaking, Self::Ready, Self::Backoff, Self::Closed];

    /// Checks in debug builds that the table has this transition, so that the table holds for whatever the code does.
    pub(super) fn assert_change(self, change: Change, to: Self) {
        debug_assert_eq!(self.after(change), Some(to), "{change:?} does not lead from {self:?} to {to:?}");
    }

    /// Where `change` leads from here, if anywhere.
    #[must_use]
    pub fn after(self, change: Change) -> Option<Self> {
        TRANSITIONS.iter().find(|(from, by, _)| (*from, *by) == (self, change)).map(|(_, _, to)| *to)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Connecting => "connecting",
            Self::Handshaking => "handshaking",
            Self::Ready => "ready",
            Self::Backoff => "backoff",
            Self::Closed => "closed",
        })
    }
}

/// The table as text, a block for each phase: what the documentation shows.
#[must_use]
pub fn diagram() -> String {
    use core::fmt::Write as _;
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "      start ──────────▶ {:?}\n", Phase::Connecting);
    for phase in Phase::ALL {
        let _ = writeln!(text, "{phase:?}");
        let mut ways = TRANSITIONS.iter().filter(|(from, _, _)| *from == phase).peekable();
        if ways.peek().is_none() {
            let _ = writeln!(text, "  └─ nothing leads away from here");
        }
        while let Some((_, change, to)) = ways.next() {
            let corner = if ways.peek().is_some() { '├' } else { '└' };
            let change = alloc::format!("{change:?} ");
            let _ = writeln!(text, "  {corner}─ {change:─<15}▶ {to:?}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_diagram_is_the_table() {
        let documented = include_str!("../../docs/phases.txt");
        assert_eq!(documented, diagram(), "docs/phases.txt must be what `phase::diagram` gives");
    }

    #[test]
    fn closed_is_the_only_end_and_can_be_reached_from_everywhere() {
        for phase in Phase::ALL {
            let leads_away = TRANSITIONS.iter().any(|(from, _, _)| *from == phase);
            assert_eq!(leads_away, phase != Phase::Closed, "{phase}");
            assert!(phase == Phase::Closed || phase.after(Change::Close) == Some(Phase::Closed), "{phase}");
        }
    }

    #[test]
    fn only_the_accepted_handshake_leads_to_ready_and_every_loss_to_backoff() {
        for (from, change, to) in TRANSITIONS {
            assert_eq!(*to == Phase::Ready, (*from, *change) == (Phase::Handshaking, Change::Accepted));
            assert_eq!(*change == Change::Lost, *to == Phase::Backoff);
        }
    }
}
