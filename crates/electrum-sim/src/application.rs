//! Runs the logic of an application, such as a wallet, over the simulated network, in place of random commands.

use electrum_proto::{Timestamp, Topic, Update};

use super::generate::topic;
use super::probe::{Emitted, Probe};
use super::server::{Chain, thing_of};

/// Logic that is tested over the simulated network by [`application_run`](crate::application_run).
///
/// The network delays, splits, stalls and breaks; servers change, fail and restart. In the end everything works again,
/// and [`check`](Self::check) decides whether the logic knows what it must.
pub trait Application {
    /// Makes the first commands, before there is a connection.
    fn start(&mut self, client: &mut Probe, now: Timestamp);

    /// Handles an output of the client, and may make commands.
    fn react(&mut self, client: &mut Probe, now: Timestamp, emitted: &Emitted);

    /// Checks the state of the logic once the network has worked for long enough.
    ///
    /// # Errors
    /// Says what is wrong. The run then violates invariant 0, and [`suite`](crate::suite) shrinks it.
    fn check(&self, truth: &Truth<'_>) -> Result<(), String>;
}

/// The values of the simulated servers at the end of a run.
#[derive(Clone, Copy, Debug)]
pub struct Truth<'a>(pub(super) &'a Chain);

impl Truth<'_> {
    /// Returns whether this update has the present value of the topic, which must be a known one.
    #[must_use]
    pub fn is_current(&self, topic: &Topic, update: &Update) -> bool {
        thing_of(topic).is_some_and(|thing| self.0.matches(thing, update))
    }
}

/// The number of topics that the simulated servers know.
pub const TOPICS: usize = super::generate::TOPICS;

/// Returns a topic that the simulated servers know, by a number below [`TOPICS`]: a script, except for 1 (headers), 2
/// (a method of the servers' own), 5 (the hash of script 4) and 6 (an outpoint).
#[must_use]
pub fn known_topic(index: usize) -> Topic {
    topic(index)
}
