//! What a process has used: its own figures, as the kernel counts them.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde::{Deserialize, Serialize};

/// What one client spent on one workload, in a process of its own.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Cost {
    /// Operations done.
    pub operations: usize,
    /// User CPU of all threads.
    pub user: Duration,
    /// System CPU of all threads.
    pub system: Duration,
    /// From the first request to the last answer.
    pub wall: Duration,
    /// The most memory the process ever held, in KiB.
    pub peak: u64,
}

/// A moment to count from.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    user: Duration,
    system: Duration,
    at: Instant,
}

impl Start {
    /// Counts from here.
    pub fn now() -> Self {
        let (user, system) = used();
        Self { user, system, at: Instant::now() }
    }

    /// What was used since.
    pub fn cost(self, operations: usize) -> Cost {
        let wall = self.at.elapsed();
        let (user, system) = used();
        Cost { operations, user: user - self.user, system: system - self.system, wall, peak: memory("VmHWM:") }
    }
}

/// A memory figure of this process in KiB: `VmHWM:` is its peak, `VmRSS:` what it holds now.
pub fn memory(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// User plus system CPU of another process, in the ticks of 10 ms that the kernel shows.
pub fn cpu_of(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name, in brackets, may hold anything; the numbers come behind it.
    let numbers = stat.rsplit_once(')').map_or("", |(_, numbers)| numbers);
    let ticks = numbers.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

fn used() -> (Duration, Duration) {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the kernel knows this process");
    (duration(usage.user_time()), duration(usage.system_time()))
}

fn duration(time: TimeVal) -> Duration {
    Duration::from_secs(time.tv_sec() as u64) + Duration::from_micros(time.tv_usec() as u64)
}
