//! Handles requests whose deadline has passed.

use alloc::vec::Vec;
use core::mem;

use super::in_flight::Waiting;
use super::ready::{Owner, Ready};
use super::shared::Shared;
use super::stream::Stream;
use super::subscriptions::Overdue;
use super::timers::TimerKind;
use crate::error::{DownCause, RequestError};

impl Ready {
    /// Fails the requests whose deadline has passed. An answer that comes later is dropped for as long again.
    pub(super) fn fail_overdue(&mut self, stream: &mut Stream, shared: &mut Shared) -> Result<(), DownCause> {
        let grace = shared.now + shared.config.timeouts.request;
        let (mut is_silent, mut unwritten) = (false, Vec::new());
        for waiting in self.requests.overdue(shared.now) {
            let id = waiting.id;
            match waiting.owner {
                Owner::Caller => {
                    shared.fail(id, RequestError::TimedOut);
                    if stream.outbox.has_begun(waiting.begin) {
                        self.requests.pass_to(id, Owner::Abandoned, grace);
                        is_silent |= !self.keepalive.has_answered_since(waiting.sent);
                    } else {
                        self.requests.remove(id);
                        unwritten.push(waiting.begin);
                    }
                }
                Owner::Subscribe(place) => {
                    if self.is_due_to_answer(waiting, stream, shared) {
                        let overdue = shared.subscriptions.timed_out(shared.now, place);
                        self.subscription_overdue(id, waiting.owner, overdue, shared)?;
                    }
                }
                Owner::Unsubscribe(place) => {
                    if self.is_due_to_answer(waiting, stream, shared) {
                        let overdue = shared.subscriptions.end_timed_out(place);
                        self.subscription_overdue(id, waiting.owner, overdue, shared)?;
                    }
                }
                Owner::Nudge => {
                    self.requests.remove(id);
                    self.nudge.answered(shared.now, false);
                }
                Owner::Ping | Owner::Abandoned => {
                    self.requests.remove(id);
                }
            }
        }
        // Nothing is sent after its deadline.
        self.withdraw(unwritten, stream);
        // If the server has answered nothing since, it is pinged at once.
        if is_silent && !self.keepalive.is_waiting() {
            self.ping(stream, shared);
        }
        Ok(())
    }

    /// Withdraws the requests that were cancelled and of which no byte was written meanwhile. A ping may become due by
    /// that, so it comes before the timers.
    pub(super) fn withdraw_cancelled(&mut self, stream: &mut Stream) {
        let mut begins = Vec::new();
        for (id, begin) in mem::take(&mut self.cancelled) {
            if !stream.outbox.has_begun(begin) {
                // An error without an id may have been taken for its answer.
                self.requests.remove(id);
                begins.push(begin);
            }
        }
        self.withdraw(begins, stream);
    }

    /// Withdraws the requests at these offsets, of which no byte was written.
    fn withdraw(&mut self, mut begins: Vec<u64>, stream: &mut Stream) {
        if begins.is_empty() {
            return;
        }
        begins.sort_unstable();
        let withdrawn = stream.withdraw(begins);
        if !withdrawn.is_empty() {
            self.requests.withdrawn(&withdrawn);
        }
    }

    /// Whether a subscription, or the end of one, should have been answered by now. It has more time while the server
    /// answers earlier requests. If the server answers nothing at all, it is pinged first: a dead link is not a
    /// refusal.
    fn is_due_to_answer(&mut self, waiting: Waiting<Owner>, stream: &mut Stream, shared: &Shared) -> bool {
        let (now, timeouts, pong_wait) = (shared.now, &shared.config.timeouts, shared.pong_wait());
        let (answered, answered_id) = self.last_subscribed;
        let others_by = answered + timeouts.request;
        if others_by > now && answered_id < waiting.id {
            self.requests.pass_to(waiting.id, waiting.owner, others_by);
            return false;
        }
        if self.keepalive.is_alive(waiting.suspected, now, timeouts) {
            return true;
        }
        self.requests.suspect(waiting.id, now, now + pong_wait);
        if !self.keepalive.is_waiting() {
            self.ping(stream, shared);
        }
        false
    }

    fn subscription_overdue(
        &mut self,
        id: u64,
        owner: Owner,
        overdue: Overdue,
        shared: &mut Shared,
    ) -> Result<(), DownCause> {
        let grace = shared.now + shared.config.timeouts.request;
        let (owner, event) = match overdue {
            Overdue::Late(event) => {
                debug!(id, ?owner, "late");
                (owner, event)
            }
            Overdue::GivenUp => {
                debug!(id, ?owner, "given up");
                (Owner::Abandoned, None)
            }
            Overdue::Link => {
                debug!(id, ?owner, "link given up");
                return Err(DownCause::Timeout { waited_for: TimerKind::Request });
            }
        };
        self.requests.pass_to(id, owner, grace);
        if let Some(event) = event {
            shared.emit(event);
        }
        Ok(())
    }
}
