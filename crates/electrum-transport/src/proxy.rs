//! A SOCKS5 proxy, such as the one that Tor offers.

use core::fmt;
use core::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::addr::{AddrProblem, ServerAddr, parse_port, split_host};
use crate::host::{Host, HostError};

/// A SOCKS5 proxy (RFC 1928, and RFC 1929 for the password). The proxy resolves names, never this computer.
///
/// Written `socks5://[user:password@]host:port`; `socks5h` means the same. In user and password `%3A` stands for
/// a colon, `%40` for an at sign, `%25` for a percent sign. [`Display`](fmt::Display) and [`Debug`] hide the password.
///
/// ```
/// use electrum_transport::Proxy;
/// let tor: Proxy = "socks5://127.0.0.1:9050".parse()?;
/// let tor = tor.isolated(0x5eed)?; // one Tor circuit per server
/// assert_eq!(tor.to_string(), "socks5://127.0.0.1:9050");
/// # Ok::<(), electrum_transport::ProxyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    host: Host,
    port: u16,
    login: Login,
}

/// The credentials for the proxy.
#[derive(Clone, PartialEq, Eq)]
enum Login {
    Anonymous,
    Given(Credentials),
    /// Other credentials for each server; Tor never puts streams with different credentials on one circuit.
    PerServer(u64),
}

/// A user and a password, 1 to 255 bytes each.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) user: Vec<u8>,
    pub(crate) password: Vec<u8>,
}

/// The login at the proxy for connections to one server.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Introduction {
    Anonymous,
    /// The proxy may also accept connections without a password.
    IfAsked(Credentials),
    /// The proxy must take the credentials: without them streams would not be isolated.
    Always(Credentials),
}

impl Proxy {
    /// Makes a proxy without a password.
    pub const fn new(host: Host, port: u16) -> Self {
        Self { host, port, login: Login::Anonymous }
    }

    /// Uses other credentials for each server, so that Tor isolates the streams: no relay sees two servers of one
    /// client on one circuit.
    ///
    /// The credentials are derived from `seed` and the server's address alone. Use a new random seed for each run,
    /// unless runs should share circuits.
    ///
    /// # Errors
    /// [`ProxyError::LoginAndIsolation`] if the proxy has a user and a password already.
    pub fn isolated(self, seed: u64) -> Result<Self, ProxyError> {
        match self.login {
            Login::Given(_) => Err(ProxyError::LoginAndIsolation),
            Login::Anonymous | Login::PerServer(_) => Ok(Self { login: Login::PerServer(seed), ..self }),
        }
    }

    /// Returns the host of the proxy.
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// Returns the TCP port of the proxy.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns whether streams are [`isolated`](Self::isolated).
    pub const fn is_isolated(&self) -> bool {
        matches!(self.login, Login::PerServer(_))
    }

    pub(crate) fn introduction(&self, server: &ServerAddr) -> Introduction {
        match &self.login {
            Login::Anonymous => Introduction::Anonymous,
            Login::Given(credentials) => Introduction::IfAsked(credentials.clone()),
            Login::PerServer(seed) => {
                let digest = Sha256::new()
                    .chain_update(b"electrum-transport stream isolation\0")
                    .chain_update(seed.to_le_bytes())
                    .chain_update(server.to_string())
                    .finalize();
                let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                let (user, password) = hex.split_at(32);
                Introduction::Always(Credentials { user: user.into(), password: password.into() })
            }
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("socks5://")?;
        if let Login::Given(credentials) = &self.login {
            write!(f, "{}:***@", String::from_utf8_lossy(&credentials.user))?;
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self}{})", if self.is_isolated() { ", isolated" } else { "" })
    }
}

impl fmt::Debug for Introduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::IfAsked(_) => "IfAsked(..)",
            Self::Always(_) => "Always(..)",
        })
    }
}

/// The error of parsing a proxy or setting its options. It does not quote the text, which may contain a password.
///
/// ```
/// use electrum_transport::{Proxy, ProxyError};
///
/// let error = "socks5://user:secret@127.0.0.1".parse::<Proxy>().unwrap_err();
/// match error {
///     ProxyError::Port => println!("is it Tor's, 9050?"),
///     ProxyError::Login => println!("are there characters to escape?"),
///     _ => panic!("{error}"),
/// }
/// assert!(error.to_string().contains("for Tor usually port 9050"));
/// assert!(!error.to_string().contains("secret"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// Not `socks5://`.
    #[error("a proxy is written socks5://host:port, for Tor usually socks5://127.0.0.1:9050; no other kind is known")]
    Scheme,
    /// The host is not valid.
    #[error("the proxy's host: {0}; write socks5://host:port")]
    Host(#[from] HostError),
    /// The proxy itself cannot be an onion service.
    #[error("the proxy's host: an .onion name can only be reached through a proxy, so it cannot be one")]
    Onion,
    /// The port is missing or not valid.
    #[error("the proxy's port: it has no default; write socks5://host:port, for Tor usually port 9050")]
    Port,
    /// The user or the password is missing, empty, too long, or has a `%` without two hexadecimal digits.
    #[error(
        "the proxy's user and password: write socks5://user:password@host:port with 1 to 255 bytes each, and %3A %40 %25 for : @ %"
    )]
    Login,
    /// The proxy has a user and a password, which isolation would replace.
    #[error("a proxy with user and password cannot also isolate servers by other credentials for each; leave out one")]
    LoginAndIsolation,
}

