//! The address of an Electrum server.

use core::fmt;
use core::str::FromStr;

use crate::host::{Host, HostError};

/// The address of a server: host, port, with TLS or without, lines or a WebSocket.
///
/// | written | read as |
/// |---|---|
/// | `ssl://host`, `ssl://host:port` | TLS, port 50002 unless given |
/// | `tcp://host`, `tcp://host:port` | no TLS, port 50001 unless given |
/// | `wss://host:port/path` | WebSocket over TLS, port 443 unless given |
/// | `ws://host:port/path` | WebSocket without TLS, port 80 unless given |
/// | `host:port:s`, `host:port:t` | TLS, no TLS: as Electrum's server lists write it |
/// | `host:50002`, `host:50001` | TLS, no TLS: by the customary ports |
/// | `host`, `host:port` | refused: it does not say whether to use TLS, and guessing wrong would mean plain text |
///
/// An IPv6 address is written in brackets; a slash at the end makes no difference. [`Display`](fmt::Display) writes one
/// of the first four forms, with the port.
///
/// ```
/// use electrum_transport::{Security, ServerAddr};
/// let addr: ServerAddr = "electrum.example.org:50002:s".parse()?;
/// assert_eq!(addr.security(), Security::Tls);
/// assert_eq!(addr.to_string(), "ssl://electrum.example.org:50002");
/// assert!("electrum.example.org:443".parse::<ServerAddr>().is_err());
/// # Ok::<(), electrum_transport::AddrError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerAddr {
    host: Host,
    port: u16,
    security: Security,
    /// The path of the WebSocket, if the server speaks through one.
    path: Option<String>,
}

/// Whether the connection to the server is TLS.
///
/// ```
/// use electrum_transport::{Security, ServerAddr};
///
/// let server: ServerAddr = "ssl://electrum.example".parse()?;
/// let words = match server.security() {
///     Security::Tcp => "anyone on the way can read and change everything",
///     Security::Tls => "encrypted",
/// };
/// assert_eq!(words, "encrypted");
/// assert_eq!(Security::Tls.default_port(), server.port());
/// # Ok::<(), electrum_transport::AddrError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Security {
    /// Plain text.
    Tcp,
    /// TLS 1.2 or 1.3.
    Tls,
}

impl Security {
    /// Returns the customary port of servers: 50001 for plain text, 50002 for TLS.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Tcp => 50001,
            Self::Tls => 50002,
        }
    }

    /// Returns the scheme of an address without a WebSocket: `tcp` or `ssl`.
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tls => "ssl",
        }
    }
}

impl ServerAddr {
    /// Makes an address from its parts.
    pub const fn new(host: Host, port: u16, security: Security) -> Self {
        Self { host, port, security, path: None }
    }

    /// Makes the address one of a WebSocket at this path (and query), which begins with a slash.
    ///
    /// ```
    /// use electrum_transport::{Security, ServerAddr};
    /// let addr = ServerAddr::new("electrum.example".parse()?, 443, Security::Tls).with_websocket("/electrum")?;
    /// assert_eq!(addr.to_string(), "wss://electrum.example:443/electrum");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`AddrProblem::Path`] if `path` is not a path.
    pub fn with_websocket(self, path: &str) -> Result<Self, AddrProblem> {
        let is_path = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        if !is_path {
            return Err(AddrProblem::Path(path.to_owned()));
        }
        Ok(Self { path: Some(path.to_owned()), ..self })
    }

    /// Returns the path of the server's WebSocket, or `None` if the server speaks in lines.
    pub fn websocket_path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Returns the scheme of the address: `tcp`, `ssl`, `ws` or `wss`.
    pub const fn scheme(&self) -> &'static str {
        match (self.security, &self.path) {
            (security, None) => security.scheme(),
            (Security::Tcp, Some(_)) => "ws",
            (Security::Tls, Some(_)) => "wss",
        }
    }

    /// Returns the host.
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// Returns the TCP port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns whether the connection uses TLS.
    pub const fn security(&self) -> Security {
        self.security
    }
}

