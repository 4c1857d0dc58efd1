//! The families of servers: what each of them does in its own way, as data.

mod data;
mod problem;
pub(crate) mod python;
mod version;
mod words;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use problem::Failure;
pub(crate) use problem::{Problem, Verdict, libbitcoin};
pub use version::Version;

use crate::json::Style;

/// A family of servers, as met on the network in 2026.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// libbitcoin-server 4: protocols 1.0 to 1.7, error codes of its own, quick to hang up.
    Libbitcoin4,
    /// ElectrumX 1.10: protocols 1.2 to 1.4.1; refuses a version and stays open.
    ElectrumX1_10,
    /// ElectrumX 1.16 (1.12 to 1.16 behave alike): protocols 1.4 to 1.4.2.
    ElectrumX1_16,
    /// ElectrumX 1.18: protocols 1.4 to 1.4.3; pads its writes, holds small answers back, and closes
    /// without a byte on a version that it does not speak.
    ElectrumX1_18,
    /// ElectrumX 2.0: protocols 1.4 to 1.7; pads and holds back after the first kilobyte.
    ElectrumX2_0,
    /// Fulcrum 2.1: protocols 1.4 to 1.6 and whatever lies between; ends lines with CR LF.
    Fulcrum2_1,
    /// electrs 0.11 of romanz: protocol 1.4 only.
    Electrs,
    /// The electrs of Blockstream's Esplora: says 1.4 whatever it is asked; errors are bare strings.
    ElectrsEsplora,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Libbitcoin4,
        Self::ElectrumX1_10,
        Self::ElectrumX1_16,
        Self::ElectrumX1_18,
        Self::ElectrumX2_0,
        Self::Fulcrum2_1,
        Self::Electrs,
        Self::ElectrsEsplora,
    ];

    /// A name for command lines and test output; it parses back.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Libbitcoin4 => "libbitcoin-4",
            Self::ElectrumX1_10 => "electrumx-1.10",
            Self::ElectrumX1_16 => "electrumx-1.16",
            Self::ElectrumX1_18 => "electrumx-1.18",
            Self::ElectrumX2_0 => "electrumx-2.0",
            Self::Fulcrum2_1 => "fulcrum-2.1",
            Self::Electrs => "electrs",
            Self::ElectrsEsplora => "electrs-esplora",
        }
    }

    /// What it does in its own way.
    pub fn manners(self) -> Manners {
        data::manners(self)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no family of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFamily(pub String);

impl fmt::Display for UnknownFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no server family is called {}", self.0)
    }
}

impl std::error::Error for UnknownFamily {}

impl FromStr for Family {
    type Err = UnknownFamily;

    fn from_str(name: &str) -> Result<Self, UnknownFamily> {
        let found = Self::ALL.into_iter().find(|family| family.name() == name);
        found.ok_or_else(|| UnknownFamily(name.to_owned()))
    }
}

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
    /// Not at all.
    None,
    /// From the first byte on: an answer waits for 1024 bytes or a second since the last write.
    FromStart,
    /// The same once 1024 bytes of answers (without padding) were sent.
    AfterWarmUp,
}

/// What a call before `server.version` meets.
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

/// What a family does in its own way.
#[derive(Debug, Clone)]
pub struct Manners {
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
    /// What ends its lines.
    pub line_end: &'static str,
    /// Whether it pads and holds back.
    pub padding: Padding,
    /// Whether a held answer is sent before the connection is closed.
    pub flushes_on_close: bool,
    /// What a call before `server.version` meets.
    pub unversioned: Unversioned,
    /// Whether quick answers overtake slow ones.
    pub reorders: bool,
    /// Whether a client that closed its sending side still gets its answers.
    pub answers_half_closed: bool,
    /// Whether a refused version ends the connection.
    pub closes_on_refusal: bool,
    /// The order of histories, and so what its statuses are made of.
    pub history_order: HistoryOrder,
    /// After how long it closes a connection that sent nothing yet, and one that sent nothing since.
    pub idle: Option<(Duration, Duration)>,
    /// The longest line it reads. Of longer ones it says nothing.
    pub line_limit: usize,
}
