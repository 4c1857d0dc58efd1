//! Simulated runs whose decisions are the input.

use electrum_sim::fuzz::check;
use electrum_sim::{calls_run, hostile_run, network_run};

/// Inputs and commands in any order, and a server that says anything: every invariant holds.
pub fn client_ops(data: &[u8]) {
    check(data, hostile_run);
}

/// A client and its driver, a network and model servers: every invariant holds, and in the end all is well.
pub fn pair(data: &[u8]) {
    check(data, network_run);
}

/// A client with its callers, servers with faults, and calls that end connections: every other call is answered in time.
pub fn calls(data: &[u8]) {
    check(data, calls_run);
}
