//! What goes over the wire, and that it does not matter in which pieces it comes.

use electrum_sim::strategy::check;
use electrum_sim::{chunked_life, hostile_life, network_life};

#[test]
fn invariant_01_pieces_do_not_matter() {
    check(chunked_life, &[1]);
}

#[test]
fn invariant_02_the_version_goes_first_and_alone() {
    check(hostile_life, &[2]);
}

#[test]
fn invariant_07_old_links_and_clocks_that_run_backwards_change_nothing() {
    check(hostile_life, &[7]);
}

#[test]
fn invariant_10_nothing_is_written_that_the_version_lacks() {
    check(network_life, &[10]);
}

#[test]
fn invariant_13_lines_say_what_was_asked() {
    check(hostile_life, &[13]);
}
