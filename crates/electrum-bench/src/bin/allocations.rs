//! What the core asks the allocator for: a program of its own, since counting costs.

use std::alloc::System;

use electrum_bench::fixture::{NOTIFIED, WINDOW};
use electrum_bench::offline::{Offline, set_probe};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TURNS: usize = 50;

/// Prints allocations and bytes for each reply, then for each notification, as one JSON array.
fn main() {
    set_probe(|| {
        let stats = ALLOCATOR.stats();
        (stats.allocations + stats.reallocations, stats.bytes_allocated)
    });
    let mut offline = Offline::new();
    // The buffers have their size after the first turn.
    offline.balances(1);
    offline.notifications(1);
    let each = |(count, bytes): (usize, usize), of: usize| (count as f64 / of as f64, bytes as f64 / of as f64);
    let before = offline.counted;
    offline.balances(TURNS);
    let replies = each((offline.counted.0 - before.0, offline.counted.1 - before.1), TURNS * WINDOW);
    let before = offline.counted;
    offline.notifications(TURNS);
    let of = TURNS * 2 * NOTIFIED;
    let notifications = each((offline.counted.0 - before.0, offline.counted.1 - before.1), of);
    println!("[[{:.4},{:.1}],[{:.4},{:.1}]]", replies.0, replies.1, notifications.0, notifications.1);
}
