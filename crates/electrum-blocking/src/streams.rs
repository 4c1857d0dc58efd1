//! Iterators over updates and connection events that block until the next item.

use std::future::Future;
use std::time::Duration;

use electrum_session::proto::{RejectReason, Topic};
use electrum_session::threads::Threads;
use electrum_session::{self as session, ConnectionEvent, NoUpdate, TopicUpdate, block_on, block_within};

use crate::socket::Tcp;

/// An iterator over the updates of subscribed topics, which blocks until the next one. It ends when the client is
/// closed.
///
/// A consumer that is slow misses values but never the newest one: a new value of a topic replaces an unread one.
///
/// ```
/// use electrum_blocking::Client;
/// use electrum_blocking::proto::{Topic, Update};
/// # use electrum_blocking::transport::ServerAddr;
/// # use electrum_testkit::prelude::*;
/// # let server = Server::builder(Family::Fulcrum2_1).prompt().start()?;
/// # let address = server.url();
/// # let client = Client::connect(address.parse::<ServerAddr>()?)?;
///
/// let mut heights = Vec::new();
/// for update in client.subscribe(Topic::Headers)? {
///     if let Update::Headers(tip) = update.value? {
///         heights.push(tip.height);
///     }
///     if heights.len() == 2 {
///         break;
///     }
///     // The height of now; the next one comes when a block is found.
/// #   server.mine(1);
/// }
/// assert_eq!(heights[1], heights[0] + 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Updates {
    updates: session::Updates,
    threads: Threads<Tcp>,
}

/// An iterator over connection events, which blocks until the next one. It ends when the client is closed.
///
/// ```
/// use electrum_blocking::{Client, ConnectionEvent};
/// # use electrum_blocking::transport::ServerAddr;
/// # use electrum_testkit::prelude::*;
/// # let server = Server::builder(Family::Fulcrum2_1).prompt().start()?;
/// # let address = server.url();
/// # let client = Client::connect(address.parse::<ServerAddr>()?)?;
///
/// let mut software = None;
/// for event in client.events() {
///     match event {
///         ConnectionEvent::Ready { software: name, .. } => {
///             software = Some(name);
///             client.close(); // ends the iterator
///         }
///         ConnectionEvent::Down { server, cause, .. } => println!("{server}: {cause}"),
///         _ => {}
///     }
/// }
/// assert!(software.is_some_and(|software| software.starts_with("Fulcrum 2.1")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ConnectionEvents(session::ConnectionEvents);

impl Updates {
    pub(crate) fn new(updates: session::Updates, threads: Threads<Tcp>) -> Self {
        Self { updates, threads }
    }

    /// Subscribes to one more topic in this iterator. Returns the number by which the updates name it.
    ///
    /// # Errors
    /// If the client is closed or the limit of subscriptions is reached.
    pub fn add(&mut self, topic: Topic) -> Result<usize, RejectReason> {
        self.updates.add(topic)
    }

    /// Ends the subscription to one topic, named by its number in this iterator. Returns whether it was subscribed.
    pub fn remove(&mut self, topic: usize) -> bool {
        self.updates.remove(topic)
    }

    /// Waits for the next update for at most `timeout`.
    ///
    /// # Errors
    /// [`NoUpdate::TimedOut`] if no update came in that time, [`NoUpdate::Closed`] if the client is closed.
    #[doc(alias = "block_headers_pop")]
    #[doc(alias = "block_headers_pop_raw")]
    #[doc(alias = "script_pop")]
    pub fn next_within(&mut self, timeout: Duration) -> Result<TopicUpdate, NoUpdate> {
        within(timeout, self.updates.next())
    }
}

impl Iterator for Updates {
    type Item = TopicUpdate;

    fn next(&mut self) -> Option<TopicUpdate> {
        self.threads.block_on_next(self.updates.next())
    }
}

impl ConnectionEvents {
    pub(crate) fn new(events: session::ConnectionEvents) -> Self {
        Self(events)
    }

    /// Waits for the next event for at most `timeout`.
    ///
    /// # Errors
    /// [`NoUpdate::TimedOut`] if no event came in that time, [`NoUpdate::Closed`] if the client is closed.
    pub fn next_within(&mut self, timeout: Duration) -> Result<ConnectionEvent, NoUpdate> {
        within(timeout, self.0.next())
    }
}

impl Iterator for ConnectionEvents {
    type Item = ConnectionEvent;

    fn next(&mut self) -> Option<ConnectionEvent> {
        block_on(self.0.next())
    }
}

fn within<T>(timeout: Duration, next: impl Future<Output = Option<T>>) -> Result<T, NoUpdate> {
    match block_within(timeout, next) {
        Some(Some(item)) => Ok(item),
        Some(None) => Err(NoUpdate::Closed),
        None => Err(NoUpdate::TimedOut),
    }
}
