//! The families of servers, with the profile of each as data.

mod data;
mod problem;
mod profile;
pub(crate) mod python;
mod version;
mod words;

use std::fmt;
use std::str::FromStr;

pub use problem::Failure;
pub(crate) use problem::{Problem, Verdict, libbitcoin};
pub use profile::{Dialect, HistoryOrder, Padding, Profile, Unversioned};
pub use version::Version;

/// A family of servers, as met on the network in 2026.
///
/// # Example
/// ```
/// use electrum_testkit::Family;
///
/// assert_eq!("fulcrum-2.1".parse(), Ok(Family::Fulcrum2_1));
/// // The families whose servers take a client that speaks 1.6.
/// let speak_1_6 = Family::ALL.into_iter().filter(|family| family.profile().protocol_max.at_least(&[1, 6]));
/// assert!(speak_1_6.eq([Family::Libbitcoin4, Family::ElectrumX2_0, Family::Fulcrum2_1]));
/// ```
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
    /// All families.
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

    /// Returns the name for command lines and test output, which can be parsed.
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
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The error of a name that no family has.
///
/// # Example
/// ```
/// use electrum_testkit::Family;
///
/// let error = "bitcoind".parse::<Family>().unwrap_err();
/// assert_eq!(error.0, "bitcoind");
/// assert_eq!(error.to_string(), "no server family is called bitcoind");
/// ```
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
