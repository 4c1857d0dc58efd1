//! Bytes to messages and back: one JSON text per line, padded if that is wanted.
//!
//! Nothing above this folder knows that messages are lines.

mod inbox;
mod outbox;
mod packet;

pub(crate) use inbox::{Inbox, Overflow};
pub(crate) use outbox::{Outbox, Urgency};

/// What is kept of an empty buffer, which is two reads of a usual driver; more than that is given back after a peak.
const KEPT_CAPACITY: usize = 128 * 1024;
