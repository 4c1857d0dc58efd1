//! Derives scripts from output descriptors (BIP 380 to 386 and 389).

use std::str::FromStr;

use electrum_smol::proto::Script;
use electrum_smol::proto::types::Network;
use miniscript::bitcoin::NetworkKind;
use miniscript::bitcoin::secp256k1::Secp256k1;
use miniscript::descriptor::Wildcard;
use miniscript::descriptor::checksum::desc_checksum;
use miniscript::{DescriptorPublicKey, ForEachKey};

use crate::address::{MAINNET, TESTNETS_AND_REGTEST};
use crate::indexes::Indexes;

/// A descriptor, split into one for each path if it has several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Descriptor(Vec<miniscript::Descriptor<DescriptorPublicKey>>);

/// Reads `addr(ADDRESS)` and `raw(HEX)` (BIP 385), which miniscript does not, as what they stand for.
pub(crate) fn of_one_script(text: &str) -> Option<Result<String, String>> {
    let (descriptor, checksum) = text.split_once('#').map_or((text, None), |(text, sum)| (text, Some(sum)));
    let inside = |name: &str| descriptor.strip_prefix(name)?.strip_suffix(')');
    let script = || inside("raw(").map(|digits| format!("script:{digits}"));
    let word = inside("addr(").map(ToOwned::to_owned).or_else(script)?;
    let fits = checksum.is_none_or(|checksum| desc_checksum(descriptor).is_ok_and(|right| right == checksum));
    Some(if fits { Ok(word) } else { Err("the descriptor is mistyped: its checksum does not fit".into()) })
}

impl FromStr for Descriptor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let descriptor: miniscript::Descriptor<DescriptorPublicKey> =
            text.parse().map_err(|error| format!("this is no output descriptor: {error}"))?;
        if descriptor.for_any_key(is_hardened) {
            return Err(
                "a hardened step behind an extended key (' or h) takes the private key, which this tool does not \
                        take: give the extended key behind that step"
                    .into(),
            );
        }
        descriptor.into_single_descriptors().map(Self).map_err(|error| error.to_string())
    }
}

impl Descriptor {
    /// Whether the descriptor has a range, with a script at each index.
    pub(crate) fn is_ranged(&self) -> bool {
        self.0.iter().any(miniscript::Descriptor::has_wildcard)
    }

    /// Returns the scripts at these indexes, path by path, each with its index if the descriptor has a range.
    pub(crate) fn scripts(&self, indexes: Indexes) -> Result<Vec<(Option<u32>, Script)>, String> {
        let secp = Secp256k1::verification_only();
        let mut scripts = Vec::new();
        for descriptor in &self.0 {
            let is_ranged = descriptor.has_wildcard();
            let Indexes { first, last } = if is_ranged { indexes } else { Indexes { first: 0, last: 0 } };
            for index in first..=last {
                let derived = descriptor.derived_descriptor(&secp, index).map_err(|error| error.to_string())?;
                let script = Script::new(derived.script_pubkey().into_bytes());
                scripts.push((is_ranged.then_some(index), script));
            }
        }
        Ok(scripts)
    }

    /// Returns the networks of its extended keys, or `None` if it has none.
    pub(crate) fn networks(&self) -> Option<&'static [Network]> {
        let mut kind = None;
        for descriptor in &self.0 {
            descriptor.for_any_key(|key| {
                if let DescriptorPublicKey::XPub(key) = key {
                    kind = Some(key.xkey.network);
                }
                kind.is_some()
            });
        }
        kind.map(|kind| if kind == NetworkKind::Main { MAINNET } else { TESTNETS_AND_REGTEST })
    }
}

/// Whether a key cannot be derived without its private key.
fn is_hardened(key: &DescriptorPublicKey) -> bool {
    let wildcard = match key {
        DescriptorPublicKey::Single(_) => Wildcard::None,
        DescriptorPublicKey::XPub(key) => key.wildcard,
        DescriptorPublicKey::MultiXPub(key) => key.wildcard,
    };
    wildcard == Wildcard::Hardened || key.has_hardened_step()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEXES: Indexes = Indexes { first: 0, last: 1 };

    fn scripts(text: &str) -> Vec<String> {
        let descriptor: Descriptor = text.parse().unwrap();
        descriptor.scripts(INDEXES).unwrap().iter().map(|(_, script)| script.to_hex()).collect()
    }

    /// The account key and the first two receiving addresses of BIP 84, and its first change address.
    const BIP84: &str = "xpub6CatWdiZiodmUeTDp8LT5or8nmbKNcuyvz7WyksVFkKB4RHwCD3XyuvPEbvqAQY3rAPshWcMLoP2fMFMKHPJ4ZeZXYVUhLv1VMrjPC7PW6V";
    const FIRST: &str = "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu";
    const SECOND: &str = "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g";
    const CHANGE: &str = "bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el";

    #[test]
    fn the_addresses_of_bip_84() {
        let receiving: Descriptor = format!("wpkh({BIP84}/0/*)").parse().unwrap();
        assert!(receiving.is_ranged());
        assert_eq!(receiving.networks(), Some(MAINNET));
        let found = receiving.scripts(INDEXES).unwrap();
        let address = |text| Script::new(crate::address::parse(text).unwrap().script);
        assert_eq!(found, [(Some(0), address(FIRST)), (Some(1), address(SECOND))]);
        let both: Descriptor = format!("wpkh({BIP84}/<0;1>/*)").parse().unwrap();
        let found = both.scripts(INDEXES).unwrap();
        assert_eq!((found.len(), &found[2]), (4, &(Some(0), address(CHANGE))));
    }

    #[test]
    fn a_descriptor_of_one_key_has_one_script() {
        // From BIP 381 and BIP 386.
        let key = "03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd";
        assert_eq!(scripts(&format!("pkh({key})")), ["76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac"]);
        let key = "a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd";
        let taproot = "512077aab6e066f8a7419c5ab714c12c67d25007ed55a43cadcacb4d7a970a093f11";
        assert_eq!(scripts(&format!("tr({key})")), [taproot]);
        assert_eq!(format!("tr({key})").parse::<Descriptor>().unwrap().networks(), None);
    }

    #[test]
    fn an_address_and_a_script_are_descriptors_too() {
        let word = |text: &str| of_one_script(text).map(|word| word.map_err(drop));
        assert_eq!(word(&format!("addr({FIRST})")), Some(Ok(FIRST.into())));
        assert_eq!(word("raw(6a)"), Some(Ok("script:6a".into())));
        // From BIP 380.
        assert_eq!(word("raw(deadbeef)#89f8spxm"), Some(Ok("script:deadbeef".into())));
        for mistyped in
            ["raw(deadbeef)#", "raw(deadbeef)#89f8spxmx", "raw(deedbeef)#89f8spxm", "raw(deadbeef)##9f8spxm"]
        {
            assert_eq!(word(mistyped), Some(Err(())), "{mistyped}");
        }
        assert_eq!((word("wpkh(a)"), word("addr"), word(FIRST)), (None, None, None));
    }

    #[test]
    fn what_is_none_is_refused_in_words() {
        for (text, words) in [
            ("wpkh(".to_owned(), "no output descriptor"),
            (format!("wpkh({BIP84}/0/*)#aaaaaaaa"), "checksum"),
            (format!("nope({BIP84}/0/*)"), "no output descriptor"),
            (format!("wpkh({BIP84}/0/*h)"), "hardened"),
            (format!("wpkh({BIP84}/0h/*)"), "hardened"),
            (format!("wpkh({BIP84}/<0;1h>/*)"), "hardened"),
        ] {
            let error = text.parse::<Descriptor>().unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
