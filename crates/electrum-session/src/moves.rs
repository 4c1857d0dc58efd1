//! Decides when to move to another server because calls get no answer from the current one.

use std::time::Duration;

use electrum_proto::Timestamp;

use crate::queued::{History, Queued};
use crate::server_set::ServerSet;

/// The maximum number of other servers that are tried for one call.
const MOST_MOVES: usize = 3;
/// The minimum time that a server has to answer, however short the deadlines are.
const SHORTEST_PATIENCE: Duration = Duration::from_secs(1);
/// The maximum time by which a call in flight that changes something puts off the move: its outcome would not be known.
const LONGEST_GRACE: Duration = Duration::from_secs(5);
/// The minimum time between two checks of calls that have no answer yet.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Decides when calls without an answer should go to another server. Each server gets a share of a call's time.
#[derive(Debug)]
pub(crate) struct Moves {
    /// The number of servers besides the current one.
    others: usize,
    /// The server of the current connection, by its index in the list.
    server: usize,
    is_ready: bool,
    /// Whether the server has answered a call with a result on this connection.
    has_answered: bool,
    /// The servers to which the last attempt to connect failed.
    failed: ServerSet,
    /// The servers that were left because they did not answer, and have answered no call since.
    silent: ServerSet,
    /// When to check for calls without an answer.
    check_at: Option<Timestamp>,
    /// When the last answer of a server came.
    last_answered: Timestamp,
    /// The latest sending time of all calls that were answered.
    newest_answered: Timestamp,
}

impl Moves {
    pub(crate) fn new(servers: usize) -> Self {
        let (last_answered, newest_answered) = (Timestamp::ZERO, Timestamp::ZERO);
        let (others, none) = (servers.saturating_sub(1), ServerSet::NONE);
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

    /// Sets the server of the current connection, by its index in the list.
    pub(crate) const fn set_server(&mut self, server: usize) {
        self.server = server;
    }

    /// Notes that the server is ready.
    pub(crate) fn ready(&mut self) {
        (self.is_ready, self.has_answered) = (true, false);
        self.failed.remove(self.server);
    }

    /// Returns the index of the current server, if it is ready.
    pub(crate) fn ready_server(&self) -> Option<usize> {
        self.is_ready.then_some(self.server)
    }

    /// Schedules a check of a call that was sent.
    pub(crate) fn sent(&mut self, request: &Queued) {
        if self.others > 0 {
            if let Some(patience) = self.patience(request) {
                self.check_by(request.sent + patience.silent);
            }
        }
    }

    /// Notes that the server answered a call, with a result or an error.
    pub(crate) fn answered(&mut self, now: Timestamp, request: &Queued) {
        self.last_answered = now;
        self.newest_answered = self.newest_answered.max(request.sent);
    }

    /// Notes that the connection ended, or could not be made.
    pub(crate) fn connection_ended(&mut self) {
        self.check_at = None;
        if !std::mem::take(&mut self.is_ready) {
            self.failed.insert(self.server);
        }
    }

    /// Notes that the server answered a call with a result.
    pub(crate) const fn served(&mut self) {
        self.has_answered = true;
        self.silent.remove(self.server);
    }

    /// Notes in the history of a call that the server is too busy for it.
    pub(crate) fn busy(&self, request: &mut Queued) {
        request.history.busy_servers.insert(self.server);
    }

    /// Whether to move to another server because of a call for which the servers in `busy` are too busy: one that can
    /// be reached is not among them. One that answered no call the last time counts only while the current one answers
    /// none.
    pub(crate) fn should_leave(&self, busy: ServerSet) -> bool {
        let may_serve = |server: usize| !busy.contains(server) && !self.failed.contains(server);
        (0..=self.others).any(|server| may_serve(server) && !(self.has_answered && self.silent.contains(server)))
    }

    /// Returns when [`why_leave`](Self::why_leave) must be called next.
    pub(crate) const fn next(&self) -> Option<Timestamp> {
        self.check_at
    }

    /// Checks the calls in flight. Returns why the server should be left, if one of them waited too long for its
    /// answer.
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
        let has_changes = in_flight.iter().any(|request| !request.reads());
        let mut why = None;
        for request in in_flight {
            let Some(patience) = self.patience(request) else { continue };
            let silent_at = request.sent.max(self.last_answered) + patience.silent;
            let grace = if has_changes { patience.grace } else { Duration::ZERO };
            let passed_over_at = request.sent + patience.passed_over + grace;
            let is_passed_over = passed_over_at <= now && request.sent < self.newest_answered && request.reads();
            if silent_at <= now {
                why = Some("the server answers no call");
            } else if is_passed_over {
                why = why.or(Some("the server does not answer some calls"));
            } else {
                self.check_by(silent_at.min(passed_over_at).max(now + CHECK_INTERVAL));
                continue;
            }
            request.history.unanswered_by.insert(self.server);
        }
        if why.is_some() {
            self.silent.insert(self.server);
        }
        why
    }

    /// Puts off the next check by `late`, the time by which the driver came too late: answers may be waiting to be
    /// read.
    pub(crate) fn driver_was_late(&mut self, late: Duration) {
        self.check_at = self.check_at.map(|check_at| check_at + late);
    }

    fn check_by(&mut self, at: Timestamp) {
        self.check_at = Some(self.check_at.map_or(at, |earliest| earliest.min(at)));
    }

    /// Returns how long a call waits for this server's answer, if other servers remain to be tried.
    fn patience(&self, request: &Queued) -> Option<Patience> {
        let untried = self.untried(&request.history).filter(|untried| *untried > 0)?;
        let time = request.deadline.since(request.sent);
        let share = |shares| (time / shares).max(SHORTEST_PATIENCE);
        let passed_over = share(untried + 1);
        let grace = (time.saturating_sub(passed_over) / 2).min(LONGEST_GRACE);
        Some(Patience { silent: share(untried + 2), passed_over, grace })
    }

    /// Returns how many other servers may still be tried for a call.
    fn untried(&self, history: &History) -> Option<u32> {
        let tried = &history.unanswered_by;
        let most = u32::try_from(self.others.min(MOST_MOVES)).ok()?;
        most.checked_sub(tried.len() - u32::from(tried.contains(self.server)))
    }
}

/// How long a call waits for a server's answer before the client moves to another server.
struct Patience {
    /// If the server answers no call.
    silent: Duration,
    /// If the server answers calls that were sent later.
    passed_over: Duration,
    /// How much is added to `passed_over` while a call that changes something is in flight.
    grace: Duration,
}
