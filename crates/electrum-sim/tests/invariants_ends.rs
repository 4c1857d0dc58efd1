//! The same causes have the same effects, and every life ends when it should.

use electrum_sim::strategy::check;
use electrum_sim::{Probe, Tape, hostile_life, network_life};

#[test]
fn invariant_14_a_closed_client_finishes() {
    check(hostile_life, &[14]);
}

/// Plays the life of a tape twice.
fn twice(tape: &mut Tape, record: bool) -> Probe {
    let seed = tape.seed();
    let mut first = network_life(tape, true);
    let mut again = seed.map_or_else(|| Tape::replay(tape.decisions().to_vec()), Tape::from_seed);
    let second = network_life(&mut again, true);
    if first.trace() != second.trace() {
        let other = first.trace().iter().zip(second.trace()).find(|(a, b)| a != b);
        first.violate(14, format!("the same tape led to something else: {other:?}"));
    }
    let _ = record;
    first
}

#[test]
fn invariant_14_the_same_tape_leads_to_the_same_life() {
    check(twice, &[14]);
}
