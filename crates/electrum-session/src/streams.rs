//! Subscriptions and connection events as streams.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use electrum_proto::{Phase, RejectReason, SubId, Timestamp, Topic};
use futures_core::Stream;

use crate::connection::{ConnectionEvent, Events};
use crate::driver::Handle;
use crate::mailbox::{Mailbox, TopicUpdate};
use crate::session::Session;

/// The updates of subscribed topics, as a stream. It ends when the client is closed; dropping it ends the subscriptions.
///
/// A consumer that is slow misses values but never the newest one: a new value of a topic replaces an unread one.
///
/// # Cancel safety
/// Dropping the future of the next update loses none.
pub struct Updates {
    mailbox: Arc<Mailbox>,
    subs: Vec<SubId>,
    handle: Handle,
}

impl Updates {
    pub(crate) fn new(handle: &Handle, topics: Vec<Topic>) -> Result<Self, RejectReason> {
        let mut updates = Self { mailbox: Mailbox::new(), subs: Vec::new(), handle: handle.clone() };
        handle
            .driver()
            .act(|session, now| topics.into_iter().try_for_each(|topic| updates.add_locked(session, now, topic)))?;
        Ok(updates)
    }

    /// Subscribes to one more topic in this stream. Returns the number by which the stream names it.
    ///
    /// # Errors
    /// If the client is closed or the limit of subscriptions is reached.
    pub fn add(&mut self, topic: Topic) -> Result<usize, RejectReason> {
        let handle = self.handle.clone();
        handle.driver().act(|session, now| self.add_locked(session, now, topic))?;
        Ok(self.subs.len() - 1)
    }

    fn add_locked(&mut self, session: &mut Session, now: Timestamp, topic: Topic) -> Result<(), RejectReason> {
        let sub = session.subscriptions.add(&mut session.client, now, topic, self.subs.len(), &self.mailbox)?;
        self.subs.push(sub);
        Ok(())
    }
}

impl Stream for Updates {
    type Item = TopicUpdate;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<TopicUpdate>> {
        self.mailbox.poll_next(context)
    }
}

impl Drop for Updates {
    fn drop(&mut self) {
        self.handle.driver().act(|session, now| {
            for sub in &self.subs {
                session.subscriptions.remove(&mut session.client, now, *sub, &self.mailbox);
            }
        });
    }
}

/// What happens to the connection, as a stream. It ends when the client is closed.
///
/// # Cancel safety
/// Dropping the future of the next event loses none.
pub struct ConnectionEvents {
    events: Arc<Events>,
    _handle: Handle,
}

impl ConnectionEvents {
    pub(crate) fn new(handle: &Handle) -> Self {
        let events = handle.driver().act(|session, _| {
            if session.client.phase() == Phase::Closed { Events::closed() } else { session.listeners.add() }
        });
        Self { events, _handle: handle.clone() }
    }
}

impl Stream for ConnectionEvents {
    type Item = ConnectionEvent;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<ConnectionEvent>> {
        self.events.poll_next(context)
    }
}

impl fmt::Debug for Updates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Updates").field("topics", &self.subs.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ConnectionEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionEvents").finish_non_exhaustive()
    }
}
