//! Protocol versions and ranges of them, compared as servers do: by integer components.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

/// A protocol version such as 1.4.2: up to four integer components, missing ones count as zero.
///
/// `1.4`, `1.4.0` and `1.4.0.0` are one version; `1.10` is later than `1.6`. Servers answer versions
/// that no document lists (`1.4.99`, `1.5`, `1.6.1`), so this is not an enumeration.
/// (Protocol documentation, "Version Negotiation".)
///
/// # Example
/// ```
/// use electrum_proto::ProtocolVersion;
///
/// let version: ProtocolVersion = "1.10".parse()?;
/// assert!(version > ProtocolVersion::V1_6);
/// assert_eq!(ProtocolVersion::new(1, 4, 0).to_string(), "1.4");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolVersion([u16; 4]);

/// An unbroken range of protocol versions, both ends included.
///
/// # Example
/// ```
/// use electrum_proto::{ProtocolVersion, VersionRange};
///
/// let range: VersionRange = "1.4..1.6".parse()?;
/// assert!(range.contains(ProtocolVersion::V1_4_2) && !range.contains(ProtocolVersion::V1_7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VersionRange {
    min: ProtocolVersion,
    max: ProtocolVersion,
}

/// What a client offers in `server.version`.
///
/// Most servers take a range, which is sent as a pair of strings, and choose from it. Some take one version only, sent
/// as one string: electrs 0.8.6 to 0.9.13 and Electrum Personal Server.
///
/// # Example
/// ```
/// use electrum_proto::{Offer, ProtocolVersion};
///
/// assert_eq!("1.4..1.7".parse(), Ok(Offer::Range("1.4..1.7".parse()?)));
/// assert_eq!("1.4".parse(), Ok(Offer::Single(ProtocolVersion::V1_4)));
/// # Ok::<(), electrum_proto::VersionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offer {
    /// Any version of this range, sent as a pair.
    Range(VersionRange),
    /// This version, sent as one string.
    Single(ProtocolVersion),
}

impl Offer {
    /// Returns the versions that the server may settle on.
    #[must_use]
    pub const fn range(self) -> VersionRange {
        match self {
            Self::Range(range) => range,
            Self::Single(version) => VersionRange { min: version, max: version },
        }
    }
}

impl From<VersionRange> for Offer {
    fn from(range: VersionRange) -> Self {
        Self::Range(range)
    }
}

impl From<ProtocolVersion> for Offer {
    fn from(version: ProtocolVersion) -> Self {
        Self::Single(version)
    }
}

impl FromStr for Offer {
    type Err = VersionError;

    /// Reads `1.4..1.7` as a range, and `1.4` as one version.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        if text.contains("..") { text.parse().map(Self::Range) } else { text.parse().map(Self::Single) }
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => range.fmt(f),
            Self::Single(version) => version.fmt(f),
        }
    }
}

impl ProtocolVersion {
    /// Protocol 1.0.
    pub const V1_0: Self = Self([1, 0, 0, 0]);
    /// Protocol 1.1, the first one that this crate has operations for.
    pub const V1_1: Self = Self([1, 1, 0, 0]);
    /// Protocol 1.2.
    pub const V1_2: Self = Self([1, 2, 0, 0]);
    /// Protocol 1.3.
    pub const V1_3: Self = Self([1, 3, 0, 0]);
    /// Protocol 1.4.
    pub const V1_4: Self = Self([1, 4, 0, 0]);
    /// Protocol 1.4.2.
    pub const V1_4_2: Self = Self([1, 4, 2, 0]);
    /// Protocol 1.6.
    pub const V1_6: Self = Self([1, 6, 0, 0]);
    /// Protocol 1.7, the last one that this crate has operations for.
    pub const V1_7: Self = Self([1, 7, 0, 0]);

    /// Makes the version `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self([major, minor, patch, 0])
    }

    /// Returns the four components, missing ones as zero.
    #[must_use]
    pub const fn components(self) -> [u16; 4] {
        self.0
    }
}

impl VersionRange {
    /// What the operations of this crate cover: 1.1 to 1.7.
    pub const ALL: Self = Self { min: ProtocolVersion::V1_1, max: ProtocolVersion::V1_7 };

    /// Makes the range from `min` to `max`.
    ///
    /// # Errors
    /// [`VersionError::Inverted`] if `min` is later than `max`.
    pub fn new(min: ProtocolVersion, max: ProtocolVersion) -> Result<Self, VersionError> {
        if min > max {
            return Err(VersionError::Inverted { min, max });
        }
        Ok(Self { min, max })
    }

    /// Returns the earliest version of the range.
    #[must_use]
    pub const fn min(self) -> ProtocolVersion {
        self.min
    }

    /// Returns the latest version of the range.
    #[must_use]
    pub const fn max(self) -> ProtocolVersion {
        self.max
    }

