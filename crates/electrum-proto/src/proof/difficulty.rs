//! How the target must change from header to header: the networks' own rules.

use super::work::Target;
use crate::types::{Network, RawHeader};

/// The number of blocks between two changes of the target.
const PERIOD: u32 = 2016;
/// The time that these blocks should take: two weeks.
const PERIOD_SECONDS: u32 = 14 * 24 * 60 * 60;
/// The number of seconds without a block after which the test networks accept one with the easiest target.
const TESTNET_PATIENCE: u32 = 20 * 60;

/// Returns the compact target that `header`, the one of `height` on `network`, must have after `before`; nothing if
/// that depends on a header that is not `known`.
pub(super) fn required_bits<'a>(
    network: Network,
    height: u32,
    before: &RawHeader,
    header: &RawHeader,
    known: impl Fn(u32) -> Option<&'a RawHeader>,
) -> Option<u32> {
    let limit = easiest_target(network).to_compact();
    if network == Network::Regtest {
        return Some(limit);
    }
    let is_testnet = matches!(network, Network::Testnet3 | Network::Testnet4);
    if height % PERIOD == 0 {
        let first = known(height.checked_sub(PERIOD)?)?;
        // BIP 94: the last block of a period may have been one with the easiest target.
        let bits = if network == Network::Testnet4 { first.bits() } else { before.bits() };
        return next_period(network, bits, before.time().saturating_sub(first.time()));
    }
    if !is_testnet {
        return Some(before.bits());
    }
    if header.time() > before.time().saturating_add(TESTNET_PATIENCE) {
        return Some(limit);
    }
    // The last one of the period that had a target of its own.
    let mut at = height - 1;
    while at % PERIOD != 0 && known(at)?.bits() == limit {
        at -= 1;
    }
    known(at).map(RawHeader::bits)
}

/// Returns whether the target of `header`, of which the exact one is not known, is easier than a change of the
/// difficulty after `before` can make it.
pub(super) fn may_be_too_easy(network: Network, before: &RawHeader, header: &RawHeader) -> bool {
    let target = |header: &RawHeader| Target::from_compact(header.bits());
    let has_easy_blocks = matches!(network, Network::Testnet3 | Network::Testnet4);
    !has_easy_blocks && target(header) > target(before).map(|target| target.scaled(4, 1))
}

/// Returns the easiest target of a network.
pub(super) const fn easiest_target(network: Network) -> Target {
    match network {
        Network::Bitcoin | Network::Testnet3 | Network::Testnet4 => Target::MAINNET_LIMIT,
        Network::Signet => Target::SIGNET_LIMIT,
        Network::Regtest => Target::REGTEST_LIMIT,
    }
}

/// The target of a period after one that had `bits` and took so many seconds.
fn next_period(network: Network, bits: u32, seconds: u32) -> Option<u32> {
    let seconds = seconds.clamp(PERIOD_SECONDS / 4, PERIOD_SECONDS * 4);
    let target = Target::from_compact(bits)?.scaled(seconds, PERIOD_SECONDS);
    Some(target.min(easiest_target(network)).to_compact())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(time: u32, bits: u32) -> RawHeader {
        let mut bytes = [0; 80];
        bytes[68..72].copy_from_slice(&time.to_le_bytes());
        bytes[72..76].copy_from_slice(&bits.to_le_bytes());
        RawHeader::from_bytes(bytes)
    }

    /// Periods of the main chain, as Bitcoin Core's `pow_tests.cpp` has them: the times of the first and the last block
    /// and the bits before and after.
    #[test]
    fn periods_of_the_main_chain() {
        for (first, last, before, after) in [
            (1_261_130_161, 1_262_152_739, 0x1d00_ffff, 0x1d00_d86a),
            // The easiest target is never passed, and four times is the most in either direction.
            (1_231_006_505, 1_233_061_996, 0x1d00_ffff, 0x1d00_ffff),
            (1_279_008_237, 1_279_297_671, 0x1c05_a3f4, 0x1c01_68fd),
            (1_263_163_443, 1_269_211_443, 0x1c38_7f6f, 0x1d00_e1fd),
        ] {
            let (first, last) = (header(first, before), header(last, before));
            let known = |height| (height == 2016).then_some(&first);
            assert_eq!(required_bits(Network::Bitcoin, 4032, &last, &last, known), Some(after), "{before:#x}");
        }
    }

    #[test]
    fn within_a_period_nothing_changes() {
        let before = header(1000, 0x1c05_a3f4);
        let late = header(1_000_000, 0);
        for network in [Network::Bitcoin, Network::Signet] {
            assert_eq!(required_bits(network, 4033, &before, &late, |_| None), Some(0x1c05_a3f4));
        }
        assert_eq!(required_bits(Network::Regtest, 4032, &before, &late, |_| None), Some(0x207f_ffff));
        // The first header of the period lies before what is known.
        assert_eq!(required_bits(Network::Bitcoin, 4032, &before, &late, |_| None), None);
    }

    #[test]
    fn a_change_that_is_not_known_is_at_most_fourfold() {
        let before = header(0, 0x1c05_a3f4);
        for (bits, may_be_too_easy_on_the_main_chain) in
            [(0x1c16_8fd0, false), (0x1c16_8fd1, true), (0x1b05_a3f4, false)]
        {
            let after = header(0, bits);
            assert_eq!(may_be_too_easy(Network::Bitcoin, &before, &after), may_be_too_easy_on_the_main_chain);
            assert!(!may_be_too_easy(Network::Testnet3, &before, &after));
        }
    }

    #[test]
    fn test_networks_take_easy_blocks_after_twenty_minutes() {
        let (easy, hard) = (header(1000, 0x1d00_ffff), header(1000, 0x1c05_a3f4));
        let known = |height| Some(if height == 4040 { &hard } else { &easy });
        for network in [Network::Testnet3, Network::Testnet4] {
            let bits = |height, time| required_bits(network, height, &easy, &header(time, 0), known);
            assert_eq!(bits(4045, 2201), Some(0x1d00_ffff));
            assert_eq!(bits(4045, 2200), Some(0x1c05_a3f4));
            assert_eq!(bits(4040, 2200), Some(0x1d00_ffff), "the period begins with an easy one");
        }
        // BIP 94 goes on from the first block of a period, the third test network from the last one.
        let known = |_| Some(&hard);
        let bits = |network| required_bits(network, 4032, &header(1000 + PERIOD_SECONDS, 0x1d00_ffff), &easy, known);
        assert_eq!((bits(Network::Testnet3), bits(Network::Testnet4)), (Some(0x1d00_ffff), Some(0x1c05_a3f4)));
    }
}
