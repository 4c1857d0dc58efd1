//! A fake Electrum server for tests: on loopback, in process, with a small chain that can grow, reorganise and take
//! transactions, and with the behaviour of real servers.
//!
//! ```
//! use electrum_testkit::prelude::*;
//! use std::io::{BufRead, BufReader, Write};
//!
//! let server = Server::start(Family::Fulcrum2_1);
//! server.pay(&script(1), 70_000);
//! server.mine(1);
//!
//! // Any client will do; this one is a socket.
//! let mut stream = std::net::TcpStream::connect(server.addr())?;
//! let mut lines = BufReader::new(stream.try_clone()?).lines();
//! stream.write_all(
//!     br#"{"jsonrpc":"2.0","id":0,"method":"server.version","params":["me","1.4"]}"#,
//! )?;
//! stream.write_all(b"\n")?;
//! assert_eq!(
//!     lines.next().unwrap()?,
//!     r#"{"id":0,"jsonrpc":"2.0","result":["Fulcrum 2.1.1","1.4"]}"#
//! );
//! assert_eq!(server.stats().requests("server.version"), 1);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! - [`Server`] listens on 127.0.0.1 at a port that the system picks, and stops when it is dropped. It can be stopped
//!   and restarted at the same port, hang and cut its connections, and it logs what it receives.
//! - [`Family`] selects the profile: how versions are negotiated and refused, how JSON is spaced, what errors look
//!   like, whether answers overtake each other, and whether small ones are held back.
//! - [`scripted::Scripted`] plays a script byte for byte: refusals, cut lines, resets, silence.
//! - [`hostile`] is a catalogue of such scripts: servers that lie, flood, drip and hang.
//! - [`Front`] lets clients reach a server through a SOCKS5 proxy, over TLS (feature `tls`) and over WebSockets
//!   (feature `websocket`); it is built from [`listener`].
//! - `frames` (feature `websocket`) has the frames of WebSockets byte by byte, also wrong ones.
//! - `tls` (feature `tls`) has certificates as servers have them, and the server's end of a connection in memory.
//! - [`chain::Chain`] is the chain behind it. Ids, merkle roots, links and proof of work are real;
//!   signatures are not checked.
//! - [`Host`] and [`session::Session`] are the same server without sockets, threads or a clock, for
//!   simulations.
//!
//! This crate shares no code with the client and does not depend on it, so that a mistake of the one is not repeated in
//! the other.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod address;
pub mod chain;
pub mod family;
#[cfg(feature = "websocket")]
pub mod frames;
mod front;
pub mod hash;
mod host;
pub mod hostile;
pub mod json;
pub mod listener;
pub mod scripted;
mod server;
pub mod session;
#[cfg(feature = "tls")]
pub mod tls;

pub use family::Family;
pub use front::Front;
pub use host::{Host, Peer};
pub use server::{Builder, ConnectionLog, Server, Stats};

/// The items that most tests need.
pub mod prelude {
    pub use crate::chain::{Chain, Input, OutPoint, Output, Transaction, script};
    pub use crate::family::Family;
    pub use crate::hash::{Hash256, Scripthash, Txid};
    pub use crate::scripted::{Scripted, Step};
    pub use crate::server::{Server, Stats};
    pub use crate::session::Quirks;
}

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
