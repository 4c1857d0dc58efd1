//! What happens when, and what the client waits for.

use electrum_sim::strategy::check;
use electrum_sim::{hostile_life, network_life};

#[test]
fn invariant_05_waits_are_true_and_ticks_make_progress() {
    check(hostile_life, &[5]);
}

#[test]
fn invariant_11_silence_is_broken_and_found_out() {
    check(network_life, &[11]);
}

#[test]
fn invariant_12_attempts_back_off() {
    check(network_life, &[12]);
}
