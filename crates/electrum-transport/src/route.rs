//! The route to servers: directly, through a proxy or in a browser, and which certificates are accepted.

use core::fmt;
use core::net::IpAddr;

use crate::addr::{Security, ServerAddr};
use crate::host::Host;
use crate::proxy::Proxy;
use crate::report::LayerReport;
use crate::trust::Trust;

/// How connections are made: directly or through a proxy, and which certificates are accepted.
///
/// ```
/// use electrum_transport::{Route, ServerAddr, Trust};
///
/// let route = Route::direct().with_proxy("socks5://127.0.0.1:9050".parse()?).with_trust(Trust::CaOnly);
/// let server: ServerAddr = "ssl://electrum.example".parse()?;
/// assert_eq!(route.dial_target(&server)?.to_string(), "127.0.0.1:9050");
/// assert_eq!(route.timeout_factor(), 4); // proxies are slow
/// assert!(route.dial_target(&"tcp://electrum.example".parse()?).is_err()); // plain text has no certificate
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Route {
    pub(crate) proxy: Option<Proxy>,
    pub(crate) trust: Trust,
    timeout_factor: Option<u32>,
    in_browser: bool,
    #[cfg(feature = "tls")]
    pub(crate) roots: Vec<rustls::pki_types::CertificateDer<'static>>,
}

impl Default for Route {
    fn default() -> Self {
        Self::direct()
    }
}

impl Route {
    /// Makes a route directly to servers, with [`Trust::CaOrPin`].
    pub fn direct() -> Self {
        Self {
            proxy: None,
            trust: Trust::default(),
            timeout_factor: None,
            in_browser: false,
            #[cfg(feature = "tls")]
            roots: Vec::new(),
        }
    }

    /// Makes connections through a proxy.
    #[must_use]
    pub fn with_proxy(self, proxy: Proxy) -> Self {
        Self { proxy: Some(proxy), ..self }
    }

    /// Sets which certificates are accepted.
    #[must_use]
    pub fn with_trust(self, trust: Trust) -> Self {
        Self { trust, ..self }
    }

    /// Multiplies time-outs by `factor`, at least 1. The default is 4 behind a proxy, and 1 without.
    #[must_use]
    pub fn with_timeout_factor(self, factor: u32) -> Self {
        Self { timeout_factor: Some(factor.max(1)), ..self }
    }

    /// Uses the WebSockets of a browser, which does TLS and frames by itself. Only `ws://` and `wss://` servers can be
    /// reached, through [`DialTarget::websocket`]. A stack then has no layers, and each message is a line.
    ///
    /// ```
    /// use electrum_transport::{Known, Route, ServerAddr};
    ///
    /// let route = Route::direct().in_browser();
    /// let server: ServerAddr = "wss://electrum.example:50004/electrum".parse()?;
    /// assert_eq!(route.dial_target(&server)?.websocket.as_deref(), Some("wss://electrum.example:50004/electrum"));
    /// assert!(route.open(&server, Known::default())?.is_plain());
    /// assert!(route.dial_target(&"ssl://electrum.example:50002".parse()?).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn in_browser(self) -> Self {
        Self { in_browser: true, ..self }
    }

    /// Returns whether the route is one [in a browser](Self::in_browser), whose stacks have no layers.
    pub(crate) const fn is_in_browser(&self) -> bool {
        self.in_browser
    }

    /// Accepts a further CA besides those of the web, such as a company's own. `certificate` is its certificate in DER.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_root(mut self, certificate: Vec<u8>) -> Self {
        self.roots.push(certificate.into());
        self
    }

    /// Returns the proxy, if there is one.
    pub const fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// Returns which certificates are accepted.
    pub const fn trust(&self) -> Trust {
        self.trust
    }

    /// Returns whether a connection to this server needs the server's pin, and may change it: see
    /// [`Known::with_pin`](crate::Known::with_pin).
    pub fn uses_pin(&self, server: &ServerAddr) -> bool {
        server.security() == Security::Tls && self.trust == Trust::CaOrPin && !self.in_browser
    }

    /// Returns the factor by which time-outs are multiplied.
    pub fn timeout_factor(&self) -> u32 {
        let default = if self.proxy.is_some() { 4 } else { 1 };
        self.timeout_factor.unwrap_or(default)
    }

    /// Returns where to open a TCP connection for this server: at the server, or at the proxy.
    ///
    /// # Errors
    /// If this route cannot lead to this server. Another attempt fails in the same way.
    pub fn dial_target(&self, server: &ServerAddr) -> Result<DialTarget, RouteError> {
        if self.in_browser {
            return self.browser_target(server);
        }
        if server.security() == Security::Tls && cfg!(not(feature = "tls")) {
            return Err(RouteError::NoTls { server: server.clone() });
        }
        if server.websocket_path().is_some() && cfg!(not(feature = "websocket")) {
            return Err(RouteError::NoWebSocket { server: server.clone() });
        }
        if server.security() == Security::Tcp && matches!(self.trust, Trust::Pinned(_) | Trust::CaOnly) {
            return Err(RouteError::NoCertificate { server: server.clone() });
        }
        #[cfg(feature = "tls")]
        if server.security() == Security::Tls {
            crate::server_name::server_name(server)
                .map_err(|reason| RouteError::Tls { server: server.clone(), reason })?;
        }
        let (host, port) = match &self.proxy {
            Some(proxy) => (proxy.host(), proxy.port()),
            None => (server.host(), server.port()),
        };
        let host = match host {
            Host::Ip(ip) => DialHost::Ip(*ip),
            Host::Name(name) => DialHost::Name(name.as_str().to_owned()),
            Host::Onion(_) => {
                return Err(RouteError::OnionWithoutProxy { server: server.clone() });
            }
        };
        Ok(DialTarget { host, port, websocket: None })
    }

    fn browser_target(&self, server: &ServerAddr) -> Result<DialTarget, RouteError> {
        let refused = |why| Err(RouteError::InBrowser { server: server.clone(), why });
        if server.websocket_path().is_none() {
            return refused("a browser opens WebSockets only; use the server's wss:// or ws:// address");
        }
        if self.proxy.is_some() {
            return refused("a page cannot choose a proxy; set it in the browser, not here");
        }
        let needs_certificate = matches!(self.trust, Trust::Pinned(_) | Trust::CaOnly);
        if matches!(self.trust, Trust::Pinned(_)) {
            return refused("a browser accepts certificates by its own rules; do not give one here");
        }
        if server.security() == Security::Tcp && needs_certificate {
            return Err(RouteError::NoCertificate { server: server.clone() });
        }
        let host = match server.host() {
            Host::Ip(ip) => DialHost::Ip(*ip),
            Host::Name(name) => DialHost::Name(name.as_str().to_owned()),
            Host::Onion(_) => {
                return refused("a page cannot know whether the browser goes through Tor; use another address");
            }
        };
        Ok(DialTarget { host, port: server.port(), websocket: Some(server.to_string()) })
    }

    /// Describes a connection to this server before there is one: its route, without TLS.
    pub fn report(&self, server: &ServerAddr) -> LayerReport {
        LayerReport { server: server.clone(), proxy: self.proxy.as_ref().map(ToString::to_string), tls: None }
    }
}