    /// Returns whether `version` lies in the range.
    #[must_use]
    pub fn contains(self, version: ProtocolVersion) -> bool {
        self.min <= version && version <= self.max
    }
}

impl Default for VersionRange {
    /// 1.4 to 1.7: what servers in use speak.
    fn default() -> Self {
        Self { min: ProtocolVersion::V1_4, max: ProtocolVersion::V1_7 }
    }
}

/// Why a text is no version or no range, or why two versions make no range.
///
/// # Example
/// ```
/// use electrum_proto::{ProtocolVersion, VersionError, VersionRange};
///
/// let error = "1.6..1.4".parse::<VersionRange>().expect_err("the later version comes first");
/// match &error {
///     VersionError::Inverted { min, max } => assert!(min > max),
///     other => panic!("{other}"),
/// }
/// assert_eq!(error.to_string(), "the range 1.6..1.4 is upside down: the earlier version comes first");
/// assert_eq!("v1.4".parse::<ProtocolVersion>(), Err(VersionError::NotAVersion("v1.4".into())));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VersionError {
    /// Not one to four integers below 65536, joined by dots.
    NotAVersion(String),
    /// Not two versions joined by two dots.
    NotARange(String),
    /// The first version is later than the second.
    Inverted {
        /// What was given as the earliest version.
        min: ProtocolVersion,
        /// What was given as the latest version.
        max: ProtocolVersion,
    },
}

error_texts!(VersionError {
    Self::NotAVersion(inner) =>
        "{inner:?} is not a protocol version: one to four numbers joined by dots are, such as 1.4 or 1.4.2";
    Self::NotARange(inner) => "{inner:?} is not a range of versions: write MIN..MAX, such as 1.4..1.7";
    Self::Inverted { min, max } => "the range {min}..{max} is upside down: the earlier version comes first";
});

impl FromStr for ProtocolVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let not_a_version = || VersionError::NotAVersion(text.chars().take(40).collect());
        let mut components = [0; 4];
        let mut parts = text.split('.');
        for (component, part) in components.iter_mut().zip(parts.by_ref()) {
            // `u16::from_str` would take a plus sign.
            if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(not_a_version());
            }
            *component = part.parse().map_err(|_| not_a_version())?;
        }
        match parts.next() {
            None => Ok(Self(components)),
            Some(_) => Err(not_a_version()),
        }
    }
}

impl FromStr for VersionRange {
    type Err = VersionError;

    /// Reads `1.4..1.7`, or one version for the range that holds nothing else.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        if let Some((min, max)) = text.split_once("..") {
            return Self::new(min.parse()?, max.parse()?);
        }
        let only = text.parse().map_err(|_| VersionError::NotARange(text.chars().take(40).collect()))?;
        Ok(Self { min: only, max: only })
    }
}

impl fmt::Display for ProtocolVersion {
    /// At least two components, and as many as are needed: `1.4`, never `1.4.0`, which some servers refuse.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let used = self.0.iter().rposition(|c| *c != 0).map_or(2, |last| (last + 1).max(2));
        let text = self.0.iter().take(used).map(ToString::to_string).collect::<alloc::vec::Vec<_>>().join(".");
        f.pad(&text)
    }
}

impl fmt::Debug for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.min, self.max)
    }
}

impl fmt::Debug for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> ProtocolVersion {
        text.parse().unwrap()
    }

    #[test]
    fn components_compare_as_integers_and_missing_ones_are_zero() {
        assert_eq!(version("1.4"), version("1.4.0"));
        let rising = ["1.4", "1.4.2", "1.4.2.9", "1.4.99", "1.5", "1.6", "1.6.1", "1.10", "2.0"].map(version);
        assert!(rising.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn shown_with_two_components_or_what_is_needed() {
        for (text, shown) in [("1.7.0", "1.7"), ("1", "1.0"), ("1.4.2", "1.4.2"), ("1.4.0.3", "1.4.0.3")] {
            assert_eq!(version(text).to_string(), shown);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", ".", "1.", ".4", "v1.4", " 1.4", "1.4 ", "+1.4", "1,4", "1.4.2.9.1", "1.65536", "x"] {
            assert!(text.parse::<ProtocolVersion>().is_err(), "{text:?}");
        }
        assert!(matches!("1.6..1.4".parse::<VersionRange>(), Err(VersionError::Inverted { .. })));
        assert!(matches!("x".parse::<VersionRange>(), Err(VersionError::NotARange(_))));
    }

    #[test]
    fn a_range_includes_both_ends() {
        let range: VersionRange = "1.4..1.4.2".parse().unwrap();
        assert!(range.contains(version("1.4")) && range.contains(version("1.4.2")));
        assert!(!range.contains(version("1.3")) && !range.contains(version("1.4.2.1")));
    }
}
