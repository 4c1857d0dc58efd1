//! The errors of a layer stack, and who must act on each.

use crate::addr::ServerAddr;
use crate::pins::{Fingerprint, Pin};
use crate::socks::SocksError;

/// The error of a layer stack. Once failed, a stack stays failed with the same error.
///
/// ```
/// use electrum_transport::{Known, LayerError, Route, Side, SocksError, Stage};
///
/// let route = Route::direct().with_proxy("socks5://127.0.0.1:9050".parse()?);
/// let mut stack = route.open(&"tcp://electrum.example".parse()?, Known::default())?;
/// stack.received(&[5, 0])?;
/// let error = stack.received(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap_err();
/// match &error {
///     LayerError::Proxy(SocksError::Refused(reply)) => assert_eq!(reply.0, 5),
///     LayerError::PinChanged(changed) => panic!("the user must confirm {}", changed.seen),
///     _ => panic!("{error}"),
/// }
/// assert_eq!((error.stage(), error.side()), (Stage::Proxy, Side::Server));
/// assert!(error.to_string().starts_with("the server refused the proxy's connection"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The proxy did not connect to the server.
    #[error(transparent)]
    Proxy(#[from] SocksError),
    /// TLS failed.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server did not open a WebSocket, or broke its protocol.
    #[error(transparent)]
    WebSocket(#[from] WebSocketError),
    /// The server showed another certificate than the pinned one. Nothing was sent to it.
    #[error(transparent)]
    PinChanged(Box<PinChanged>),
    /// The other side closed the connection before it was established.
    #[error("{0}")]
    ClosedEarly(Stage),
    /// The connection ended without the `close_notify` of TLS: network trouble, a crash of the server, or an attacker.
    #[error("the connection was cut off: it ended without the server's TLS close_notify")]
    Truncated,
}

impl From<PinChanged> for LayerError {
    fn from(changed: PinChanged) -> Self {
        Self::PinChanged(Box::new(changed))
    }
}

/// The error of a certificate that is not the pinned one.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tls_server.rs")); }
/// # use example::exchange;
/// # let (server, mut peer, fingerprint) = example::tls_server();
/// use electrum_transport::{Fingerprint, Known, LayerError, Pin, Route};
///
/// let pin = Pin::Certificate(Fingerprint::from_bytes([0xab; 32])); // what the server showed at the last connection
/// let mut stack = Route::direct().open(&server, Known::at(1_750_000_000).with_pin(Some(pin)))?;
/// let error = exchange(&mut stack, &mut peer).unwrap_err();
/// let LayerError::PinChanged(changed) = &error else { panic!("{error}") };
/// assert_eq!((changed.pinned, changed.given), (pin, false));
/// // Shown to the user, who compares the new fingerprint with what the server's operator says.
/// assert!(error.to_string().contains(&changed.seen.to_string()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{server} shows another certificate than {}, and nothing was sent to it. {}: {}. Shown now: {seen}{}. {}",
    if *given { "the one given" } else { "before" }, if *given { "Given" } else { "Pinned" },
    pinned_words(pinned), reason_words(reason.as_deref()), advice(*given, server, seen)
)]
pub struct PinChanged {
    /// The server.
    pub server: ServerAddr,
    /// The pin: the stored one, or the one that the user gave.
    pub pinned: Pin,
    /// The certificate that the server showed.
    pub seen: Fingerprint,
    /// Why no web CA vouches for it, if one did before.
    pub reason: Option<String>,
    /// Whether the pin was given with [`Trust::Pinned`](crate::Trust::Pinned), rather than remembered.
    pub given: bool,
}

fn pinned_words(pinned: &Pin) -> String {
    match pinned {
        Pin::Certificate(fingerprint) => fingerprint.to_string(),
        Pin::WebCa => "any that a web CA vouches for, as for the one before".to_owned(),
    }
}

fn reason_words(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(", which none vouches for: {reason}"))
}

fn advice(given: bool, server: &ServerAddr, seen: &Fingerprint) -> String {
    if given {
        format!(
            "Check the fingerprint that was given; if the server's operator confirms the one shown, give {seen} instead."
        )
    } else {
        format!(
            "This happens when the operator renewed it, and when someone sits in between. If the operator confirms it, \
             accept the new one (--accept-new-pin), or remove the pin of {}:{}.",
            server.host(),
            server.port()
        )
    }
}

