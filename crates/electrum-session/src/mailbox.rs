//! Buffers unread updates of subscribed topics, within bounds however slow the consumer is.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use electrum_proto::{Origin, SubscribeError, Update};

use crate::oneshot::lock;

/// How many unread notifications of one raw subscription are kept.
const RAW_KEPT: usize = 256;
/// How many bytes of unread raw notifications are kept for one consumer. The newest one of each subscription is kept
/// whatever its length.
const RAW_BYTES_KEPT: usize = 8 * 1024 * 1024;

/// The newest value of a subscribed topic, or why there is none.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
/// use electrum_session::proto::{Origin, Topic, Update};
///
/// # let client = example::client();
/// # example::run(async {
/// let mut tips = client.subscribe(Topic::Headers)?;
/// let update = tips.next().await.ok_or("the client is closed")?;
/// assert_eq!((update.topic, update.origin, update.skipped), (0, Origin::Subscribed, 0));
/// match update.value {
///     Ok(Update::Headers(tip)) => assert_eq!(tip.height, 0),
///     Ok(other) => panic!("{other:?}"),
///     Err(refusal) => panic!("the server does not accept the subscription: {refusal}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicUpdate {
    /// The topic's place in the list of those that were subscribed at once, counted from zero.
    pub topic: usize,
    /// The newest value, or why the server refuses the subscription. The client subscribes again, and once the server
    /// accepts it the value is reported, even if it has not changed.
    pub value: Result<Update, SubscribeError>,
    /// Whether it came with the subscription, as a change, or after an outage.
    pub origin: Origin,
    /// How many values of this topic were replaced by newer ones before they were read, since the update read before.
    pub skipped: u64,
}

/// The unread updates of one consumer: at most one for each topic. Raw topics keep at most [`RAW_KEPT`] each, queued
/// ones as many as the consumer asked for, and all of these topics at most [`RAW_BYTES_KEPT`].
#[derive(Debug, Default)]
pub(crate) struct Mailbox(Mutex<Contents>);

#[derive(Debug, Default)]
struct Contents {
    /// Unread updates, oldest first.
    unread: VecDeque<Unread>,
    /// The number of updates read, which is also the number of the first one in `unread`.
    read: u64,
    /// For each topic the number of its unread value, counted from one; zero if there is none.
    values: Vec<u64>,
    /// How many values of each topic are kept. With `None` a newer value replaces an older one.
    capacity: Option<usize>,
    raw: BTreeMap<usize, Raw>,
    /// The number of bytes in `raw`.
    raw_bytes: usize,
    /// Refusals, kept apart: a refusal does not replace the newest value, and is read after it.
    refusals: BTreeMap<usize, TopicUpdate>,
    is_closed: bool,
    waker: Option<Waker>,
}

/// The unread updates of one raw or queued subscription.
#[derive(Debug, Default)]
struct Raw {
    kept: VecDeque<TopicUpdate>,
    /// How many entries it has in `unread`, at least one for each of its updates.
    places: usize,
}

#[derive(Debug)]
enum Unread {
    Value(TopicUpdate),
    /// The oldest update of this raw or queued topic.
    Raw(usize),
    Refusal(usize),
}

impl Mailbox {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Makes a mailbox that keeps up to `capacity` unread values of each topic, at least one, and drops the oldest
    /// beyond that.
    pub(crate) fn queued(capacity: usize) -> Arc<Self> {
        let capacity = Some(capacity.max(1));
        Arc::new(Self(Mutex::new(Contents { capacity, ..Contents::default() })))
    }

    /// Adds an update, and returns the waker to call.
    #[must_use]
    pub(crate) fn put(&self, topic: usize, value: Result<Update, SubscribeError>, origin: Origin) -> Option<Waker> {
        let mut contents = lock(&self.0);
        let update = TopicUpdate { topic, value, origin, skipped: 0 };
        if update.value.is_ok() {
            // The server accepts the subscription again.
            contents.refusals.remove(&topic);
        }
        match update.value {
            Err(_) => contents.put_refusal(update),
            Ok(Update::RawNotification(_) | Update::RawResult(_)) => contents.put_raw(update),
            Ok(_) if contents.capacity.is_some() => contents.put_raw(update),
            Ok(_) => contents.put_value(update),
        }
        contents.waker.take()
    }

