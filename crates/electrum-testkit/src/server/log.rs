//! The log of a server: what its clients did.

use std::collections::BTreeMap;

use crate::session::{Session, Subscribed};

/// Counts since the start of the server.
///
/// # Example
/// ```
/// use std::io::Write;
/// use std::time::Duration;
///
/// use electrum_testkit::prelude::*;
///
/// let server = Server::start(Family::Electrs);
/// let mut client = std::net::TcpStream::connect(server.addr())?;
/// writeln!(client, r#"{{"id":0,"method":"server.version","params":["me","1.4"]}}"#)?;
///
/// assert!(server.wait_until(Duration::from_secs(10), |stats| stats.ready == 1));
/// let stats = server.stats();
/// assert_eq!((stats.connections, stats.open), (1, 1));
/// assert_eq!(stats.requests("server.version"), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    /// Connections accepted.
    pub connections: usize,
    /// Connections open now.
    pub open: usize,
    /// Connections open now whose version is negotiated.
    pub ready: usize,
    /// The number of calls by method, also of unknown methods.
    pub requests: BTreeMap<String, u64>,
}

impl Stats {
    /// Returns how often a method was called.
    pub fn requests(&self, method: &str) -> u64 {
        self.requests.get(method).copied().unwrap_or_default()
    }
}

/// The log of one connection.
///
/// # Example
/// ```
/// # use std::io::Write;
/// # use std::time::Duration;
/// # use electrum_testkit::prelude::*;
/// # let server = Server::start(Family::Electrs);
/// # let mut client = std::net::TcpStream::connect(server.addr())?;
/// let hello = r#"{"id":0,"method":"server.version","params":["me","1.4"]}"#;
/// writeln!(client, "{hello}")?;
/// assert!(server.wait_until(Duration::from_secs(10), |stats| stats.ready == 1));
///
/// let log = &server.log()[0];
/// assert_eq!(log.lines, [hello]);
/// assert_eq!(log.version.as_deref(), Some("1.4"));
/// assert!(log.open && log.subscribed.scripts.is_empty());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnectionLog {
    /// The received lines, without their ends; bytes that are not UTF-8 are replaced.
    pub lines: Vec<String>,
    /// The version negotiated, if any.
    pub version: Option<String>,
    /// Whether it is open.
    pub open: bool,
    /// Its subscriptions, or those that it had when it ended.
    pub subscribed: Subscribed,
}

impl ConnectionLog {
    pub(super) fn new(session: Option<&Session>, open: bool) -> Self {
        let Some(session) = session else {
            return Self::default();
        };
        let line = |line: &Vec<u8>| String::from_utf8_lossy(line).into_owned();
        Self {
            lines: session.lines().iter().map(line).collect(),
            version: session.version().map(ToString::to_string),
            open,
            subscribed: session.subscribed(),
        }
    }
}
