//! The page as a whole: docs/performance.md.

use std::path::PathBuf;

use crate::Outcome;
use crate::builds::Build;
use crate::core_figures::CoreFigures;
use crate::machine;
use crate::report;
use crate::runner::Cell;
use crate::scale::{Idle, Resubscription};

/// Every figure of one run.
#[derive(Debug)]
pub struct Figures {
    /// How often everything was measured.
    pub rounds: usize,
    /// The contenders on the workloads.
    pub cells: Vec<Cell>,
    /// The core by itself.
    pub core: CoreFigures,
    /// Subscriptions after a reconnection.
    pub resubscription: Resubscription,
    /// Clients that do nothing.
    pub idle: Idle,
    /// What it takes to build each client.
    pub builds: Vec<Build>,
}

impl Figures {
    /// The page.
    pub fn page(&self) -> String {
        let machine: String = machine::describe().iter().map(|line| format!("- {line}\n")).collect();
        let rounds = self.rounds;
        [
            "# Performance\n\nThis page is written by a program; changes by hand are lost. To repeat the run and write it anew:\n\n\
             ```sh\ncargo run --release --manifest-path crates/electrum-bench/Cargo.toml\n```\n",
            &machine,
            &format!(
                "## Beside other clients\n\n\
                 User CPU of the client for each operation, median of {rounds} rounds (peak memory beside it where it matters; wall clock \
                 in the last row). Each figure comes from a process of its own that talks to a canned server in another process over \
                 the loopback; the rounds are interleaved. The floor is a loop that reads, finds lines, parses each once with \
                 borrowed serde_json and decodes hex with the `bitcoin` crate: no handshake, no ids, no time-outs, no errors.\n"
            ),
            &report::summary(&self.cells),
            "electrum_streaming_client runs on tokio's single-threaded runtime, sends its requests in one array and hands out \
             transactions parsed. electrum-client reads only while a call waits, and has no stream of notifications. electrum-proto is the \
             machine alone on a blocking socket. electrum-blocking, electrum-smol and electrum-tokio hand notifications to a consumer \
             for whom newer values of a topic take the place of unread ones: all are counted, though a consumer who is slow is handed \
             fewer; 1,000 scripts take turns. electrum-smol and electrum-tokio run on the thread that calls, the latter on tokio's \
             single-threaded runtime.\n",
            "### Over WebSockets\n\nThe small calls of the table (many at a time, and one at a time) over `ws://` beside TCP, by the same \
             clients and the same server. It answers a line with a line and a message with a message, in one way: the id is \
             filled into an answer that was made before, and what came in one read is answered in one write. For each \
             operation, medians.\n",
            &report::websocket(&self.cells),
            "### All figures\n\nFor each operation, medians. Clients with `-ws` use a WebSocket.\n",
            &report::details(&self.cells),
            "### The server is not the bottleneck\n\nThe server has every answer made beforehand and fills in the id. Its own CPU \
             for each operation, how fast a client that only counts lines drains it, and the fastest contender (wall clock):\n",
            &report::server(&self.cells),
            "## The core by itself\n\nWithout a socket: a window of 1,000 requests with their replies decoded, or notifications about \
             1,000 subscribed scripts. Instructions as callgrind counts them. Times are those of the quickest turn.\n",
            &report::core(&self.core),
            "## Many subscriptions, many clients\n",
            &report::resubscription(&self.resubscription),
            &report::idle(&self.idle),
            "## To build\n\nCrates compiled, the client itself among them, and a release build from nothing with everything downloaded \
             before. electrum-client is built without TLS and proxy.\n",
            &report::builds(&self.builds),
        ]
        .join("\n")
    }

    /// Writes the page to its place in the repository.
    pub fn write(&self) -> Outcome<PathBuf> {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/performance.md");
        std::fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        std::fs::write(&path, self.page())?;
        Ok(path.canonicalize()?)
    }
}
