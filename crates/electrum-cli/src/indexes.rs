//! The indexes of a descriptor's range, as written for `--indexes`.

use std::fmt;
use std::str::FromStr;

/// The maximum number of scripts of one descriptor.
const MOST: u32 = 10_000;
/// The first index that is hardened.
const BEYOND: u32 = 1 << 31;

/// The indexes from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Indexes {
    pub(crate) first: u32,
    pub(crate) last: u32,
}

impl Default for Indexes {
    /// Returns as many indexes as the usual gap limit of wallets.
    fn default() -> Self {
        Self { first: 0, last: 19 }
    }
}

impl fmt::Display for Indexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.first, self.last)
    }
}

impl FromStr for Indexes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let read = |text: &str| text.parse().ok().filter(|index| *index < BEYOND);
        match (read(first), read(last)) {
            (Some(first), Some(last)) if first <= last && last - first < MOST => Ok(Self { first, last }),
            _ => Err(format!("an index, or the first and the last of at most {MOST} are wanted, as in 0..99")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_from_one_to_another() {
        assert_eq!("0..99".parse(), Ok(Indexes { first: 0, last: 99 }));
        assert_eq!("7".parse(), Ok(Indexes { first: 7, last: 7 }));
        assert_eq!(Indexes::default(), Indexes { first: 0, last: 19 });
        assert_eq!("2147483647".parse(), Ok(Indexes { first: BEYOND - 1, last: BEYOND - 1 }));
        for text in ["", "..", "1..", "2..1", "0..10000", "-1..2", "2147483648", "a"] {
            assert!(text.parse::<Indexes>().is_err(), "{text}");
        }
    }
}