/// The target to which an adapter opens a TCP connection. It is never an `.onion` name.
///
/// ```
/// use electrum_transport::{DialHost, Route};
///
/// let target = Route::direct().dial_target(&"ssl://[2001:db8::1]:50002".parse()?)?;
/// assert_eq!((&target.host, target.port), (&DialHost::Ip("2001:db8::1".parse()?), 50002));
/// assert_eq!(target.to_string(), "[2001:db8::1]:50002"); // as `std::net::TcpStream::connect` takes it
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DialTarget {
    /// An address, or a name to resolve.
    pub host: DialHost,
    /// The TCP port.
    pub port: u16,
    /// The URL of the WebSocket to open instead of a TCP connection, on a route [in a browser](Route::in_browser).
    pub websocket: Option<String>,
}

/// An address, or a name that may be given to the system's resolver.
///
/// ```
/// use std::net::SocketAddr;
/// use electrum_transport::{DialHost, Route};
///
/// let target = Route::direct().dial_target(&"ssl://192.0.2.1".parse()?)?;
/// let addresses: Vec<SocketAddr> = match target.host {
///     DialHost::Ip(ip) => vec![(ip, target.port).into()],
///     DialHost::Name(name) => panic!("{name} is to be looked up"),
/// };
/// assert_eq!(addresses, ["192.0.2.1:50002".parse()?]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DialHost {
    /// An IP address, which needs no resolver.
    Ip(IpAddr),
    /// A DNS name.
    Name(String),
}

impl fmt::Display for DialTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            DialHost::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]:{}", self.port),
            DialHost::Ip(ip) => write!(f, "{ip}:{}", self.port),
            DialHost::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

