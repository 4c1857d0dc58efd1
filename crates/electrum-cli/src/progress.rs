//! A bar that grows on stderr, where that is a terminal.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How far some work has come.
#[derive(Debug)]
pub(super) struct Progress {
    is_shown: bool,
    total: u64,
    started: Instant,
    drawn: Option<Instant>,
}

const WIDTH: u64 = 30;
/// Terminals over slow lines are not to be what takes the time.
const BETWEEN: Duration = Duration::from_millis(100);

impl Progress {
    /// Of a work of so many steps.
    pub(super) fn of(total: u64) -> Self {
        Self { is_shown: io::stderr().is_terminal(), total, started: Instant::now(), drawn: None }
    }

    /// So many steps are done.
    pub(super) fn at(&mut self, done: u64) {
        if !self.is_shown || self.drawn.is_some_and(|drawn| drawn.elapsed() < BETWEEN) {
            return;
        }
        self.drawn = Some(Instant::now());
        // There is nowhere to report that stderr is gone.
        let _ = write!(io::stderr(), "\r{}\x1b[K", bar(done, self.total, self.started.elapsed()));
    }
}

impl Drop for Progress {
    /// Makes room for what is printed next.
    fn drop(&mut self) {
        if self.drawn.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn bar(done: u64, total: u64, elapsed: Duration) -> String {
    let total = total.max(1);
    let full = done.min(total) * WIDTH / total;
    let bar: String = (0..WIDTH).map(|at| if at < full { '#' } else { '.' }).collect();
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = done.saturating_mul(1000) / millis;
    format!("[{bar}] {:3}%  {done} of {total} headers, {rate} per second", done.min(total) * 100 / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_grows() {
        let at = |done| bar(done, 300, Duration::from_secs(2));
        assert_eq!(at(0), format!("[{}]   0%  0 of 300 headers, 0 per second", ".".repeat(30)));
        assert_eq!(at(150), format!("[{}{}]  50%  150 of 300 headers, 75 per second", "#".repeat(15), ".".repeat(15)));
        assert_eq!(at(300), format!("[{}] 100%  300 of 300 headers, 150 per second", "#".repeat(30)));
        assert!(bar(0, 0, Duration::ZERO).contains("0 of 1"));
    }
}
