//! Amounts and fee rates: whole numbers of the smallest unit, never a binary fraction.

use core::fmt;
use serde_core::{Serialize, Serializer};

use crate::json::{DecodeError, Read, Reader, not_bitcoin, scaled, shown, wrong};

/// All the satoshi that there can ever be: 21 million coins.
const SUPPLY: i64 = 21_000_000 * SATOSHI_PER_COIN;
const SATOSHI_PER_COIN: i64 = 100_000_000;

/// An amount of coins in satoshi, from nothing to the 21 million coins that there can be.
///
/// # Example
/// ```
/// use electrum_proto::types::Amount;
///
/// let amount = Amount::from_sat(3_000_000);
/// assert_eq!(amount.map(|amount| amount.to_string()).as_deref(), Some("0.03000000"));
/// assert_eq!(Amount::from_sat(2_100_000_000_000_001), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(u64);

/// A change of an amount in satoshi: what is added, or taken if it is negative.
///
/// # Example
/// ```
/// use electrum_proto::types::SignedAmount;
///
/// let spent = SignedAmount::from_sat(-3_000_000).ok_or("more than all coins")?;
/// assert_eq!((spent.to_sat(), spent.to_string().as_str()), (-3_000_000, "-0.03000000"));
/// assert_eq!(SignedAmount::from_sat(-2_100_000_000_000_001), None);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignedAmount(i64);

/// A fee rate in satoshi per 1000 virtual bytes, which is the same as thousandths of a satoshi per virtual byte.
///
/// Servers write rates as decimal fractions, of a coin per 1000 virtual bytes or of a satoshi per virtual byte;
/// this type holds them exactly.
///
/// # Example
/// ```
/// use electrum_proto::types::FeeRate;
///
/// assert_eq!(FeeRate::from_sat_per_kvb(3488).to_string(), "3.488");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeeRate(u64);

impl Amount {
    /// Zero satoshi.
    pub const ZERO: Self = Self(0);
    /// All the coins that there can be.
    pub const SUPPLY: Self = Self(SUPPLY.unsigned_abs());

    /// Makes an amount of this many satoshi, or `None` if there cannot be as many.
    #[must_use]
    pub const fn from_sat(satoshi: u64) -> Option<Self> {
        if satoshi <= SUPPLY.unsigned_abs() { Some(Self(satoshi)) } else { None }
    }

    /// The number of satoshi.
    #[must_use]
    pub const fn to_sat(self) -> u64 {
        self.0
    }

    /// Adds an amount; `None` if the sum is more than all coins.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::types::Amount;
    ///
    /// let outputs = [70_000, 5_000].map(|satoshi| Amount::from_sat(satoshi).expect("there are as many"));
    /// let sum = outputs.into_iter().try_fold(Amount::ZERO, Amount::checked_add);
    /// assert_eq!(sum, Amount::from_sat(75_000));
    /// assert_eq!(Amount::SUPPLY.checked_add(outputs[0]), None);
    /// ```
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        // Neither is above the supply, of which the number has room for thousands.
        Self::from_sat(self.0 + other.0)
    }

    /// Takes an amount away; `None` if it is more than there is.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::types::Amount;
    ///
    /// let [paid, price] = [70_000, 69_000].map(|satoshi| Amount::from_sat(satoshi).expect("there are as many"));
    /// assert_eq!((paid.checked_sub(price), price.checked_sub(paid)), (Amount::from_sat(1_000), None));
    /// ```
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(satoshi) => Some(Self(satoshi)),
            None => None,
        }
    }

    #[inline]
    pub(crate) fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let satoshi = reader.integer()?;
        match u64::try_from(satoshi).ok().and_then(Self::from_sat) {
            Some(amount) => Ok(amount),
            None if satoshi > 0 => Err(beyond_supply(satoshi)),
            None => Err(wrong(format_args!("{satoshi} satoshi cannot be: there are from 0 to {SUPPLY}"))),
        }
    }
}

