//! Stores of certificate pins, and the store in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Mutex;

use electrum_transport::Pin;

use crate::oneshot::lock;

/// A store of certificate pins, one per host and port. The host is written as
/// [`Host`](electrum_transport::Host) shows it.
///
/// The driver calls it on a thread of its own, without any lock, so it may block: other clients go on, and the
/// connection that waits for it is bounded by the connect time-out.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use electrum_session::transport::Pin;
/// use electrum_session::{Config, PinError, PinStore};
///
/// /// The pin of the only server that the program uses.
/// #[derive(Debug, Default)]
/// struct OnePin(Mutex<Option<Pin>>);
///
/// impl PinStore for OnePin {
///     fn get(&self, _: &str, _: u16) -> Result<Option<Pin>, PinError> {
///         Ok(*self.0.lock().map_err(|error| PinError::Other(error.to_string()))?)
///     }
///
///     fn replace(&self, _: &str, _: u16, old: Option<Pin>, new: Option<Pin>) -> Result<Option<Pin>, PinError> {
///         let mut pin = self.0.lock().map_err(|error| PinError::Other(error.to_string()))?;
///         if *pin == old {
///             *pin = new;
///         }
///         Ok(*pin)
///     }
/// }
///
/// let mut config = Config::new(["ssl://electrum.example".parse()?]);
/// config.pins = Arc::new(OnePin::default());
/// assert_eq!(config.pins.replace("electrum.example", 50002, None, Some(Pin::WebCa)), Ok(Some(Pin::WebCa)));
/// assert_eq!(config.pins.replace("electrum.example", 50002, None, None), Ok(Some(Pin::WebCa))); // it is not `old`
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait PinStore: Send + Sync + fmt::Debug {
    /// Reads the pin of a server, if there is one.
    ///
    /// # Errors
    /// If the store cannot be read. The client never takes that for "no pin".
    fn get(&self, host: &str, port: u16) -> Result<Option<Pin>, PinError>;

    /// Stores `new` (or, with `None`, removes the pin) if the stored pin is `old`. Returns the pin that is stored
    /// afterwards, which is not `new` if another program has changed it meanwhile.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    fn replace(&self, host: &str, port: u16, old: Option<Pin>, new: Option<Pin>) -> Result<Option<Pin>, PinError>;
}

/// Why pins could not be read or stored.
///
/// ```
/// use electrum_session::PinError;
///
/// /// Returns the file that the user must look at, and the line in it.
/// fn place(error: &PinError) -> Option<(&str, usize)> {
///     match error {
///         PinError::Malformed { path, line } => Some((path, *line)),
///         // Wait until there is room on the disk, and try again.
///         PinError::Io { kind: std::io::ErrorKind::StorageFull, .. } => None,
///         PinError::Io { path, .. } => Some((path, 1)),
///         _ => None,
///     }
/// }
/// let error = PinError::Malformed { path: "electrum/pins".into(), line: 7 };
/// assert_eq!(place(&error), Some(("electrum/pins", 7)));
/// assert!(error.to_string().starts_with("line 7 of electrum/pins is no pin; correct it"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// A file could not be read, written or locked.
    #[error("the pins of server certificates cannot be {doing} {path}: {reason}")]
    Io {
        /// What could not be done: "read from", "written to" or "locked by".
        doing: &'static str,
        /// The file.
        path: String,
        /// The kind of the error, such as [`PermissionDenied`](io::ErrorKind::PermissionDenied).
        kind: io::ErrorKind,
        /// The system's description of the error.
        reason: String,
    },
    /// A line of the file is not a pin. No server is trusted because of it, and the file is left as it is.
    #[error("line {line} of {path} is no pin; correct it, or delete it to trust the server's next certificate")]
    Malformed {
        /// The file.
        path: String,
        /// The line's number, from 1.
        line: usize,
    },
    /// A store of another kind failed.
    #[error("the pins of server certificates cannot be read or stored: {0}")]
    Other(String),
}

/// A store of certificate pins in memory, which are lost when the process ends.
///
/// ```
/// use electrum_session::{MemoryPins, PinStore};
/// use electrum_session::transport::Pin;
///
/// let pins = MemoryPins::new();
/// assert_eq!(pins.replace("electrum.example", 50002, None, Some(Pin::WebCa))?, Some(Pin::WebCa));
/// assert_eq!(pins.get("electrum.example", 50002)?, Some(Pin::WebCa));
/// # Ok::<(), electrum_session::PinError>(())
/// ```
#[derive(Debug, Default)]
pub struct MemoryPins {
    pins: Mutex<BTreeMap<(String, u16), Pin>>,
}

impl MemoryPins {
    /// Makes a store without pins.
    pub fn new() -> Self {
        Self::default()
    }
}

impl PinStore for MemoryPins {
    fn get(&self, host: &str, port: u16) -> Result<Option<Pin>, PinError> {
        Ok(lock(&self.pins).get(&(host.to_owned(), port)).copied())
    }

    fn replace(&self, host: &str, port: u16, old: Option<Pin>, new: Option<Pin>) -> Result<Option<Pin>, PinError> {
        let (key, mut pins) = ((host.to_owned(), port), lock(&self.pins));
        let stored = pins.get(&key).copied();
        if stored != old {
            return Ok(stored);
        }
        match new {
            Some(pin) => pins.insert(key, pin),
            None => pins.remove(&key),
        };
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use electrum_transport::Fingerprint;

    #[test]
    fn a_pin_is_replaced_only_if_it_is_the_one_that_was_known() {
        let pins = MemoryPins::new();
        let [one, two] = [1, 2].map(|byte| Some(Pin::Certificate(Fingerprint::from_bytes([byte; 32]))));
        let replace = |old, new| pins.replace("a.example", 1, old, new);
        assert_eq!(replace(None, one), Ok(one));
        assert_eq!(replace(None, two), Ok(one));
        assert_eq!((pins.get("a.example", 1), pins.get("a.example", 2)), (Ok(one), Ok(None)));
        assert_eq!(replace(two, None), Ok(one));
        assert_eq!(replace(one, two), Ok(two));
        assert_eq!(replace(two, None), Ok(None));
        assert_eq!(pins.get("a.example", 1), Ok(None));
    }
}
