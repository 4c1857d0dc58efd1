//! Shows the progress of long commands on stderr, if that is a terminal.

use std::io::{self, IsTerminal};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar, which is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

/// How often the bar is drawn per second at most, so that a slow terminal does not slow the command down.
const RATE: u8 = 10;

/// After which time a wait is shown.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the spinner is drawn.
const TICK: Duration = Duration::from_millis(120);

impl Progress {
    /// Makes a progress bar of `total` steps, which are called `unit`.
    pub(crate) fn of(total: u64, unit: &'static str) -> Self {
        // A bar of one step would be gone before it could be read.
        let target = if total > 1 { ProgressDrawTarget::stderr_with_hz(RATE) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        // The bar comes last, so that narrow terminals show the numbers.
        let template = format!("{{pos}} of {{len}} {unit}, {{per_sec}}, {{eta}} left [{{wide_bar}}] {{percent}}%");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("##."));
        }
        Self(bar)
    }

    /// Shows that the tool waits for something, as a spinner with this text after a second.
    pub(crate) fn waiting(for_what: impl Into<String>) -> Waiting {
        let for_what = for_what.into();
        let (end, ended) = channel::<()>();
        // Without a terminal nothing is drawn.
        let thread = io::stderr().is_terminal().then(|| {
            thread::spawn(move || {
                if ended.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let wheel = Self(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(RATE)));
                wheel.0.set_style(ProgressStyle::default_spinner());
                wheel.0.set_message(for_what);
                while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                    wheel.0.tick();
                }
            })
        });
        Waiting { end: Some(end), thread }
    }

    /// Sets how many steps are done.
    pub(crate) fn at(&self, done: u64) {
        self.0.set_position(done);
    }
}

/// A spinner, which is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Waiting {
    /// Waits until the spinner is removed.
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // The thread does not panic. If it did, nothing could be removed.
            let _ = thread.join();
        }
    }
}

impl Drop for Progress {
    /// Removes the bar, to make room for what is printed next.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
