//! Framing: bytes to messages and back, as one JSON text per line, with optional padding.
//!
//! Nothing above this folder knows that messages are lines.

mod inbox;
mod outbox;
mod packet;

pub(crate) use inbox::{Inbox, Overflow};
pub(crate) use outbox::{Outbox, Urgency};

/// The capacity that an empty buffer keeps at most: two reads of a usual driver. More is released after a peak.
const KEPT_CAPACITY: usize = 128 * 1024;
