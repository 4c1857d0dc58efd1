//! What is written last before the machine waits: subscriptions that are due, and a nudge.

use super::nudge;
use super::ready::{Owner, Ready};
use super::shared::Shared;
use super::stream::Stream;
use super::subscriptions::Due;
use crate::error::SubscribeError;

impl Ready {
    /// Writes whatever can be written, so that it goes into one write.
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
            let Some(due) = shared.subscriptions.next_due(version) else { return };
            let (slot, topic, ending) = match due {
                Due::Subscribe(slot, topic) => (slot, topic, None),
                Due::Unsubscribe(slot, topic, method) => (slot, topic, Some(method)),
            };
            let id = self.requests.draw_id();
            let (owner, begin) = match (ending, topic.method(version)) {
                (Some(method), _) => {
                    let begin = stream.write(now, id, method, |params| topic.ending_params(version, params));
                    (Owner::Unsubscribe(slot), begin)
                }
                (None, Ok(method)) => {
                    let begin = stream.write(now, id, &method, |params| topic.params(version, params));
                    (Owner::Subscribe(slot), begin)
                }
                (None, Err(error)) => {
                    let refused = shared.subscriptions.refused(slot, SubscribeError::NotInVersion(error));
                    if let Some(event) = refused {
                        shared.emit(event);
                    }
                    continue;
                }
            };
            self.requests.add(owner, deadline, begin);
            self.nudge.wrote_request();
        }
    }

    fn has_room_to_subscribe(&self, stream: &Stream, shared: &Shared) -> bool {
        let config = &shared.config;
        shared.subscriptions.asking() < config.resubscribe_window.max(1)
            && self.requests.len() < config.limits.in_flight.max(1)
            && stream.outbox.len() < config.limits.outgoing / 2
    }

    fn write_nudge(&mut self, stream: &mut Stream, shared: &Shared) {
        let is_due = stream.is_padded && self.nudge.is_due() && self.agreed.version >= nudge::SINCE;
        if !is_due || stream.outbox.len() >= shared.config.limits.outgoing {
            return;
        }
        let id = self.requests.draw_id();
        let begin = stream.write(shared.now, id, nudge::METHOD, nudge::params);
        self.requests.add(Owner::Nudge, shared.now + shared.config.timeouts.request, begin);
        self.nudge.sent();
    }
}
