//! Keepalive: pings that keep an idle link open, and find out whether a silent server is alive.

use core::time::Duration;

use super::shared::Shared;
use super::stream::Stream;
use crate::config::Timeouts;
use crate::time::Timestamp;

/// The number of bytes by which a line must grow between two pings to count as progress: more than a ping has.
const PROGRESS: usize = 4096;
/// How often in a row progress counts as an answer: for twenty minutes, with the default time-outs.
const MOST_SPARED: u32 = 15;

/// The state of pings on one link.
#[derive(Clone, Debug)]
pub(super) struct Keepalive {
    /// When a request was last answered.
    last_answered: Timestamp,
    /// When the last ping was sent, if no request was answered since.
    ping_sent: Option<Timestamp>,
    /// The id of the last ping on this link.
    pub(super) last_ping: Option<u64>,
    /// How often in a row progress counted as an answer.
    spared: u32,
}

impl Keepalive {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self { last_answered: now, ping_sent: None, last_ping: None, spared: 0 }
    }

    /// Returns when the next ping is due.
    pub(super) fn ping_at(&self, stream: &Stream, timeouts: &Timeouts) -> Option<Timestamp> {
        match self.ping_sent {
            None => Some(stream.last_sent.min(self.last_answered) + timeouts.ping_idle),
            Some(_) => None,
        }
    }

    /// Returns the deadline of the answer to the ping. A server that sends other messages meanwhile is alive; its
    /// answer may take as long as that of any request, since other requests may be answered first.
    pub(super) fn pong_by(&self, stream: &Stream, shared: &Shared) -> Option<Timestamp> {
        let sent = self.ping_sent?;
        let wait = shared.pong_wait();
        let usual = sent + wait;
        if stream.last_line <= sent {
            return Some(usual);
        }
        Some(usual.max((stream.last_line + wait).min(sent + shared.config.timeouts.request)))
    }

    /// Notes that a ping is sent.
    pub(super) const fn pinged(&mut self, now: Timestamp) {
        self.ping_sent = Some(now);
    }

    pub(super) const fn is_waiting(&self) -> bool {
        self.ping_sent.is_some()
    }

    /// Notes that a request was answered, which may be the ping itself. Returns how long ago the ping was sent, if its
    /// answer was awaited. Another answer at the very moment of the ping was on its way already.
    pub(super) fn answered(&mut self, now: Timestamp, is_ping: bool) -> Option<Duration> {
        (self.last_answered, self.spared) = (now, 0);
        self.ping_sent.take_if(|sent| is_ping || *sent < now).map(|sent| now.since(sent))
    }

    /// Whether the server has answered any request since `moment`.
    pub(super) fn has_answered_since(&self, moment: Timestamp) -> bool {
        self.last_answered > moment
    }

    /// Whether the server has answered any request recently, or since `suspected`, when it was pinged to find that out.
    pub(super) fn is_alive(&self, suspected: Option<Timestamp>, now: Timestamp, timeouts: &Timeouts) -> bool {
        self.last_answered + timeouts.request > now || suspected.is_some_and(|since| self.last_answered >= since)
    }

    /// Handles a ping that was not answered in time. Returns whether the link is kept: progress of a long line over a
    /// slow link, in either direction, counts as an answer.
    pub(super) fn spare(&mut self, stream: &mut Stream, now: Timestamp) -> bool {
        let is_spared = stream.progress >= PROGRESS && self.spared < MOST_SPARED;
        if is_spared {
            stream.progress = 0;
            self.spared += 1;
            (self.last_answered, self.ping_sent) = (now, None);
        }
        is_spared
    }
}
