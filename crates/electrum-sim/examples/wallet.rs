//! Property-tests the logic of an application over a simulated network: a cache of statuses, which must be right in the end
//! whatever the network does. A mistake in it is found, and the run that shows it is shrunk.

use std::collections::BTreeMap;

use electrum_proto::{Origin, SubId, Timestamp, Topic, Update};
use electrum_sim::{Application, Emitted, Probe, Trace, Truth, application_run, known_topic, suite};

/// The newest value of each topic.
#[derive(Default)]
struct Cache {
    topics: BTreeMap<SubId, Topic>,
    values: BTreeMap<SubId, Update>,
    /// The mistake: values that changed during an outage are not taken in.
    ignores_resumed: bool,
}

impl Application for Cache {
    fn start(&mut self, client: &mut Probe, now: Timestamp) {
        for index in [0, 1, 3] {
            let topic = known_topic(index);
            // The limit of subscriptions may be lower: then there is less to know.
            if let Ok(sub) = client.subscribe(now, topic.clone()) {
                self.topics.insert(sub, topic);
            }
        }
    }

    fn react(&mut self, _: &mut Probe, _: Timestamp, emitted: &Emitted) {
        match emitted {
            Emitted::Update { sub, value, origin } if *origin != Origin::Resumed || !self.ignores_resumed => {
                self.values.insert(*sub, value.clone());
            }
            // The server reports no changes of a topic that it refuses.
            Emitted::Refused { sub, .. } => drop(self.values.remove(sub)),
            _ => {}
        }
    }

    fn check(&self, truth: &Truth<'_>) -> Result<(), String> {
        for (sub, value) in &self.values {
            let topic = &self.topics[sub];
            if !truth.is_current(topic, value) {
                return Err(format!("the cache has {value:?} for {topic:?}"));
            }
        }
        Ok(())
    }
}

fn right(trace: &mut Trace, record: bool) -> Probe {
    application_run(trace, record, &mut Cache::default())
}

fn wrong(trace: &mut Trace, record: bool) -> Probe {
    application_run(trace, record, &mut Cache { ignores_resumed: true, ..Cache::default() })
}

/// Plays two thousand runs of each; with no arguments, the way a test would.
pub(crate) fn main() {
    let (runs, seed) = suite::from_environment(2_000, 0);
    if let Err(failure) = suite::play(runs, seed, &[], right) {
        panic!("{failure}");
    }
    let failure = suite::play(runs, seed, &[], wrong).expect_err("the mistake is found");
    assert_eq!(failure.violation.invariant, 0, "{failure}");
    println!("{failure}");
}