/// The layer whose work a layer stack was doing when it failed.
///
/// ```
/// use electrum_transport::{Known, Route, Stage};
///
/// let route = Route::direct().with_proxy("socks5://127.0.0.1:9050".parse()?);
/// let mut stack = route.open(&"ssl://electrum.example".parse()?, Known::default())?;
/// let error = stack.closed().unwrap_err(); // the first thing that came from the socket is its end
/// assert_eq!(error.stage(), Stage::Proxy);
/// assert_eq!(error.to_string(), "the proxy hung up before it connected to the server; see its log");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The proxy had not yet connected.
    Proxy,
    /// The TLS handshake was not done.
    Tls,
    /// The server had not yet opened the WebSocket.
    WebSocket,
}

impl core::fmt::Display for Stage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::WebSocket => {
                "the server hung up instead of opening a WebSocket; perhaps it has none on this port, so check the port"
            }
            Self::Proxy => "the proxy hung up before it connected to the server; see its log",
            Self::Tls => "the server hung up during the TLS handshake; perhaps it does not speak TLS on this port",
        })
    }
}

/// Why TLS failed.
///
/// ```
/// use electrum_transport::{Known, LayerError, Route, TlsError};
///
/// let mut stack = Route::direct().open(&"ssl://electrum.example:22".parse()?, Known::default())?;
/// let advice = match stack.received(b"SSH-2.0-OpenSSH_9.9\r\n") {
///     Err(LayerError::Tls(TlsError::NotTls)) => "check the port".to_owned(),
///     Err(LayerError::Tls(TlsError::Certificate { seen, .. })) => format!("compare {seen} with the operator"),
///     Err(error) => error.to_string(),
///     Ok(()) => panic!("that was no TLS"),
/// };
/// assert_eq!(advice, "check the port");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The first bytes of the server are not TLS.
    #[error("the server does not speak TLS on this port; check the port, or use tcp:// if plain text will do")]
    NotTls,
    /// No web CA vouches for the certificate, as the configuration demands.
    #[error(
        "the server's certificate {seen} is not accepted: {reason}. Its operator must get another; or pin it, if the operator confirms this fingerprint"
    )]
    Certificate {
        /// What the server showed.
        seen: Fingerprint,
        /// The library's words.
        reason: String,
    },
    /// The server cannot prove that the certificate is its own.
    #[error(
        "the server did not prove that it holds the key of its certificate {seen} ({reason}); someone may sit in between"
    )]
    Signature {
        /// What the server showed.
        seen: Fingerprint,
        /// The library's words.
        reason: String,
    },
    /// The certificate's key is of a kind with which this client cannot check signatures.
    #[error(
        "the server's certificate {seen} has a key that this client cannot check: {key}. {SUPPORTED_KEYS}; its operator must make another certificate"
    )]
    UnsupportedKey {
        /// What the server showed.
        seen: Fingerprint,
        /// What kind of key it is.
        key: String,
    },
    /// The server speaks no TLS version that this client does.
    #[error(
        "the server has no TLS version in common with this client, which wants TLS 1.2 or 1.3; its operator must update it ({0})"
    )]
    Incompatible(String),
    /// The server found no cipher or signature that both sides support, and ended it with an alert.
    #[error(
        "the server has no cipher or kind of key in common with this client (alert {0}). Often the key of its certificate is on a curve that this client does not support. {SUPPORTED_KEYS}; its operator must make another certificate, or update the server"
    )]
    NoCommonCipher(String),
    /// The server wants a certificate of the client, which this client does not have.
    #[error(
        "the server wants a certificate of the client (alert {0}), which this client cannot give; use another port or another server"
    )]
    ClientCertificate(String),
    /// The server ended it with another alert.
    #[error("the server ended the TLS connection with the alert {alert}{}", hint_words(hint))]
    Alert {
        /// The alert's name.
        alert: String,
        /// What to do about it, or nothing.
        hint: &'static str,
    },
    /// The server broke the protocol, or bytes were changed on the way.
    #[error("the TLS connection is broken: {0}")]
    Broken(String),
}

