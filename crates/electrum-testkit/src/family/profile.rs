//! The profile of a server: the behaviour in which families differ, as data.

use std::time::Duration;

use super::version::Version;
use crate::json::Style;

/// How a family reads JSON-RPC and words its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The Python of ElectrumX.
    Python,
    /// Fulcrum.
    Fulcrum,
    /// electrs of romanz.
    Electrs,
    /// electrs of Esplora.
    Esplora,
    /// libbitcoin.
    Libbitcoin,
}

/// Whether and how writes are padded and small answers held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Neither padded nor held back.
    None,
    /// From the first byte on: an answer waits for 1024 bytes, or a second since the last write.
    FromStart,
    /// Like `FromStart`, once 1024 bytes of answers (without padding) were sent.
    AfterWarmUp,
}

/// The reaction of a server to a call before `server.version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unversioned {
    /// It is served as if this version were negotiated.
    Served(&'static [u64]),
    /// Two notifications without parameters, an error, and the end of the connection.
    ShownOut,
    /// No answer, then or later.
    Stalled,
}

/// The order of a script's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryOrder {
    /// By height and position; the mempool 0 before -1, each by id.
    Canonical,
    /// The mempool in an order of its own.
    OwnMempool,
    /// Blocks too: by height and then by the bytes of the id.
    OwnBlocks,
}

/// The profile of a family.
#[derive(Debug, Clone)]
pub struct Profile {
    /// What it calls itself.
    pub software: &'static str,
    /// The lowest protocol version it speaks.
    pub protocol_min: Version,
    /// The highest.
    pub protocol_max: Version,
    /// How it reads and words JSON-RPC.
    pub dialect: Dialect,
    /// How it writes JSON.
    pub style: Style,
    /// The end of its lines.
    pub line_end: &'static str,
    /// Whether it pads writes and holds answers back.
    pub padding: Padding,
    /// Whether a held answer is sent before the connection is closed.
    pub flushes_on_close: bool,
    /// Its reaction to a call before `server.version`.
    pub unversioned: Unversioned,
    /// Whether quick answers overtake slow ones.
    pub reorders: bool,
    /// Whether a client that closed its sending side still gets its answers.
    pub answers_half_closed: bool,
    /// Whether a refused version ends the connection.
    pub closes_on_refusal: bool,
    /// The order of histories, from which statuses are computed.
    pub history_order: HistoryOrder,
    /// After which time it closes a connection that has sent nothing yet, and one that has sent nothing since its last
    /// line.
    pub idle: Option<(Duration, Duration)>,
    /// The maximum length of a line that it reads. Longer ones get no answer.
    pub line_limit: usize,
}
