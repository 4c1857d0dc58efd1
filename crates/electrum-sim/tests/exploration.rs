//! All short runs of one client: every interleaving of what a driver, a caller and a server can do.

use std::time::Duration;

use electrum_proto::Config;
use electrum_sim::explore::explore;

#[test]
fn all_short_runs_keep_the_invariants() {
    // Ten steps take some seconds; SIM_DEPTH=12 by hand, built with --release, takes 74 s of a processor and 5.4 GB of memory.
    let depth = std::env::var("SIM_DEPTH").ok().and_then(|depth| depth.parse().ok()).unwrap_or(10);
    let mut config = Config { versions: "1.4.2".parse().unwrap(), nudge: false, ..Config::default() };
    // One request beside the machine's own, so that the limit is met too.
    config.limits.in_flight = 2;
    // Clocks that are exact, as no real one is, and late by the least that a real one is late by.
    for lateness in [Duration::ZERO, Duration::from_micros(1)] {
        let explored = explore(config.clone(), depth, lateness);
        println!("{} states, {} steps, up to {depth} steps deep", explored.states, explored.steps);
        assert!(explored.violation.is_none(), "{lateness:?} late: {:?}", explored.violation);
        assert!(explored.states > 1_000, "{} states are too few to mean anything", explored.states);
    }
}
