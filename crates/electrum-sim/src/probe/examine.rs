//! The invariants that hold whenever the client waits; some are checked on copies of the client.

use electrum_proto::{Action, CloseCause, ConnId, Event, Input, Phase, TimerKind, Timestamp, Wait};

use super::{Emitted, Probe};
use crate::trace::Trace;

/// From so many bytes on, progress of a line counts as a sign of life.
const PROGRESS: usize = 4096;
/// How many polls a client may need after one input, plus one for each request in flight.
const POLLS: usize = 1_000;

impl Probe {
    /// Checks a wait.
    pub(super) fn waits(&mut self, wait: Wait) {
        let now = self.now;
        if self.wait.is_some_and(|before| before != wait) {
            self.violate(5, format!("{:?} became {wait:?} by polling", self.wait));
        }
        self.wait = Some(wait);
        if wait.write == self.client.outgoing().is_empty() {
            self.violate(5, format!("{wait:?} with {} bytes outgoing", self.client.outgoing().len()));
        }
        let Some((until, kind)) = wait.until else {
            return self.violate(5, format!("it waits for ever while {}", self.phase));
        };
        if until <= now {
            self.violate(5, format!("at {now} it waits until {until} for {kind:?}: that would spin"));
        }
        self.check_capacity();
        let Some(link) = &self.link else { return };
        let times = self.config.timeouts;
        // A server that has needed longer before has as long as for any request.
        let pong = times.pong.max(times.request);
        let by = match self.phase {
            Phase::Connecting => link.since + times.connect,
            Phase::Handshaking => link.since + times.handshake,
            Phase::Backoff => self.retry_at.unwrap_or(Timestamp::MAX),
            Phase::Ready => {
                // Bytes that are not written yet count as newly sent.
                let speaks = match link.outgoing.as_slice() {
                    [] => (link.said + times.ping_idle).max(now) + pong,
                    _ => Timestamp::MAX,
                };
                let hears = match link.progress {
                    ..PROGRESS => (link.heard + times.ping_idle).max(now) + pong,
                    _ => Timestamp::MAX,
                };
                if until > speaks.min(hears) {
                    let what =
                        format!("last said {}, last heard {}, and it waits until {until}", link.said, link.heard);
                    return self.violate(11, what);
                }
                let waiting = self.pending.values().filter(|pending| !pending.cancelled);
                waiting.map(|pending| pending.deadline).min().unwrap_or(Timestamp::MAX)
            }
            Phase::Closed => return self.violate(14, "it waits although it is closed"),
        };
        if until > by {
            self.violate(5, format!("while {} it waits until {until} for {kind:?}, beyond {by}", self.phase));
        }
        let overdue = self.pending.values().find(|pending| pending.deadline <= now || !self.is_ready());
        if let Some(pending) = overdue {
            let what = format!("at {now} it waits and has not answered {pending:?}");
            self.violate(3, what);
        }
    }

    /// Tests something on a copy of the client, if the trace decides so. The client must be waiting.
    pub fn examine(&mut self, trace: &mut Trace) {
        let Some(Wait { until: Some((until, _)), .. }) = self.wait else { return };
        match trace.below(16) {
            12 => self.tick_early(until, trace),
            13 => self.tick_at(until),
            14 => self.old_inputs(trace),
            15 => self.close_copy(),
            _ => {}
        }
    }

    /// Checks that `Capacity` was emitted if a request that was refused for lack of room would be accepted now.
    fn check_capacity(&mut self) {
        let Some((request, false)) = &self.refused else { return };
        // With padding, more requests wait for their write than are outgoing.
        let is_held_back = matches!(self.wait, Some(Wait { until: Some((_, TimerKind::Padding)), .. }))
            || self.config.padding && self.pending.values().any(|pending| pending.begin == u64::MAX);
        let is_ready = self.client.outgoing().is_empty() && !is_held_back && self.is_ready();
        if is_ready && self.client.clone().request(self.now, request.clone()).is_ok() {
            self.violate(6, "there is room for what was refused, and no event said so");
        }
    }

    fn tick_early(&mut self, until: Timestamp, trace: &mut Trace) {
        let gap = until.since(self.now);
        let early = self.now + gap * trace.below(1000) / 1000;
        let mut copy = self.client.clone();
        copy.handle(early, Input::Tick);
        let emitted = Emitted::from(copy.poll());
        if Some(&emitted) != self.wait.map(Emitted::Wait).as_ref() || copy.outgoing() != self.client.outgoing() {
            self.violate(5, format!("a tick at {early}, before {until}, led to {emitted:?}"));
        }
    }

    fn tick_at(&mut self, until: Timestamp) {
        let mut copy = self.client.clone();
        copy.handle(until, Input::Tick);
        for _ in 0..POLLS + self.pending.len() {
            match copy.poll() {
                Action::Wait(Wait { until: Some((next, kind)), .. }) if next <= until => {
                    return self.violate(5, format!("a tick at {until} led to no progress: {kind:?} at {next}"));
                }
                Action::Wait(_) | Action::Connect(..) => return,
                _ => {}
            }
        }
        self.violate(5, format!("a tick at {until} leads to no wait"));
    }

    /// Checks that inputs about former links, and times before now, change nothing.
    fn old_inputs(&mut self, trace: &mut Trace) {
        let Some(old) = self.old_conn() else { return };
        let before = format!("{:?}", self.client);
        let mut copy = self.client.clone();
        let earlier = Timestamp::new(self.now.since_epoch() * trace.below(1000) / 1000);
        let inputs = [
            Input::Connected(old),
            Input::Read(old, b"{\"id\":1,\"result\":0}\nx"),
            Input::Wrote(old, 3),
            Input::Closed(old, CloseCause::End),
        ];
        for input in inputs {
            copy.handle(self.now, input);
        }
        copy.handle(earlier, Input::Tick);
        let after = format!("{copy:?}");
        if before != after {
            self.violate(7, format!("inputs about {old:?} or of {earlier} changed something:\n{before}\n{after}"));
        }
    }

    /// Returns the link before this one, or this one if it has ended.
    fn old_conn(&self) -> Option<ConnId> {
        let link = self.link.as_ref()?;
        if link.over { Some(link.conn) } else { self.former }
    }

    fn close_copy(&mut self) {
        let mut copy = self.client.clone();
        copy.close(self.now);
        let mut waiting: Vec<u64> = self.pending.keys().copied().collect();
        for _ in 0..POLLS + self.pending.len() {
            match copy.poll() {
                Action::Finished if waiting.is_empty() => return,
                Action::Finished => return self.violate(3, format!("closed without an answer to {waiting:?}")),
                Action::Wait(_) => return self.violate(14, "closed, and it waits"),
                Action::Event(Event::Reply { id, .. }) => match waiting.iter().position(|w| *w == id.number()) {
                    Some(at) => {
                        waiting.swap_remove(at);
                    }
                    None => return self.violate(3, format!("closed, and {id:?} is answered twice")),
                },
                _ => {}
            }
        }
        self.violate(14, "closed, and it does not come to an end");
    }
}
