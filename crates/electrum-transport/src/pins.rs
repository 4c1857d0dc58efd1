//! Certificate pins: the fingerprint of the certificate that a server showed when it was last accepted.

use core::fmt;
use core::str::FromStr;

use sha2::{Digest as _, Sha256};

/// The SHA-256 fingerprint of a certificate, in the format of `openssl x509 -fingerprint -sha256`.
///
/// Parsing accepts 64 hexadecimal digits in either case, with or without colons.
///
/// ```
/// use electrum_transport::{Fingerprint, Route, Trust};
///
/// // As a server's operator publishes it, and as a user pastes it.
/// let given: Fingerprint = "ab".repeat(32).parse()?;
/// assert!(given.to_string().starts_with("AB:AB:AB:"));
/// let route = Route::direct().with_trust(Trust::Pinned(given));
/// assert_ne!(given, Fingerprint::of_certificate(b"a certificate in DER"));
/// # Ok::<(), electrum_transport::FingerprintError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Returns the fingerprint of a certificate in DER.
    pub fn of_certificate(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// Makes a fingerprint from the bytes of the hash.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the hash.
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

/// The error of parsing a [`Fingerprint`].
///
/// ```
/// use electrum_transport::{Fingerprint, FingerprintError};
///
/// let error = "AB:CD".parse::<Fingerprint>().unwrap_err();
/// assert_eq!(error, FingerprintError);
/// assert!(error.to_string().contains("64 hexadecimal digits"));
/// ```
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
            // Two hexadecimal digits fit in a byte.
            *byte = (digit(high)? * 16 + digit(low)?) as u8;
        }
        if pairs.next().is_some() { Err(FingerprintError) } else { Ok(Self(hash)) }
    }
}

/// What a client remembers of a server's certificate. The table at [`Trust::CaOrPin`](crate::Trust::CaOrPin) says what
/// may replace it.
///
/// Written as the fingerprint, or as `web-ca`:
/// ```
/// use electrum_transport::{Fingerprint, Pin};
/// let fingerprint = Fingerprint::from_bytes([0xab; 32]);
/// assert_eq!(fingerprint.to_string().parse(), Ok(Pin::Certificate(fingerprint)));
/// assert_eq!("web-ca".parse(), Ok(Pin::WebCa));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pin {
    /// The server showed this certificate, which no web CA vouched for.
    Certificate(Fingerprint),
    /// The server showed a certificate that a web CA vouched for.
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

/// A pin that the driver must store before the stack sends anything: see
/// [`LayerStack::pin_change`](crate::LayerStack::pin_change).
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tls_server.rs")); }
/// # use example::exchange;
/// # let (server, mut peer, fingerprint) = example::tls_server();
/// use electrum_transport::{Known, Route};
///
/// let mut stack = Route::direct().open(&server, Known::at(1_750_000_000))?;
/// exchange(&mut stack, &mut peer)?; // moves bytes until both are quiet
/// let change = stack.pin_change().ok_or("the certificate is new")?;
/// assert_eq!(change.old, None);
/// assert!(!stack.established());
/// let stored = change.new; // once it is stored
/// stack.pin_kept(stored)?;
/// assert!(stack.established());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PinChange {
    /// The pin that was stored when the stack was opened, or `None` on first contact.
    pub old: Option<Pin>,
    /// The pin to store.
    pub new: Pin,
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
}
