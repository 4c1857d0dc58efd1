//! Simulated runs whose decisions are the input.

use electrum_sim::suite::{Played, Run};
use electrum_sim::{Trace, calls_run, hostile_run, network_run};

/// Inputs and commands in any order, and a server that says anything: every invariant holds.
pub fn client_ops(data: &[u8]) {
    live(data, hostile_run);
}

/// A client and its driver, a network and model servers: every invariant holds, and in the end all is well.
pub fn pair(data: &[u8]) {
    live(data, network_run);
}

/// A client with its callers, servers with faults, and calls that end connections: every other call is answered in time.
pub fn calls(data: &[u8]) {
    live(data, calls_run);
}

/// The bytes of a trace's decisions: four each, the highest first.
#[must_use]
pub fn trace_bytes(decisions: &[u32]) -> Vec<u8> {
    decisions.iter().flat_map(|decision| decision.to_be_bytes()).collect()
}

fn live<P: Played>(data: &[u8], run: Run<P>) {
    let decisions = data.chunks(4).map(|chunk| {
        let mut bytes = [0; 4];
        bytes[..chunk.len()].copy_from_slice(chunk);
        u32::from_be_bytes(bytes)
    });
    let mut trace = Trace::replay(decisions.collect());
    if let Some(violation) = run(&mut trace, false).violation() {
        panic!("{violation}\nin the run of {trace:?}");
    }
}
