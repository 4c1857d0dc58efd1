//! What the machine does by itself: timers, subscriptions that are due, signs of life, nudges.

use super::client::{Client, WantedRoom};
use super::link::Owner;
use super::nudge;
use super::phase::{Change, Phase};
use super::subscriptions::{Answer, Due, Overdue};
use super::timers::TimerKind;
use crate::error::{DownCause, RequestError, SubscribeError};
use crate::event::{Action, Event, RequestId};
use crate::operations::Ping;
use crate::request::Request;

/// A line that grows by less than this between two signs of life is no sign of life.
const PROGRESS: usize = 4096;
/// How often in a row growth does for an answer: for twenty minutes, with the usual time-outs.
const SPARED: u32 = 15;

impl Client {
    /// The timer whose moment has come, if one has.
    pub(super) fn due_timer(&mut self) -> Option<TimerKind> {
        self.set_following_timers();
        self.timers.take_due(self.now)
    }

    /// Sets the timers that follow from what waits and what was last sent and heard.
    pub(super) fn set_following_timers(&mut self) {
        self.timers.set(TimerKind::Request, self.requests.look_at().filter(|_| self.phase == Phase::Ready));
        let ping_at = self
            .ready_link()
            .filter(|_| self.timers.get(TimerKind::Pong).is_none())
            .map(|link| link.last_sent.min(link.last_answered) + self.config.timeouts.ping_idle);
        self.timers.set(TimerKind::Ping, ping_at);
    }

    /// Does what the timer was set for.
    pub(super) fn fire(&mut self, kind: TimerKind) {
        match kind {
            TimerKind::Connect | TimerKind::Handshake => self.lose(DownCause::Timeout { waited_for: kind }),
            TimerKind::Retry => {
                self.advance(Change::RetryDue);
                self.connect();
            }
            TimerKind::Request => self.fail_overdue(),
            TimerKind::Ping => self.ping(),
            TimerKind::Pong => match self.link.as_mut() {
                // A long line over a slow link, in either direction, is a sign of life if it grows.
                Some(link) if link.progress >= PROGRESS && link.spared < SPARED => {
                    link.progress = 0;
                    link.spared += 1;
                    link.last_answered = self.now;
                }
                _ => self.lose(DownCause::Timeout { waited_for: kind }),
            },
            // Being due, they are asked for at the end of this turn.
            TimerKind::Resubscribe => {}
            TimerKind::Nudge => {
                let others = self.requests.len() > 0;
                if let Some(link) = self.link.as_mut() {
                    link.nudge.lag_over(others);
                }
            }
        }
    }

    /// The last thing before waiting: whatever can be written goes into one write.
    pub(super) fn write_what_is_due(&mut self) {
        let Some(version) = self.version() else { return };
        let is_paused = self.timers.get(TimerKind::Resubscribe).is_some();
        while !is_paused && self.has_room_to_subscribe() {
            let now = self.now;
            let (Some(link), deadline) = (self.link.as_mut(), now + self.config.timeouts.request) else { return };
            let Some(due) = self.subscriptions.next_due(version) else { break };
            let id = self.requests.draw_id();
            let (owner, begin) = match due {
                Due::Unsubscribe(slot, topic, method) => {
                    let begin = link.write(id, method, |params| topic.ending_params(version, params));
                    (Owner::Unsubscribe(slot), begin)
                }
                Due::Subscribe(slot, topic) => match topic.method(version) {
                    Ok(method) => {
                        let begin = link.write(id, &method, |params| topic.params(version, params));
                        (Owner::Subscribe(slot), begin)
                    }
                    Err(error) => {
                        let answer = self.subscriptions.refused(slot, SubscribeError::NotInVersion(error));
                        if let Answer::Event(event) = answer {
                            self.actions.push_back(Action::Event(event));
                        }
                        continue;
                    }
                },
            };
            self.requests.add(owner, deadline, begin);
            link.last_sent = now;
            link.nudge.wrote_request();
        }
        if self.config.nudge {
            self.nudge();
        }
    }

    /// Tells if there is room again for a wish that was refused for want of it.
    pub(super) fn tell_of_room(&mut self) {
        let (wanted, limits, outgoing) = (self.wanted_room, self.config.limits, self.outgoing().len());
        let is_free = |count| self.requests.len().saturating_add(count) <= limits.in_flight;
        let fits = |count| outgoing <= limits.outgoing / 2 && outgoing.saturating_add(count) <= limits.outgoing;
        let for_requests =
            self.phase == Phase::Ready && (wanted.requests.is_some_and(is_free) || wanted.bytes.is_some_and(fits));
        let for_topics = wanted.topics && self.subscriptions.len() < limits.subscriptions;
        if for_requests {
            self.wanted_room = WantedRoom { topics: wanted.topics, ..WantedRoom::default() };
        }
        self.wanted_room.topics &= !for_topics;
        if for_requests || for_topics {
            self.actions.push_back(Action::Event(Event::Capacity));
        }
    }

