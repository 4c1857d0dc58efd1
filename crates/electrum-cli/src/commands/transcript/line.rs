//! The lines of a transcript.

use serde::{Deserialize, Serialize};

/// A line that one side sent.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    /// Milliseconds since the recording began.
    pub(super) ms: u64,
    pub(super) from: From,
    /// The line as it was, but for scripts and their hashes, which are replaced.
    pub(super) line: String,
}

/// Who sent a line.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum From {
    Client,
    Server,
}
