//! What a process takes of memory, second by second.

use std::fmt;
use std::fs;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(1);
const PARTS: usize = 5;

/// A measurement that goes on.
pub(crate) struct Memory {
    stop: Sender<()>,
    thread: JoinHandle<Vec<u64>>,
}

/// Resident kibibytes of each part of the time: the least, the median, the most.
pub(crate) struct Series([[u64; 3]; PARTS]);

impl Memory {
    /// Begins to measure the process of this number.
    pub(crate) fn of(process: u32) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut samples = Vec::new();
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                samples.push(resident(process));
            }
            samples
        });
        Self { stop, thread }
    }

    pub(crate) fn until_now(self) -> Series {
        drop(self.stop);
        let samples = self.thread.join().expect("the process is there");
        Series(std::array::from_fn(|part| {
            let mut part = samples[part * samples.len() / PARTS..(part + 1) * samples.len() / PARTS].to_vec();
            part.sort_unstable();
            [part[0], part[part.len() / 2], part[part.len() - 1]]
        }))
    }
}

impl Series {
    /// Whether the last part is about what the second one was; in the first all comes to its size.
    pub(crate) fn is_flat(&self) -> bool {
        let ([_, second, _], [_, last, _]) = (self.0[1], self.0[PARTS - 1]);
        last <= second + second / 10 + 4 * 1024
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "resident KiB by fifths (least, median, most): {:?}", self.0)
    }
}

fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process is there");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its resident size");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
