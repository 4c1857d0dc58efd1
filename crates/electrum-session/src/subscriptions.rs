//! Passes the updates of the machine's subscriptions on to their consumers.

use std::sync::Arc;
use std::task::Waker;

use electrum_proto::{Client, Origin, RejectReason, SubId, SubscribeError, Timestamp, Topic, Update};

use crate::ids::IdMap;
use crate::mailbox::Mailbox;

/// The consumers of each subscription. Consumers of the same topic share one subscription.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    entries: IdMap<SubId, Subscription>,
}

#[derive(Debug)]
struct Subscription {
    consumers: Vec<Consumer>,
    /// The newest value, or why there is none. A consumer that is added later receives it first.
    last: Option<Result<Update, SubscribeError>>,
}

#[derive(Debug)]
struct Consumer {
    mailbox: Arc<Mailbox>,
    topic: usize,
}

impl Subscriptions {
    /// Adds a consumer of a topic, under the number `index` among its topics.
    pub(crate) fn add(
        &mut self,
        client: &mut Client,
        now: Timestamp,
        topic: Topic,
        index: usize,
        mailbox: &Arc<Mailbox>,
        wakers: &mut Vec<Waker>,
    ) -> Result<SubId, RejectReason> {
        let consumer = Consumer { mailbox: Arc::clone(mailbox), topic: index };
        let sub = match client.subscribe(now, topic) {
            Ok(sub) => sub,
            Err(rejected) => match rejected.reason {
                RejectReason::Subscribed(sub) => sub,
                reason => return Err(reason),
            },
        };
        let entry = self.entries.entry(sub).or_insert_with(|| Subscription { consumers: Vec::new(), last: None });
        if let Some(last) = &entry.last {
            wakers.extend(consumer.mailbox.put(index, last.clone(), Origin::Subscribed));
        }
        entry.consumers.push(consumer);
        Ok(sub)
    }

    /// Removes the consumer with the number `index` in `mailbox`, and ends the subscription if it was the last one.
    pub(crate) fn remove(
        &mut self,
        client: &mut Client,
        now: Timestamp,
        sub: SubId,
        index: usize,
        mailbox: &Arc<Mailbox>,
    ) {
        let Some(entry) = self.entries.get_mut(&sub) else { return };
        entry.consumers.retain(|consumer| consumer.topic != index || !Arc::ptr_eq(&consumer.mailbox, mailbox));
        if entry.consumers.is_empty() {
            self.entries.remove(&sub);
            client.unsubscribe(now, sub);
        }
    }

    pub(crate) fn updated(&mut self, sub: SubId, value: Update, origin: Origin, wakers: &mut Vec<Waker>) {
        let Some(entry) = self.entries.get_mut(&sub) else { return };
        for consumer in &entry.consumers {
            wakers.extend(consumer.mailbox.put(consumer.topic, Ok(value.clone()), origin));
        }
        entry.last = Some(Ok(value));
    }

    pub(crate) fn refused(&mut self, sub: SubId, error: &SubscribeError, wakers: &mut Vec<Waker>) {
        let Some(entry) = self.entries.get_mut(&sub) else { return };
        for consumer in &entry.consumers {
            wakers.extend(consumer.mailbox.put(consumer.topic, Err(error.clone()), Origin::Subscribed));
        }
        // A refusal does not replace a known value.
        if !matches!(entry.last, Some(Ok(_))) {
            entry.last = Some(Err(error.clone()));
        }
    }

    /// Delivers the known value again when the server accepts the subscription after a refusal, without a change.
    pub(crate) fn restored(&self, sub: SubId, wakers: &mut Vec<Waker>) {
        let Some(Subscription { consumers, last: Some(Ok(value)) }) = self.entries.get(&sub) else { return };
        for consumer in consumers {
            wakers.extend(consumer.mailbox.put(consumer.topic, Ok(value.clone()), Origin::Resumed));
        }
    }

    pub(crate) fn close(&mut self, wakers: &mut Vec<Waker>) {
        for consumer in self.entries.drain().flat_map(|(_, entry)| entry.consumers) {
            wakers.extend(consumer.mailbox.close());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll};

    use electrum_proto::Config;

    use super::*;

    #[test]
    fn a_value_is_reported_again_when_its_subscription_is_accepted_after_a_refusal() {
        let (mut client, now) = (Client::new(Config::default(), Timestamp::ZERO), Timestamp::ZERO);
        let (mut subscriptions, mailbox, mut wakers) = (Subscriptions::default(), Mailbox::new(), Vec::new());
        let sub = subscriptions.add(&mut client, now, Topic::Headers, 0, &mailbox, &mut wakers);
        let sub = sub.unwrap_or_else(|reason| panic!("{reason}"));
        let next = || match mailbox.poll_next(&Context::from_waker(Waker::noop())) {
            Poll::Ready(update) => update.map(|update| (update.value, update.origin)),
            Poll::Pending => None,
        };
        let value = Update::Script(None);
        subscriptions.restored(sub, &mut wakers);
        assert_eq!(next(), None, "no value is known");
        subscriptions.updated(sub, value.clone(), Origin::Subscribed, &mut wakers);
        subscriptions.refused(sub, &SubscribeError::TimedOut, &mut wakers);
        assert_eq!(next(), Some((Ok(value.clone()), Origin::Subscribed)));
        assert_eq!(next(), Some((Err(SubscribeError::TimedOut), Origin::Subscribed)));
        subscriptions.restored(sub, &mut wakers);
        assert_eq!(next(), Some((Ok(value), Origin::Resumed)));
    }
}