impl FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let (scheme, rest) = text.split_once("://").ok_or(ProxyError::Scheme)?;
        if !["socks5", "socks5h"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
            return Err(ProxyError::Scheme);
        }
        let (login, rest) = match rest.rsplit_once('@') {
            None => (Login::Anonymous, rest),
            Some((login, rest)) => {
                let (user, password) = login.split_once(':').ok_or(ProxyError::Login)?;
                let (user, password) = (percent_decoded(user)?, percent_decoded(password)?);
                (Login::Given(Credentials { user, password }), rest)
            }
        };
        let (host, port) = split_host(rest.strip_suffix('/').unwrap_or(rest))?;
        let host = host.parse()?;
        if matches!(host, Host::Onion(_)) {
            return Err(ProxyError::Onion);
        }
        let port = parse_port(port.unwrap_or_default()).map_err(|_: AddrProblem| ProxyError::Port)?;
        Ok(Self { host, port, login })
    }
}

/// Decodes `%xx` in a user or password, which must have 1 to 255 bytes.
fn percent_decoded(text: &str) -> Result<Vec<u8>, ProxyError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || (bytes.next()? as char).to_digit(16);
                match (digit(), digit()) {
                    // Two hexadecimal digits fit in a byte.
                    (Some(high), Some(low)) => (high * 16 + low) as u8,
                    _ => return Err(ProxyError::Login),
                }
            }
            byte => byte,
        });
    }
    if decoded.is_empty() || decoded.len() > 255 { Err(ProxyError::Login) } else { Ok(decoded) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> ServerAddr {
        text.parse().unwrap()
    }

    #[test]
    fn forms() {
        let proxy: Proxy = "socks5://127.0.0.1:9050".parse().unwrap();
        assert_eq!((proxy.host().to_string().as_str(), proxy.port()), ("127.0.0.1", 9050));
        assert_eq!("socks5://127.0.0.1:9050/".parse(), Ok(proxy));
        assert_eq!("SOCKS5h://[::1]:1080".parse::<Proxy>().unwrap().to_string(), "socks5://[::1]:1080");
        let proxy: Proxy = "socks5://us%40er:p%3Aa:ss@proxy.example:1080".parse().unwrap();
        let Introduction::IfAsked(credentials) = proxy.introduction(&server("tcp://a.example")) else { panic!() };
        assert_eq!(credentials.user, b"us@er");
        assert_eq!(credentials.password, b"p:a:ss");
        assert_eq!(proxy.to_string(), "socks5://us@er:***@proxy.example:1080");
        assert_eq!(format!("{proxy:?}"), "Proxy(socks5://us@er:***@proxy.example:1080)");
    }

    #[test]
    fn errors() {
        let long = format!("socks5://u:{}@h:1", "x".repeat(256));
        let cases = [
            ("127.0.0.1:9050", ProxyError::Scheme),
            ("http://127.0.0.1:8080", ProxyError::Scheme),
            ("socks4://127.0.0.1:1080", ProxyError::Scheme),
            ("socks5://127.0.0.1", ProxyError::Port),
            ("socks5://127.0.0.1:", ProxyError::Port),
            ("socks5://127.0.0.1:0", ProxyError::Port),
            ("socks5://127.0.0.1:1080/path", ProxyError::Port),
            ("socks5://127.0.0.1/", ProxyError::Port),
            ("socks5://:1080", ProxyError::Host(HostError::Empty)),
            ("socks5://::1:1080", ProxyError::Host(HostError::Ipv6)),
            ("socks5://abc.onion:9050", ProxyError::Onion),
            ("socks5://user@h:1", ProxyError::Login),
            ("socks5://user:@h:1", ProxyError::Login),
            ("socks5://:pass@h:1", ProxyError::Login),
            ("socks5://u%4:p@h:1", ProxyError::Login),
            ("socks5://u%zz:p@h:1", ProxyError::Login),
            (&long, ProxyError::Login),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Proxy>(), Err(error), "{text}");
        }
    }

    #[test]
    fn isolation_depends_on_seed_and_server_only() {
        let proxy: Proxy = "socks5://127.0.0.1:9050".parse().unwrap();
        let of = |seed, text: &str| proxy.clone().isolated(seed).unwrap().introduction(&server(text));
        assert_eq!(of(1, "ssl://a.example"), of(1, "a.example:50002:s"));
        assert_ne!(of(1, "ssl://a.example"), of(1, "ssl://b.example"));
        assert_ne!(of(1, "ssl://a.example"), of(2, "ssl://a.example"));
        assert!(
            matches!(of(1, "ssl://a.example"), Introduction::Always(c) if c.user.len() == 32 && c.password.len() == 32)
        );
        let login: Proxy = "socks5://u:p@127.0.0.1:9050".parse().unwrap();
        assert_eq!(login.isolated(1), Err(ProxyError::LoginAndIsolation));
    }
}
