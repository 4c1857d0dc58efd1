//! Hostile servers, to point any client at.
//!
//! Each [`Entry`] of the [`catalogue`] says what its server does, what a client is to ask it, and what a correct client
//! makes of it. It is data: [`Hostile`] plays it on a port of this machine, for a client in any language, and
//! `hostile_conformance!` of electrum-conformance puts a driver of electrum-proto through all of them.
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

use std::net::SocketAddr;
use std::time::Instant;

pub use entry::{Ask, Entry, Expect, Group, Timeout};

use crate::scripted::{Scripted, Step};

impl Group {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Handshake, Self::Framing, Self::Rpc, Self::Types, Self::Notifications, Self::Load];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Framing => "framing",
            Self::Rpc => "rpc",
            Self::Types => "types",
            Self::Notifications => "notifications",
            Self::Load => "load",
        }
    }

    /// The servers of this group.
    pub const fn entries(self) -> &'static [Entry] {
        match self {
            Self::Handshake => handshake::ALL,
            Self::Framing => framing::ALL,
            Self::Rpc => rpc::ALL,
            Self::Types => types::ALL,
            Self::Notifications => notifications::ALL,
            Self::Load => load::ALL,
        }
    }
}

/// All hostile servers.
pub fn catalogue() -> impl Iterator<Item = &'static Entry> {
    Group::ALL.into_iter().flat_map(Group::entries)
}

/// The one of this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    catalogue().find(|entry| entry.name == name)
}

/// A running server of the catalogue, on 127.0.0.1 at a port that the system picks. It stops when it is dropped.
#[derive(Debug)]
pub struct Hostile(Scripted);

impl Hostile {
    /// Starts it.
    pub fn start(entry: &Entry) -> Self {
        let Entry { expect, script, .. } = *entry;
        Self(Scripted::each(move |connection| {
            if connection == 0 || expect.is_for_ever() { script() } else { entry::after_handshake([Step::Serve]) }
        }))
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.0.addr()
    }

    /// When each connection was accepted, which shows how a client spaces its attempts.
    pub fn accepted(&self) -> Vec<Instant> {
        self.0.accepted()
    }
}

/// The catalogue as a table for people, in Markdown.
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
