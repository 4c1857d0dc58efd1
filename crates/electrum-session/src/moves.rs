//! When a server is left for another one because calls get no answer from it.

use std::time::Duration;

use electrum_proto::{Effect, Timestamp};

use crate::queued::{History, Queued};
use crate::server_set::ServerSet;

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
    /// The server of the connection, by its place in the list.
    server: usize,
    is_ready: bool,
    /// It answered a call.
    has_answered: bool,
    /// The servers to which the last attempt to connect failed.
    failed: ServerSet,
    /// The servers that were left since they did not answer, and answered no call since.
    silent: ServerSet,
    /// When to look for calls that get no answer.
    check_at: Option<Timestamp>,
    /// When the server answered a call last.
    last_answered: Timestamp,
    /// When that call was sent that was sent last of those that were answered.
    newest_answered: Timestamp,
}

impl Moves {
    pub(crate) fn new(servers: usize) -> Self {
        let (last_answered, newest_answered) = (Timestamp::ZERO, Timestamp::ZERO);
        let (others, none) = (servers.saturating_sub(1), ServerSet::default());
        Self {
            others,
            server: 0,
            is_ready: false,
            has_answered: false,
            failed: none,
            silent: none,
            check_at: None,
            last_answered,
            newest_answered,
        }
    }

    /// The connection is one to the server with this place in the list.
    pub(crate) const fn set_server(&mut self, server: usize) {
        self.server = server;
    }

    /// The server is ready.
    pub(crate) fn ready(&mut self) {
        (self.is_ready, self.has_answered) = (true, false);
        self.failed.remove(self.server);
    }

    /// The server, if it is ready.
    pub(crate) fn ready_server(&self) -> Option<usize> {
        self.is_ready.then_some(self.server)
    }

    /// A call was sent.
    pub(crate) fn sent(&mut self, request: &Queued) {
        if self.others > 0 {
            if let Some(patience) = self.patience(request) {
                self.check_by(request.sent + patience.silent);
            }
        }
    }

    /// The server answered a call, if only with an error.
    pub(crate) fn answered(&mut self, now: Timestamp, request: &Queued) {
        self.last_answered = now;
        self.newest_answered = self.newest_answered.max(request.sent);
    }

    /// The connection ended, or could not be made.
    pub(crate) fn connection_ended(&mut self) {
        self.check_at = None;
        if !std::mem::take(&mut self.is_ready) {
            self.failed.insert(self.server);
        }
    }

    /// The server served a call.
    pub(crate) const fn served(&mut self) {
        self.has_answered = true;
        self.silent.remove(self.server);
    }

    /// The server is too busy for a call.
    pub(crate) const fn busy(&self, request: &mut Queued) {
        request.history.busy_servers.insert(self.server);
    }

    /// Whether the server should be left for the sake of a call for which these are too busy: another one may serve it. One that
    /// answered nothing the last time is worth it only if this one serves no other call either.
    pub(crate) fn should_leave(&self, busy: ServerSet) -> bool {
        let may_serve = |server: usize| !busy.contains(server) && !self.failed.contains(server);
        (0..=self.others).any(|server| may_serve(server) && !(self.has_answered && self.silent.contains(server)))
    }

    /// The next moment at which [`why_leave`](Self::why_leave) has something to find.
    pub(crate) const fn next(&self) -> Option<Timestamp> {
        self.check_at
    }

    /// Why the server must be left for the sake of some of these calls, if it must.
    pub(crate) fn why_leave<'a>(
        &mut self,
        now: Timestamp,
        in_flight: impl Iterator<Item = &'a mut Queued>,
    ) -> Option<&'static str> {
        if self.check_at.is_none_or(|check_at| check_at > now) {
            return None;
        }
        self.check_at = None;
        let in_flight: Vec<_> = in_flight.collect();
        let has_changes = in_flight.iter().any(|request| request.effect != Effect::Reads);
        let mut why = None;
        for request in in_flight {
            let Some(patience) = self.patience(request) else { continue };
            let silent_at = request.sent.max(self.last_answered) + patience.silent;
            let grace = if has_changes { patience.grace } else { Duration::ZERO };
            let passed_over_at = request.sent + patience.passed_over + grace;
            let is_passed_over =
                passed_over_at <= now && request.sent < self.newest_answered && request.effect == Effect::Reads;
            if silent_at <= now {
                why = Some("the server answers no call");
            } else if is_passed_over {
                why = why.or(Some("the server does not answer some calls"));
            } else {
                self.check_by(silent_at.min(passed_over_at).max(now + LOOK_AGAIN));
                continue;
            }
            request.history.unanswered_by.insert(self.server);
        }
        if why.is_some() {
            self.silent.insert(self.server);
        }
        why
    }

    /// The driver came so much later than it was asked to: that time says nothing of the server, whose answers may wait to
    /// be read.
    pub(crate) fn driver_was_late(&mut self, late: Duration) {
        self.check_at = self.check_at.map(|check_at| check_at + late);
    }

    fn check_by(&mut self, at: Timestamp) {
        self.check_at = Some(self.check_at.map_or(at, |earliest| earliest.min(at)));
    }

    /// How long a call is left with the server, if there are others to try.
    fn patience(&self, request: &Queued) -> Option<Patience> {
        let untried = self.untried(&request.history).filter(|untried| *untried > 0)?;
        let time = request.deadline.since(request.sent);
        let share = |shares| (time / shares).max(SHORTEST_PATIENCE);
        let passed_over = share(untried + 1);
        let grace = (time.saturating_sub(passed_over) / 2).min(LONGEST_GRACE);
        Some(Patience { silent: share(untried + 2), passed_over, grace })
    }

    /// How many other servers may still be tried for a call.
    fn untried(&self, history: &History) -> Option<u32> {
        let tried = &history.unanswered_by;
        let most = u32::try_from(self.others.min(MOST_MOVES)).ok()?;
        most.checked_sub(tried.len() - u32::from(tried.contains(self.server)))
    }
}

/// How long a call is left with a server that does not answer it.
struct Patience {
    /// If it answers no call.
    silent: Duration,
    /// If it answers calls that were sent later.
    passed_over: Duration,
    /// How much longer, for the sake of calls that change something.
    grace: Duration,
}
