//! The lines of a transcript.

use serde::{Deserialize, Serialize};

/// A line that one side sent.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    /// Milliseconds since the recording began.
    pub(super) ms: u64,
    /// Which connection of the recording it belongs to, from 1.
    #[serde(default)]
    pub(super) connection: u32,
    pub(super) from: From,
    /// The line as it was, but for scripts, their hashes and addresses, which are replaced, and secrets, which are left out.
    pub(super) line: String,
}

/// Who sent a line.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum From {
    Client,
    Server,
}
