//! Updates and connection events as iterators that wait for the next item.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::{Duration, Instant};

use electrum_session::proto::{RejectReason, Topic};
use electrum_session::{self as session, ConnectionEvent, TopicUpdate};
use futures_core::Stream;

use crate::wait::wait;

/// The updates of subscribed topics, as an iterator that waits for the next one. It ends when the client is closed.
///
/// A consumer that is slow misses values but never the newest one: a new value of a topic replaces an unread one.
#[derive(Debug)]
pub struct Updates(session::Updates);

/// What happens to the connection, as an iterator that waits for the next event. It ends when the client is closed.
#[derive(Debug)]
pub struct ConnectionEvents(session::ConnectionEvents);

/// Why `next_within` returned no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NextError {
    /// None came in the given time. Later ones may.
    TimedOut,
    /// The client was closed, and all items are read.
    Closed,
}

impl std::fmt::Display for NextError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "nothing came in time",
            Self::Closed => "the client was closed",
        })
    }
}

impl std::error::Error for NextError {}

impl Updates {
    pub(crate) fn new(updates: session::Updates) -> Self {
        Self(updates)
    }

    /// Subscribes to one more topic in this iterator. Returns the number by which the updates name it.
    ///
    /// # Errors
    /// If the client is closed or the limit of subscriptions is reached.
    pub fn add(&mut self, topic: Topic) -> Result<usize, RejectReason> {
        self.0.add(topic)
    }

    /// Waits for the next update for at most `timeout`.
    ///
    /// # Errors
    /// [`NextError::TimedOut`] if none came in that time, [`NextError::Closed`] if none will come.
    pub fn next_within(&mut self, timeout: Duration) -> Result<TopicUpdate, NextError> {
        next_within(&mut self.0, timeout)
    }
}

impl Iterator for Updates {
    type Item = TopicUpdate;

    fn next(&mut self) -> Option<TopicUpdate> {
        next(&mut self.0)
    }
}

impl ConnectionEvents {
    pub(crate) fn new(events: session::ConnectionEvents) -> Self {
        Self(events)
    }

    /// Waits for the next event for at most `timeout`.
    ///
    /// # Errors
    /// [`NextError::TimedOut`] if none came in that time, [`NextError::Closed`] if none will come.
    pub fn next_within(&mut self, timeout: Duration) -> Result<ConnectionEvent, NextError> {
        next_within(&mut self.0, timeout)
    }
}

impl Iterator for ConnectionEvents {
    type Item = ConnectionEvent;

    fn next(&mut self) -> Option<ConnectionEvent> {
        next(&mut self.0)
    }
}

fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    // Without a deadline it waits until there is something to return.
    wait(None, poll_fn(|context| Pin::new(&mut *stream).poll_next(context))).flatten()
}

fn next_within<S: Stream + Unpin>(stream: &mut S, timeout: Duration) -> Result<S::Item, NextError> {
    let next = poll_fn(|context| Pin::new(&mut *stream).poll_next(context));
    match wait(Instant::now().checked_add(timeout), next) {
        Some(Some(item)) => Ok(item),
        Some(None) => Err(NextError::Closed),
        None => Err(NextError::TimedOut),
    }
}
