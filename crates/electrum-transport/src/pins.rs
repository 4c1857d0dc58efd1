//! Certificate pins: which certificate a server showed the first time.

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

/// The SHA-256 of a certificate, shown and read as `openssl x509 -fingerprint -sha256` shows it.
///
/// Reading takes 64 hexadecimal digits in either case, with or without the colons.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate in DER.
    pub fn of_certificate(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// From the bytes of the hash.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if i == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// A text that is no [`Fingerprint`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits, with or without a colon after every two"
)]
pub struct FingerprintError;

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let colons = text.contains(':');
        let mut pairs = text.as_bytes().chunks(if colons { 3 } else { 2 });
        let mut hash = [0; 32];
        for (i, byte) in hash.iter_mut().enumerate() {
            let (high, low) = match pairs.next() {
                Some(&[high, low, b':']) if i < 31 => (high, low),
                Some(&[high, low]) if i == 31 || !colons => (high, low),
                _ => return Err(FingerprintError),
            };
            let digit = |byte: u8| (byte as char).to_digit(16).ok_or(FingerprintError);
            // Two hexadecimal digits fit a byte.
            *byte = (digit(high)? * 16 + digit(low)?) as u8;
        }
        if pairs.next().is_some() { Err(FingerprintError) } else { Ok(Self(hash)) }
    }
}

/// What is remembered of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pin {
    /// It showed this certificate, which no web CA vouched for. It must show the same one ever after.
    Certificate(Fingerprint),
    /// It showed a certificate that a web CA vouched for. It must not fall back to one that none vouches for.
    WebCa,
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(fingerprint) => write!(f, "{fingerprint}"),
            Self::WebCa => f.write_str("web-ca"),
        }
    }
}

impl FromStr for Pin {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        if text == "web-ca" { Ok(Self::WebCa) } else { text.parse().map(Self::Certificate) }
    }
}

/// Where pins are kept, per host and port.
///
/// A link reads its pin when it is opened, and adds one after a TLS handshake was completed. The host is written as
/// [`Host`](crate::Host) shows it.
pub trait PinStore: Send + Sync + fmt::Debug {
    /// The pin of a server, if there is one.
    ///
    /// # Errors
    /// If the store cannot be read. The caller must not take that for "no pin".
    fn get(&self, host: &str, port: u16) -> Result<Option<Pin>, PinError>;

    /// Keeps the first pin of a server, and returns the one that holds from now on: the old one if there was one,
    /// perhaps added by another process a moment ago.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    fn add(&self, host: &str, port: u16, pin: Pin) -> Result<Pin, PinError>;

    /// Sets or, with `None`, forgets the pin of a server, and returns the old one. Only for a user who said so.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    fn replace(&self, host: &str, port: u16, pin: Option<Pin>) -> Result<Option<Pin>, PinError>;
}

/// Why pins could not be read or kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// The file system said no.
    #[error("the pins of server certificates cannot be {doing} {path}: {reason}")]
    Io {
        /// Read from, written to, locked.
        doing: &'static str,
        /// The file.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// A line that is no pin. Nothing is trusted on its account, and the file is left as it is.
    #[error("line {line} of {path} is no pin; correct it, or delete it to trust the server's next certificate")]
    Malformed {
        /// The file.
        path: String,
        /// The line's number, from 1.
        line: usize,
    },
    /// A store of another kind failed.
    #[error("the pins of server certificates: {0}")]
    Other(String),
}

/// Pins for as long as the process lives.
#[derive(Debug, Default)]
pub struct MemoryPins {
    pins: Mutex<BTreeMap<(String, u16), Pin>>,
}

impl MemoryPins {
    /// No pins.
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T>(&self, f: impl FnOnce(&mut BTreeMap<(String, u16), Pin>) -> T) -> T {
        // Each change is one call on the map, so a panic elsewhere cannot have left it half done.
        f(&mut self.pins.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl PinStore for MemoryPins {
    fn get(&self, host: &str, port: u16) -> Result<Option<Pin>, PinError> {
        Ok(self.with(|pins| pins.get(&(host.to_owned(), port)).copied()))
    }

    fn add(&self, host: &str, port: u16, pin: Pin) -> Result<Pin, PinError> {
        Ok(self.with(|pins| *pins.entry((host.to_owned(), port)).or_insert(pin)))
    }

    fn replace(&self, host: &str, port: u16, pin: Option<Pin>) -> Result<Option<Pin>, PinError> {
        let key = (host.to_owned(), port);
        Ok(self.with(|pins| match pin {
            Some(pin) => pins.insert(key, pin),
            None => pins.remove(&key),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_is_the_sha256_in_openssls_form() {
        // The hash of the empty message (FIPS 180-4 examples).
        let empty = "E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:55";
        let fingerprint = Fingerprint::of_certificate(b"");
        assert_eq!(fingerprint.to_string(), empty);
        for text in [empty, &empty.to_lowercase(), &empty.replace(':', ""), &empty.replace(':', "").to_lowercase()] {
            assert_eq!(text.parse(), Ok(fingerprint), "{text}");
        }
    }

    #[test]
    fn what_is_no_fingerprint() {
        let digits = "ab".repeat(32);
        let colons = ["ab"; 32].join(":");
        for text in [
            "",
            ":",
            &digits[..62],
            &digits[..63],
            &format!("{digits}ab"),
            &format!("{digits}:"),
            &format!("{colons}:"),
            &format!("{colons}:ab"),
            &format!(":{colons}"),
            &colons.replacen(':', "", 1),
            &colons.replacen(':', "-", 1),
            &digits.replacen('a', "g", 1),
            &digits.replacen("ab", "+b", 1),
            "web-ca",
        ] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintError), "{text}");
        }
    }

    #[test]
    fn memory_keeps_the_first() {
        let pins = MemoryPins::new();
        let [one, two] = [1, 2].map(|byte| Pin::Certificate(Fingerprint::from_bytes([byte; 32])));
        assert_eq!(pins.add("a.example", 1, one), Ok(one));
        assert_eq!(pins.add("a.example", 1, two), Ok(one));
        assert_eq!((pins.get("a.example", 1), pins.get("a.example", 2)), (Ok(Some(one)), Ok(None)));
        assert_eq!(pins.replace("a.example", 1, Some(two)), Ok(Some(one)));
        assert_eq!(pins.replace("a.example", 1, None), Ok(Some(two)));
        assert_eq!(pins.get("a.example", 1), Ok(None));
    }
}