/// Why a route cannot lead to a server. The user must act: another attempt fails in the same way.
///
/// ```
/// use electrum_transport::{Route, RouteError};
///
/// let onion = "tcp://explorerzydxu5ecjrkwceayqybizmpjjznk5izmitf2modhcusuqlid.onion:110".parse()?;
/// let error = Route::direct().dial_target(&onion).unwrap_err();
/// match &error {
///     RouteError::OnionWithoutProxy { server } => assert_eq!(*server, onion), // offer to use Tor
///     _ => panic!("{error}"),
/// }
/// assert!(error.to_string().ends_with("give its proxy, usually socks5://127.0.0.1:9050"));
/// # Ok::<(), electrum_transport::AddrError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteError {
    /// The server is an onion service, which is reached only through a proxy into Tor.
    #[error("{server} can only be reached through Tor; give its proxy, usually socks5://127.0.0.1:9050")]
    OnionWithoutProxy {
        /// The server.
        server: ServerAddr,
    },
    /// The program was built without TLS.
    #[error(
        "{server} needs TLS, which this program was built without; use the server's tcp:// address, or build with the feature `tls`"
    )]
    NoTls {
        /// The server.
        server: ServerAddr,
    },
    /// The program was built without WebSockets.
    #[error(
        "{server} needs a WebSocket, which this program was built without; use the server's tcp:// or ssl:// address, or build with the feature `websocket`"
    )]
    NoWebSocket {
        /// The server.
        server: ServerAddr,
    },
    /// A browser cannot connect as configured.
    #[error("{server} cannot be reached from a browser: {why}")]
    InBrowser {
        /// The server.
        server: ServerAddr,
        /// What it cannot do, and what to do instead.
        why: &'static str,
    },
    /// The WebSocket library did not accept the address.
    #[error("no WebSocket can be opened to {server}: {reason}; check the address")]
    WebSocket {
        /// The server.
        server: ServerAddr,
        /// The library's words.
        reason: String,
    },
    /// The server uses plain text and shows no certificate, but [`Trust`] demands one.
    #[error(
        "{server} is plain text, so it shows no certificate, and one of a web CA or the given one is demanded; use its ssl:// or wss:// address"
    )]
    NoCertificate {
        /// The server.
        server: ServerAddr,
    },
    /// The TLS library did not accept the configuration or the server's name.
    #[error("TLS cannot be set up for {server}: {reason}")]
    Tls {
        /// The server.
        server: ServerAddr,
        /// The library's words.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Known;

    fn target(route: &Route, server: &str) -> Result<String, RouteError> {
        route.dial_target(&server.parse().unwrap()).map(|target| target.to_string())
    }

    #[test]
    fn an_onion_is_never_dialled_without_a_proxy() {
        let server: ServerAddr = "tcp://abcdef.onion:50001".parse().unwrap();
        let error = RouteError::OnionWithoutProxy { server: server.clone() };
        assert!(error.to_string().contains("socks5://127.0.0.1:9050"), "{error}");
        assert_eq!(Route::direct().dial_target(&server), Err(error.clone()));
        assert_eq!(Route::direct().open(&server, Known::default()).map(|_| ()), Err(error));
        let tor = Route::direct().with_proxy("socks5://127.0.0.1:9050".parse().unwrap());
        assert_eq!(target(&tor, "tcp://abcdef.onion:50001"), Ok("127.0.0.1:9050".to_owned()));
    }

    #[test]
    fn targets() {
        let direct = Route::direct();
        assert_eq!(target(&direct, "tcp://[2001:db8::7]"), Ok("[2001:db8::7]:50001".to_owned()));
        assert_eq!(target(&direct, "tcp://a.example:7"), Ok("a.example:7".to_owned()));
        let proxied = Route::direct().with_proxy("socks5://proxy.example:1080".parse().unwrap());
        assert_eq!(target(&proxied, "tcp://a.example:7"), Ok("proxy.example:1080".to_owned()));
    }

    #[test]
    fn a_browser_reaches_websockets_and_says_why_nothing_else() {
        let browser = Route::direct().in_browser();
        let websocket = |route: &Route, server: &str| {
            route.dial_target(&server.parse().unwrap()).map(|target| target.websocket).map_err(|e| e.to_string())
        };
        for server in ["ws://127.0.0.1:50003/", "wss://a.example:443/path?x=1"] {
            assert_eq!(websocket(&browser, server), Ok(Some(server.trim_end_matches('/').to_owned())));
            assert!(!browser.uses_pin(&server.parse().unwrap()), "{server}");
        }
        for (route, server, words) in [
            (browser.clone(), "tcp://a.example", "WebSockets only; use the server's wss://"),
            (browser.clone(), "ssl://a.example", "WebSockets only"),
            (browser.clone(), "ws://abcdef.onion", "Tor"),
            (browser.clone().with_proxy("socks5://127.0.0.1:9050".parse().unwrap()), "wss://a.example", "proxy"),
            (browser.clone().with_trust(Trust::CaOnly), "ws://a.example", "plain text"),
        ] {
            let error = websocket(&route, server).expect_err(server);
            assert!(error.contains(words), "{server}: {error}");
        }
        assert!(websocket(&browser.with_trust(Trust::CaOnly), "wss://a.example").is_ok());
    }

    #[test]
    fn timeouts_stretch_behind_a_proxy() {
        let proxied = Route::direct().with_proxy("socks5://127.0.0.1:9050".parse().unwrap());
        assert_eq!((Route::direct().timeout_factor(), proxied.timeout_factor()), (1, 4));
        assert_eq!(proxied.clone().with_timeout_factor(7).timeout_factor(), 7);
        assert_eq!(proxied.with_timeout_factor(0).timeout_factor(), 1);
    }

    #[test]
    #[cfg(not(feature = "tls"))]
    fn without_tls_such_a_server_is_refused_and_never_reached_in_plain_text() {
        let server: ServerAddr = "ssl://a.example".parse().unwrap();
        let error = RouteError::NoTls { server: server.clone() };
        assert!(error.to_string().contains("built without"), "{error}");
        assert_eq!(Route::direct().dial_target(&server), Err(error.clone()));
        assert_eq!(Route::direct().open(&server, Known::default()).map(|_| ()), Err(error));
    }
}
