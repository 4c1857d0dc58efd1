//! Each contender on each workload.

mod asynchronous;
mod blocking;
mod core;
mod drain;
mod electrum_client;
mod floor;
mod lines;
pub(crate) mod own;
mod smol_client;
mod streaming_client;
mod tokio_client;

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
        Contender::Blocking => blocking::run(workload, format!("tcp://{server}").parse()?),
        Contender::Smol => smol_client::run(workload, format!("tcp://{server}").parse()?),
        Contender::Tokio => tokio_client::run(workload, format!("tcp://{server}").parse()?),
        Contender::BlockingWebSocket => blocking::run(workload, format!("ws://{server}").parse()?),
        Contender::SmolWebSocket => smol_client::run(workload, format!("ws://{server}").parse()?),
        Contender::TokioWebSocket => tokio_client::run(workload, format!("ws://{server}").parse()?),
    }
}
