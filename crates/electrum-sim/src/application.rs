//! Runs the logic of an application, such as a wallet, over the simulated network, in place of random commands.

use electrum_proto::{Timestamp, Topic, Update};

use super::generate::topic;
use super::probe::{Emitted, Probe};
use super::server::{Chain, thing_of};

/// Logic that is tested over the simulated network by [`application_run`](crate::application_run).
///
/// The network delays, splits, stalls and breaks; servers change, fail and restart. In the end everything works again,
/// and [`check`](Self::check) decides whether the logic knows what it must.
///
/// # Example
/// ```
/// use electrum_proto::{Timestamp, Update};
/// use electrum_sim::{Application, Emitted, Probe, Trace, Truth, application_run, known_topic};
///
/// /// Knows the newest value of one topic.
/// #[derive(Default)]
/// struct Newest(Option<Update>);
///
/// impl Application for Newest {
///     fn start(&mut self, client: &mut Probe, now: Timestamp) {
///         client.subscribe(now, known_topic(0)).expect("room for a first subscription");
///     }
///     fn react(&mut self, _: &mut Probe, _: Timestamp, emitted: &Emitted) {
///         match emitted {
///             Emitted::Update { value, .. } => self.0 = Some(value.clone()),
///             Emitted::Refused { .. } => self.0 = None,
///             _ => {}
///         }
///     }
///     fn check(&self, truth: &Truth<'_>) -> Result<(), String> {
///         let is_old = self.0.as_ref().is_some_and(|value| !truth.is_current(&known_topic(0), value));
///         if is_old { Err(format!("{:?} is old", self.0)) } else { Ok(()) }
///     }
/// }
///
/// for seed in 0..10 {
///     let probe = application_run(&mut Trace::from_seed(seed), false, &mut Newest::default());
///     assert_eq!(probe.violation(), None);
/// }
/// ```
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
///
/// # Example
/// ```
/// # use electrum_proto::{Timestamp, Update};
/// # use electrum_sim::{Application, Emitted, Probe, Trace, Truth, application_run, known_topic, suite};
/// /// Is sure of a status that no server has.
/// struct Stubborn;
///
/// impl Application for Stubborn {
/// #     fn start(&mut self, _: &mut Probe, _: Timestamp) {}
/// #     fn react(&mut self, _: &mut Probe, _: Timestamp, _: &Emitted) {}
///     fn check(&self, truth: &Truth<'_>) -> Result<(), String> {
///         let status = Update::Script(Some("ab".repeat(32).parse().expect("a status")));
///         if truth.is_current(&known_topic(0), &status) { Ok(()) } else { Err("a wrong status".into()) }
///     }
/// }
///
/// let run = |trace: &mut Trace, record| application_run(trace, record, &mut Stubborn);
/// let failure = suite::play(100, 0, &[0], run).unwrap_err();
/// assert_eq!(failure.violation.what, "a wrong status");
/// ```
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
