//! A catalogue of hostile servers, for testing any client.
//!
//! Each [`Entry`] of the [`catalogue`] says what its server does, which requests a client must make, and how a correct
//! client behaves. Entries are data: [`Hostile`] plays one on a port of this machine, for a client in any language, and
//! `hostile_conformance!` of electrum-conformance tests a driver of electrum-proto against all of them.
//!
//! ```
//! use electrum_testkit::hostile::{self, Hostile};
//! use std::io::{BufRead, BufReader, Write};
//!
//! let server = Hostile::start(hostile::find("refusing").unwrap());
//! let mut stream = std::net::TcpStream::connect(server.addr())?;
//! stream.write_all(b"{\"id\":1,\"method\":\"server.version\",\"params\":[\"me\",\"1.4\"]}\n")?;
//! let mut answer = String::new();
//! BufReader::new(stream).read_line(&mut answer)?;
//! assert!(answer.contains("unsupported protocol version"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! All of them speak protocol 1.4. Where they are honest they serve one small chain, the same one each time.

mod entry;
mod framing;
mod handshake;
pub mod honest;
mod load;
mod notifications;
mod rpc;
mod types;
#[cfg(feature = "websocket")]
mod websocket;

use std::net::SocketAddr;
use std::time::Instant;

pub use entry::{Ask, Entry, Expect, Group, Timeout};

use crate::scripted::{Scripted, Step};

impl Group {
    /// All groups.
    pub const ALL: &[Self] = &[
        Self::Handshake,
        Self::Framing,
        Self::Rpc,
        Self::Types,
        Self::Notifications,
        Self::Load,
        #[cfg(feature = "websocket")]
        Self::WebSocket,
    ];

    /// Returns the name.
    pub const fn name(self) -> &'static str {
        self.name_and_entries().0
    }

    /// Returns the servers of this group.
    pub const fn entries(self) -> &'static [Entry] {
        self.name_and_entries().1
    }

    const fn name_and_entries(self) -> (&'static str, &'static [Entry]) {
        match self {
            Self::Handshake => ("handshake", handshake::ALL),
            Self::Framing => ("framing", framing::ALL),
            Self::Rpc => ("rpc", rpc::ALL),
            Self::Types => ("types", types::ALL),
            Self::Notifications => ("notifications", notifications::ALL),
            Self::Load => ("load", load::ALL),
            #[cfg(feature = "websocket")]
            Self::WebSocket => ("websocket", websocket::ALL),
        }
    }
}

/// Returns all hostile servers.
pub fn catalogue() -> impl Iterator<Item = &'static Entry> {
    Group::ALL.iter().flat_map(|group| group.entries())
}

/// Returns the hostile server of this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    catalogue().find(|entry| entry.name == name)
}

/// A running server of the catalogue, on 127.0.0.1 at a port that the system picks. It stops when it is dropped.
///
/// # Example
/// ```
/// use electrum_testkit::hostile::{Hostile, find};
///
/// let server = Hostile::start(find("dripping").unwrap());
/// println!("point the client at {}", server.url());
/// assert!(server.accepted().is_empty(), "no client has come");
/// ```
#[derive(Debug)]
pub struct Hostile {
    server: Scripted,
    scheme: &'static str,
}

impl Hostile {
    /// Starts the server of an entry.
    pub fn start(entry: &Entry) -> Self {
        let Entry { name, expect, script, .. } = *entry;
        let server = Scripted::each(move |connection| {
            let honest = || opening(name).into_iter().chain(entry::after_handshake([Step::Serve])).collect();
            if connection == 0 || expect.is_for_ever() { script() } else { honest() }
        });
        Self { server, scheme: if opening(name).is_some() { "ws" } else { "tcp" } }
    }

    /// Returns the address on which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// Returns its address as `tcp://127.0.0.1:PORT`, or as `ws://127.0.0.1:PORT` if it is hostile in its WebSocket.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.addr())
    }

    /// Returns when each connection was accepted, which shows the backoff of a client.
    pub fn accepted(&self) -> Vec<Instant> {
        self.server.accepted()
    }
}

/// How a server of this name opens its connections, if it is one for WebSockets.
#[cfg(feature = "websocket")]
fn opening(name: &str) -> Option<Step> {
    websocket::ALL.iter().any(|entry| entry.name == name).then(|| Step::Upgrade(Vec::new()))
}

#[cfg(not(feature = "websocket"))]
const fn opening(_: &str) -> Option<Step> {
    None
}

/// Formats the catalogue as a table in Markdown.
pub fn table() -> String {
    let mut table =
        String::from("| group | name | the server | asked for | a correct client |\n|---|---|---|---|---|\n");
    for group in Group::ALL {
        for Entry { name, does, ask, expect, .. } in group.entries() {
            let row = format!("{} | `{name}` | {does} | {ask} | {expect}", group.name());
            table += &format!("| {row} |\n");
        }
    }
    table
}
