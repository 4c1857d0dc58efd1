//! When a server is left for another one because calls get no answer from it.

use std::time::Duration;

use electrum_proto::{Effect, Timestamp};

use crate::queued::{History, Queued};

/// So many other servers are tried for the sake of one call.
const MOST_MOVES: usize = 3;
/// A server is not left before this, however short the deadlines are.
const SHORTEST_PATIENCE: Duration = Duration::from_secs(1);
/// A call that changes something is in flight: so much longer the server is not left, since that call's outcome would not
/// be known.
const LONGEST_GRACE: Duration = Duration::from_secs(5);
/// A call that waits its turn is looked at again after this.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Watches for calls that get no answer while there are other servers: each call spends a share of its time with each of them.
#[derive(Debug)]
pub(crate) struct Moves {
    others: usize,
    /// When a server that answers no call is left.
    mute_at: Option<Timestamp>,
    /// How long the server may answer nothing while calls wait.
    patience: Duration,
    /// When to look for calls that get no answer while others do.
    check_at: Option<Timestamp>,
    /// When that call was sent that was sent last of those that were answered.
    newest_answered: Timestamp,
}

impl Moves {
    pub(crate) const fn new(servers: usize) -> Self {
        Self {
            others: servers.saturating_sub(1),
            mute_at: None,
            patience: Duration::ZERO,
            check_at: None,
            newest_answered: Timestamp::ZERO,
        }
    }

    /// How many other servers may still be tried for a call.
    fn untried(&self, history: &History) -> u32 {
        self.others.min(MOST_MOVES).saturating_sub(usize::from(history.moves)) as u32
    }

    /// A call was sent.
    pub(crate) fn sent(&mut self, now: Timestamp, request: &Queued) {
        let untried = self.untried(&request.history);
        if untried == 0 {
            return;
        }
        if self.mute_at.is_none() {
            self.patience = share(now, request.deadline, untried + 2);
            self.mute_at = Some(now + self.patience);
        }
        if request.effect == Effect::Reads {
            let move_at = now + share(now, request.deadline, untried + 1);
            self.check_at = Some(self.check_at.map_or(move_at, |check_at| check_at.min(move_at)));
        }
    }

    /// The server answered a call; `is_last` says that no other waits.
    pub(crate) fn answered(&mut self, now: Timestamp, request: &Queued, is_last: bool) {
        if self.others > 0 {
            self.newest_answered = self.newest_answered.max(request.sent);
            self.mute_at = if is_last { None } else { Some(now + self.patience) };
        }
    }

    /// The connection ended.
    pub(crate) const fn connection_ended(&mut self) {
        (self.mute_at, self.check_at) = (None, None);
    }

    /// The next moment at which [`why_leave`](Self::why_leave) has something to find.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.mute_at.into_iter().chain(self.check_at).min()
    }

    /// Why the server must be left for the sake of one of these calls, if it must.
    pub(crate) fn why_leave<'a>(
        &mut self,
        now: Timestamp,
        in_flight: impl Iterator<Item = &'a Queued> + Clone,
    ) -> Option<&'static str> {
        if self.mute_at.is_some_and(|mute_at| mute_at <= now) {
            self.mute_at = None;
            if in_flight.clone().any(|request| self.untried(&request.history) > 0) {
                return Some("the server answers no call");
            }
        }
        if self.check_at.is_some_and(|check_at| check_at <= now) {
            self.check_at = None;
            return self.passes_over(now, in_flight).then_some("the server does not answer some calls");
        }
        None
    }

    /// Whether the server has answered calls that were sent later than one that has waited for long. Plans the next look.
    fn passes_over<'a>(&mut self, now: Timestamp, in_flight: impl Iterator<Item = &'a Queued> + Clone) -> bool {
        let changes = in_flight.clone().any(|request| request.effect != Effect::Reads);
        for request in in_flight.filter(|request| request.effect == Effect::Reads) {
            let untried = self.untried(&request.history);
            if untried == 0 {
                continue;
            }
            let mut move_at = request.sent + share(request.sent, request.deadline, untried + 1);
            if changes {
                move_at = move_at + (request.deadline.since(move_at) / 2).min(LONGEST_GRACE);
            }
            if move_at <= now && request.sent < self.newest_answered {
                return true;
            }
            let check_at = move_at.max(now + LOOK_AGAIN);
            self.check_at = Some(self.check_at.map_or(check_at, |earliest| earliest.min(check_at)));
        }
        false
    }
}

/// One of so many equal shares of the time until the deadline.
fn share(now: Timestamp, deadline: Timestamp, shares: u32) -> Duration {
    (deadline.since(now) / shares).max(SHORTEST_PATIENCE)
}