    /// Removes the unread updates of a topic that is not subscribed any more.
    pub(crate) fn remove(&self, topic: usize) {
        lock(&self.0).remove(topic);
    }

    /// Closes the mailbox: the consumer reads the buffered updates, and then its end. Returns the waker to call.
    #[must_use]
    pub(crate) fn close(&self) -> Option<Waker> {
        let mut contents = lock(&self.0);
        contents.is_closed = true;
        contents.waker.take()
    }

    /// Returns the next update; `None` once the client is closed and all updates are read.
    pub(crate) fn poll_next(&self, context: &Context<'_>) -> Poll<Option<TopicUpdate>> {
        let polled = lock(&self.0).poll_next();
        if polled.is_ready() {
            return polled;
        }
        // Wakers run code of the caller, so they are cloned and dropped without the lock.
        let waker = context.waker().clone();
        let mut contents = lock(&self.0);
        let polled = contents.poll_next();
        let registered = if polled.is_pending() { contents.waker.replace(waker) } else { Some(waker) };
        drop(contents);
        drop(registered);
        polled
    }
}

impl Contents {
    fn poll_next(&mut self) -> Poll<Option<TopicUpdate>> {
        match self.take_next() {
            Some(update) => Poll::Ready(Some(update)),
            None if self.is_closed => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn take_next(&mut self) -> Option<TopicUpdate> {
        while let Some(unread) = self.unread.pop_front() {
            self.read += 1;
            let update = match unread {
                Unread::Value(update) => {
                    self.values[update.topic] = 0;
                    self.refusal_follows(update.topic);
                    Some(update)
                }
                Unread::Raw(topic) => {
                    let update = self.take_raw(topic);
                    self.refusal_follows(topic);
                    update
                }
                // A refusal after a value is read after it.
                Unread::Refusal(topic) if self.has_value(topic) => None,
                Unread::Refusal(topic) => self.refusals.remove(&topic),
            };
            if update.is_some() {
                return update;
            }
        }
        None
    }

    /// Whether an unread value of a topic is buffered.
    fn has_value(&self, topic: usize) -> bool {
        self.values.get(topic).is_some_and(|value| *value > 0)
            || self.raw.get(&topic).is_some_and(|raw| !raw.kept.is_empty())
    }

    /// Lets the refusal of a topic, if there is one, be read next, unless another value comes before it.
    fn refusal_follows(&mut self, topic: usize) {
        if self.refusals.contains_key(&topic) && !self.has_value(topic) {
            self.unread.push_front(Unread::Refusal(topic));
            self.read -= 1;
        }
    }

    /// Removes the unread updates of a topic.
    fn remove(&mut self, topic: usize) {
        self.refusals.remove(&topic);
        if let Some(raw) = self.raw.get_mut(&topic) {
            self.raw_bytes -= raw.kept.drain(..).map(|update| length(&update)).sum::<usize>();
        }
        // The entry of a value stays, since entries are counted; reading passes over an entry without an update.
        let place = self.values.get_mut(topic).map(std::mem::take);
        let place =
            place.and_then(|place| place.checked_sub(self.read + 1)).and_then(|place| usize::try_from(place).ok());
        if let Some(unread) = place.and_then(|place| self.unread.get_mut(place)) {
            *unread = Unread::Refusal(topic);
        }
    }

    fn put_refusal(&mut self, update: TopicUpdate) {
        let topic = update.topic;
        if self.refusals.insert(topic, update).is_none() && !self.has_value(topic) {
            self.unread.push_back(Unread::Refusal(topic));
        }
    }

    fn put_value(&mut self, mut update: TopicUpdate) {
        let topic = update.topic;
        if topic >= self.values.len() {
            self.values.resize(topic + 1, 0);
        }
        let place = self.values[topic].checked_sub(self.read + 1).and_then(|place| usize::try_from(place).ok());
        match place.and_then(|place| self.unread.get_mut(place)) {
            Some(Unread::Value(unread)) => {
                // The first update of a topic keeps its origin when a newer value replaces its value.
                if unread.origin == Origin::Subscribed {
                    update.origin = Origin::Subscribed;
                }
                update.skipped = unread.skipped + 1;
                *unread = update;
            }
            _ => {
                self.unread.push_back(Unread::Value(update));
                self.values[topic] = self.read + self.unread.len() as u64;
            }
        }
    }

    fn put_raw(&mut self, update: TopicUpdate) {
        let topic = update.topic;
        let raw = self.raw.entry(topic).or_default();
        let capacity = self.capacity.unwrap_or(RAW_KEPT);
        self.raw_bytes += length(&update);
        raw.kept.push_back(update);
        while raw.kept.len() > capacity || (self.raw_bytes > RAW_BYTES_KEPT && raw.kept.len() > 1) {
            let Some(oldest) = raw.kept.pop_front() else { break };
            self.raw_bytes -= length(&oldest);
            if let Some(next) = raw.kept.front_mut() {
                next.skipped += oldest.skipped + 1;
            }
        }
        if raw.places < raw.kept.len() {
            raw.places += 1;
            self.unread.push_back(Unread::Raw(topic));
        }
    }

    fn take_raw(&mut self, topic: usize) -> Option<TopicUpdate> {
        let raw = self.raw.get_mut(&topic)?;
        raw.places -= 1;
        let update = raw.kept.pop_front()?;
        self.raw_bytes -= length(&update);
        Some(update)
    }
}

/// The bytes that a raw or queued update holds.
fn length(update: &TopicUpdate) -> usize {
    match &update.value {
        Ok(Update::RawNotification(text) | Update::RawResult(text)) => text.len(),
        _ => size_of::<TopicUpdate>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(mailbox: &Mailbox) -> Option<TopicUpdate> {
        match mailbox.poll_next(&Context::from_waker(Waker::noop())) {
            Poll::Ready(update) => Some(update.expect("not closed")),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_topic_keeps_its_newest_value_and_its_place() {
        let mailbox = Mailbox::new();
        let status = |digit: u8| Ok(Update::Script(Some(electrum_proto::types::ScriptStatus::of_text(&[digit]))));
        let _ = mailbox.put(7, status(1), Origin::Subscribed);
        let _ = mailbox.put(3, status(2), Origin::Live);
        let _ = mailbox.put(7, status(3), Origin::Live);
        let _ = mailbox.put(7, status(4), Origin::Live);
        let first = next(&mailbox).unwrap();
        assert_eq!(first, TopicUpdate { topic: 7, value: status(4), origin: Origin::Subscribed, skipped: 2 });
        assert_eq!(next(&mailbox).map(|update| update.topic), Some(3));
        assert_eq!(next(&mailbox), None);
    }

    #[test]
    fn a_refusal_leaves_the_newest_value_to_be_read() {
        let mailbox = Mailbox::new();
        let status = Ok(Update::Script(None));
        let refusal = Err(SubscribeError::Server(electrum_proto::json::ServerError::new(None, "no")));
        for _ in 0..3 {
            let _ = mailbox.put(0, status.clone(), Origin::Live);
            let _ = mailbox.put(0, refusal.clone(), Origin::Subscribed);
        }
        assert_eq!(next(&mailbox).map(|update| (update.value, update.skipped)), Some((status, 2)));
        assert_eq!(next(&mailbox).map(|update| update.value), Some(refusal));
        assert_eq!(next(&mailbox), None);
    }

    #[test]
    fn a_value_after_a_refusal_is_what_is_read_last() {
        let refusal = || Err(SubscribeError::Server(electrum_proto::json::ServerError::new(None, "no")));
        let status = |digit: u8| Ok(Update::Script(Some(electrum_proto::types::ScriptStatus::of_text(&[digit]))));
        for mailbox in [Mailbox::new(), Mailbox::queued(1)] {
            let _ = mailbox.put(0, status(0), Origin::Subscribed);
            for digit in 1..=100 {
                let _ = mailbox.put(0, refusal(), Origin::Subscribed);
                let _ = mailbox.put(0, status(digit), Origin::Resumed);
            }
            assert!(lock(&mailbox.0).unread.len() <= 2, "in bounds");
            assert_eq!(next(&mailbox).map(|update| (update.value, update.skipped)), Some((status(100), 100)));
            assert_eq!(next(&mailbox), None);
            let _ = mailbox.put(0, refusal(), Origin::Subscribed);
            let _ = mailbox.put(0, status(7), Origin::Resumed);
            let _ = mailbox.put(0, refusal(), Origin::Subscribed);
            assert_eq!(next(&mailbox).map(|update| update.value), Some(status(7)));
            assert_eq!(next(&mailbox).map(|update| update.value), Some(refusal()));
            assert_eq!(next(&mailbox), None);
        }
    }

    #[test]
    fn queued_values_are_kept_in_order_and_in_bounds() {
        let mailbox = Mailbox::queued(3);
        let status = |digit: u8| Ok(Update::Script(Some(electrum_proto::types::ScriptStatus::of_text(&[digit]))));
        let _ = mailbox.put(0, status(0), Origin::Subscribed);
        assert_eq!(next(&mailbox).map(|update| update.value), Some(status(0)));
        for digit in 1..=5 {
            let _ = mailbox.put(0, status(digit), Origin::Live);
        }
        let found: Vec<_> =
            std::iter::from_fn(|| next(&mailbox)).map(|update| (update.value, update.skipped)).collect();
        assert_eq!(found, [(status(3), 2), (status(4), 0), (status(5), 0)]);
        assert_eq!(lock(&mailbox.0).raw_bytes, 0);
    }

    #[test]
    fn raw_notifications_are_kept_in_order_and_in_bounds() {
        let mailbox = Mailbox::new();
        let count = RAW_KEPT + 10;
        for i in 0..count {
            let _ = mailbox.put(0, Ok(Update::RawNotification(i.to_string().into())), Origin::Live);
        }
        let first = next(&mailbox).unwrap();
        assert_eq!((first.value, first.skipped), (Ok(Update::RawNotification("10".into())), 10));
        let rest: Vec<_> = std::iter::from_fn(|| next(&mailbox)).collect();
        assert_eq!(rest.len(), RAW_KEPT - 1);
        assert!(rest.iter().all(|update| update.skipped == 0));
        assert!(mailbox.close().is_some(), "the waker of the last poll");
        assert_eq!(mailbox.poll_next(&Context::from_waker(Waker::noop())), Poll::Ready(None));
    }

    #[test]
    fn raw_notifications_of_many_bytes_are_fewer() {
        let mailbox = Mailbox::new();
        let put = |topic, length: usize, text: &str| {
            let _ = mailbox.put(topic, Ok(Update::RawNotification(text.repeat(length).into())), Origin::Live);
        };
        put(1, 1, "other");
        for _ in 0..10 {
            put(0, RAW_BYTES_KEPT / 3, "x");
        }
        put(0, 2 * RAW_BYTES_KEPT, "y");
        put(0, 1, "small");
        let contents = lock(&mailbox.0);
        assert_eq!(contents.raw[&0].kept.len(), 1, "what is too long for all others goes first");
        drop(contents);
        let found: Vec<_> =
            std::iter::from_fn(|| next(&mailbox)).map(|update| (update.topic, update.skipped)).collect();
        assert_eq!(found, [(1, 0), (0, 11)]);
        let contents = lock(&mailbox.0);
        assert_eq!((contents.raw_bytes, contents.unread.len(), contents.raw[&0].places), (0, 0, 0));
    }
}
