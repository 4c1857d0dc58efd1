//! Simulated lives whose decisions are the input.

use electrum_sim::suite::Life;
use electrum_sim::{Tape, hostile_life, network_life};

/// Facts and wishes in any order, and a server that says anything: every invariant holds.
pub fn client_ops(data: &[u8]) {
    live(data, hostile_life);
}

/// A client and its driver, a network and model servers: every invariant holds, and in the end all is well.
pub fn pair(data: &[u8]) {
    live(data, network_life);
}

/// The bytes of a tape's decisions: four each, the highest first.
#[must_use]
pub fn tape_bytes(decisions: &[u32]) -> Vec<u8> {
    decisions.iter().flat_map(|decision| decision.to_be_bytes()).collect()
}

fn live(data: &[u8], life: Life) {
    let decisions = data.chunks(4).map(|chunk| {
        let mut bytes = [0; 4];
        bytes[..chunk.len()].copy_from_slice(chunk);
        u32::from_be_bytes(bytes)
    });
    let mut tape = Tape::replay(decisions.collect());
    if let Some(violation) = life(&mut tape, false).violation() {
        panic!("{violation}\nin the life of {tape:?}");
    }
}
