//! Each contender on each workload.

mod blocking;
mod core;
mod drain;
mod electrum_client;
mod floor;
mod lines;
pub(crate) mod own;
mod smol_client;
mod streaming_client;

use std::net::SocketAddr;

use crate::Outcome;
use crate::measure::Cost;
use crate::workload::{Contender, Workload};

/// Runs one workload in this process.
pub fn run(contender: Contender, workload: Workload, server: SocketAddr) -> Outcome<Cost> {
    match contender {
        Contender::Drain => drain::run(workload, server),
        Contender::Floor => floor::run(workload, server),
        Contender::ElectrumClient => electrum_client::run(workload, server),
        Contender::StreamingClient => streaming_client::run(workload, server),
        Contender::Core => self::core::run(workload, server),
        Contender::Blocking => blocking::run(workload, server),
        Contender::Smol => smol_client::run(workload, server),
    }
}