    fn has_room_to_subscribe(&self) -> bool {
        self.subscriptions.asking() < self.config.resubscribe_window.max(1)
            && self.requests.len() < self.config.limits.in_flight.max(1)
            && self.outgoing().len() < self.config.limits.outgoing / 2
    }

    fn nudge(&mut self) {
        let now = self.now;
        if self.version().is_none_or(|version| version < nudge::SINCE) {
            return;
        }
        let Some(link) = self.link.as_mut().filter(|link| link.nudge.is_due()) else { return };
        if link.outbox.len() >= self.config.limits.outgoing {
            return;
        }
        let id = self.requests.draw_id();
        let begin = link.write(id, nudge::METHOD, nudge::params);
        self.requests.add(Owner::Nudge, now + self.config.timeouts.request, begin);
        link.nudge.sent();
        link.last_sent = now;
    }

    /// Asks for a sign of life.
    fn ping(&mut self) {
        let (Some(version), now) = (self.version(), self.now) else { return };
        let Some(link) = self.link.as_mut() else { return };
        (link.last_sent, link.ping_sent) = (now, Some(now));
        link.progress = 0;
        self.timers.set(TimerKind::Pong, Some(now + self.config.timeouts.pong));
        // On a link that takes no bytes pings would pile up.
        if !link.outbox.has_begun(link.ping_begin) {
            return;
        }
        // Every version from 1.0 on has one.
        let Ok(method) = Ping.method(version) else { return };
        let id = self.requests.draw_id();
        link.ping_begin = link.write(id, &method, |params| Ping.params(version, params));
        self.requests.add(Owner::Ping, now + self.config.timeouts.request, link.ping_begin);
        link.nudge.wrote_request();
    }

    /// Requests whose deadline has come fail. The server's answer, should it still come, is swallowed for as long again.
    fn fail_overdue(&mut self) {
        let grace = self.now + self.config.timeouts.request;
        for id in self.requests.overdue(self.now) {
            // The link may be lost on the way, and all requests with it.
            let Some(owner) = self.requests.get_mut(id).map(|waiting| waiting.owner) else { continue };
            match owner {
                Owner::Caller => {
                    self.requests.pass_to(id, Owner::Nobody, grace);
                    self.failed.push_back((RequestId(id), RequestError::TimedOut));
                }
                Owner::Subscribe(_) | Owner::Unsubscribe(_) => self.subscription_overdue(id, owner),
                Owner::Nudge => {
                    self.requests.remove(id);
                    if let Some(link) = self.link.as_mut() {
                        link.nudge.answered(self.now, false);
                    }
                }
                Owner::Ping | Owner::Nobody | Owner::Version | Owner::Features => {
                    self.requests.remove(id);
                }
            }
        }
    }

    /// A subscription, or the end of one, waits its turn while what was asked for before it is answered. If the server
    /// answers nothing at all, a ping tells whether it lives: a dead link refuses nothing. Only then it is too late.
    fn subscription_overdue(&mut self, id: u64, owner: Owner) {
        let (now, timeouts) = (self.now, self.config.timeouts);
        let Some(link) = self.link.as_ref() else { return };
        let (answered, answered_id) = link.last_subscribed;
        let others_by = answered + timeouts.request;
        if others_by > now && answered_id < id {
            self.requests.pass_to(id, owner, others_by);
            return;
        }
        if !link.lives(now, &timeouts) {
            self.requests.pass_to(id, owner, now + timeouts.pong);
            if self.timers.get(TimerKind::Pong).is_none() {
                self.ping();
            }
            return;
        }
        let overdue = match owner {
            Owner::Subscribe(slot) => self.subscriptions.timed_out(slot),
            Owner::Unsubscribe(slot) => self.subscriptions.end_timed_out(slot),
            _ => return,
        };
        match overdue {
            Overdue::Late(event) => {
                self.requests.pass_to(id, owner, now + timeouts.request);
                self.actions.extend(event.map(Action::Event));
            }
            Overdue::GivenUp(event) => {
                self.requests.pass_to(id, Owner::Nobody, now + timeouts.request);
                self.actions.extend(event.map(Action::Event));
            }
            Overdue::Link => self.lose(DownCause::Timeout { waited_for: TimerKind::Request }),
        }
    }
}
