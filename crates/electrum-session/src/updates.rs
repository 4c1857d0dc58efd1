//! The changes of subscribed topics, kept for a consumer who may be slow.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use electrum_proto::{Origin, SubscribeError, Update};

use crate::slot::{lock, set_waker};

/// How many notifications of one raw subscription are kept for a consumer who does not read them.
const RAW_KEPT: usize = 256;
/// How many bytes of such notifications are kept for one consumer. The newest one of each subscription always is.
const RAW_BYTES_KEPT: usize = 8 * 1024 * 1024;

/// A topic has a new value, or cannot be reported on for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which of the topics that were subscribed together, counted from zero.
    pub topic: usize,
    /// The newest value. A refused subscription is tried again on the next connection by itself.
    pub value: Result<Update, SubscribeError>,
    /// How it became known.
    pub origin: Origin,
    /// How many values of this topic came before this one and after the last that was read: older ones give way.
    pub skipped: u64,
}

/// Where the changes of one consumer's topics wait, at most one for each topic (of raw ones at most [`RAW_KEPT`], and
/// [`RAW_BYTES_KEPT`] of all of them).
#[derive(Debug, Default)]
pub(crate) struct Mailbox(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// What is unread, oldest first.
    unread: VecDeque<Unread>,
    /// How much was read: what stands first in `unread` has this number.
    read: u64,
    /// For each topic the number of its unread value, counted from one; zero if there is none.
    values: Vec<u64>,
    raw: BTreeMap<usize, Raw>,
    /// The bytes of all that is in `raw`.
    raw_bytes: usize,
    /// Refusals, which do not stand in for values: the newest value is told whatever came after it.
    refusals: BTreeMap<usize, Change>,
    is_closed: bool,
    waker: Option<Waker>,
}

/// What is unread of one raw subscription.
#[derive(Debug, Default)]
struct Raw {
    kept: VecDeque<Change>,
    /// How often it stands among what is unread, which is at least as often as there is something.
    places: usize,
}

#[derive(Debug)]
enum Unread {
    Value(Change),
    /// The oldest one of this topic.
    Raw(usize),
    Refusal(usize),
}

impl Mailbox {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Leaves a change, and tells whom to wake.
    #[must_use]
    pub(crate) fn put(&self, topic: usize, value: Result<Update, SubscribeError>, origin: Origin) -> Option<Waker> {
        let mut waiting = lock(&self.0);
        let change = Change { topic, value, origin, skipped: 0 };
        match change.value {
            Err(_) => {
                if waiting.refusals.insert(topic, change).is_none() {
                    waiting.unread.push_back(Unread::Refusal(topic));
                }
            }
            Ok(Update::RawNotification(_) | Update::RawResult(_)) => waiting.put_raw(change),
            Ok(_) => waiting.put_value(change),
        }
        waiting.waker.take()
    }

    pub(crate) fn close(&self) {
        let mut waiting = lock(&self.0);
        waiting.is_closed = true;
        let waker = waiting.waker.take();
        drop(waiting);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The next change; nothing more once the client is closed and all is read.
    pub(crate) fn poll_next(&self, context: &Context<'_>) -> Poll<Option<Change>> {
        let mut waiting = lock(&self.0);
        while let Some(unread) = waiting.unread.pop_front() {
            waiting.read += 1;
            let change = match unread {
                Unread::Value(change) => {
                    waiting.values[change.topic] = 0;
                    Some(change)
                }
                Unread::Raw(topic) => waiting.take_raw(topic),
                Unread::Refusal(topic) => waiting.refusals.remove(&topic),
            };
            if change.is_some() {
                return Poll::Ready(change);
            }
        }
        if waiting.is_closed {
            return Poll::Ready(None);
        }
        set_waker(&mut waiting.waker, context);
        Poll::Pending
    }
}

impl Waiting {
    fn put_value(&mut self, mut change: Change) {
        let topic = change.topic;
        if topic >= self.values.len() {
            self.values.resize(topic + 1, 0);
        }
        let place = self.values[topic].checked_sub(self.read + 1).and_then(|place| usize::try_from(place).ok());
        match place.and_then(|place| self.unread.get_mut(place)) {
            Some(Unread::Value(unread)) => {
                // What is first heard of a topic stays the first, whatever its value has become.
                if unread.origin == Origin::Subscribed {
                    change.origin = Origin::Subscribed;
                }
                change.skipped = unread.skipped + 1;
                *unread = change;
            }
            _ => {
                self.unread.push_back(Unread::Value(change));
                self.values[topic] = self.read + self.unread.len() as u64;
            }
        }
    }

    fn put_raw(&mut self, change: Change) {
        let topic = change.topic;
        let raw = self.raw.entry(topic).or_default();
        self.raw_bytes += length(&change);
        raw.kept.push_back(change);
        while raw.kept.len() > RAW_KEPT || (self.raw_bytes > RAW_BYTES_KEPT && raw.kept.len() > 1) {
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

    fn take_raw(&mut self, topic: usize) -> Option<Change> {
        let raw = self.raw.get_mut(&topic)?;
        raw.places -= 1;
        let change = raw.kept.pop_front()?;
        self.raw_bytes -= length(&change);
        Some(change)
    }
}

/// The bytes that a raw change holds.
fn length(change: &Change) -> usize {
    match &change.value {
        Ok(Update::RawNotification(text) | Update::RawResult(text)) => text.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(mailbox: &Mailbox) -> Option<Change> {
        match mailbox.poll_next(&Context::from_waker(Waker::noop())) {
            Poll::Ready(change) => Some(change.expect("not closed")),
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
        assert_eq!(first, Change { topic: 7, value: status(4), origin: Origin::Subscribed, skipped: 2 });
        assert_eq!(next(&mailbox).map(|change| change.topic), Some(3));
        assert_eq!(next(&mailbox), None);
    }

    #[test]
    fn a_refusal_leaves_the_newest_value_to_be_read() {
        let mailbox = Mailbox::new();
        let status = Ok(Update::Script(None));
        let refusal =
            Err(SubscribeError::Server(electrum_proto::json::ServerError { code: None, message: "no".into() }));
        for _ in 0..3 {
            let _ = mailbox.put(0, status.clone(), Origin::Live);
            let _ = mailbox.put(0, refusal.clone(), Origin::Subscribed);
        }
        assert_eq!(next(&mailbox).map(|change| (change.value, change.skipped)), Some((status, 2)));
        assert_eq!(next(&mailbox).map(|change| change.value), Some(refusal));
        assert_eq!(next(&mailbox), None);
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
        assert!(rest.iter().all(|change| change.skipped == 0));
        mailbox.close();
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
        let waiting = lock(&mailbox.0);
        assert_eq!(waiting.raw[&0].kept.len(), 1, "what is too long for all others goes first");
        drop(waiting);
        let found: Vec<_> =
            std::iter::from_fn(|| next(&mailbox)).map(|change| (change.topic, change.skipped)).collect();
        assert_eq!(found, [(1, 0), (0, 11)]);
        let waiting = lock(&mailbox.0);
        assert_eq!((waiting.raw_bytes, waiting.unread.len(), waiting.raw[&0].places), (0, 0, 0));
    }
}
