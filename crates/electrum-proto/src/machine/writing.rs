//! Writes the requests that the machine sends by itself: subscriptions that are due, pings and nudges.

use super::nudge;
use super::ready::{Owner, Ready};
use super::shared::Shared;
use super::stream::Stream;
use super::subscriptions::Due;
use crate::error::SubscribeError;
use crate::operations::Ping;
use crate::request::Request;
use crate::time::Timestamp;

impl Ready {
    /// Writes all that is due, so that it goes into one write.
    pub(super) fn write_due(&mut self, stream: &mut Stream, shared: &mut Shared) {
        if self.resubscribe_at.is_none() {
            self.write_subscriptions(stream, shared);
        }
        if shared.config.nudge {
            self.write_nudge(stream, shared);
        }
    }

    fn write_subscriptions(&mut self, stream: &mut Stream, shared: &mut Shared) {
        let (version, now) = (self.agreed.version, shared.now);
        let deadline = now + shared.config.timeouts.request;
        while self.has_room_to_subscribe(stream, shared) {
            let Some(due) = shared.subscriptions.next_due(now, version) else { return };
            let (place, topic, ending) = match due {
                Due::Subscribe(place, topic) => (place, topic, None),
                Due::Unsubscribe(place, topic, method) => (place, topic, Some(method)),
            };
            let (id, window) = (self.requests.draw_id(), shared.servers.window());
            let (owner, begin, answer) = match (ending, topic.method(version)) {
                (Some(method), _) => {
                    let begin = stream.write(now, id, method, |params| topic.ending_params(version, params));
                    (Owner::Unsubscribe(place), begin, window.expects(method.as_bytes()))
                }
                (None, Ok(method)) => {
                    let begin = stream.write(now, id, &method, |params| topic.params(version, params));
                    (Owner::Subscribe(place), begin, window.expects(method.as_bytes()))
                }
                (None, Err(error)) => {
                    let refused = shared.subscriptions.refused(place, SubscribeError::NotInVersion(error));
                    if let Some(event) = refused {
                        shared.emit(event);
                    }
                    continue;
                }
            };
            self.requests.add(owner, now, deadline, begin, answer);
            self.nudge.wrote_request();
        }
    }

    fn has_room_to_subscribe(&self, stream: &Stream, shared: &Shared) -> bool {
        let (config, topics) = (&shared.config, &shared.subscriptions);
        // Topics leave half of the room to requests that wait for it: otherwise they would take each place that an
        // answer frees.
        let half = shared.servers.window().size(config.limits.in_flight) / 2;
        topics.asking() < config.resubscribe_window.max(1)
            && (!self.requests_wait || topics.in_flight() < half.max(1))
            && (self.requests.len() == 0 || shared.has_room(self.requests.outstanding()))
            && stream.outbox.len() < config.limits.outgoing / 2
    }

    fn write_nudge(&mut self, stream: &mut Stream, shared: &Shared) {
        let is_due = stream.is_padded && self.nudge.is_due() && self.agreed.version >= nudge::SINCE;
        if !is_due || stream.outbox.len() >= shared.config.limits.outgoing {
            return;
        }
        let id = self.requests.draw_id();
        let begin = stream.write(shared.now, id, nudge::METHOD, nudge::params);
        let (deadline, answer) =
            (shared.now + shared.config.timeouts.request, shared.servers.window().expects(nudge::METHOD.as_bytes()));
        self.requests.add(Owner::Nudge, shared.now, deadline, begin, answer);
        self.nudge.sent();
    }

    /// Sends a ping.
    pub(super) fn ping(&mut self, stream: &mut Stream, shared: &Shared) {
        let (now, version) = (shared.now, self.agreed.version);
        stream.last_sent = now;
        self.keepalive.pinged(now);
        stream.progress = 0;
        if let Some(last) = self.keepalive.last_ping {
            // On a link that takes no bytes, pings would pile up.
            if self.requests.get_mut(last).is_some_and(|ping| !stream.outbox.has_begun(ping.begin)) {
                return;
            }
            self.requests.pass_to(last, Owner::Abandoned, now + shared.config.timeouts.request);
        }
        // Every version has this method, from 1.0 on.
        let Ok(method) = Ping.method(version) else { return };
        let id = self.requests.draw_id();
        let begin = stream.write(now, id, &method, |params| Ping.params(version, params));
        self.keepalive.last_ping = Some(id);
        let answer = shared.servers.window().expects(method.as_bytes());
        // It has no deadline of its own: any answer counts as a pong, for which `pong_by` is the deadline.
        self.requests.add(Owner::Ping, now, Timestamp::MAX, begin, answer);
        self.nudge.wrote_request();
    }
}
