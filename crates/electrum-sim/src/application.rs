//! Logic of an application over the simulated network: a wallet, say, in place of random commands.

use electrum_proto::{Timestamp, Topic, Update};

use super::generate::topic;
use super::probe::{Emitted, Probe};
use super::server::{Chain, thing_of};

/// Logic that is tested over the simulated network by [`application_run`](crate::application_run).
///
/// The network delays, cuts, breaks and stalls, servers change, err and restart, and in the end all is well again. Then
/// [`check`](Self::check) says whether the logic has come to know what it must.
pub trait Application {
    /// Makes the first commands, before there is a connection.
    fn start(&mut self, client: &mut Probe, now: Timestamp);

    /// Takes in what the client emitted, and may make commands.
    fn react(&mut self, client: &mut Probe, now: Timestamp, emitted: &Emitted);

    /// Checks the state of the logic once the network has worked for long enough.
    ///
    /// # Errors
    /// What is wrong, in words: the run then violates invariant 0, and [`suite`](crate::suite) shrinks it.
    fn check(&self, truth: &Truth<'_>) -> Result<(), String>;
}

/// What the simulated servers know at the end of a run.
#[derive(Clone, Copy, Debug)]
pub struct Truth<'a>(pub(super) &'a Chain);

impl Truth<'_> {
    /// Whether this update has the present value of the topic, which is one of [`TOPICS`].
    #[must_use]
    pub fn is_current(&self, topic: &Topic, update: &Update) -> bool {
        thing_of(topic).is_some_and(|thing| self.0.matches(thing, update))
    }
}

/// How many topics the simulated servers know.
pub const TOPICS: usize = super::generate::TOPICS;

/// One of the topics that the simulated servers know, by a number below [`TOPICS`]: scripts but for 1 (headers), 2 (a method
/// of the servers' own), 5 (the hash of script 4) and 6 (an outpoint).
#[must_use]
pub fn known_topic(index: usize) -> Topic {
    topic(index)
}
