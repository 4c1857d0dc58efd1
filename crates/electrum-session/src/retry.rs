//! Decides when requests are sent again: after a lost connection, or after the answer of a busy server.

use std::collections::VecDeque;
use std::time::Duration;

use electrum_proto::Timestamp;

use crate::queued::Queued;

/// Returns how often a request may be the oldest in flight when a connection ends before it is taken for the cause:
/// twice, or with three or more servers up to four times, since all servers but one may hang up for other reasons.
pub(crate) fn most_losses(servers: usize) -> usize {
    servers.clamp(2, 4)
}

/// A request is not sent again once so many connections ended before its answer came, whatever the cause.
pub(crate) const MOST_SENDINGS: u8 = 10;

/// Suspects: requests that were in flight when a connection ended, one of which may be the cause.
///
/// They are sent again in small groups, beginning with one, so that a request on which the server hangs up costs the
/// others little. A group that is answered lets the next one be twice as large.
#[derive(Default)]
pub(crate) struct Suspects {
    waiting: VecDeque<Queued>,
    in_flight: usize,
    window: usize,
    /// When the next group is sent even if the one in flight is not answered.
    next_at: Timestamp,
    /// Whether a request is in flight that must be alone, to find out whether it ends the connection.
    is_trial: bool,
}

/// How long a group of suspects may keep the next one from being sent: a request that ends connections does so at once.
pub(crate) const NEXT_GROUP: Duration = Duration::from_secs(1);
/// How many suspects are sent at once at most: if the connection ends with them in flight, each goes alone from then on,
/// one for each round trip, and others wait.
const MOST_IN_GROUP: usize = 32;
/// How often that time is doubled at most: once each time that a connection ended with several suspects in flight.
const MOST_DOUBLINGS: u8 = 3;

impl Suspects {
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds a request that was lost with its connection. Requests keep the order in which they are added, that of
    /// sending, but likelier causes go last: the others are answered before another connection ends.
    pub(crate) fn push(&mut self, mut request: Queued) {
        request.history.is_suspect = true;
        let likeliest = request.history.likeliest;
        let place = self.waiting.partition_point(|other| other.history.likeliest <= likeliest);
        self.waiting.insert(place, request);
    }

    /// Puts back a request that was taken and could not be sent, as the first one.
    pub(crate) fn put_back(&mut self, request: Queued) {
        self.waiting.push_front(request);
    }

    /// Returns when the next group is sent at the latest, if it waits for the one in flight.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        (self.in_flight > 0 && (self.is_trial || !self.waiting.is_empty())).then_some(self.next_at)
    }

    /// Whether no other request may be sent now.
    pub(crate) const fn is_trial(&self) -> bool {
        self.is_trial
    }

    /// Takes the next group, of at most `room` requests. It is empty while a group is in flight that was just sent.
    pub(crate) fn take(&mut self, now: Timestamp, room: usize) -> Vec<Queued> {
        let mut group = Vec::new();
        if self.in_flight > 0 {
            if now < self.next_at {
                return group;
            }
            // The group in flight has not ended the connection in this time, and may never be answered.
            self.window = self.window.max(1).saturating_mul(2);
        }
        self.is_trial = false;
        self.next_at = now + NEXT_GROUP;
        let mut count = self.window.clamp(1, room.min(MOST_IN_GROUP));
        while let Some(request) = (group.len() < count).then(|| self.waiting.pop_front()).flatten() {
            let goes_alone = request.history.overlaps > 0 || request.history.losses > 0;
            if goes_alone && !group.is_empty() {
                self.waiting.push_front(request);
                break;
            }
            if request.call.is_awaited() {
                if goes_alone {
                    (count, self.is_trial) = (1, true);
                    let doublings = request.history.overlaps.saturating_sub(1).min(MOST_DOUBLINGS);
                    self.next_at = now + NEXT_GROUP * (1 << doublings);
                }
                group.push(request);
            }
        }
        group
    }

    pub(crate) fn sent(&mut self, request: &Queued) {
        self.in_flight += usize::from(request.history.is_suspect);
    }

    /// Notes that a request in flight has an outcome.
    pub(crate) fn settled(&mut self, request: &Queued) {
        if request.history.is_suspect && self.in_flight > 0 {
            self.in_flight -= 1;
            if self.in_flight == 0 {
                self.window = self.window.max(1).saturating_mul(2);
                self.is_trial = false;
            }
        }
    }

    /// Handles the end of a connection: groups begin with one request again, and those in flight will be added again.
    /// Returns how many suspects were in flight.
    pub(crate) fn connection_ended(&mut self) -> usize {
        (self.window, self.is_trial) = (1, false);
        std::mem::take(&mut self.in_flight)
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(Queued) -> Option<Queued>) {
        self.waiting = std::mem::take(&mut self.waiting).into_iter().filter_map(keep).collect();
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Queued> + '_ {
        self.waiting.drain(..)
    }
}

/// Requests that a busy server refused, until they are sent again.
#[derive(Default)]
pub(crate) struct Paused(Vec<(Timestamp, Queued)>);

impl Paused {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, resume_at: Timestamp, request: Queued) {
        self.0.push((resume_at, request));
    }

    /// Returns when the first pause is over.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.0.iter().map(|(resume_at, _)| *resume_at).min()
    }

    /// Removes the requests whose pause is over, and those for which the server `ready` has not been too busy so far.
    pub(crate) fn take_due(&mut self, now: Timestamp, ready: Option<usize>) -> Vec<Queued> {
        let is_due = |(resume_at, request): &(Timestamp, Queued)| {
            *resume_at <= now || ready.is_some_and(|server| !request.history.busy_servers.contains(server))
        };
        let (due, paused): (Vec<_>, Vec<_>) = std::mem::take(&mut self.0).into_iter().partition(is_due);
        self.0 = paused;
        due.into_iter().map(|(_, request)| request).collect()
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Queued) -> Option<Queued>) {
        self.0 = std::mem::take(&mut self.0)
            .into_iter()
            .filter_map(|(resume_at, request)| Some((resume_at, keep(request)?)))
            .collect();
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Queued> + '_ {
        self.0.drain(..).map(|(_, request)| request)
    }
}
