//! What becomes of subscriptions.

use electrum_sim::strategy::check;
use electrum_sim::{hostile_life, network_life};

#[test]
fn invariant_09_in_the_end_everything_is_known() {
    check(network_life, &[9]);
}

#[test]
fn invariant_09_nothing_is_told_twice_or_after_its_end() {
    check(hostile_life, &[9]);
}
