//! The scenarios, by subject.

mod calls;
mod handshake;
mod idle;
mod load;
mod loss;
mod subscriptions;
mod waiting;

use super::{Adapter, Way};

/// One of them.
pub(super) struct Scenario<A> {
    pub(super) name: &'static str,
    /// Whether it needs the process for itself.
    pub(super) alone: bool,
    pub(super) run: fn(A, Way),
}

pub(super) fn all<A: Adapter>() -> Vec<Scenario<A>> {
    let together = |name, run| Scenario { name, alone: false, run };
    vec![
        together("answers_and_errors", calls::answers_and_errors),
        together("every_family", calls::every_family),
        together("late_replies", calls::late_replies),
        together("waits_while_down", waiting::waits_while_down),
        together("bounded_queue", waiting::bounded_queue),
        together("deadline_while_down", waiting::deadline_while_down),
        together("dropped_calls", waiting::dropped_calls),
        together("closed_with_calls_waiting", waiting::closed_with_calls_waiting),
        together("dropped_handles", waiting::dropped_handles),
        together("mute_in_the_handshake", handshake::mute_in_the_handshake),
        together("every_refusal", handshake::every_refusal),
        together("servers_in_turn", handshake::servers_in_turn),
        together("life_is_told", handshake::life_is_told),
        together("cut_in_mid_line", loss::cut_in_mid_line),
        together("reset_with_calls_waiting", loss::reset_with_calls_waiting),
        together("last_words", loss::last_words),
        together("mute_when_ready", loss::mute_when_ready),
        together("restarts_under_load", loss::restarts_under_load),
        together("changes_are_made_once", loss::changes_are_made_once),
        together("queue_and_repeated_calls", loss::queue_and_repeated_calls),
        together("dropped_in_the_midst", loss::dropped_in_the_midst),
        together("unsubscribes_when_dropped", subscriptions::unsubscribes_when_dropped),
        together("slow_consumers", subscriptions::slow_consumers),
        together("several_consumers", subscriptions::several_consumers),
        together("changes_during_an_outage", subscriptions::changes_during_an_outage),
        together("refused_topics", subscriptions::refused_topics),
        together("full_duplex", load::full_duplex),
        Scenario { name: "idle", alone: true, run: idle::idle },
    ]
}
