//! What `-v`, `-vv` and `-vvv` print on stderr, through the subscriber of the crate `tracing-subscriber`.

use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::text::printable;

/// The beginning of the targets that are printed: those of the client. The libraries below log their own steps.
const CLIENT: &str = "electrum_";

/// Prints events from now on (1), also requests and answers (2), and also what is sent and received (3 and more).
pub(crate) fn start(verbosity: u8) {
    let level = match verbosity {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Escaped);
    // Only a second call can fail.
    let _ = tracing_subscriber::registry().with(Targets::new().with_target(CLIENT, level)).with(lines).try_init();
}

/// Writes to stderr with everything escaped that terminals obey: servers choose some of the words.
struct Escaped;

impl Write for Escaped {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // A whole line comes at once.
        let text = String::from_utf8_lossy(line);
        let text = printable(text.trim_end_matches('\n'));
        writeln!(io::stderr().lock(), "{text}")?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
