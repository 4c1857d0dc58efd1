//! Prints the log of the client on stderr for `-v`, `-vv` and `-vvv`, with the crate `tracing-subscriber`.

use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::text::printable;

/// The prefix of the targets that are printed: those of the client, not those of other libraries.
const CLIENT: &str = "electrum_";

/// Starts printing connection events (1), also requests and answers (2), and also messages (3 and more).
pub(crate) fn start(verbosity: u8) {
    let level = match verbosity {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Escaped);
    // Fails only if it is called twice.
    let _ = tracing_subscriber::registry().with(Targets::new().with_target(CLIENT, level)).with(lines).try_init();
}

/// A writer to stderr that escapes what terminals obey, since some of the text comes from servers.
struct Escaped;

impl Write for Escaped {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Each write is a whole line.
        let text = String::from_utf8_lossy(line);
        let text = printable(text.trim_end_matches('\n'));
        writeln!(io::stderr().lock(), "{text}")?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
