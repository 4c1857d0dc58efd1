//! What is logged: the events of the crate `tracing`, or the records of the crate `log` if the feature `tracing` is off.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What was logged so far, a line for each event.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    /// Notes what this process logs from now on. Only one test of a file may do so: the driver has threads of its own.
    #[cfg(feature = "tracing")]
    pub(crate) fn start() -> Self {
        use tracing_subscriber::filter::LevelFilter;
        use tracing_subscriber::fmt::format::FmtSpan;

        let written = Self::default();
        let writer = written.clone();
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        written
    }

    /// Notes what this process logs from now on. Only one test of a file may do so: the driver has threads of its own.
    #[cfg(not(feature = "tracing"))]
    pub(crate) fn start() -> Self {
        let written = Self::default();
        log::set_logger(Box::leak(Box::new(written.clone()))).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        written
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Waits for a line with all of these parts.
    pub(crate) fn wait_for(&self, parts: &[&str]) {
        while !self.text().lines().any(|line| parts.iter().all(|part| line.contains(part))) {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

#[cfg(not(feature = "tracing"))]
impl log::Log for Written {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        writeln!(self.clone(), "{} {}: {}", record.level(), record.target(), record.args()).unwrap();
    }

    fn flush(&self) {}
}
