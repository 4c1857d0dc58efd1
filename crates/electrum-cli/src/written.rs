//! Resolves the words for scripts on a command line: a script, a descriptor's range, a name of the configuration file,
//! or the lines of standard input.

use std::io::{self, BufRead};
use std::str::FromStr;

use electrum_smol::proto::ProtocolVersion;

use crate::address;
use crate::descriptor::{self, Descriptor};
use crate::indexes::Indexes;
use crate::settings::Settings;
use crate::target::{PRIVATE_KEY, Target, is_no_address};

/// A word for scripts on a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Target(Target),
    Descriptor(String, Descriptor),
    /// A name of the configuration file.
    Name(String),
    /// The lines of standard input, written `-`.
    Stdin,
    /// A private key, which is refused only after the command line was read: errors there repeat what was written.
    PrivateKey,
}

/// A word with the scripts that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// The text that the user wrote.
    pub(crate) written: String,
    pub(crate) targets: Vec<Target>,
    /// Whether it is a descriptor of several scripts, which are shown as one.
    pub(crate) is_many: bool,
}

impl FromStr for Written {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self::Stdin);
        }
        if address::holds_private_key(text) {
            return Ok(Self::PrivateKey);
        }
        if let Some(inside) = descriptor::of_one_script(text) {
            let target = inside?.parse()?;
            return Ok(Self::Target(Target { written: text.to_owned(), ..target }));
        }
        if text.contains('(') {
            return text.parse().map(|descriptor| Self::Descriptor(text.to_owned(), descriptor));
        }
        match text.parse() {
            Ok(target) => Ok(Self::Target(target)),
            Err(_) if is_name(text) => Ok(Self::Name(text.to_owned())),
            Err(error) => Err(error),
        }
    }
}

/// Whether the word may be a name in the configuration file: a short word that does not look like an address.
fn is_name(text: &str) -> bool {
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    is_word && is_no_address(text)
}

/// Resolves words to the scripts that they stand for, at least one for each word.
pub(crate) fn groups(words: &[Written], indexes: Indexes, settings: &Settings) -> Result<Vec<Group>, String> {
    let mut groups = Vec::new();
    for word in words {
        if *word != Written::Stdin {
            add(word, indexes, settings, &mut groups)?;
            continue;
        }
        let before = groups.len();
        for line in io::stdin().lock().lines() {
            let line = line.map_err(|error| format!("standard input: {error}"))?;
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                let in_words = |error| format!("standard input: {line}: {error}");
                let word = line.parse().map_err(in_words)?;
                if word == Written::PrivateKey {
                    return Err(format!("standard input: {PRIVATE_KEY}"));
                }
                add(&word, indexes, settings, &mut groups).map_err(in_words)?;
            }
        }
        if groups.len() == before {
            return Err("standard input names no address, script or scripthash".into());
        }
    }
    Ok(groups)
}

fn add(word: &Written, indexes: Indexes, settings: &Settings, groups: &mut Vec<Group>) -> Result<(), String> {
    match word {
        Written::Target(target) => {
            let (written, targets) = (target.written.clone(), vec![target.clone()]);
            groups.push(Group { written, targets, is_many: false });
        }
        Written::Descriptor(written, descriptor) => groups.push(group(written, descriptor, indexes)?),
        Written::Name(name) => {
            for text in settings.scripts(name)? {
                let in_words = |error| format!("the configuration file's {name}: {error}");
                match text.parse().map_err(in_words)? {
                    Written::Name(_) | Written::Stdin => {
                        return Err(in_words(format!("{text} is no address, script, scripthash or descriptor")));
                    }
                    word => add(&word, indexes, settings, groups).map_err(in_words)?,
                }
            }
        }
        Written::PrivateKey => return Err(PRIVATE_KEY.into()),
        Written::Stdin => return Err("- stands for standard input on the command line only".into()),
    }
    Ok(())
}

fn group(written: &str, descriptor: &Descriptor, indexes: Indexes) -> Result<Group, String> {
    let networks = descriptor.networks();
    let scripts = descriptor.scripts(indexes)?;
    let is_many = descriptor.is_ranged() || scripts.len() > 1;
    let target = |(index, script)| Target { written: written.to_owned(), script, networks, index };
    let targets = scripts.into_iter().map(|(index, script)| target((index, script.into()))).collect();
    Ok(Group { written: written.to_owned(), targets, is_many })
}

/// Returns the latest version to offer: from 1.7 on servers take no scripthashes.
pub(crate) fn latest_version(groups: &[Group]) -> ProtocolVersion {
    let mut targets = groups.iter().flat_map(|group| &group.targets);
    let only_scripts = targets.all(|target| target.script.script().is_some());
    if only_scripts { ProtocolVersion::V1_7 } else { ProtocolVersion::V1_6 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "9623df75239b5daa7f5f03042d325b51498c4bb7059c7748b17049bf96f73888";

    fn groups(words: &[&str], config: &str) -> Result<Vec<Group>, String> {
        let words = words.iter().map(|word| word.parse()).collect::<Result<Vec<_>, String>>()?;
        super::groups(&words, Indexes::default(), &toml::from_str(config).unwrap())
    }

    #[test]
    fn names_of_the_configuration_file_stand_for_scripts() {
        let config = format!("[scripts]\nsavings = '{HASH}'\nboth = ['0014ab', 'script:51']\nloop = 'both'");
        let found = groups(&["savings", "both", "52"], &config).unwrap();
        assert_eq!(
            found.iter().map(|group| &group.written[..]).collect::<Vec<_>>(),
            [HASH, "0014ab", "script:51", "52"]
        );
        assert_eq!(latest_version(&found), ProtocolVersion::V1_6);
        assert_eq!(latest_version(&found[1..]), ProtocolVersion::V1_7);
        for (word, words) in [("loop", "both is no address"), ("other", "both, loop, savings")] {
            let error = groups(&[word], &config).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        assert!(groups(&["other"], "").unwrap_err().contains("neither an address"));
    }

    #[test]
    fn what_has_the_shape_of_an_address_is_no_name() {
        for text in
            ["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "", "a.b", "0x"]
        {
            assert!(text.parse::<Written>().is_err(), "{text}");
        }
        assert_eq!("savings".parse(), Ok(Written::Name("savings".into())));
        assert_eq!("-".parse(), Ok(Written::Stdin));
    }

    #[cfg(feature = "descriptors")]
    #[test]
    fn a_descriptor_is_one_group() {
        let key = "xpub6CatWdiZiodmUeTDp8LT5or8nmbKNcuyvz7WyksVFkKB4RHwCD3XyuvPEbvqAQY3rAPshWcMLoP2fMFMKHPJ4ZeZXYVUhLv1VMrjPC7PW6V";
        let found = groups(&[&format!("wpkh({key}/<0;1>/*)"), &format!("wpkh({key}/0/5)")], "").unwrap();
        assert_eq!(
            found.iter().map(|group| (group.targets.len(), group.is_many)).collect::<Vec<_>>(),
            [(40, true), (1, false)]
        );
        assert_eq!(found[0].targets[39].index, Some(19));
        assert_eq!(found[1].targets[0].script, found[0].targets[5].script);
    }
}
