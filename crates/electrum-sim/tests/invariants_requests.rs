//! What becomes of requests.

use electrum_sim::strategy::check;
use electrum_sim::{hostile_life, network_life};

#[test]
fn invariant_03_every_request_has_one_reply() {
    check(hostile_life, &[3]);
}

#[test]
fn invariant_04_each_member_of_a_batch_is_answered_by_itself() {
    check(hostile_life, &[4]);
}

#[test]
fn invariant_08_what_was_not_written_is_told_so() {
    check(network_life, &[8]);
}
