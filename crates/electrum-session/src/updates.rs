//! The changes of subscribed topics, kept for a consumer who may be slow.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use electrum_proto::{Origin, SubscribeError, Update};

use crate::slot::{lock, set_waker};

/// How many notifications of one raw subscription are kept for a consumer who does not read them.
const RAW_KEPT: usize = 256;

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

/// Where the changes of one consumer's topics wait, at most one for each topic (of raw ones, at most 256).
#[derive(Debug, Default)]
pub(crate) struct Mailbox(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// The topics that have changed, in the order of their first unread change.
    order: VecDeque<usize>,
    changes: BTreeMap<usize, Change>,
    raw: BTreeMap<usize, VecDeque<Change>>,
    /// Refusals, which do not stand in for values: the newest value is told whatever came after it.
    refusals: BTreeMap<usize, Change>,
    is_closed: bool,
    waker: Option<Waker>,
}

impl Mailbox {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    pub(crate) fn put(&self, topic: usize, value: Result<Update, SubscribeError>, origin: Origin) {
        let mut waiting = lock(&self.0);
        let mut change = Change { topic, value, origin, skipped: 0 };
        if change.value.is_err() {
            if waiting.refusals.insert(topic, change).is_none() {
                waiting.order.push_back(topic);
            }
        } else if matches!(change.value, Ok(Update::RawNotification(_) | Update::RawResult(_))) {
            let kept = waiting.raw.entry(topic).or_default();
            kept.push_back(change);
            if kept.len() > RAW_KEPT {
                let skipped = kept.pop_front().map_or(0, |oldest| oldest.skipped + 1);
                if let Some(next) = kept.front_mut() {
                    next.skipped += skipped;
                }
            } else {
                waiting.order.push_back(topic);
            }
        } else {
            match waiting.changes.get_mut(&topic) {
                Some(unread) => {
                    // What is first heard of a topic stays the first, whatever its value has become.
                    if unread.origin == Origin::Subscribed {
                        change.origin = Origin::Subscribed;
                    }
                    change.skipped = unread.skipped + 1;
                    *unread = change;
                }
                None => {
                    waiting.changes.insert(topic, change);
                    waiting.order.push_back(topic);
                }
            }
        }
        wake(waiting);
    }

    pub(crate) fn close(&self) {
        let mut waiting = lock(&self.0);
        waiting.is_closed = true;
        wake(waiting);
    }

    /// The next change; nothing more once the client is closed and all is read.
    pub(crate) fn poll_next(&self, context: &Context<'_>) -> Poll<Option<Change>> {
        let mut waiting = lock(&self.0);
        while let Some(topic) = waiting.order.pop_front() {
            let raw = waiting.raw.get_mut(&topic).and_then(VecDeque::pop_front);
            let value = raw.or_else(|| waiting.changes.remove(&topic));
            if let Some(change) = value.or_else(|| waiting.refusals.remove(&topic)) {
                return Poll::Ready(Some(change));
            }
        }
        if waiting.is_closed {
            return Poll::Ready(None);
        }
        set_waker(&mut waiting.waker, context);
        Poll::Pending
    }
}

fn wake(mut waiting: std::sync::MutexGuard<'_, Waiting>) {
    let waker = waiting.waker.take();
    drop(waiting);
    if let Some(waker) = waker {
        waker.wake();
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
        mailbox.put(7, status(1), Origin::Subscribed);
        mailbox.put(3, status(2), Origin::Live);
        mailbox.put(7, status(3), Origin::Live);
        mailbox.put(7, status(4), Origin::Live);
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
            mailbox.put(0, status.clone(), Origin::Live);
            mailbox.put(0, refusal.clone(), Origin::Subscribed);
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
            mailbox.put(0, Ok(Update::RawNotification(i.to_string())), Origin::Live);
        }
        let first = next(&mailbox).unwrap();
        assert_eq!((first.value, first.skipped), (Ok(Update::RawNotification("10".into())), 10));
        let rest: Vec<_> = std::iter::from_fn(|| next(&mailbox)).collect();
        assert_eq!(rest.len(), RAW_KEPT - 1);
        assert!(rest.iter().all(|change| change.skipped == 0));
        mailbox.close();
        assert_eq!(mailbox.poll_next(&Context::from_waker(Waker::noop())), Poll::Ready(None));
    }
}
