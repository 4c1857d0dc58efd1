//! The asynchronous client of this project, which is the same on every runtime.

use std::hint::black_box;

use electrum_session::{Client, Updates};

use super::own::measured;
use crate::Outcome;
use crate::measure::Cost;
use crate::workload::Workload;

pub(super) async fn work(workload: Workload, client: Client) -> Outcome<Cost> {
    measured!(workload, client, await)
}

/// Takes so many changes, those counted in that gave way to newer ones.
async fn take(updates: &mut Updates, count: usize) -> Outcome<()> {
    let mut seen = 0;
    while seen < count as u64 {
        let change = updates.next().await.ok_or("closed")?;
        seen += 1 + change.skipped;
        black_box(change.value?);
    }
    Ok(())
}