impl fmt::Display for ServerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.as_deref().filter(|path| *path != "/").unwrap_or_default();
        write!(f, "{}://{}:{}{path}", self.scheme(), self.host, self.port)
    }
}

/// The error of parsing a server address. It says what to write instead.
///
/// ```
/// use electrum_transport::{AddrProblem, ServerAddr};
///
/// let error = "http://electrum.example".parse::<ServerAddr>().unwrap_err();
/// assert!(matches!(error.problem(), AddrProblem::Scheme(scheme) if scheme == "http"));
/// let words = error.to_string(); // for the user
/// assert!(words.starts_with(r#""http://electrum.example" is not a server address: write tcp:// for plain"#));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{input:?} is not a server address: {problem}")]
pub struct AddrError {
    input: String,
    problem: AddrProblem,
}

impl AddrError {
    /// Returns what is wrong with the text.
    pub const fn problem(&self) -> &AddrProblem {
        &self.problem
    }
}

/// What is wrong with a written address.
///
/// ```
/// use electrum_transport::{AddrProblem, ServerAddr};
///
/// /// Returns what a form may offer instead of a text that is not an address.
/// fn suggestions(text: &str) -> Vec<String> {
///     let Err(error) = text.parse::<ServerAddr>() else { return Vec::new() };
///     match error.problem() {
///         AddrProblem::Ambiguous { host, port: Some(port) } => {
///             vec![format!("ssl://{host}:{port}"), format!("tcp://{host}:{port}")]
///         }
///         AddrProblem::Brackets(with_brackets) => vec![with_brackets.clone()],
///         _ => Vec::new(), // the words of the error say what to write
///     }
/// }
/// assert_eq!(suggestions("electrum.example:443"), ["ssl://electrum.example:443", "tcp://electrum.example:443"]);
/// assert_eq!(suggestions("ssl://2001:db8::1"), ["ssl://[2001:db8::1]"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddrProblem {
    /// The part before `://` is none of `tcp`, `ssl`, `ws`, `wss`.
    #[error(
        "write tcp:// for plain text or ssl:// for TLS (with a WebSocket ws:// or wss://) before the host, not {0}://"
    )]
    Scheme(String),
    /// A path in an address without a WebSocket, or a path with characters that are not allowed.
    #[error(
        "{0:?} is not possible as a path; only the address of a WebSocket has one, as in wss://electrum.example.org/path"
    )]
    Path(String),
    /// An IPv6 address without brackets.
    #[error("an IPv6 address is written in brackets; write {0}")]
    Brackets(
        /// The text with brackets.
        String,
    ),
    /// Neither the scheme nor a letter nor the port says whether to use TLS.
    #[error("it does not say whether to use TLS; write ssl://{host}:{port} for TLS or tcp://{host}:{port} for plain text",
            port = .port.map_or_else(|| "PORT".to_owned(), |port| port.to_string()))]
    Ambiguous {
        /// The host in the text.
        host: Host,
        /// The port in the text, if there is one.
        port: Option<u16>,
    },
    /// The part after the last colon is neither `t` nor `s`.
    #[error("after the port comes t for plain text or s for TLS, as in host:50002:s, not {0:?}")]
    Letter(String),
    /// The port is missing after a colon, or is not a number from 1 to 65535.
    #[error("a port is a number from 1 to 65535, not {0:?}; write host:port, as in ssl://electrum.example.org:50002")]
    Port(String),
    /// The host is not valid.
    #[error("{0}; write for example ssl://electrum.example.org:50002")]
    Host(#[from] HostError),
}

impl FromStr for ServerAddr {
    type Err = AddrError;

    fn from_str(text: &str) -> Result<Self, AddrError> {
        parse(text).map_err(|problem| AddrError { input: text.to_owned(), problem })
    }
}

