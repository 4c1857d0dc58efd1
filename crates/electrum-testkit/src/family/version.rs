//! Protocol versions, compared by component.

use std::cmp::Ordering;
use std::fmt;

/// A protocol version as its components.
///
/// # Example
/// ```
/// use electrum_testkit::family::Version;
///
/// let version = Version::strict("1.4").unwrap();
/// assert!(version.compare(&Version::new(&[1, 4, 0])).is_eq());
/// assert!(version.at_least(&[1, 2]) && !version.at_least(&[1, 4, 2]));
/// assert_eq!(Version::strict("v1.4"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version(Vec<u64>);

impl Version {
    /// Makes the version of these components.
    pub fn new(components: &[u64]) -> Self {
        Self(components.to_vec())
    }

    /// Parses digits between dots, and nothing else.
    pub fn strict(text: &str) -> Option<Self> {
        let component = |part: &str| match part.bytes().all(|b| b.is_ascii_digit()) {
            true => part.parse().ok(),
            false => None,
        };
        text.split('.').map(component).collect::<Option<_>>().map(Self)
    }

    /// Returns the components.
    pub fn components(&self) -> &[u64] {
        &self.0
    }

    /// Compares versions by component. Missing components are 0, so that 1.4 equals 1.4.0.
    pub fn compare(&self, other: &Self) -> Ordering {
        self.significant().cmp(other.significant())
    }

    /// Returns whether this is the version of these components or a later one.
    pub fn at_least(&self, components: &[u64]) -> bool {
        self.compare(&Self::new(components)).is_ge()
    }

    /// Returns the components without zeros at the end.
    fn significant(&self) -> &[u64] {
        let end = self.0.iter().rposition(|n| *n != 0).map_or(0, |last| last + 1);
        &self.0[..end]
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, component) in self.0.iter().enumerate() {
            write!(f, "{}{component}", if i == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers_by_component() {
        let order = ["0.10", "1.0", "1.4", "1.4.2", "1.6", "1.6.1", "1.10", "2"];
        let versions: Vec<_> = order.iter().map(|v| Version::strict(v).unwrap()).collect();
        assert!(versions.windows(2).all(|pair| pair[0].compare(&pair[1]).is_lt()));
        let short = Version::strict("1.4").unwrap();
        assert!(short.compare(&Version::strict("1.4.0").unwrap()).is_eq());
        assert!(short.at_least(&[1, 4]) && !short.at_least(&[1, 4, 2]));
    }

    #[test]
    fn only_digits_and_dots_are_a_version() {
        for bad in ["", "x", "1.", ".1", "v1.4", " 1.4", "1.+4", "1..4"] {
            assert_eq!(Version::strict(bad), None, "{bad}");
        }
    }
}
