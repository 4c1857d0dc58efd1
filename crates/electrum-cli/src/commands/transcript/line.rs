//! The lines of a transcript.

use serde::{Deserialize, Serialize};

/// A line of a transcript: one line that the client or the server sent.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    /// Milliseconds since the recording began.
    pub(super) ms: u64,
    /// Which connection of the recording it belongs to, from 1.
    #[serde(default)]
    pub(super) connection: u32,
    pub(super) from: From,
    /// The line as it was sent, but with scripts, their hashes and addresses replaced, and secrets left out.
    pub(super) line: String,
}

/// The sender of a line.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum From {
    Client,
    Server,
}
