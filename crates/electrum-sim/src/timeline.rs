//! Virtual time: the queue of scheduled occurrences.

use std::collections::BTreeMap;
use std::time::Duration;

use electrum_proto::{CloseCause, ConnId, Timestamp};

use super::server::ServerRequest;

/// A scheduled occurrence.
#[derive(Clone, Debug)]
pub(super) enum Occurrence {
    Opened(ConnId, bool),
    ToServer(ConnId, Vec<u8>),
    ToClient(ConnId, Vec<u8>),
    Ended(ConnId, CloseCause),
    Process(ConnId, ServerRequest),
    Send(ConnId, Vec<u8>),
    Notify(ConnId, usize),
    Writable(ConnId),
    Command,
    ServerChange,
}

/// The present time and the occurrences that are scheduled.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    pub(super) now: Timestamp,
    /// Whether the network and the servers work without faults from now on.
    pub(super) is_healed: bool,
    queue: BTreeMap<(Timestamp, u64), Occurrence>,
    serial: u64,
}

impl Timeline {
    pub(super) const fn new() -> Self {
        Self { now: Timestamp::ZERO, is_healed: false, queue: BTreeMap::new(), serial: 0 }
    }

    pub(super) fn at(&mut self, at: Timestamp, occurrence: Occurrence) {
        self.serial += 1;
        self.queue.insert((at, self.serial), occurrence);
    }

    pub(super) fn after(&mut self, millis: u64, occurrence: Occurrence) {
        self.at(self.now + Duration::from_millis(millis), occurrence);
    }

    /// Returns when the next occurrence is due.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.queue.keys().next().map(|(at, _)| *at)
    }

    /// Takes the next occurrence, and advances the time to it.
    pub(super) fn pop(&mut self) -> Option<Occurrence> {
        let ((at, _), occurrence) = self.queue.pop_first()?;
        self.now = self.now.max(at);
        Some(occurrence)
    }

    /// Removes all scheduled commands and changes.
    pub(super) fn stop_commands(&mut self) {
        self.queue.retain(|_, occurrence| !matches!(occurrence, Occurrence::Command | Occurrence::ServerChange));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