fn parse(text: &str) -> Result<ServerAddr, AddrProblem> {
    if let Some((scheme, rest)) = text.split_once("://") {
        let (security, is_websocket, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "tcp" => (Security::Tcp, false, Security::Tcp.default_port()),
            "ssl" => (Security::Tls, false, Security::Tls.default_port()),
            "ws" => (Security::Tcp, true, 80),
            "wss" => (Security::Tls, true, 443),
            _ => return Err(AddrProblem::Scheme(scheme.to_owned())),
        };
        let (rest, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) =
            split_host(rest).map_err(|error| with_brackets(scheme, rest).unwrap_or_else(|| error.into()))?;
        let host = host.parse()?;
        let port = port.map_or(Ok(default_port), parse_port)?;
        let addr = ServerAddr::new(host, port, security);
        return match (is_websocket, path) {
            (true, "") => addr.with_websocket("/"),
            (true, path) => addr.with_websocket(path),
            (false, "" | "/") => Ok(addr),
            (false, path) => Err(AddrProblem::Path(path.to_owned())),
        };
    }
    let (host, rest) = split_host(text).map_err(|error| with_brackets("", text).unwrap_or_else(|| error.into()))?;
    let host: Host = host.parse()?;
    let Some(rest) = rest else {
        return Err(AddrProblem::Ambiguous { host, port: None });
    };
    let (port, letter) = rest.split_once(':').map_or((rest, None), |(port, letter)| (port, Some(letter)));
    let port = parse_port(port)?;
    let security = match letter {
        Some("t" | "T") => Security::Tcp,
        Some("s" | "S") => Security::Tls,
        Some(letter) => return Err(AddrProblem::Letter(letter.to_owned())),
        None if port == Security::Tcp.default_port() => Security::Tcp,
        None if port == Security::Tls.default_port() => Security::Tls,
        None => {
            return Err(AddrProblem::Ambiguous { host, port: Some(port) });
        }
    };
    Ok(ServerAddr::new(host, port, security))
}

/// Returns what to write instead of an IPv6 address without brackets, if it can be known.
fn with_brackets(scheme: &str, text: &str) -> Option<AddrProblem> {
    let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
    let is_ipv6 = |text: &str| text.parse::<core::net::Ipv6Addr>().is_ok();
    // Tries the endings that may follow the address, the longest first: `:port:letter`, `:port`, nothing.
    let endings = text.rmatch_indices(':').map(|(place, _)| place).take(2).collect::<Vec<_>>();
    endings.into_iter().rev().chain([text.len()]).find_map(|end| {
        let (ip, ending) = text.split_at(end);
        let port = ending.trim_start_matches(':').split(':').next().unwrap_or_default();
        let is_ending = ending.is_empty()
            || (port.len() > 4 && parse_port(port).is_ok())
            || ending.ends_with(":t")
            || ending.ends_with(":s");
        (is_ending && is_ipv6(ip)).then(|| AddrProblem::Brackets(format!("{scheme}[{ip}]{ending}")))
    })
}

