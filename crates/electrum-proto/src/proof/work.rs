//! Targets, and the work that meeting them takes.

use core::fmt;

use crate::types::BlockHash;

/// A number of 256 bits that a block's hash must not exceed.
///
/// # Example
/// ```
/// use electrum_proto::proof::Target;
///
/// let target = Target::from_compact(0x1d00_ffff);
/// assert_eq!(target, Some(Target::MAINNET_LIMIT));
/// assert_eq!(Target::MAINNET_LIMIT.work(), 0x1_0001_0001);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target([u8; 32]);

impl Target {
    /// The easiest target of the main chain and of the test networks but regtest and signet.
    pub const MAINNET_LIMIT: Self = Self::limit([0, 0, 0, 0, 0xff, 0xff]);
    /// The easiest target of signet.
    pub const SIGNET_LIMIT: Self = Self::limit([0, 0, 0x03, 0x77, 0xae, 0]);
    /// The easiest target of regtest.
    pub const REGTEST_LIMIT: Self = Self::limit([0x7f, 0xff, 0xff, 0, 0, 0]);

    /// Reads the compact form that headers have; nothing if it is negative, zero or beyond 256 bits.
    #[must_use]
    pub fn from_compact(bits: u32) -> Option<Self> {
        let [exponent, high, middle, low] = bits.to_be_bytes();
        let mut target = [0; 32];
        // The three bytes of the mantissa stand so that the number is `exponent` bytes long.
        for (place, byte) in [high, middle, low].into_iter().enumerate() {
            match (32 + place).checked_sub(usize::from(exponent)) {
                // A mantissa that starts above the number is only good if those bytes are zero.
                None if byte != 0 => return None,
                None => {}
                // Bytes below one fall away.
                Some(at) if at >= 32 => {}
                Some(at) => target[at] = byte,
            }
        }
        let negative = high & 0x80 != 0;
        (!negative && target != [0; 32]).then_some(Self(target))
    }

    /// Returns the compact form that headers have, with what it does not hold cut off.
    #[must_use]
    pub fn to_compact(self) -> u32 {
        let first = self.0.iter().position(|byte| *byte != 0).unwrap_or(31);
        let byte = |at: usize| self.0.get(at).copied().unwrap_or(0);
        // A mantissa whose highest bit is set would be negative: it gets a zero in front.
        let start = if byte(first) & 0x80 != 0 { first.checked_sub(1) } else { Some(first) };
        let (length, mantissa) = match start {
            Some(start) => (32 - start, [byte(start), byte(start + 1), byte(start + 2)]),
            None => (33, [0, byte(0), byte(1)]),
        };
        let [a, b, c] = mantissa;
        u32::from_be_bytes([u8::try_from(length).unwrap_or(u8::MAX), a, b, c])
    }

    /// Returns whether `hash` shows the work that this target asks for.
    #[must_use]
    pub fn is_met_by(&self, hash: BlockHash) -> bool {
        // Hashes are shown, and held here, with the most significant byte first.
        hash.as_display_bytes() <= &self.0
    }

    /// Returns how many hashes it takes on average to meet the target: 2^256 / (target + 1), as nodes add it up.
    /// What exceeds 128 bits, which no chain comes near, is the largest number.
    #[must_use]
    pub fn work(self) -> u128 {
        let half = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| (number << 8) | u128::from(*byte));
        let (high, low) = (half(&self.0[..16]), half(&self.0[16..]));
        if high == 0 {
            return u128::MAX;
        }
        // 2^256 / (t + 1) = (2^256 - t - 1) / (t + 1) + 1, bit by bit; the quotient has at most 128 bits.
        let divisor = Wide { high, low }.plus_one();
        let (mut rest, mut quotient) = (Wide { high: !high, low: !low }, 1_u128);
        for bit in (0..128).rev() {
            if let Some(shifted) = divisor.shifted(bit).filter(|shifted| *shifted <= rest) {
                rest = rest.minus(shifted);
                quotient = quotient.saturating_add(1 << bit);
            }
        }
        quotient
    }

    /// Returns the 256 bits, the most significant byte first.
    #[must_use]
    pub const fn to_be_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Returns the target times `numerator / denominator`, or the highest number if that is beyond 256 bits.
    pub(super) fn scaled(self, numerator: u32, denominator: u32) -> Self {
        let (mut product, mut carry) = (self.0, 0_u64);
        for byte in product.iter_mut().rev() {
            carry += u64::from(*byte) * u64::from(numerator);
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        // What was carried out of the product is what the division begins with.
        let mut rest = carry;
        if rest >= u64::from(denominator) {
            return Self([0xff; 32]);
        }
        for byte in &mut product {
            let value = (rest << 8) | u64::from(*byte);
            *byte = (value / u64::from(denominator)).to_le_bytes()[0];
            rest = value % u64::from(denominator);
        }
        Self(product)
    }

    const fn limit(start: [u8; 6]) -> Self {
        let mut target = [0; 32];
        let mut at = 0;
        while at < start.len() {
            target[at] = start[at];
            at += 1;
        }
        Self(target)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", crate::json::hex::encode(&self.0))
    }
}

