//! `electrum-tokio` on tokio's single-threaded runtime, as with the other asynchronous clients.

use electrum_transport::ServerAddr;

use super::asynchronous::work;
use crate::Outcome;
use crate::measure::Cost;
use crate::workload::Workload;

pub(super) fn run(workload: Workload, server: ServerAddr) -> Outcome<Cost> {
    let (client, driver) = electrum_tokio::client(server);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.spawn(driver);
    runtime.block_on(work(workload, client))
}
