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

/// One of them.
pub(super) struct Scenario<A> {
    pub(super) name: &'static str,
    /// Whether it needs the process for itself.
    pub(super) alone: bool,
    pub(super) run: fn(A, Transport),
}

pub(super) fn all<A: Adapter>() -> Vec<Scenario<A>> {
    let shared = |name, run| Scenario { name, alone: false, run };
    vec![
        shared("answers_and_errors", calls::answers_and_errors),
        shared("every_family", calls::every_family),
        shared("late_replies", calls::late_replies),
        shared("waits_while_down", waiting::waits_while_down),
        shared("bounded_queue", waiting::bounded_queue),
        shared("deadline_while_down", waiting::deadline_while_down),
        shared("dropped_calls", waiting::dropped_calls),
        shared("closed_with_calls_waiting", waiting::closed_with_calls_waiting),
        shared("dropped_handles", waiting::dropped_handles),
        shared("mute_in_the_handshake", handshake::mute_in_the_handshake),
        shared("every_refusal", handshake::every_refusal),
        shared("servers_in_turn", handshake::servers_in_turn),
        shared("connection_events", handshake::connection_events),
        shared("cut_in_mid_line", loss::cut_in_mid_line),
        shared("reset_with_calls_waiting", loss::reset_with_calls_waiting),
        shared("last_words", loss::last_words),
        shared("mute_when_ready", loss::mute_when_ready),
        shared("restarts_under_load", loss::restarts_under_load),
        shared("changes_are_made_once", loss::changes_are_made_once),
        shared("queue_and_repeated_calls", loss::queue_and_repeated_calls),
        shared("dropped_in_the_midst", loss::dropped_in_the_midst),
        shared("unsubscribes_when_dropped", subscriptions::unsubscribes_when_dropped),
        shared("slow_consumers", subscriptions::slow_consumers),
        shared("several_consumers", subscriptions::several_consumers),
        shared("changes_during_an_outage", subscriptions::changes_during_an_outage),
        shared("refused_topics", subscriptions::refused_topics),
        shared("calls_that_end_connections", pressure::calls_that_end_connections),
        shared("busy_servers", pressure::busy_servers),
        shared("long_answers_at_once", pressure::long_answers_at_once),
        shared("servers_that_only_answer_pings", pressure::servers_that_only_answer_pings),
        shared("subscriptions_refused_for_a_moment", pressure::subscriptions_refused_for_a_moment),
        shared("full_duplex", load::full_duplex),
        shared("padded_writes", padding::padded_writes),
        Scenario { name: "idle", alone: true, run: idle::idle },
    ]
}
