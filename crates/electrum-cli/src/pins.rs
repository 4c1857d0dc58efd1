//! Where the certificates of servers are remembered, and how a new one is accepted.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use electrum_smol::transport::{FilePins, Pin, PinError, PinStore};

/// The file of pins in the user's data folder, if there is such a folder.
pub(crate) fn default_file() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = folder("XDG_DATA_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local/share")))
        .or_else(|| folder("LOCALAPPDATA"))?;
    Some(data.join("electrum-cli").join("pins"))
}

/// Pins of which each gives way once to what its server shows next, as the user wants it.
///
/// The old pin stays until the new certificate was shown and proven: a server that cannot be reached keeps its pin.
#[derive(Debug)]
pub(crate) struct AcceptNew {
    pins: FilePins,
    accepted: Mutex<BTreeSet<(String, u16)>>,
}

impl AcceptNew {
    /// The same pins, each of which gives way once.
    pub(crate) const fn new(pins: FilePins) -> Self {
        Self { pins, accepted: Mutex::new(BTreeSet::new()) }
    }

    /// Whether the pin of a server has given way already.
    fn is_accepted(&self, host: &str, port: u16) -> bool {
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.contains(&(host.to_owned(), port))
    }
}

impl PinStore for AcceptNew {
    fn get(&self, host: &str, port: u16) -> Result<Option<Pin>, PinError> {
        // Read in any case: a file that cannot be read must be reported before anything is sent.
        let pin = self.pins.get(host, port)?;
        Ok(if self.is_accepted(host, port) { pin } else { None })
    }

    fn add(&self, host: &str, port: u16, pin: Pin) -> Result<Pin, PinError> {
        if self.is_accepted(host, port) {
            return self.pins.add(host, port, pin);
        }
        self.pins.replace(host, port, Some(pin))?;
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).insert((host.to_owned(), port));
        Ok(pin)
    }

    fn replace(&self, host: &str, port: u16, pin: Option<Pin>) -> Result<Option<Pin>, PinError> {
        self.pins.replace(host, port, pin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use electrum_smol::transport::Fingerprint;

    #[test]
    fn a_pin_gives_way_once_and_only_to_what_was_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep").join("pins");
        let [old, new, third] = [1, 2, 3].map(|byte| Pin::Certificate(Fingerprint::from_bytes([byte; 32])));
        FilePins::new(&file).add("a.example", 1, old).unwrap();
        FilePins::new(&file).add("a.example", 2, old).unwrap();

        let pins = AcceptNew::new(FilePins::new(&file));
        assert_eq!(pins.get("a.example", 1), Ok(None));
        assert_eq!(FilePins::new(&file).get("a.example", 1), Ok(Some(old)), "nothing was shown yet");
        assert_eq!(pins.add("a.example", 1, new), Ok(new));
        assert_eq!(pins.get("a.example", 1), Ok(Some(new)));
        assert_eq!(pins.add("a.example", 1, third), Ok(new));
        assert_eq!(FilePins::new(&file).get("a.example", 1), Ok(Some(new)));
        assert_eq!(FilePins::new(&file).get("a.example", 2), Ok(Some(old)), "the other server was not asked");
    }
}
