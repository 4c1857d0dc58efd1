//! `electrum-blocking`.

use std::hint::black_box;

use electrum_blocking::{Client, Updates};
use electrum_transport::ServerAddr;

use super::own::measured;
use crate::Outcome;
use crate::measure::Cost;
use crate::workload::Workload;

pub(super) fn run(workload: Workload, server: ServerAddr) -> Outcome<Cost> {
    measured!(workload, Client::connect(server)?)
}

/// Takes so many changes, those counted in that gave way to newer ones.
fn take(updates: &mut Updates, count: usize) -> Outcome<()> {
    let mut seen = 0;
    while seen < count as u64 {
        let change = updates.next().ok_or("closed")?;
        seen += 1 + change.skipped;
        black_box(change.value?);
    }
    Ok(())
}
