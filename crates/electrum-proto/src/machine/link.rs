//! One link to one server, from the attempt to open it to its end.

use alloc::string::String;
use core::ops::Range;

use super::negotiation::Agreed;
use super::nudge::Nudge;
use crate::config::Timeouts;
use crate::event::{CloseCause, ConnId};
use crate::json::Params;
use crate::time::Timestamp;
use crate::version::VersionRange;
use crate::wire::framing::{Inbox, Outbox, Overflow};

/// The state that ends with the link.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) conn: ConnId,
    pub(super) offered: VersionRange,
    pub(super) inbox: Inbox,
    /// An array that came as one line, of which one element is read at a time.
    pub(super) array: Option<Array>,
    pub(super) outbox: Outbox,
    /// The version, once the server agreed to one.
    pub(super) agreed: Option<Agreed>,
    pub(super) ready_since: Option<Timestamp>,
    /// The driver says that it ended. What came before is read first.
    pub(super) closed: Option<CloseCause>,
    pub(super) overflow: Option<Overflow>,
    pub(super) last_sent: Timestamp,
    /// When something that was asked was last answered.
    pub(super) last_answered: Timestamp,
    /// When a subscription or an end of one was last answered, and the id under which that was asked for.
    pub(super) last_subscribed: (Timestamp, u64),
    /// When a sign of life was last asked for.
    pub(super) ping_sent: Option<Timestamp>,
    /// Where in the stream the last ping begins.
    pub(super) ping_begin: u64,
    /// Bytes that came of a message that is not whole yet, or were written of what is not all written yet.
    pub(super) progress: usize,
    /// How often in a row that was taken for an answer.
    pub(super) spared: u32,
    /// Replies that answer nothing that was asked.
    pub(super) unknown_replies: usize,
    /// Answers in a row that say only that the server is busy.
    pub(super) busy_replies: usize,
    pub(super) nudge: Nudge,
}

/// The elements of an array, and how far they were read.
#[derive(Clone, Debug)]
pub(super) struct Array {
    pub(super) text: String,
    pub(super) next: usize,
}

/// A piece of what the server sent, in the buffer that holds it.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Line(Range<usize>),
    Element(Range<usize>),
}

/// What becomes of who asked: the owner of a request in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The caller, who gets exactly one reply.
    Caller,
    /// Nobody any more: the caller had its reply, the server's answer is still to come.
    Nobody,
    Version,
    Features,
    Ping,
    Nudge,
    Subscribe(u32),
    Unsubscribe(u32),
}

impl Link {
    pub(super) fn new(conn: ConnId, offered: VersionRange, now: Timestamp) -> Self {
        Self {
            conn,
            offered,
            inbox: Inbox::default(),
            array: None,
            outbox: Outbox::default(),
            agreed: None,
            ready_since: None,
            closed: None,
            overflow: None,
            last_sent: now,
            last_answered: now,
            last_subscribed: (now, 0),
            ping_sent: None,
            ping_begin: 0,
            progress: 0,
            spared: 0,
            unknown_replies: 0,
            busy_replies: 0,
            nudge: Nudge::default(),
        }
    }

    /// Whether the server lives at all: it has answered something lately, or the ping that went out a pong ago.
    pub(super) fn lives(&self, now: Timestamp, timeouts: &Timeouts) -> bool {
        let has_ponged = |sent: Timestamp| sent + timeouts.pong >= now && self.last_answered >= sent;
        self.last_answered + timeouts.request > now || self.ping_sent.is_some_and(has_ponged)
    }

    /// The text of a piece.
    pub(super) fn text(&self, piece: &Piece) -> &str {
        match piece {
            Piece::Line(range) => self.inbox.text(range.clone()),
            Piece::Element(range) => {
                self.array.as_ref().and_then(|array| array.text.get(range.clone())).unwrap_or_default()
            }
        }
    }

    /// Appends a request to what is to be written, and tells where it begins in the stream.
    pub(super) fn write(&mut self, id: u64, method: &str, params: impl FnOnce(&mut Params<'_>)) -> u64 {
        self.outbox.push(|out| {
            out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
            Params::append_digits(out, id);
            out.extend_from_slice(br#","method":"#);
            Params::append_str(out, method);
            out.extend_from_slice(br#","params":"#);
            let mut list = Params::open(out);
            params(&mut list);
            list.close();
            out.push(b'}');
        })
    }
}
