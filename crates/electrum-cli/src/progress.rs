//! How far a long command has come, on stderr, where that is a terminal.

use std::io::{self, IsTerminal};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar or a wheel that goes away when it is dropped.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

/// How often the bar is drawn in a second at most: terminals over slow lines should not be what takes the time.
const RATE: u8 = 10;

/// After how long a wait is shown.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the wheel turns.
const TICK: Duration = Duration::from_millis(120);

impl Progress {
    /// Of a work of so many steps, which are called `unit`.
    pub(crate) fn of(total: u64, unit: &'static str) -> Self {
        // What takes one step is over before it could be read.
        let target = if total > 1 { ProgressDrawTarget::stderr_with_hz(RATE) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        // The bar comes last: narrow terminals show the facts.
        let template = format!("{{pos}} of {{len}} {unit}, {{per_sec}}, {{eta}} left [{{wide_bar}}] {{percent}}%");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("##."));
        }
        Self(bar)
    }

    /// Of something that may take long without steps, in words. It shows only after a second.
    pub(crate) fn waiting(for_what: impl Into<String>) -> Waiting {
        let for_what = for_what.into();
        let (end, ended) = channel::<()>();
        // Elsewhere nothing is drawn.
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

    /// So many steps are done.
    pub(crate) fn at(&self, done: u64) {
        self.0.set_position(done);
    }
}

/// Shows that something is waited for, until it is dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Waiting {
    /// Returns when the wheel is gone.
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It does not panic; if it did there is nothing to clear.
            let _ = thread.join();
        }
    }
}

impl Drop for Progress {
    /// Makes room for what is printed next.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
