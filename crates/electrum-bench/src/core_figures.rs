//! What the core costs by itself: time as requests pile up and lines grow, instructions, allocations.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Outcome;
use crate::fixture::{NOTIFIED, WINDOW};
use crate::offline::Offline;

/// All of it.
#[derive(Clone, Debug)]
pub struct CoreFigures {
    /// How many in flight, and what a request and its reply then take.
    pub in_flight: Vec<(usize, Duration)>,
    /// Length of a line, bytes in a read, and how long the whole takes.
    pub lines: Vec<(usize, usize, Duration)>,
    /// For a request with its reply and for a notification.
    pub each: [Each; 2],
}

/// What one of them takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Each {
    /// As callgrind counts them; nothing if there is no callgrind.
    pub instructions: Option<u64>,
    /// How often the allocator is asked.
    pub allocations: f64,
    /// For how many bytes.
    pub bytes: f64,
}

/// Measures it.
pub fn measure() -> Outcome<CoreFigures> {
    const MEGABYTE: usize = 1_000_000;
    let in_flight =
        [1, 10, 100, 1_000, 10_000, 100_000].map(|count| (count, Offline::new().in_flight(count, 1_000_000))).into();
    let lines = [1_024, 16 * 1_024, 256 * 1_024].into_iter().flat_map(|piece| {
        [1, 4, 16].map(|length| (length * MEGABYTE, piece, Offline::new().long_line(length * MEGABYTE, piece, 9)))
    });
    let lines = lines.collect();
    let mut each = [Each::default(); 2];
    // A program of its own, which `cargo run` has not built with this one.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = Command::new(cargo)
        .args(["run", "--release", "--quiet", "--bin", "allocations", "--manifest-path", manifest])
        .stderr(Stdio::inherit())
        .output()?;
    let allocations: [(f64, f64); 2] = serde_json::from_slice(&output.stdout)?;
    for (each, (allocations, bytes)) in each.iter_mut().zip(allocations) {
        (each.allocations, each.bytes) = (allocations, bytes);
    }
    each[0].instructions = instructions("balances", WINDOW);
    each[1].instructions = instructions("notifications", 2 * NOTIFIED);
    Ok(CoreFigures { in_flight, lines, each })
}

/// Instructions for each operation, of which one turn has `operations`.
fn instructions(workload: &str, operations: usize) -> Option<u64> {
    const TURNS: usize = 5;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect=electrum_bench::offline::Offline::{workload}_turn"))
        .arg(std::env::current_exe().ok()?)
        .args(["offline", workload, &TURNS.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let collected = text.lines().find_map(|line| line.split_once("Collected : "))?.1.trim().parse::<u64>().ok()?;
    Some(collected / (TURNS * operations) as u64)
}
