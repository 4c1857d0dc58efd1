//! A report on a connection for people: its route, TLS version and certificate.

use core::fmt;

use crate::addr::ServerAddr;
use crate::pins::Fingerprint;

/// A report on how a server is reached. `Display` writes it in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkReport {
    /// The server.
    pub server: ServerAddr,
    /// The proxy, if there is one, without its password.
    pub proxy: Option<String>,
    /// The TLS connection, once its handshake is complete; `None` for plain text.
    pub tls: Option<TlsReport>,
}

/// The negotiated parameters of a TLS connection, and the server's certificate.
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

impl fmt::Display for LinkReport {
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
