//! The profile of each family, from recordings (libbitcoin: from its sources and their tests).

use std::time::Duration;

use super::Family;
use super::profile::{Dialect, HistoryOrder, Padding, Profile, Unversioned};
use super::version::Version;
use crate::json::Style;

/// `{"a":1,"b":2}`
const COMPACT: Style = Style { spaced: false, sorted: false, ascii: false };
/// `{"a": 1, "b": 2}`, nothing outside ASCII.
const PYTHON_SPACED: Style = Style { spaced: true, sorted: false, ascii: true };
const PYTHON: Style = Style { spaced: false, sorted: false, ascii: true };
const SORTED: Style = Style { spaced: false, sorted: true, ascii: false };

const FIVE_MINUTES: Duration = Duration::from_secs(300);
const TEN_MINUTES: Duration = Duration::from_secs(600);

impl Family {
    /// Returns the profile of this family.
    pub fn profile(self) -> Profile {
        match self {
            Self::Libbitcoin4 => Profile {
                software: "libbitcoin 4.0.0",
                protocol_min: Version::new(&[1, 0]),
                protocol_max: Version::new(&[1, 7]),
                dialect: Dialect::Libbitcoin,
                style: COMPACT,
                line_end: "\n",
                padding: Padding::None,
                flushes_on_close: true,
                unversioned: Unversioned::Stalled,
                reorders: false,
                answers_half_closed: false,
                closes_on_refusal: true,
                history_order: HistoryOrder::Canonical,
                idle: Some((TEN_MINUTES, TEN_MINUTES)),
                // Twice the largest message of the peer-to-peer protocol.
                line_limit: 8_000_000,
            },
            Self::ElectrumX1_10 => Profile {
                software: "ElectrumX 1.10.0",
                protocol_min: Version::new(&[1, 2]),
                protocol_max: Version::new(&[1, 4, 1]),
                unversioned: Unversioned::Served(&[1, 2]),
                closes_on_refusal: false,
                ..electrumx()
            },
            Self::ElectrumX1_16 => Profile { software: "ElectrumX 1.16.0", ..electrumx() },
            Self::ElectrumX1_18 => Profile {
                software: "ElectrumX 1.18.0",
                protocol_max: Version::new(&[1, 4, 3]),
                style: PYTHON,
                padding: Padding::FromStart,
                flushes_on_close: false,
                ..electrumx()
            },
            Self::ElectrumX2_0 => Profile {
                software: "ElectrumX 2.0.0",
                protocol_max: Version::new(&[1, 7, 0]),
                style: PYTHON,
                padding: Padding::AfterWarmUp,
                unversioned: Unversioned::ShownOut,
                history_order: HistoryOrder::Canonical,
                ..electrumx()
            },
            Self::Fulcrum2_1 => Profile {
                software: "Fulcrum 2.1.1",
                protocol_max: Version::new(&[1, 6]),
                dialect: Dialect::Fulcrum,
                style: SORTED,
                line_end: "\r\n",
                history_order: HistoryOrder::Canonical,
                idle: Some((FIVE_MINUTES, TEN_MINUTES)),
                line_limit: 8_000_000,
                ..electrumx()
            },
            Self::Electrs => {
                Profile { software: "electrs/0.11.1", closes_on_refusal: false, ..electrs(Dialect::Electrs) }
            }
            Self::ElectrsEsplora => Profile {
                software: "electrs-esplora 0.4.1",
                history_order: HistoryOrder::OwnBlocks,
                ..electrs(Dialect::Esplora)
            },
        }
    }
}

fn electrumx() -> Profile {
    Profile {
        software: "",
        protocol_min: Version::new(&[1, 4]),
        protocol_max: Version::new(&[1, 4, 2]),
        dialect: Dialect::Python,
        style: PYTHON_SPACED,
        line_end: "\n",
        padding: Padding::None,
        flushes_on_close: true,
        unversioned: Unversioned::Served(&[1, 4]),
        reorders: true,
        answers_half_closed: false,
        closes_on_refusal: true,
        history_order: HistoryOrder::OwnMempool,
        idle: Some((TEN_MINUTES, TEN_MINUTES)),
        // 1 000 100 bytes were read, 4 900 000 were not.
        line_limit: 1_048_576,
    }
}

fn electrs(dialect: Dialect) -> Profile {
    Profile {
        protocol_max: Version::new(&[1, 4]),
        dialect,
        style: SORTED,
        reorders: false,
        answers_half_closed: true,
        idle: None,
        // No limit was found; this one only keeps a test's memory in bounds.
        line_limit: 64 << 20,
        ..electrumx()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_and_ranges_are_ranges() {
        for family in Family::ALL {
            assert_eq!(family.name().parse(), Ok(family));
            let profile = family.profile();
            assert!(profile.protocol_min.compare(&profile.protocol_max).is_le());
            assert!(!profile.software.is_empty());
        }
        assert!("nothing".parse::<Family>().is_err());
    }
}