impl SignedAmount {
    /// Makes a change of this many satoshi, or `None` if there cannot be as many, in either direction.
    #[must_use]
    pub const fn from_sat(satoshi: i64) -> Option<Self> {
        if satoshi.unsigned_abs() <= SUPPLY.unsigned_abs() { Some(Self(satoshi)) } else { None }
    }

    /// The number of satoshi.
    #[must_use]
    pub const fn to_sat(self) -> i64 {
        self.0
    }

    /// Adds a change; `None` if the sum is more than all coins, in either direction.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        Self::from_sat(self.0 + other.0)
    }

    #[inline]
    pub(crate) fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let satoshi = reader.integer()?;
        Self::from_sat(satoshi).ok_or_else(|| beyond_supply(satoshi))
    }
}

#[cold]
fn beyond_supply(satoshi: i64) -> DecodeError {
    not_bitcoin(format_args!("{satoshi} satoshi are more than all 21 million coins"))
}

impl FeeRate {
    /// Makes a rate of this many satoshi per 1000 virtual bytes.
    #[must_use]
    pub const fn from_sat_per_kvb(rate: u64) -> Self {
        Self(rate)
    }

    /// The satoshi per 1000 virtual bytes, or thousandths of a satoshi per virtual byte.
    #[must_use]
    pub const fn to_sat_per_kvb(self) -> u64 {
        self.0
    }

    /// Reads coins per 1000 virtual bytes.
    ///
    /// A rate that is no whole number of satoshi per 1000 virtual bytes is refused, unless what is over is so small
    /// that it can only be the noise of a server's binary fractions (`0.00010000000000000001`).
    pub(crate) fn read_coins_per_kvb(reader: &mut Reader<'_>) -> Read<Self> {
        match Self::read_coins_or_none(reader)? {
            Some(rate) => Ok(rate),
            None => Err(wrong("-1 and null are no fee rates")),
        }
    }

    /// Reads coins per 1000 virtual bytes, where -1 or `null` says that there is no rate.
    pub(crate) fn read_coins_or_none(reader: &mut Reader<'_>) -> Read<Option<Self>> {
        /// Ten-thousandths of a satoshi tell noise from a rate that is too fine.
        const FINER: i128 = 10_000;
        const NOISE: i128 = 10;

        if reader.null()? {
            return Ok(None);
        }
        let number = reader.number()?;
        let bounds = 0..=i128::from(SUPPLY) * FINER;
        match scaled(number, 12) {
            Some(-1_000_000_000_000) => Ok(None),
            Some(rate) if bounds.contains(&rate) => {
                let nearest = (rate + FINER / 2) / FINER;
                if (rate - nearest * FINER).abs() > NOISE {
                    return Err(wrong(format_args!("{} is finer than one satoshi per 1000 vbytes", shown(number))));
                }
                Ok(u64::try_from(nearest).ok().map(Self))
            }
            _ => Err(wrong(format_args!("{} is no fee rate in coins per 1000 vbytes", shown(number)))),
        }
    }

    /// Reads satoshi per virtual byte; what is finer than a thousandth is cut off, so that a rate is never
    /// taken for more than it is.
    pub(crate) fn read_sat_per_vb(reader: &mut Reader<'_>) -> Read<Self> {
        let number = reader.number()?;
        let rate = scaled(number, 3).and_then(|rate| u64::try_from(rate).ok());
        match rate {
            Some(rate) if rate <= SUPPLY.unsigned_abs() && number[0] != b'-' => Ok(Self(rate)),
            _ => Err(wrong(format_args!("{} is no fee rate in satoshi per vbyte", shown(number)))),
        }
    }
}

impl fmt::Display for Amount {
    /// Writes coins with all eight decimals: `0.03000000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = SATOSHI_PER_COIN.unsigned_abs();
        write!(f, "{}.{:08}", self.0 / unit, self.0 % unit)
    }
}

impl fmt::Display for SignedAmount {
    /// Writes coins with all eight decimals, and a minus sign if it takes: `-0.03000000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}", Amount(self.0.unsigned_abs()))
    }
}

