//! Who wants to be told of which subscription.

use std::sync::Arc;
use std::task::Waker;

use electrum_proto::{Client, Origin, RejectReason, SubId, SubscribeError, Timestamp, Topic, Update};

use crate::ids::IdMap;
use crate::updates::Mailbox;

/// The subscriptions of the machine, each with its consumers: the same topic is asked for once.
#[derive(Debug, Default)]
pub(crate) struct Feeds {
    feeds: IdMap<SubId, Feed>,
    /// Those who wait for changes that came meanwhile.
    wakers: Vec<Waker>,
}

#[derive(Debug)]
struct Feed {
    consumers: Vec<Consumer>,
    /// What consumers that come later are told at once: the newest value, or why there is none.
    last: Option<Result<Update, SubscribeError>>,
}

#[derive(Debug)]
struct Consumer {
    mailbox: Arc<Mailbox>,
    topic: usize,
}

impl Feeds {
    /// Adds a consumer of a topic, under the number `index` among its topics.
    pub(crate) fn add(
        &mut self,
        client: &mut Client,
        now: Timestamp,
        topic: Topic,
        index: usize,
        mailbox: &Arc<Mailbox>,
    ) -> Result<SubId, RejectReason> {
        let consumer = Consumer { mailbox: Arc::clone(mailbox), topic: index };
        let sub = match client.subscribe(now, topic) {
            Ok(sub) => sub,
            Err(rejected) => match rejected.reason {
                RejectReason::Subscribed(sub) => sub,
                reason => return Err(reason),
            },
        };
        let feed = self.feeds.entry(sub).or_insert_with(|| Feed { consumers: Vec::new(), last: None });
        if let Some(last) = &feed.last {
            self.wakers.extend(consumer.mailbox.put(index, last.clone(), Origin::Subscribed));
        }
        feed.consumers.push(consumer);
        Ok(sub)
    }

    /// Takes a consumer away; the last one ends the subscription.
    pub(crate) fn remove(&mut self, client: &mut Client, now: Timestamp, sub: SubId, mailbox: &Arc<Mailbox>) {
        let Some(feed) = self.feeds.get_mut(&sub) else { return };
        feed.consumers.retain(|consumer| !Arc::ptr_eq(&consumer.mailbox, mailbox));
        if feed.consumers.is_empty() {
            self.feeds.remove(&sub);
            client.unsubscribe(now, sub);
        }
    }

    pub(crate) fn updated(&mut self, sub: SubId, value: Update, origin: Origin) {
        let Some(feed) = self.feeds.get_mut(&sub) else { return };
        for consumer in &feed.consumers {
            self.wakers.extend(consumer.mailbox.put(consumer.topic, Ok(value.clone()), origin));
        }
        feed.last = Some(Ok(value));
    }

    pub(crate) fn refused(&mut self, sub: SubId, error: &SubscribeError) {
        let Some(feed) = self.feeds.get_mut(&sub) else { return };
        for consumer in &feed.consumers {
            self.wakers.extend(consumer.mailbox.put(consumer.topic, Err(error.clone()), Origin::Subscribed));
        }
        // A value that was once known stays the newest.
        if !matches!(feed.last, Some(Ok(_))) {
            feed.last = Some(Err(error.clone()));
        }
    }

    /// Wakes who waits for changes: once for all that came together.
    pub(crate) fn wake(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }

    pub(crate) fn close(&mut self) {
        for consumer in self.feeds.drain().flat_map(|(_, feed)| feed.consumers) {
            consumer.mailbox.close();
        }
    }
}
