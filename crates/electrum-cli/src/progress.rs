//! How far a long command has come, on stderr, where that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar that goes away when it is dropped.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

/// How often the bar is drawn in a second at most: terminals over slow lines should not be what takes the time.
const RATE: u8 = 10;

impl Progress {
    /// Of a work of so many steps, which are called `unit`.
    pub(crate) fn of(total: u64, unit: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(RATE));
        let template = format!("[{{bar:30}}] {{percent:>3}}%  {{pos}} of {{len}} {unit}, {{per_sec}}, {{eta}} left");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("##."));
        }
        Self(bar)
    }

    /// So many steps are done.
    pub(crate) fn at(&self, done: u64) {
        self.0.set_position(done);
    }
}

impl Drop for Progress {
    /// Makes room for what is printed next.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
