//! The network between a client and a server: it delays, cuts anywhere, stalls, breaks, and goes silent.

use std::time::Duration;

use electrum_proto::{CloseCause, ConnId, Input, Timestamp};

use super::server::Session;
use super::world::{Happening, World};

/// How long bytes may be under way, in milliseconds.
pub(super) const LONGEST_DELAY: u64 = 40_000;

/// One link.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) conn: ConnId,
    pub(super) server: usize,
    pub(super) session: Session,
    /// The client cannot write for now.
    pub(super) is_full: bool,
    /// Nothing gets through any more, and nobody is told.
    is_dead: bool,
    /// When the last bytes arrive that are under way, each way: none overtakes another.
    up: Timestamp,
    down: Timestamp,
}

impl World<'_> {
    /// A link is asked for.
    pub(super) fn connect(&mut self, conn: ConnId, server: usize) {
        let is_dead = !self.is_calm && self.tape.chance(50);
        self.link = Some(Link {
            conn,
            server,
            session: Session::default(),
            is_full: false,
            is_dead,
            up: self.now,
            down: self.now,
        });
        let is_open = self.is_calm || !self.tape.chance(150);
        let never = !self.is_calm && self.tape.chance(50);
        if !never {
            let delay = if self.is_calm { 1 } else { self.tape.pick(&[1, 30, 900, 20_000]) };
            self.happens_in(delay, Happening::Opened(conn, is_open));
        }
    }

    /// Writes some of what is outgoing, and tells whether anything could be written.
    pub(super) fn write(&mut self) -> bool {
        let Some(link) = self.link.as_mut().filter(|link| !link.is_full) else { return false };
        let conn = link.conn;
        let length = self.probe.outgoing().len();
        let mut count = length;
        if !self.is_calm && self.tape.chance(200) {
            // The buffers are full after this much.
            count = self.tape.index(length + 1);
            link.is_full = true;
            let pause = self.tape.pick(&[1, 40, 1_000, 50_000]);
            self.happens_in(pause, Happening::Writable(conn));
        }
        let bytes = self.probe.outgoing()[..count].to_vec();
        self.probe.handle(self.now, Input::Wrote(conn, count));
        let delay = self.delay();
        let Some(link) = self.link.as_mut().filter(|link| !link.is_dead) else { return true };
        link.up = link.up.max(self.now + delay);
        let at = link.up;
        self.happens_at(at, Happening::ToServer(conn, bytes));
        self.mishap();
        true
    }

    /// The server's bytes go on their way, in pieces.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let cut = if self.tape.chance(250) { 1 + self.tape.index(rest.len()) } else { rest.len() };
            let (piece, behind) = rest.split_at(cut.min(rest.len()));
            rest = behind;
            let delay = self.delay();
            let Some(link) = self.link.as_mut().filter(|link| !link.is_dead) else { return };
            link.down = link.down.max(self.now + delay);
            let (at, conn) = (link.down, link.conn);
            self.happens_at(at, Happening::ToClient(conn, piece.to_vec()));
        }
        self.mishap();
    }

    fn delay(&mut self) -> Duration {
        let millis = if self.is_calm { 1 } else { self.tape.pick(&[1, 1, 10, 200, LONGEST_DELAY]) };
        Duration::from_millis(millis)
    }

    /// Now and then a link breaks, or dies without a word.
    fn mishap(&mut self) {
        if self.is_calm || !self.tape.chance(25) {
            return;
        }
        let Some(link) = &mut self.link else { return };
        let conn = link.conn;
        match self.tape.below(3) {
            0 => link.is_dead = true,
            1 => self.lose_link(conn, CloseCause::End),
            _ => self.lose_link(conn, CloseCause::Failed("reset".into())),
        }
    }

    /// The link ends behind what is under way, or with it if it breaks.
    pub(super) fn lose_link(&mut self, conn: ConnId, cause: CloseCause) {
        let Some(link) = self.link.as_mut().filter(|link| link.conn == conn && !link.is_dead) else { return };
        link.is_dead = true;
        let at = if cause == CloseCause::End { link.down } else { self.now };
        self.happens_at(at, Happening::Ended(conn, cause));
    }
}
