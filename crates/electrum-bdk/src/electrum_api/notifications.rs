//! The queues of notifications from which `*_pop` reads.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use electrum_blocking::proto::types::{Script as ProtoScript, ScriptStatus, Tip};
use electrum_blocking::proto::{Topic, Update};
use electrum_blocking::{Client, NoUpdate, TopicUpdate, Updates};
use electrum_client::{Error, ScriptHash, ToElectrumScriptHash};

use super::error;

/// How many unread headers are kept: those of about a month.
const HEADERS_KEPT: usize = 5_000;
/// How many unread statuses of each script are kept.
const STATUSES_KEPT: usize = 100;

/// The subscriptions of a client, with their unread notifications.
#[derive(Debug, Default)]
pub(super) struct Notifications {
    headers: Mutex<Option<Queue>>,
    scripts: Mutex<HashMap<ScriptHash, Queue>>,
}

#[derive(Debug)]
struct Queue {
    updates: Updates,
    /// The notification that comes after a gap, kept while the error that reports the gap is returned.
    held: Option<Update>,
}

impl Notifications {
    /// Subscribes to headers and returns the tip, or `None` if they are subscribed already.
    pub(super) fn subscribe_headers(&self, client: &Client, timeout: Duration) -> Result<Option<Tip>, Error> {
        if lock(&self.headers).is_some() {
            return Ok(None);
        }
        let mut queue = Queue::new(client, Topic::Headers, HEADERS_KEPT)?;
        let first = queue.first(timeout)?;
        lock(&self.headers).get_or_insert(queue);
        match first {
            Update::Headers(tip) => Ok(Some(tip)),
            other => Err(unexpected(&other)),
        }
    }

    pub(super) fn pop_header(&self) -> Result<Option<Tip>, Error> {
        match lock(&self.headers).as_mut().map_or(Ok(None), Queue::pop)? {
            None => Ok(None),
            Some(Update::Headers(tip)) => Ok(Some(tip)),
            Some(other) => Err(unexpected(&other)),
        }
    }

    /// Subscribes to scripts, all at once, and returns their statuses. After an error none of them is subscribed.
    pub(super) fn subscribe_scripts(
        &self,
        client: &Client,
        timeout: Duration,
        scripts: &[&bitcoin::Script],
    ) -> Result<Vec<Option<ScriptStatus>>, Error> {
        let mut queues = HashMap::new();
        let hashes: Vec<ScriptHash> = scripts.iter().map(|script| script.to_electrum_scripthash()).collect();
        for (script, hash) in scripts.iter().zip(&hashes) {
            if queues.contains_key(hash) || lock(&self.scripts).contains_key(hash) {
                return Err(Error::AlreadySubscribed(*hash));
            }
            let topic = Topic::Script(ProtoScript::from(*script));
            queues.insert(*hash, Queue::new(client, topic, STATUSES_KEPT)?);
        }
        let mut statuses = Vec::with_capacity(scripts.len());
        for hash in &hashes {
            let Some(queue) = queues.get_mut(hash) else { continue };
            statuses.push(status(queue.first(timeout)?)?);
        }
        let mut subscribed = lock(&self.scripts);
        for (hash, queue) in queues {
            match subscribed.entry(hash) {
                Entry::Vacant(entry) => drop(entry.insert(queue)),
                // Another thread has subscribed meanwhile.
                Entry::Occupied(_) => return Err(Error::AlreadySubscribed(hash)),
            }
        }
        Ok(statuses)
    }

    /// Ends the subscription to a script, with the unread notifications.
    pub(super) fn unsubscribe_script(&self, script: &bitcoin::Script) -> Result<(), Error> {
        let hash = script.to_electrum_scripthash();
        let removed = lock(&self.scripts).remove(&hash);
        removed.map(drop).ok_or(Error::NotSubscribed(hash))
    }

    /// Returns the next status: `None` if the queue is empty, `Some(None)` if the script has no history any more.
    pub(super) fn pop_status(&self, script: &bitcoin::Script) -> Result<Option<Option<ScriptStatus>>, Error> {
        let hash = script.to_electrum_scripthash();
        let popped = lock(&self.scripts).get_mut(&hash).ok_or(Error::NotSubscribed(hash))?.pop()?;
        popped.map(status).transpose()
    }
}

impl Queue {
    fn new(client: &Client, topic: Topic, capacity: usize) -> Result<Self, Error> {
        let updates = client.subscribe_queued(topic, capacity).map_err(|reason| error::of_rejection(&reason))?;
        Ok(Self { updates, held: None })
    }

    /// Waits for the first value of the subscription.
    fn first(&mut self, timeout: Duration) -> Result<Update, Error> {
        let update = self.updates.next_within(timeout).map_err(error::of_no_update)?;
        update.value.map_err(error::of_subscription)
    }

    /// Returns the next notification, if there is one. If some were dropped before it, returns an error first, once.
    fn pop(&mut self) -> Result<Option<Update>, Error> {
        if let Some(held) = self.held.take() {
            return Ok(Some(held));
        }
        match self.updates.next_within(Duration::ZERO) {
            Err(NoUpdate::TimedOut) => Ok(None),
            Err(error) => Err(error::of_no_update(error)),
            Ok(TopicUpdate { value, skipped: 0, .. }) => value.map(Some).map_err(error::of_subscription),
            Ok(TopicUpdate { value, skipped, .. }) => {
                self.held = Some(value.map_err(error::of_subscription)?);
                Err(Error::Message(format!(
                    "{skipped} notifications were dropped, for too many were unread; the newer ones follow"
                )))
            }
        }
    }
}

fn status(update: Update) -> Result<Option<ScriptStatus>, Error> {
    match update {
        Update::Script(status) => Ok(status),
        other => Err(unexpected(&other)),
    }
}

fn unexpected(update: &Update) -> Error {
    Error::Message(format!("an update of another topic came: {update:?}"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
