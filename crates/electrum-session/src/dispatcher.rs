//! The state behind a client's lock: the session, and the calls, subscriptions and listeners that receive its events.
//!
//! Code of callers never runs here: requests are encoded before, results are decoded later, and wakers are collected
//! and called once the lock is released.

use std::task::Waker;

use electrum_proto::{Event, Phase, ProtocolVersion, Timestamp};

use crate::calls::Calls;
use crate::config::Config;
use crate::connection::{ConnectionEvent, Listeners};
use crate::error::CallError;
use crate::queued::Queued;
use crate::session::{Session, SessionEvent, Step};
use crate::subscriptions::Subscriptions;
use crate::timers::Timers;
use crate::trace;

/// A session with its calls, subscriptions, listeners and timers.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    pub(crate) session: Session,
    pub(crate) calls: Calls,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) listeners: Listeners,
    pub(crate) timers: Timers,
    /// When the driver was asked to come back at the latest.
    wait_until: Option<Timestamp>,
    /// The wakers to call when the lock is released.
    pub(crate) wakers: Vec<Waker>,
    /// Why the last connection failed, for the error of calls that are never sent.
    pub(crate) last_failure: String,
}

/// What the driver must do without the lock.
pub(crate) enum Work {
    /// Carry out a step.
    Step(Step),
    /// Encode these requests, and send them with [`Calls::send_encoded`].
    Encode(ProtocolVersion, Vec<Queued>),
}

impl Dispatcher {
    pub(crate) fn new(config: Config, now: Timestamp) -> Self {
        Self {
            calls: Calls::new(config.queue, config.servers.len()),
            session: Session::new(config, now),
            subscriptions: Subscriptions::default(),
            listeners: Listeners::default(),
            timers: Timers::default(),
            wait_until: None,
            wakers: Vec::new(),
            last_failure: String::new(),
        }
    }

    /// Returns what the driver must do next, after delivering results to callers and updates to consumers.
    pub(crate) fn poll(&mut self, now: Timestamp) -> Work {
        if let Some(until) = self.wait_until.take() {
            self.calls.driver_was_late(now.since(until));
        }
        self.timers.fire(now, &mut self.wakers);
        // Requests that are too late are never sent: left in the queue, they would be taken and put back again and
        // again.
        let failure = &self.last_failure;
        self.calls.expire(now, || CallError::Unsent { why: failure.clone() }, &mut self.wakers);
        self.calls.resume(now);
        loop {
            let step = self.poll_session(now);
            if let Some(server) = self.session.server_index() {
                self.calls.set_server(server);
            }
            match step {
                Step::Wait { until, write } => {
                    if let Some(version) = self.session.version() {
                        let requests = self.calls.take_sendable(self.session.machine(), now);
                        if !requests.is_empty() {
                            return Work::Encode(version, requests);
                        }
                    }
                    if self.leave_server(now) {
                        continue;
                    }
                    let deadlines = [until, self.calls.next_deadline(), self.timers.next_deadline()];
                    self.wait_until = deadlines.into_iter().flatten().min();
                    return Work::Step(Step::Wait { until: self.wait_until, write });
                }
                Step::Finished => {
                    self.calls.close(&mut self.wakers);
                    self.subscriptions.close(&mut self.wakers);
                    self.listeners.close(&mut self.wakers);
                    self.timers.close(&mut self.wakers);
                    return Work::Step(step);
                }
                step => return Work::Step(step),
            }
        }
    }

    /// Polls the session, and delivers what it emits.
    fn poll_session(&mut self, now: Timestamp) -> Step {
        let Self { session, calls, subscriptions, listeners, wakers, last_failure, .. } = self;
        session.poll(now, |event| match event {
            SessionEvent::Machine(Event::Reply { id, result }) => {
                if let Some(waker) = calls.answered(now, id, result) {
                    wakers.push(waker);
                }
            }
            SessionEvent::Machine(Event::Update { sub, value, origin }) => {
                subscriptions.updated(sub, value, origin, wakers);
            }
            SessionEvent::Machine(Event::SubscriptionRefused { sub, error }) => {
                subscriptions.refused(sub, &error, wakers);
            }
            SessionEvent::Machine(Event::SubscriptionRestored { sub }) => subscriptions.restored(sub, wakers),
            SessionEvent::Machine(Event::Capacity) => calls.unblock(),
            SessionEvent::Machine(Event::Unknown(unknown)) => trace::ignored(&unknown),
            // These are reported as connection events.
            SessionEvent::Machine(Event::Ready { .. } | Event::Down { .. }) => {}
            SessionEvent::Connection(event) => {
                match &event {
                    ConnectionEvent::Ready { .. } => {
                        last_failure.clear();
                        calls.ready(now);
                    }
                    ConnectionEvent::Down { server, cause, .. } => {
                        *last_failure = format!("{server}: {cause}");
                        calls.connection_ended(server, cause);
                    }
                    ConnectionEvent::Connecting { .. } => {}
                }
                listeners.emit(&event, wakers);
            }
        })
    }

    /// Leaves the server for another one if it is too busy or does not answer. Returns whether it did.
    fn leave_server(&mut self, now: Timestamp) -> bool {
        let Some(why) = self.calls.why_leave(now) else { return false };
        let leaves = self.session.server_count() > 1 && self.session.machine().phase() == Phase::Ready;
        if leaves {
            trace::debug!(why, "leaving the server");
            self.calls.leaves_server();
            self.session.leave(now, why);
        }
        leaves
    }
}
