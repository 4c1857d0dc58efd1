//! The state that all states of the link share: configuration, time, servers, subscriptions, the queue of outputs.

use alloc::collections::VecDeque;
use core::mem;
use core::time::Duration;

use super::credentials::Credentials;
use super::random::Random;
use super::servers::{Failure, Servers};
use super::subscriptions::Subscriptions;
use super::timers::TimerKind;
use super::window::{AIM, Outstanding};
use crate::config::{Config, Limits};
use crate::error::{DownCause, Layer, RequestError};
use crate::event::{Action, ConnId, Event, RequestId};
use crate::time::Timestamp;

/// The part of a [`Client`](super::client::Client) that outlives its links.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) now: Timestamp,
    pub(super) credentials: Credentials,
    /// The delay from which answers are evaluated by `Ready::learn_from_late`.
    pub(super) slow: Duration,
    pub(super) servers: Servers,
    pub(super) random: Random,
    pub(super) subscriptions: Subscriptions,
    pub(super) refused: RefusedForRoom,
    /// The id of the request that was written last. Ids never repeat.
    pub(super) last_id: u64,
    last_conn: u64,
    /// The queue of actions and events that `poll` returns, oldest first.
    outputs: VecDeque<Action<'static>>,
}

/// The commands that were refused because a limit was reached, since [`Event::Capacity`] last reported that there is
/// room.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RefusedForRoom {
    /// Whether a request was refused because too many are in flight.
    pub(super) in_flight: bool,
    /// The length of the shortest request that did not fit into the outgoing bytes.
    pub(super) bytes: Option<usize>,
    /// Whether a subscription was refused.
    pub(super) subscription: bool,
}

impl Shared {
    pub(super) fn new(mut config: Config, now: Timestamp) -> Self {
        Self {
            now,
            credentials: Credentials::new(config.authorization.take()),
            slow: AIM.min(config.timeouts.request / 3).min(config.timeouts.pong / 2),
            servers: Servers::new(config.servers),
            random: Random::new(config.seed),
            subscriptions: Subscriptions::default(),
            refused: RefusedForRoom::default(),
            last_id: 0,
            last_conn: 0,
            outputs: VecDeque::new(),
            config,
        }
    }

    /// Advances the time, which never goes back.
    #[inline]
    pub(super) fn advance_time(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// Whether another request may be sent to the current server besides the outstanding ones.
    #[inline]
    pub(super) fn has_room(&self, outstanding: Outstanding) -> bool {
        self.servers.window().has_room(outstanding, self.config.limits.in_flight)
    }

    /// Returns how long the current server has to answer a ping.
    pub(super) fn pong_wait(&self) -> Duration {
        self.servers.pong_wait().duration(&self.config.timeouts)
    }

    /// Returns how long a step of connecting to the current server may take, at most `full`.
    pub(super) fn attempt_time(&self, full: Duration) -> Duration {
        self.servers.attempt_time(full, self.config.timeouts.request)
    }

    /// Returns the id of a new connection.
    pub(super) fn next_conn(&mut self) -> ConnId {
        self.last_conn += 1;
        ConnId(self.last_conn)
    }

    /// Chooses the server to try next after `cause`, and returns when to try it. `is_offered` says that versions were
    /// offered to the server and it had not answered yet; `ready_for` is for how long requests could be sent.
    pub(super) fn plan_retry(&mut self, cause: &DownCause, is_offered: bool, ready_for: Option<Duration>) -> Timestamp {
        let (now, backoff, random) = (self.now, &self.config.backoff, &mut self.random);
        // Some servers refuse a version by closing the connection. One that has accepted the offer before has probably
        // failed.
        let is_closed = is_offered && matches!(cause, DownCause::Closed { .. });
        let is_refusal = cause.refuses_offer() || is_closed && !self.servers.accepted_offer();
        if is_refusal && self.servers.next_offer(self.config.offers_after(cause)) {
            return self.servers.again(now, backoff, random);
        }
        if matches!(cause, DownCause::Left { .. } | DownCause::Busy { .. }) {
            self.servers.was_left(now);
        }
        let failure = match (ready_for, cause) {
            _ if cause.sets_aside() => Failure::Unusable,
            (Some(ready_for), _) => Failure::Lost { ready_for },
            (None, DownCause::Connect { layer: Some(Layer::Tls | Layer::WebSocket), .. }) => Failure::Cut,
            (None, DownCause::Connect { .. } | DownCause::Timeout { waited_for: TimerKind::Connect }) => {
                Failure::Unopened
            }
            (None, _) => Failure::Cut,
        };
        self.servers.failed(now, failure, backoff, random)
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    #[inline]
    pub(super) fn push(&mut self, action: Action<'static>) {
        self.outputs.push_back(action);
    }

    /// Emits an event.
    #[inline]
    pub(super) fn emit(&mut self, event: Event<'static>) {
        self.push(Action::Event(event));
    }

    /// Emits the reply to a request that failed.
    pub(super) fn fail(&mut self, id: u64, error: RequestError) {
        self.emit(Event::Reply { id: RequestId(id), result: Err(error) });
    }

    /// Asks the driver to close the link, before all other outputs: nothing can be written on it any more.
    pub(super) fn disconnect(&mut self, conn: ConnId) {
        self.outputs.push_front(Action::Disconnect(conn));
    }

    /// Withdraws the request to open a link, if `poll` has not returned it yet.
    pub(super) fn withdraw_connect(&mut self, conn: ConnId) -> bool {
        let before = self.outputs.len();
        self.outputs.retain(|output| !matches!(output, Action::Connect(asked, _) if *asked == conn));
        self.outputs.len() < before
    }

    pub(super) fn has_outputs(&self) -> bool {
        !self.outputs.is_empty()
    }

    #[inline]
    pub(super) fn next_output(&mut self) -> Option<Action<'static>> {
        while let Some(Action::Event(Event::SubscriptionRefused { sub, .. })) = self.outputs.front() {
            if self.subscriptions.is_wanted(*sub) {
                break;
            }
            // The caller has ended this subscription meanwhile.
            self.outputs.pop_front();
        }
        self.outputs.pop_front()
    }

    /// Emits [`Event::Capacity`] if there is room again for a command that was refused. If requests can be sent, `link`
    /// has the outstanding ones and the number of outgoing bytes.
    pub(super) fn report_room(&mut self, link: Option<(Outstanding, usize)>) {
        let limits = self.config.limits;
        let subscription = self.subscriptions.len() < limits.subscriptions && mem::take(&mut self.refused.subscription);
        let request = link.is_some_and(|(outstanding, outgoing)| {
            self.refused.in_flight && self.has_room(outstanding) || self.refused.fits(outgoing, &limits)
        });
        if request {
            self.refused = RefusedForRoom { subscription: self.refused.subscription, ..RefusedForRoom::default() };
        }
        if request || subscription {
            self.emit(Event::Capacity);
        }
    }
}

impl RefusedForRoom {
    fn fits(&self, outgoing: usize, limits: &Limits) -> bool {
        let fits =
            |length: usize| outgoing <= limits.outgoing / 2 && outgoing.saturating_add(length) <= limits.outgoing;
        self.bytes.is_some_and(fits)
    }
}
