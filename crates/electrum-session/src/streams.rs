//! Subscriptions and connection events as streams.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use electrum_proto::{Phase, RejectReason, SubId, Timestamp, Topic};
use futures_core::Stream;

use crate::connection::{ConnectionEvent, Events};
use crate::dispatcher::Dispatcher;
use crate::driver::Handle;
use crate::mailbox::{Mailbox, TopicUpdate};
use crate::sleep::within;

/// The updates of subscribed topics, as a stream. It ends when the client is closed; dropping it ends the
/// subscriptions.
///
/// A consumer that is slow misses values but never the newest one: a new value of a topic replaces an unread one.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
/// use electrum_session::proto::{Topic, Update};
/// use electrum_session::proto::types::Script;
///
/// # let client = example::client();
/// # example::run(async {
/// let mut updates = client.subscribe(Topic::Headers)?;
/// let script = updates.add(Topic::Script(Script::new([0x51])))?;
/// for _ in 0..2 {
///     let update = updates.next().await.ok_or("the client is closed")?;
///     match update.value? {
///         Update::Headers(tip) => println!("block {}", tip.height),
///         Update::Script(status) => assert_eq!((update.topic, status), (script, None)), // unused
///         other => panic!("{other:?}"),
///     }
/// }
/// assert!(updates.remove(script));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # });
/// ```
///
/// # Cancel safety
/// Dropping the future of the next update loses no update.
pub struct Updates {
    mailbox: Arc<Mailbox>,
    /// The subscriptions by number; `None` if it was removed.
    subs: Vec<Option<SubId>>,
    handle: Handle,
}

impl Updates {
    pub(crate) fn new(handle: &Handle, mailbox: Arc<Mailbox>, topics: Vec<Topic>) -> Result<Self, RejectReason> {
        let mut updates = Self { mailbox, subs: Vec::new(), handle: handle.clone() };
        handle.driver().act(|dispatcher, now| {
            topics.into_iter().try_for_each(|topic| updates.add_locked(dispatcher, now, topic))
        })?;
        Ok(updates)
    }

    /// Subscribes to one more topic in this stream. Returns the number by which the stream names it.
    ///
    /// # Errors
    /// If the client is closed or the limit of subscriptions is reached.
    pub fn add(&mut self, topic: Topic) -> Result<usize, RejectReason> {
        let handle = self.handle.clone();
        handle.driver().act(|dispatcher, now| self.add_locked(dispatcher, now, topic))?;
        Ok(self.subs.len() - 1)
    }

    /// Ends the subscription to one topic, named by its number in this stream. The numbers of the others stay. Unread
    /// updates of the topic are dropped. Returns whether it was subscribed.
    pub fn remove(&mut self, topic: usize) -> bool {
        let Some(sub) = self.subs.get_mut(topic).and_then(Option::take) else { return false };
        self.handle.driver().act(|Dispatcher { session, subscriptions, .. }, now| {
            subscriptions.remove(session.machine(), now, sub, topic, &self.mailbox);
        });
        self.mailbox.remove(topic);
        true
    }

    /// Waits for the next update; `None` once the client is closed and all updates are read.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
    /// # use electrum_session::proto::{Topic, Update};
    /// # let client = example::client();
    /// # example::run(async {
    /// let mut tips = client.subscribe(Topic::Headers)?;
    /// while let Some(update) = tips.next().await {
    ///     if let Update::Headers(tip) = update.value? {
    ///         println!("{} {}", tip.height, tip.header.block_hash());
    ///     }
    /// #   break;
    /// }
    /// # Ok(())
    /// # });
    /// ```
    #[doc(alias = "block_headers_pop")]
    #[doc(alias = "block_headers_pop_raw")]
    #[doc(alias = "script_pop")]
    pub async fn next(&mut self) -> Option<TopicUpdate> {
        poll_fn(|context| self.mailbox.poll_next(context)).await
    }

