//! The host of an address: an IP address, a DNS name, or an onion service.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

/// The host of an address.
///
/// It is made by parsing only, so that a name that ends in `.onion` is always [`Host::Onion`], and a [`Host::Name`] may
/// be looked up by a resolver.
///
/// ```
/// use electrum_transport::Host;
///
/// fn needs_resolver(host: &Host) -> bool {
///     match host {
///         Host::Name(_) => true,
///         Host::Ip(_) | Host::Onion(_) => false,
///     }
/// }
/// assert!(needs_resolver(&"electrum.example".parse()?));
/// assert!(!needs_resolver(&"[2001:db8::1]".parse()?));
/// assert!(!needs_resolver(&"explorerzydxu5ecjrkwceayqybizmpjjznk5izmitf2modhcusuqlid.onion".parse()?));
/// # Ok::<(), electrum_transport::HostError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Host {
    /// An IP address; version 6 is written in brackets.
    Ip(IpAddr),
    /// A DNS name, in lower case, without a dot at the end.
    Name(HostName),
    /// A name that ends in `.onion`. It exists only inside Tor and is never looked up by a resolver.
    Onion(HostName),
}

/// A valid host name: letters, digits, `-` and `_` in labels of 1 to 63 bytes, at most 253 bytes in all.
///
/// ```
/// use electrum_transport::Host;
///
/// let Host::Name(name) = "Electrum.Example.".parse()? else { panic!("that is a DNS name") };
/// assert_eq!(name.as_str(), "electrum.example");
/// # Ok::<(), electrum_transport::HostError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostName(String);

impl HostName {
    /// Returns the name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V4(ip)) => write!(f, "{ip}"),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Name(name) | Self::Onion(name) => write!(f, "{name}"),
        }
    }
}

/// Why a text is not a [`Host`].
///
/// ```
/// use electrum_transport::{Host, HostError};
///
/// for (text, expected) in [("", HostError::Empty), ("192.0.2", HostError::Ipv4), ("a b", HostError::Character(' '))] {
///     let error = text.parse::<Host>().unwrap_err();
///     assert_eq!(error, expected);
///     println!("{error}"); // says how it is written
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The host is empty.
    #[error("the host name is missing")]
    Empty,
    /// An IPv6 address without brackets, or brackets around something else.
    #[error("an IPv6 address is written in brackets and without a zone, as in [2001:db8::1]")]
    Ipv6,
    /// Digits and dots that are not an IPv4 address.
    #[error("an IPv4 address has four numbers from 0 to 255, as in 192.0.2.1")]
    Ipv4,
    /// A character that is not allowed in a host name.
    #[error("{0:?} does not belong in a host name (names with other letters are written in their xn-- form)")]
    Character(char),
    /// A label that is empty or too long, or a name that is too long.
    #[error("parts between dots have 1 to 63 characters, and the whole name at most 253")]
    Length,
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        if text.starts_with('[') || text.contains(':') {
            let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).ok_or(HostError::Ipv6)?;
            return inner.parse::<Ipv6Addr>().map(|ip| Self::Ip(ip.into())).map_err(|_| HostError::Ipv6);
        }
        if let Ok(ip) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Ip(ip.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if name.is_empty() {
            return Err(HostError::Empty);
        }
        let foreign = |c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if let Some(c) = name.chars().find(foreign) {
            return Err(HostError::Character(c));
        }
        if name.len() > 253 || name.split('.').any(|label| label.is_empty() || label.len() > 63) {
            return Err(HostError::Length);
        }
        let last = name.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|b| b.is_ascii_digit()) {
            return Err(HostError::Ipv4);
        }
        Ok(if last == "onion" { Self::Onion(HostName(name)) } else { Self::Name(HostName(name)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kinds() {
        assert_eq!("192.0.2.1".parse(), Ok(Host::Ip(Ipv4Addr::new(192, 0, 2, 1).into())));
        assert_eq!("[2001:DB8::1]".parse::<Host>().unwrap().to_string(), "[2001:db8::1]");
        assert!(matches!("Electrum.Example.ORG".parse(), Ok(Host::Name(n)) if n.as_str() == "electrum.example.org"));
        assert!(matches!("localhost".parse(), Ok(Host::Name(_))));
        assert!(matches!("my_server".parse(), Ok(Host::Name(_))));
    }

    #[test]
    fn whatever_ends_in_onion_is_an_onion() {
        for text in ["abc.onion", "ABC.ONION", "abc.onion.", "www.abc.Onion", "onion"] {
            assert!(matches!(text.parse(), Ok(Host::Onion(_))), "{text}");
        }
        assert!(matches!("onion.example.org".parse(), Ok(Host::Name(_))));
        assert!(matches!("abconion".parse(), Ok(Host::Name(_))));
    }

    #[test]
    fn errors() {
        let cases = [
            ("", HostError::Empty),
            (".", HostError::Empty),
            ("::1", HostError::Ipv6),
            ("[::1", HostError::Ipv6),
            ("[fe80::1%eth0]", HostError::Ipv6),
            ("[192.0.2.1]", HostError::Ipv6),
            ("256.1.1.1", HostError::Ipv4),
            ("1.2.3", HostError::Ipv4),
            ("12345", HostError::Ipv4),
            ("a b", HostError::Character(' ')),
            ("user@host", HostError::Character('@')),
            ("host/", HostError::Character('/')),
            ("bücher.example", HostError::Character('ü')),
            ("a..b", HostError::Length),
            (".a", HostError::Length),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Host>(), Err(error), "{text}");
        }
        assert_eq!(format!("{}.org", "a".repeat(64)).parse::<Host>(), Err(HostError::Length));
        assert_eq!(["a"; 128].join(".").parse::<Host>(), Err(HostError::Length));
        assert!(["a"; 127].join(".").parse::<Host>().is_ok());
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(text in "\\PC{0,20}|[a-zA-Z0-9._-]{1,30}|\\[[0-9a-f:]{2,20}\\]") {
            if let Ok(host) = text.parse::<Host>() {
                prop_assert_eq!(host.to_string().parse::<Host>(), Ok(host));
            }
        }
    }
}
