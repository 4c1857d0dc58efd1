//! The scenarios, by subject.

mod calls;
mod handshake;
mod idle;
mod load;
mod loss;
mod padding;
mod pressure;
mod subscriptions;
mod waiting;

use super::{Adapter, Transport};

/// A scenario with its name.
pub(super) struct Scenario<A> {
    pub(super) name: &'static str,
    pub(super) run: fn(A, Transport),
}

macro_rules! scenarios {
    ($($file:ident: $($name:ident)*;)*) => {
        pub(super) fn all<A: Adapter>() -> Vec<Scenario<A>> {
            vec![$($(Scenario { name: stringify!($name), run: $file::$name },)*)*]
        }
    };
}

scenarios! {
    calls: answers_and_errors every_family late_replies;
    waiting: waits_while_down bounded_queue deadline_while_down dropped_calls closed_with_calls_waiting
        dropped_handles;
    handshake: mute_in_the_handshake every_refusal servers_in_turn connection_events;
    loss: cut_in_mid_line reset_with_calls_waiting last_words mute_when_ready restarts_under_load
        changes_are_made_once queue_and_repeated_calls dropped_in_the_midst;
    subscriptions: unsubscribes_when_dropped slow_consumers several_consumers changes_during_an_outage refused_topics;
    pressure: calls_that_end_connections busy_servers one_busy_server_of_two servers_with_limits long_answers_at_once
        servers_that_only_answer_pings subscriptions_refused_for_a_moment unanswered_subscriptions
        nothing_after_its_deadline;
    load: full_duplex;
    padding: padded_writes;
    idle: idle;
}
