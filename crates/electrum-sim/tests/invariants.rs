//! Each invariant, over ten thousand simulated runs.

use electrum_sim::strategy::check;
use electrum_sim::suite::Played;
use electrum_sim::{CallsRun, Probe, Trace, calls_run, chunked_run, hostile_run, network_run};

macro_rules! invariants {
    ($($name:ident: $run:ident keeps $invariant:literal;)*) => {
        $(#[test] fn $name() {
            check($run, &[$invariant]);
        })*
    };
}

invariants! {
    invariant_01_pieces_do_not_matter: chunked_run keeps 1;
    invariant_02_the_version_goes_first_and_alone: hostile_run keeps 2;
    invariant_03_every_request_has_one_reply: hostile_run keeps 3;
    invariant_04_each_request_is_answered_by_itself: hostile_run keeps 4;
    invariant_05_waits_are_true_and_ticks_make_progress: hostile_run keeps 5;
    invariant_06_limits_hold: hostile_run keeps 6;
    invariant_07_old_links_and_clocks_that_run_backwards_change_nothing: hostile_run keeps 7;
    invariant_08_a_lost_request_says_whether_it_was_written: network_run keeps 8;
    invariant_08_a_lost_request_says_whether_it_was_written_whatever_comes: hostile_run keeps 8;
    invariant_09_in_the_end_everything_is_known: network_run keeps 9;
    invariant_09_nothing_is_emitted_twice_or_after_its_end: hostile_run keeps 9;
    invariant_10_nothing_is_written_that_the_version_lacks: network_run keeps 10;
    invariant_11_silence_is_broken_and_found_out: network_run keeps 11;
    invariant_12_attempts_back_off: network_run keeps 12;
    invariant_13_lines_say_what_was_asked: hostile_run keeps 13;
    invariant_14_a_closed_client_finishes: hostile_run keeps 14;
    invariant_14_the_same_trace_leads_to_the_same_run: twice keeps 14;
    invariant_03_every_call_has_one_outcome: calls_run keeps 3;
    invariant_04_every_call_has_its_own_answer: calls_run keeps 4;
    invariant_15_healthy_calls_are_answered_and_none_is_sent_too_often: calls_run keeps 15;
    invariant_17_padded_writes_have_sizes_of_the_scheme: network_run keeps 17;
    invariant_17_padded_writes_have_sizes_of_the_scheme_whatever_comes: hostile_run keeps 17;
    invariant_14_the_same_trace_leads_to_the_same_calls: calls_twice keeps 14;
}

/// Plays the run of a trace twice.
fn twice(trace: &mut Trace, _: bool) -> Probe {
    let seed = trace.seed();
    let mut first = network_run(trace, true);
    let mut again = seed.map_or_else(|| Trace::replay(trace.decisions().to_vec()), Trace::from_seed);
    let second = network_run(&mut again, true);
    if first.log() != second.log() {
        let other = first.log().iter().zip(second.log()).find(|(a, b)| a != b);
        first.violate(14, format!("the same trace led to something else: {other:?}"));
    }
    first
}

/// Plays the calls of a trace twice.
fn calls_twice(trace: &mut Trace, _: bool) -> CallsRun {
    let seed = trace.seed();
    let mut first = calls_run(trace, true);
    let mut again = seed.map_or_else(|| Trace::replay(trace.decisions().to_vec()), Trace::from_seed);
    let second = calls_run(&mut again, true);
    if first.log() != second.log() {
        let other = first.log().iter().zip(second.log()).find(|(a, b)| a != b);
        let what = format!("the same trace led to something else: {other:?}");
        first.violate(14, what);
    }
    first
}