/// A number of 256 bits, with as much arithmetic as a division needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Wide {
    high: u128,
    low: u128,
}

impl Wide {
    /// One more, or the same for the largest number.
    fn plus_one(self) -> Self {
        match self.low.checked_add(1) {
            Some(low) => Self { low, ..self },
            None => Self { high: self.high.saturating_add(1), low: 0 },
        }
    }

    /// The number with `bits`, fewer than 128, zeros behind it; nothing if that is beyond 256 bits.
    fn shifted(self, bits: u32) -> Option<Self> {
        if bits == 0 {
            return Some(self);
        }
        let fits = self.high.leading_zeros() >= bits;
        fits.then(|| Self { high: (self.high << bits) | (self.low >> (128 - bits)), low: self.low << bits })
    }

    /// The difference to a number that is not larger.
    fn minus(self, other: Self) -> Self {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        Self { high: self.high.wrapping_sub(other.high).wrapping_sub(u128::from(borrow)), low }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::hex;

    #[test]
    fn compact_targets() {
        for (bits, target) in [
            (0x1d00_ffff, Some("00000000ffff0000000000000000000000000000000000000000000000000000")),
            (0x207f_ffff, Some("7fffff0000000000000000000000000000000000000000000000000000000000")),
            (0x1703_4219, Some("0000000000000000000342190000000000000000000000000000000000000000")),
            (0x0301_2345, Some("0000000000000000000000000000000000000000000000000000000000012345")),
            (0x0101_2345, Some("0000000000000000000000000000000000000000000000000000000000000001")),
            (0x2200_0001, Some("0100000000000000000000000000000000000000000000000000000000000000")),
            (0x0100_3456, None),
            (0x0000_0000, None),
            (0x1d80_ffff, None),
            (0x2200_0100, None),
            (0xff00_ffff, None),
        ] {
            let found = Target::from_compact(bits).map(|target| hex::encode(&target.0));
            assert_eq!(found.as_deref(), target, "{bits:#x}");
        }
        assert_eq!(Target::from_compact(0x1d00_ffff), Some(Target::MAINNET_LIMIT));
        assert_eq!(Target::from_compact(0x1e03_77ae), Some(Target::SIGNET_LIMIT));
        assert_eq!(Target::from_compact(0x207f_ffff), Some(Target::REGTEST_LIMIT));
    }

    #[test]
    fn targets_there_and_back() {
        for bits in [0x1d00_ffff, 0x207f_ffff, 0x1703_4219, 0x0301_2345, 0x1b04_04cb, 0x1e03_77ae, 0x0400_8000] {
            assert_eq!(Target::from_compact(bits).unwrap().to_compact(), bits, "{bits:#x}");
        }
        assert_eq!(Target([0xff; 32]).to_compact(), 0x2100_ffff);
    }

    /// Block 0 of the main chain has the chain work 0x100010001, and each block of regtest adds 2.
    #[test]
    fn work_is_what_nodes_add_up() {
        assert_eq!(Target::MAINNET_LIMIT.work(), 0x1_0001_0001);
        assert_eq!(Target::REGTEST_LIMIT.work(), 2);
        assert_eq!(Target([0xff; 32]).work(), 1);
        // Powers of two, where the one that is added counts.
        assert_eq!(Target::from_compact(0x2000_8000).unwrap().work(), 511);
        assert_eq!(Target::from_compact(0x1101_0000).unwrap().work(), u128::MAX, "2^128 - 1 is the most");
        assert_eq!(Target::from_compact(0x0301_2345).unwrap().work(), u128::MAX);
    }

    #[test]
    fn targets_are_scaled_as_whole_numbers() {
        let limit = Target::MAINNET_LIMIT;
        assert_eq!(limit.scaled(7, 7), limit);
        assert_eq!(limit.scaled(1, 4).to_compact(), 0x1c3f_ffc0);
        assert_eq!(limit.scaled(4, 1).to_compact(), 0x1d03_fffc);
        assert_eq!(Target([0xff; 32]).scaled(4, 1), Target([0xff; 32]));
        // Three fifths of 74565 are 44739.
        assert_eq!(Target::from_compact(0x0301_2345).unwrap().scaled(3, 5).to_compact(), 0x0300_aec3);
    }
}
