//! Electrum server addresses, and the byte layers between a socket and the protocol.
//!
//! Nothing here opens a socket, reads a clock or starts a thread.
//!
//! ```text
//!      protocol     plaintext/consume ▲          │ send
//!                   ┌─────────────────┴──────────▼────────────────┐
//!      LayerStack   │   WebSocket (ws://, wss://): line = message │
//!                   │   TLS (ssl://, wss://): by web CA or pin    │
//!                   │   SOCKS5 (with a proxy): resolves the names │
//!                   └─────────────────▲──────────┬────────────────┘
//!      socket                received │          ▼ outgoing/wrote
//! ```
//!
//! A [`ServerAddr`] says where a server listens, a [`Route`] how to connect to it and which certificates to trust. The
//! adapter opens a socket to [`Route::dial_target`], and moves bytes between it and the [`LayerStack`] that
//! [`Route::open`] returns:
//!
//! ```
//! use electrum_transport::{Known, Route, ServerAddr};
//!
//! let route = Route::direct().with_proxy("socks5://127.0.0.1:9050".parse()?);
//! let server: ServerAddr = "tcp://explorerzydxu5ecjrkwceayqybizmpjjznk5izmitf2modhcusuqlid.onion:110".parse()?;
//! assert_eq!(route.dial_target(&server)?.to_string(), "127.0.0.1:9050");
//!
//! let mut stack = route.open(&server, Known::at(1_750_000_000))?;
//! assert_eq!(stack.outgoing(), [5, 1, 0]); // write this to the socket ...
//! stack.wrote(3);
//! stack.received(&[5, 0])?; // ... and this is what was read from it
//! assert!(stack.outgoing().starts_with(&[5, 1, 0, 3, 62]));
//! assert_eq!(stack.send(b"too early"), 0);
//! stack.received(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
//! assert!(stack.established());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//! - `tls` (default): TLS by `rustls` with the roots of `webpki-roots`. Without it, [`Route::dial_target`] refuses
//!   servers with [`Security::Tls`].
//! - `websocket`: `ws://` and `wss://` addresses, with the frames of `tungstenite`. Without it, [`Route::dial_target`]
//!   refuses them.
//! - `ring` (default) and `aws-lc-rs`: the cryptography of TLS. With both, `ring` is used; with neither, the program
//!   must install a crypto provider of `rustls`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod addr;
mod buffer;
mod error;
#[cfg(feature = "websocket")]
mod frames;
mod host;
mod pins;
mod proxy;
mod report;
mod route;
#[cfg(feature = "tls")]
mod server_name;
mod socks;
#[cfg(feature = "tls")]
mod spki;
mod stack;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
mod tls;
mod trust;
#[cfg(feature = "tls")]
mod verify;
#[cfg(feature = "websocket")]
mod websocket;
#[cfg(not(feature = "websocket"))]
#[path = "no_websocket.rs"]
mod websocket;

pub use addr::{AddrError, AddrProblem, Security, ServerAddr};
pub use error::{LayerError, PinChanged, Side, Stage, TlsError, WebSocketError};
pub use host::{Host, HostError, HostName};
pub use pins::{Fingerprint, FingerprintError, Pin, PinChange};
pub use proxy::{Proxy, ProxyError};
pub use report::{LayerReport, PinState, TlsReport};
pub use route::{DialHost, DialTarget, Route, RouteError};
pub use socks::{SocksError, SocksReply};
pub use stack::{LayerStack, OUTGOING_LIMIT};
pub use trust::{Known, Trust};

/// The README's example is tested with the others.
#[cfg(all(doctest, feature = "tls"))]
#[doc = include_str!("../README.md")]
mod readme {}