/// Why a WebSocket failed.
///
/// ```
/// # #[cfg(feature = "websocket")] {
/// use electrum_transport::{Known, LayerError, Route, WebSocketError};
///
/// let mut stack = Route::direct().open(&"ws://electrum.example/electrum".parse()?, Known::default())?;
/// let error = stack.received(b"HTTP/1.1 404 Not Found\r\n\r\n").unwrap_err();
/// match &error {
///     LayerError::WebSocket(WebSocketError::Http { status }) => assert_eq!(status, "HTTP/1.1 404 Not Found"),
///     _ => panic!("{error}"),
/// }
/// assert!(error.to_string().ends_with("check the path and the port"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebSocketError {
    /// The first bytes of the server are not HTTP.
    #[error("the server does not speak WebSocket on this port; check the port, or use its tcp:// or ssl:// address")]
    NotHttp,
    /// The server refused the request for a WebSocket with another HTTP status.
    #[error("the server answered {status:?} instead of opening a WebSocket; check the path and the port")]
    Http {
        /// The status line, as `HTTP/1.1 404 Not Found`.
        status: String,
    },
    /// The HTTP response does not complete the WebSocket handshake.
    #[error("the server's answer opens no WebSocket: {0}")]
    Upgrade(String),
    /// A message is longer than the limit. Its rest was not received.
    #[error("the server sent a message of {size} bytes or more; {limit} bytes are the limit")]
    TooLong {
        /// Its length, as far as it is known.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The server closed the WebSocket because of a fault.
    #[error("the server closed the WebSocket with code {code}{}", reason_in_quotes(reason))]
    Closed {
        /// The code, as in section 7.4.1 of RFC 6455.
        code: u16,
        /// The server's words.
        reason: String,
    },
    /// The server broke the protocol of WebSockets, or bytes were changed on the way.
    #[error("the server breaks the WebSocket protocol: {0}")]
    Broken(String),
}

fn reason_in_quotes(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" and says {reason:?}") }
}

const SUPPORTED_KEYS: &str =
    "Supported are RSA keys of 2048 to 8192 bits, keys on the curves P-256 and P-384, and Ed25519 keys";

fn hint_words(hint: &str) -> String {
    if hint.is_empty() { String::new() } else { format!(": {hint}") }
}

/// Who must act on an error.
///
/// ```
/// use electrum_transport::{LayerError, Side, SocksError};
///
/// fn what_to_do(error: &LayerError) -> &'static str {
///     match error.side() {
///         Side::Server => "try the next server",
///         Side::Proxy => "try again later",
///         Side::User => "show the error, and wait for the user",
///     }
/// }
/// assert_eq!(what_to_do(&LayerError::Truncated), "try the next server");
/// assert_eq!(what_to_do(&SocksError::WrongPassword.into()), "show the error, and wait for the user");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The server's operator. Another attempt later, or another server, may succeed.
    Server,
    /// The proxy's operator. Another attempt later may succeed.
    Proxy,
    /// The user of this client. Every other attempt fails in the same way.
    User,
}

impl LayerError {
    /// Returns the layer that failed.
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Proxy(_) => Stage::Proxy,
            Self::Tls(_) | Self::PinChanged(_) | Self::Truncated => Stage::Tls,
            Self::WebSocket(_) => Stage::WebSocket,
            Self::ClosedEarly(stage) => *stage,
        }
    }

    /// Returns who must act. For [`Side::User`] trying this server again unchanged cannot succeed.
    pub fn side(&self) -> Side {
        match self {
            Self::Proxy(SocksError::Refused(reply)) => match reply.0 {
                4..=6 | 0xf0..=0xf3 | 0xf7 => Side::Server,
                0xf4..=0xf6 => Side::User,
                _ => Side::Proxy,
            },
            Self::Proxy(SocksError::Malformed) | Self::ClosedEarly(Stage::Proxy) => Side::Proxy,
            Self::Proxy(_) | Self::PinChanged(_) => Side::User,
            Self::Tls(_) | Self::WebSocket(_) | Self::ClosedEarly(_) | Self::Truncated => Side::Server,
        }
    }
}
