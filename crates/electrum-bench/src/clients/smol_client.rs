//! `electrum-smol`, with the task that moves its bytes on the thread that calls, as with the other asynchronous clients.

use electrum_transport::ServerAddr;
use smol::LocalExecutor;

use super::asynchronous::work;
use crate::Outcome;
use crate::measure::Cost;
use crate::workload::Workload;

pub(super) fn run(workload: Workload, server: ServerAddr) -> Outcome<Cost> {
    let (client, driver) = electrum_smol::client(server);
    let executor = LocalExecutor::new();
    executor.spawn(driver).detach();
    // A task too: smol asks the system for events each time that the future wakes which it blocks on.
    smol::block_on(executor.run(executor.spawn(work(workload, client))))
}