/// Splits `host`, `host:rest`, `[ipv6]`, `[ipv6]:rest`.
pub(crate) fn split_host(text: &str) -> Result<(&str, Option<&str>), HostError> {
    if text.starts_with('[') {
        let end = text.find(']').ok_or(HostError::Ipv6)? + 1;
        let (host, rest) = text.split_at(end);
        return match rest.strip_prefix(':') {
            Some(rest) => Ok((host, Some(rest))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(HostError::Ipv6),
        };
    }
    // Only an IPv6 address has more than two colons.
    if text.bytes().filter(|&b| b == b':').count() > 2 || text.parse::<core::net::Ipv6Addr>().is_ok() {
        return Err(HostError::Ipv6);
    }
    Ok(text.split_once(':').map_or((text, None), |(host, rest)| (host, Some(rest))))
}

/// Parses a port that is written in digits only and is not 0.
pub(crate) fn parse_port(text: &str) -> Result<u16, AddrProblem> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits && port != 0 => Ok(port),
        _ => Err(AddrProblem::Port(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms() {
        let cases = [
            ("tcp://electrum.example.org", "tcp://electrum.example.org:50001"),
            ("ssl://electrum.example.org", "ssl://electrum.example.org:50002"),
            ("SSL://Electrum.example.org:443", "ssl://electrum.example.org:443"),
            ("electrum.example.org:50001:t", "tcp://electrum.example.org:50001"),
            ("electrum.example.org:50002:s", "ssl://electrum.example.org:50002"),
            ("electrum.example.org:50002:t", "tcp://electrum.example.org:50002"),
            ("electrum.example.org:50002:S", "ssl://electrum.example.org:50002"),
            ("electrum.example.org:50001", "tcp://electrum.example.org:50001"),
            ("electrum.example.org:50002", "ssl://electrum.example.org:50002"),
            ("192.0.2.7:50002", "ssl://192.0.2.7:50002"),
            ("tcp://[2001:db8::7]", "tcp://[2001:db8::7]:50001"),
            ("ssl://[2001:db8::7]:60002", "ssl://[2001:db8::7]:60002"),
            ("[2001:db8::7]:50002", "ssl://[2001:db8::7]:50002"),
            ("[2001:db8::7]:1:t", "tcp://[2001:db8::7]:1"),
            ("ssl://electrum.example.org:443/", "ssl://electrum.example.org:443"),
            ("tcp://electrum.example.org/", "tcp://electrum.example.org:50001"),
            ("wss://electrum.example.org", "wss://electrum.example.org:443"),
            ("ws://electrum.example.org/", "ws://electrum.example.org:80"),
            ("WSS://[2001:db8::7]:50004/a/b?c=d", "wss://[2001:db8::7]:50004/a/b?c=d"),
            ("tcp://abcdef.onion", "tcp://abcdef.onion:50001"),
            ("abcdef.onion:50002:s", "ssl://abcdef.onion:50002"),
        ];
        for (text, canonical) in cases {
            assert_eq!(text.parse::<ServerAddr>().map(|a| a.to_string()), Ok(canonical.to_owned()), "{text}");
        }
    }

    #[test]
    fn errors_say_what_to_write() {
        let cases = [
            ("", "the host name is missing"),
            ("electrum.example.org", "write ssl://electrum.example.org:PORT for TLS"),
            (
                "electrum.example.org:443",
                "write ssl://electrum.example.org:443 for TLS or tcp://electrum.example.org:443",
            ),
            ("http://electrum.example.org", "not http://"),
            ("ssl://electrum.example.org/path", "wss://electrum.example.org/path"),
            ("wss://electrum.example.org/a b", "not possible as a path"),
            ("wss://electrum.example.org/#top", "not possible as a path"),
            ("electrum.example.org:50002:x", "not \"x\""),
            ("electrum.example.org:t", "a port is a number"),
            ("tcp://electrum.example.org:0", "from 1 to 65535"),
            ("tcp://electrum.example.org:65536", "from 1 to 65535"),
            ("tcp://electrum.example.org:+1", "from 1 to 65535"),
            ("tcp://electrum.example.org:", "from 1 to 65535"),
            ("tcp://::1", "brackets; write tcp://[::1]"),
            ("tcp://::1:50001", "write tcp://[::1]:50001"),
            ("wss://2001:db8::7:50004", "write wss://[2001:db8::7]:50004"),
            ("::1:50001:t", "brackets; write [::1]:50001:t"),
            ("2001:db8::7:50002:s", "write [2001:db8::7]:50002:s"),
            ("2001:db8::7", "write [2001:db8::7]"),
            ("1:2:3:4:5:6:7:8:9:10", "brackets and without a zone"),
            ("tcp://[::1]50001", "brackets"),
            ("tcp://:50001", "the host name is missing"),
            ("ssl://user@electrum.example.org", "'@' does not belong"),
        ];
        for (text, words) in cases {
            let error = text.parse::<ServerAddr>().expect_err(text).to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(text in "\\PC{0,30}|(tcp|ssl|wss?)://[a-z0-9.\\[\\]:-]{0,20}(:[0-9]{1,6})?(/[a-z?=/]{0,5})?") {
            if let Ok(addr) = text.parse::<ServerAddr>() {
                prop_assert_eq!(addr.to_string().parse::<ServerAddr>(), Ok(addr));
            }
        }
    }
}
