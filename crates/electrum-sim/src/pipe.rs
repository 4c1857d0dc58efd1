//! The network of one connection, between a client and a server: it delays and splits bytes, stalls, breaks, and goes
//! silent.

use std::time::Duration;

use electrum_proto::{CloseCause, ConnId, Input, Timestamp};

use super::probe::Probe;
use super::server::Session;
use super::timeline::{Occurrence, Timeline};
use super::trace::Trace;

/// How long bytes may be in flight, in milliseconds.
pub(super) const LONGEST_DELAY: u64 = 40_000;

/// The network of one connection, and the server's side of it at its end.
#[derive(Clone, Debug)]
pub(super) struct Pipe {
    pub(super) conn: ConnId,
    pub(super) server: usize,
    pub(super) session: Session,
    /// Whether the client cannot write now.
    pub(super) is_full: bool,
    /// Whether all bytes are lost, without either end learning of it.
    is_dead: bool,
    /// When the last bytes in flight arrive, in each direction: bytes do not overtake each other.
    up: Timestamp,
    down: Timestamp,
}

impl Pipe {
    /// Draws the outcome of opening a pipe: it opens, fails or hangs.
    pub(super) fn open(trace: &mut Trace, timeline: &mut Timeline, conn: ConnId, server: usize) -> Self {
        let (now, is_healed) = (timeline.now, timeline.is_healed);
        let is_dead = !is_healed && trace.chance(50);
        let is_open = is_healed || !trace.chance(150);
        let never = !is_healed && trace.chance(50);
        if !never {
            let delay = if is_healed { 1 } else { trace.pick(&[1, 30, 900, 20_000]) };
            timeline.after(delay, Occurrence::Opened(conn, is_open));
        }
        Self { conn, server, session: Session::default(), is_full: false, is_dead, up: now, down: now }
    }

    /// Writes some of the outgoing bytes. Returns false if nothing can be written now.
    pub(super) fn write(&mut self, trace: &mut Trace, timeline: &mut Timeline, probe: &mut Probe) -> bool {
        if self.is_full {
            return false;
        }
        let length = probe.outgoing().len();
        let mut count = length;
        if !timeline.is_healed && trace.chance(200) {
            // The buffers are full after this much.
            count = trace.index(length + 1);
            self.is_full = true;
            let pause = trace.pick(&[1, 40, 1_000, 50_000]);
            timeline.after(pause, Occurrence::Writable(self.conn));
        }
        let bytes = probe.outgoing()[..count].to_vec();
        probe.handle(timeline.now, Input::Wrote(self.conn, count));
        let delay = delay(trace, timeline.is_healed);
        if !self.is_dead {
            self.up = self.up.max(timeline.now + delay);
            timeline.at(self.up, Occurrence::ToServer(self.conn, bytes));
            self.fail(trace, timeline);
        }
        true
    }

    /// Sends bytes of the server, in chunks.
    pub(super) fn send(&mut self, trace: &mut Trace, timeline: &mut Timeline, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let cut = if trace.chance(250) { 1 + trace.index(rest.len()) } else { rest.len() };
            let (piece, behind) = rest.split_at(cut.min(rest.len()));
            rest = behind;
            let delay = delay(trace, timeline.is_healed);
            if self.is_dead {
                return;
            }
            self.down = self.down.max(timeline.now + delay);
            timeline.at(self.down, Occurrence::ToClient(self.conn, piece.to_vec()));
        }
        self.fail(trace, timeline);
    }

    /// Draws whether the pipe breaks or dies in silence.
    fn fail(&mut self, trace: &mut Trace, timeline: &mut Timeline) {
        if timeline.is_healed || !trace.chance(25) {
            return;
        }
        match trace.below(3) {
            0 => self.is_dead = true,
            1 => self.end(timeline, CloseCause::End),
            _ => self.end(timeline, CloseCause::Failed("reset".into())),
        }
    }

    /// Ends the pipe after the bytes in flight, or drops them if it breaks.
    pub(super) fn end(&mut self, timeline: &mut Timeline, cause: CloseCause) {
        if std::mem::replace(&mut self.is_dead, true) {
            return;
        }
        let at = if cause == CloseCause::End { self.down } else { timeline.now };
        timeline.at(at, Occurrence::Ended(self.conn, cause));
    }
}

fn delay(trace: &mut Trace, is_healed: bool) -> Duration {
    let millis = if is_healed { 1 } else { trace.pick(&[1, 1, 10, 200, LONGEST_DELAY]) };
    Duration::from_millis(millis)
}