    /// Waits for the next update for at most `timeout`, which works in any runtime.
    ///
    /// # Errors
    /// [`NoUpdate::TimedOut`] if no update came in that time, [`NoUpdate::Closed`] if the client is closed.
    #[doc(alias = "block_headers_pop")]
    #[doc(alias = "block_headers_pop_raw")]
    #[doc(alias = "script_pop")]
    pub async fn next_within(&mut self, timeout: Duration) -> Result<TopicUpdate, NoUpdate> {
        next_within(&self.handle.clone(), timeout, self.next()).await
    }

    fn add_locked(&mut self, dispatcher: &mut Dispatcher, now: Timestamp, topic: Topic) -> Result<(), RejectReason> {
        let Dispatcher { session, subscriptions, wakers, .. } = dispatcher;
        let sub = subscriptions.add(session.machine(), now, topic, self.subs.len(), &self.mailbox, wakers)?;
        self.subs.push(Some(sub));
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
        self.handle.driver().act(|Dispatcher { session, subscriptions, .. }, now| {
            for (index, sub) in self.subs.iter().enumerate() {
                if let Some(sub) = sub {
                    subscriptions.remove(session.machine(), now, *sub, index, &self.mailbox);
                }
            }
        });
    }
}

/// The events of a client's connections, as a stream. It ends when the client is closed.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
/// use electrum_session::ConnectionEvent;
///
/// # let client = example::client();
/// # example::run(async {
/// let mut events = client.events();
/// let mut software = None;
/// while let Some(event) = events.next().await {
///     if let ConnectionEvent::Ready { software: name, .. } = event {
///         software = Some(name);
///         client.close(); // ends the stream
///     }
/// }
/// assert_eq!(software.as_deref(), Some("Example 1.0"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # });
/// ```
///
/// # Cancel safety
/// Dropping the future of the next event loses no event.
pub struct ConnectionEvents {
    events: Arc<Events>,
    handle: Handle,
}

impl ConnectionEvents {
    pub(crate) fn new(handle: &Handle) -> Self {
        let events = handle.driver().access(|Dispatcher { session, listeners, .. }, _| {
            if session.machine().phase() == Phase::Closed { Events::closed() } else { listeners.add() }
        });
        Self { events, handle: handle.clone() }
    }

    /// Waits for the next event; `None` once the client is closed and all events are read.
    pub async fn next(&mut self) -> Option<ConnectionEvent> {
        poll_fn(|context| self.events.poll_next(context)).await
    }

    /// Waits for the next event for at most `timeout`, which works in any runtime.
    ///
    /// # Errors
    /// [`NoUpdate::TimedOut`] if no event came in that time, [`NoUpdate::Closed`] if the client is closed.
    pub async fn next_within(&mut self, timeout: Duration) -> Result<ConnectionEvent, NoUpdate> {
        next_within(&self.handle.clone(), timeout, self.next()).await
    }
}

impl Stream for ConnectionEvents {
    type Item = ConnectionEvent;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<ConnectionEvent>> {
        self.events.poll_next(context)
    }
}

/// Why `next_within` returned no item.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
/// use std::time::Duration;
/// use electrum_session::NoUpdate;
/// use electrum_session::proto::Topic;
///
/// # let client = example::client();
/// # example::run(async {
/// let mut tips = client.subscribe(Topic::Headers)?;
/// loop {
///     match tips.next_within(Duration::from_secs(60)).await {
///         Ok(update) => client.close(), // it is enough
///         Err(NoUpdate::TimedOut) => panic!("no block for a minute, which is nothing unusual"),
///         Err(NoUpdate::Closed) => break,
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NoUpdate {
    /// No item came in the given time. Later ones may.
    #[error("nothing came in time")]
    TimedOut,
    /// The client was closed, and all items are read.
    #[error("the client was closed")]
    Closed,
}

async fn next_within<T>(
    handle: &Handle,
    timeout: Duration,
    next: impl Future<Output = Option<T>>,
) -> Result<T, NoUpdate> {
    within(handle, timeout, next).await.ok_or(NoUpdate::TimedOut)?.ok_or(NoUpdate::Closed)
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
