//! The phases of a client and the transitions between them, as a table that depends on neither bytes nor time.

use alloc::string::String;
use core::fmt;

/// The phase of a client.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::Phase;
///
/// fn light(phase: Phase) -> &'static str {
///     match phase {
///         Phase::Ready => "green",
///         Phase::Connecting | Phase::Handshaking => "yellow",
///         Phase::Backoff => "red",
///         Phase::Closed => "off",
///     }
/// }
///
/// # let (mut client, _) = ready_client();
/// assert_eq!(light(client.phase()), "green");
/// client.close(Timestamp::ZERO);
/// assert_eq!(light(client.phase()), "off");
/// assert_eq!(client.phase().to_string(), "closed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// A link is being opened.
    Connecting,
    /// The link is open, and the handshake is not complete.
    Handshaking,
    /// Requests can be sent.
    Ready,
    /// The link has ended; the next attempt comes later.
    Backoff,
    /// The client was closed. No transition leads away from this phase.
    Closed,
}

/// A transition from one phase to another.
///
/// # Example
/// ```
/// use electrum_proto::phase::{Phase, TRANSITIONS, Transition};
///
/// assert_eq!(Phase::Handshaking.after(Transition::Accepted), Some(Phase::Ready));
/// assert_eq!(Phase::Closed.after(Transition::RetryDue), None);
/// let mut losses = TRANSITIONS.iter().filter(|(_, by, _)| *by == Transition::Lost);
/// assert!(losses.all(|(_, _, to)| *to == Phase::Backoff));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transition {
    /// The link was opened.
    Connected,
    /// The server's version, and its chain if one is asked for, were accepted.
    Accepted,
    /// The link could not be opened, broke, or was given up for any reason.
    Lost,
    /// The time of the next attempt has come.
    RetryDue,
    /// The client was closed.
    Close,
}

/// All transitions: from which phase, by what, to which phase.
pub const TRANSITIONS: &[(Phase, Transition, Phase)] = &[
    (Phase::Connecting, Transition::Connected, Phase::Handshaking),
    (Phase::Connecting, Transition::Lost, Phase::Backoff),
    (Phase::Connecting, Transition::Close, Phase::Closed),
    (Phase::Handshaking, Transition::Accepted, Phase::Ready),
    (Phase::Handshaking, Transition::Lost, Phase::Backoff),
    (Phase::Handshaking, Transition::Close, Phase::Closed),
    (Phase::Ready, Transition::Lost, Phase::Backoff),
    (Phase::Ready, Transition::Close, Phase::Closed),
    (Phase::Backoff, Transition::RetryDue, Phase::Connecting),
    (Phase::Backoff, Transition::Close, Phase::Closed),
];

impl Phase {
    /// All phases, in the order of a link.
    pub const ALL: [Self; 5] = [Self::Connecting, Self::Handshaking, Self::Ready, Self::Backoff, Self::Closed];

    /// Logs a transition, and checks in debug builds that the table has it, so that the code cannot differ from the table.
    pub(super) fn note_transition(self, by: Transition, to: Self) {
        debug!(from = ?self, ?by, ?to, "transition");
        debug_assert_eq!(self.after(by), Some(to), "{by:?} does not lead from {self:?} to {to:?}");
    }

    /// Returns the phase to which `by` leads from this one, if there is such a transition.
    #[must_use]
    pub fn after(self, by: Transition) -> Option<Self> {
        TRANSITIONS.iter().find(|(from, transition, _)| (*from, *transition) == (self, by)).map(|(_, _, to)| *to)
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

/// Formats the table as the diagram of the documentation, a block for each phase.
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
            let label = alloc::format!("{change:?} ");
            let _ = writeln!(text, "  {corner}─ {label:─<15}▶ {to:?}");
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
            assert!(phase == Phase::Closed || phase.after(Transition::Close) == Some(Phase::Closed), "{phase}");
        }
    }

    #[test]
    fn only_the_accepted_handshake_leads_to_ready_and_every_loss_to_backoff() {
        for (from, change, to) in TRANSITIONS {
            assert_eq!(*to == Phase::Ready, (*from, *change) == (Phase::Handshaking, Transition::Accepted));
            assert_eq!(*change == Transition::Lost, *to == Phase::Backoff);
        }
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic = "Lost does not lead from Ready to Closed"]
    fn a_transition_that_the_table_lacks_is_found_in_debug_builds() {
        Phase::Ready.note_transition(Transition::Lost, Phase::Closed);
    }
}
