//! A consumer of one client's updates and connection events, who remembers the newest values.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use electrum_blocking::proto::{Topic, Update};
use electrum_blocking::{ConnectionEvent, TopicUpdate};
use real_servers::Random;
use serde_json::{Value, json};

use crate::common::{Client, Events, Updates, topic};
use crate::known_chain::KnownChain;

const PATIENCE: Duration = Duration::from_secs(1);

/// What was emitted so far.
pub(crate) struct Watcher(Arc<Mutex<Seen>>);

struct Seen {
    /// The newest value of each topic: the tip, then the scripts.
    last: Vec<Option<Update>>,
    origins: BTreeMap<String, u64>,
    /// Values that gave way to newer ones because the consumer was slow.
    skipped: u64,
    /// Values that were emitted although nothing had changed.
    repeated: u64,
    refused: u64,
    events: BTreeMap<String, u64>,
}

impl Watcher {
    /// Watches the tip and all scripts, in threads of its own.
    pub(crate) fn start(client: &Client, scripts: u32, random: Random) -> Self {
        let scripts = (0..scripts).map(|number| topic(&KnownChain::script(number)));
        let topics: Vec<_> = std::iter::once(Topic::Headers).chain(scripts).collect();
        let seen = Arc::new(Mutex::new(Seen {
            last: vec![None; topics.len()],
            origins: BTreeMap::new(),
            skipped: 0,
            repeated: 0,
            refused: 0,
            events: BTreeMap::new(),
        }));
        let (updates, events) = (client.subscribe(topics), client.events());
        let watcher = Self(Arc::clone(&seen));
        thread::spawn(move || Self(seen).watch(updates, random));
        let living = Self(Arc::clone(&watcher.0));
        thread::spawn(move || living.live(events));
        watcher
    }

    fn watch(self, mut updates: Updates, mut random: Random) {
        loop {
            if let Some(change) = updates.next_within(PATIENCE) {
                self.with(|seen| seen.note(change));
            }
            // A consumer that has other things to do now and then.
            if random.one_in(500) {
                thread::sleep(random.within(&(Duration::ZERO..Duration::from_secs(1))));
            }
        }
    }

    fn live(self, mut events: Events) {
        loop {
            let name = match events.next(PATIENCE) {
                Some(ConnectionEvent::Ready { .. }) => "ready".to_owned(),
                Some(ConnectionEvent::Down { cause, .. }) => format!("down: {}", cause.name()),
                _ => continue,
            };
            self.with(|seen| *seen.events.entry(name).or_default() += 1);
        }
    }

    pub(crate) fn report(&self) -> Value {
        self.with(|seen| {
            let statuses: Vec<_> = seen.last[1..].iter().map(value).collect();
            json!({
                "tip": value(&seen.last[0]),
                "statuses": statuses,
                "emitted": seen.origins,
                "skipped": seen.skipped,
                "repeated": seen.repeated,
                "refused": seen.refused,
                "events": seen.events,
            })
        })
    }

    fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Seen {
    fn note(&mut self, change: TopicUpdate) {
        let Ok(value) = change.value else {
            self.refused += 1;
            return;
        };
        let value = Some(value);
        // What came between may have been skipped, and the value be the old one again.
        self.repeated += u64::from(change.skipped == 0 && self.last[change.topic] == value);
        self.last[change.topic] = value;
        self.skipped += change.skipped;
        *self.origins.entry(format!("{:?}", change.origin)).or_default() += 1;
    }
}

/// As the protocol writes it; `false` for what was not emitted yet.
fn value(last: &Option<Update>) -> Value {
    match last {
        None => json!(false),
        Some(Update::Headers(tip)) => json!({"height": tip.height, "header": tip.header.to_hex()}),
        Some(Update::Script(status)) => json!(status.map(|status| status.to_string())),
        Some(other) => panic!("not asked for: {other:?}"),
    }
}
