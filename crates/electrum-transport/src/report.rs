//! A report on a connection for people: its route, TLS version and certificate.

use core::fmt;

use crate::addr::ServerAddr;
use crate::pins::Fingerprint;

/// A report on how a server is reached. `Display` writes it in one line.
///
/// ```
/// use electrum_transport::{Route, ServerAddr};
///
/// let server: ServerAddr = "tcp://electrum.example".parse()?;
/// let report = Route::direct().with_proxy("socks5://user:secret@127.0.0.1:1080".parse()?).report(&server);
/// assert_eq!(report.to_string(), "tcp://electrum.example:50001 through socks5://user:***@127.0.0.1:1080");
/// assert_eq!((report.server, report.tls), (server, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LayerReport {
    /// The server.
    pub server: ServerAddr,
    /// The proxy, if there is one, without its password.
    pub proxy: Option<String>,
    /// The TLS connection, once its handshake is complete; `None` for plain text.
    pub tls: Option<TlsReport>,
}

/// The negotiated parameters of a TLS connection, and the server's certificate.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tls_server.rs")); }
/// # use example::exchange;
/// # let (server, mut peer, fingerprint) = example::tls_server();
/// use electrum_transport::{Known, Route};
///
/// let mut stack = Route::direct().open(&server, Known::at(1_750_000_000))?;
/// exchange(&mut stack, &mut peer)?; // moves bytes until both are quiet
/// let tls = stack.report().tls.ok_or("the handshake is not complete")?;
/// assert_eq!(tls.version, "TLS 1.3");
/// // For people: version, cipher, fingerprint, and why the certificate was accepted.
/// assert!(tls.to_string().ends_with(&format!("certificate {} (pinned now, on first use)", tls.fingerprint)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsReport {
    /// `TLS 1.2` or `TLS 1.3`.
    pub version: &'static str,
    /// The cipher suite by its registered name.
    pub cipher: String,
    /// The fingerprint of the server's certificate.
    pub fingerprint: Fingerprint,
    /// Why the certificate was accepted.
    pub pin: PinState,
}

/// Why a certificate was accepted.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tls_server.rs")); }
/// # use example::exchange;
/// # let (server, mut peer, fingerprint) = example::tls_server();
/// use electrum_transport::{Known, PinState, Route, Trust};
///
/// let mut stack = Route::direct().with_trust(Trust::Insecure).open(&server, Known::at(1_750_000_000))?;
/// exchange(&mut stack, &mut peer)?; // moves bytes until both are quiet
/// let tls = stack.report().tls.ok_or("the handshake is not complete")?;
/// let is_safe = match tls.pin {
///     PinState::Ca | PinState::Known | PinState::Given => true,
///     PinState::New | PinState::Replaced => true, // if the user confirms the fingerprint
///     PinState::Insecure => false,
///     _ => true,
/// };
/// assert!(!is_safe);
/// assert_eq!(tls.pin.to_string(), "not checked");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PinState {
    /// A web CA vouches for it.
    Ca,
    /// A web CA vouches for it, which replaces the certificate that was pinned before.
    CaReplaced,
    /// The server had no pin, and this certificate is pinned now.
    New,
    /// The certificate is the pinned one.
    Known,
    /// The certificate replaces the pinned one, since the user accepts new pins.
    Replaced,
    /// The certificate is the one that the user gave.
    Given,
    /// Any certificate is accepted.
    Insecure,
}

impl fmt::Display for PinState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ca => "vouched for by a web CA",
            Self::CaReplaced => "vouched for by a web CA, which replaces the pinned one",
            Self::New => "pinned now, on first use",
            Self::Known => "the pinned one",
            Self::Replaced => "pinned now, replaced the one before",
            Self::Given => "the one given",
            Self::Insecure => "not checked",
        })
    }
}

impl fmt::Display for TlsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, cipher, fingerprint, pin } = self;
        write!(f, "{version}, {cipher}, certificate {fingerprint} ({pin})")
    }
}

impl fmt::Display for LayerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.server)?;
        if let Some(proxy) = &self.proxy {
            write!(f, " through {proxy}")?;
        }
        match &self.tls {
            Some(tls) => write!(f, ", {tls}"),
            None => Ok(()),
        }
    }
}
