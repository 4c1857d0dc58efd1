//! The profile of a server: the behaviour in which families differ, as data.

use std::time::Duration;

use super::version::Version;
use crate::json::Style;

/// How a family reads JSON-RPC and words its errors.
///
/// # Example
/// ```
/// use electrum_testkit::Family;
/// use electrum_testkit::family::Dialect;
///
/// assert_eq!(Family::ElectrumX1_10.profile().dialect, Family::ElectrumX2_0.profile().dialect);
/// assert_eq!(Family::Electrs.profile().dialect, Dialect::Electrs);
/// ```
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
///
/// # Example
/// ```
/// use electrum_testkit::Family;
/// use electrum_testkit::family::Padding;
///
/// // A test that measures time leaves such families out.
/// let is_prompt = |family: &Family| family.profile().padding == Padding::None;
/// assert!(is_prompt(&Family::Fulcrum2_1) && !is_prompt(&Family::ElectrumX1_18));
/// ```
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
///
/// # Example
/// ```
/// use electrum_testkit::Family;
/// use electrum_testkit::family::Unversioned;
///
/// assert_eq!(Family::ElectrumX1_10.profile().unversioned, Unversioned::Served(&[1, 2]));
/// assert_eq!(Family::ElectrumX2_0.profile().unversioned, Unversioned::ShownOut);
/// ```
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
///
/// # Example
/// ```
/// use electrum_testkit::Family;
/// use electrum_testkit::family::HistoryOrder;
///
/// // The status that a client computes over the canonical order is that of these servers only.
/// let canonical = Family::ALL.into_iter().filter(|f| f.profile().history_order == HistoryOrder::Canonical);
/// assert!(canonical.eq([Family::Libbitcoin4, Family::ElectrumX2_0, Family::Fulcrum2_1]));
/// ```
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
///
/// # Example
/// ```
/// let profile = electrum_testkit::Family::Fulcrum2_1.profile();
/// assert_eq!(profile.software, "Fulcrum 2.1.1");
/// assert_eq!(format!("{} to {}", profile.protocol_min, profile.protocol_max), "1.4 to 1.6");
/// assert_eq!(profile.line_end, "\r\n");
/// ```
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