impl fmt::Display for FeeRate {
    /// Writes satoshi per virtual byte with all three decimals: `3.488`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl Serialize for SignedAmount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl Serialize for FeeRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{RawJson, read};
    use alloc::string::ToString;

    fn coins(text: &str) -> Read<Option<u64>> {
        read(RawJson::new(text), FeeRate::read_coins_or_none).map(|rate| rate.map(FeeRate::to_sat_per_kvb))
    }

    #[test]
    fn one_rate_in_every_notation() {
        for text in ["0.00003488", "3.488e-05", "3.488e-5", "0.3488E-04", "3488e-8", "0.000034880000000000001"] {
            assert_eq!(coins(text), Ok(Some(3488)), "{text}");
        }
        for (text, rate) in [("1e-05", 1000), ("1e-6", 100), ("0", 0), ("0.0", 0), ("1", 100_000_000)] {
            assert_eq!(coins(text), Ok(Some(rate)), "{text}");
        }
        // What 0.00001009 becomes after a multiplication and a division in binary fractions.
        assert_eq!(coins("1.0089999999999999e-05"), Ok(Some(1009)));
    }

    #[test]
    fn minus_one_is_no_estimate_and_nothing_else_is_negative() {
        for text in ["-1", "-1.0", "-1e0", "-10e-1", "null"] {
            assert_eq!(coins(text), Ok(None), "{text}");
        }
        for text in ["-2", "-0.5", "-1e-05", "22000000", "1e99", "3.4885e-8", "0.000000001", "\"1e-05\"", "nul", "x"] {
            assert!(coins(text).is_err(), "{text}");
        }
    }

    #[test]
    fn histogram_rates_are_cut_off_at_a_thousandth() {
        let rate = |text: &str| read(RawJson::new(text), FeeRate::read_sat_per_vb).ok().map(FeeRate::to_sat_per_kvb);
        for (text, expected) in [("63", 63_000), ("4.285714149475098", 4285), ("0", 0), ("1.0009999", 1000)] {
            assert_eq!(rate(text), Some(expected), "{text}");
        }
        assert_eq!((rate("-1"), rate("-0.0001"), rate("1e30")), (None, None, None));
    }

    #[test]
    fn amounts_lie_within_the_supply() {
        let amount = |text: &str| read(RawJson::new(text), Amount::read);
        assert_eq!(amount("2100000000000000"), Ok(Amount::SUPPLY));
        // What one server answers for a balance that fell below zero, among others.
        for text in ["18446744073708651616", "2100000000000001", "-1", "1.0", "01", "\"5\"", "1e3"] {
            assert!(amount(text).is_err(), "{text}");
        }
        let delta = |text: &str| read(RawJson::new(text), SignedAmount::read).ok().map(SignedAmount::to_sat);
        assert_eq!((delta("-900000"), delta("-2100000000000001")), (Some(-900_000), None));
    }

    #[test]
    fn sums_and_differences_stay_within_the_supply() {
        let (one, less) = (Amount(1), Amount(Amount::SUPPLY.0 - 1));
        assert_eq!((less.checked_add(one), Amount::SUPPLY.checked_add(one)), (Some(Amount::SUPPLY), None));
        assert_eq!(Amount::SUPPLY.checked_add(Amount::SUPPLY), None);
        assert_eq!((Amount::SUPPLY.checked_sub(one), one.checked_sub(one)), (Some(less), Some(Amount::ZERO)));
        assert_eq!((Amount::ZERO.checked_sub(one), one.checked_sub(Amount::SUPPLY)), (None, None));
        let all = SignedAmount(-SUPPLY);
        assert_eq!((all.checked_add(SignedAmount(-1)), all.checked_add(all)), (None, None));
        assert_eq!(all.checked_add(SignedAmount(SUPPLY)), Some(SignedAmount(0)));
    }

    #[test]
    fn shown_with_all_decimals() {
        assert_eq!(Amount(3_000_000).to_string(), "0.03000000");
        assert_eq!(SignedAmount(-12_345_678_900).to_string(), "-123.45678900");
        assert_eq!(FeeRate(3488).to_string(), "3.488");
    }
}
